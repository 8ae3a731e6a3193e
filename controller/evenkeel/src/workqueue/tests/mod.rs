#![allow(clippy::unwrap_used)]

mod backoff;
mod drain;
mod held;
mod model;
mod order;
mod pool;
mod stats;

use std::future::ready;
use std::time::Duration;

use super::{Outcome, Work, Workqueue};

fn queue() -> Workqueue<&'static str> {
    Workqueue::new(fastrand::Rng::with_seed(7))
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What is handed out now, if anything.
async fn due<K: Clone + Eq + std::hash::Hash + std::fmt::Debug + Send + Sync>(queue: &Workqueue<K>) -> Option<Work<K>> {
    tokio::select! {
        biased;
        work = queue.next() => work,
        () = ready(()) => None,
    }
}

/// All that is due now, in the order in which it is handed out.
async fn all_due(queue: &Workqueue<&'static str>) -> Vec<&'static str> {
    let mut keys = Vec::new();
    while let Some(work) = due(queue).await {
        queue.done(&work.key, Outcome::Forget);
        keys.push(work.key);
    }
    keys
}
