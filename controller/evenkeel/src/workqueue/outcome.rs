use std::time::Duration;

use tokio::time::Instant;

use super::{Priority, Retry};

/// A key that is due, handed out for one pass. Whoever takes it owes the queue a [`done`](super::Workqueue::done).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work<K> {
    /// What to look at.
    pub key: K,
    /// The highest priority that it was added with.
    pub priority: Priority,
    /// Why it was added, by whoever last moved it forward. For logs only: a pass looks at everything anyway.
    pub reason: &'static str,
    /// When it became due; from here on it waited for its turn.
    pub queued_at: Instant,
    /// Failures in a row before this pass. 0 after a success.
    pub attempts: u32,
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Success. The key leaves the queue, unless it was added meanwhile.
    Forget,
    /// Success, with a reason to look again after this time, and what that look is worth. Not a failure.
    RequeueAfter(Duration, Priority),
    /// Failure of this class. The key keeps its priority and comes back as [`requeue()`](super::requeue()) says.
    Retry(Retry),
}
