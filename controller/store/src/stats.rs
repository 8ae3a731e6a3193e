//! Figures about a store, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use evenkeel_core::object::Kind;

/// A store at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many objects of each kind there are.
    pub objects: Vec<(Kind, usize)>,
    /// Size of the database on disk.
    pub bytes: u64,
    /// Batches of commits written to disk since the store was opened.
    pub flushes: u64,
    /// Time that those took.
    pub flush_time: Duration,
    /// A write failed; there are no more until the store is opened again.
    pub failed: bool,
}

/// Counts of the writer.
#[derive(Debug, Default)]
pub(crate) struct Flushes {
    count: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Flushes {
    /// Notes one more.
    pub(crate) fn took(&self, time: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        // 2^64 ns are 584 years.
        self.nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many, and how long they took together.
    pub(crate) fn so_far(&self) -> (u64, Duration) {
        (self.count.load(Ordering::Relaxed), Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)))
    }
}
