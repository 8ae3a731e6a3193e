use std::time::Duration;

use super::Priority;

/// The queue at one moment, for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Keys that are due and wait for a worker, by priority, the most worth first.
    pub depth: [(Priority, usize); 4],
    /// Keys that are not due yet.
    pub waiting: usize,
    /// Keys that are being worked on.
    pub processing: usize,
    /// For how long the oldest pass in progress has been running; zero without one.
    pub longest_running: Duration,
    /// Keys put into the queue since the start, by anybody or by an [`Outcome`](super::Outcome). What was merged into a
    /// key that was there already is not counted.
    pub adds: u64,
    /// Keys that came back after a failure, since the start.
    pub retries: u64,
    /// Passes that panicked, since the start.
    pub panics: u64,
}

/// What the queue tells its observer, for histograms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A key was handed out this long after it became due.
    Queued(Duration),
    /// A pass took this long.
    Worked(Duration),
}
