use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::task::JoinSet;

use super::{Outcome, Retry, Work, Workqueue};

/// Works on the queue with `concurrency` workers (at least one) until it is shut down and drained.
///
/// A pass that panics ends as [`Retry::Bug`], is counted, and stops no worker. Dropping this future aborts all passes at
/// their next await: that is the crash from which the next start recovers.
pub async fn run<K, F, P>(queue: Workqueue<K>, concurrency: usize, handler: F)
where
    K: Clone + Eq + Hash + Debug + Send + Sync + 'static,
    F: Fn(Work<K>) -> P + Send + Sync + 'static,
    P: Future<Output = Outcome> + Send + 'static,
{
    let handler = Arc::new(handler);
    let mut workers = JoinSet::new();
    for _ in 0..concurrency.max(1) {
        let (queue, handler) = (queue.clone(), handler.clone());
        workers.spawn(async move {
            while let Some(work) = queue.next().await {
                let key = work.key.clone();
                // The handler is called inside the future, so that a panic before its first await is caught as well.
                let outcome = caught(async { handler(work).await }).await.unwrap_or_else(|| {
                    // Not the panic's own text, which may quote what a manifest says. The hook prints it where people
                    // look after a crash, on standard error.
                    tracing::error!(?key, "a pass panicked; it is retried in some minutes, please report it");
                    queue.count_panic();
                    Outcome::Retry(Retry::Bug)
                });
                queue.done(&key, outcome);
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        // Only the queue's observer is left to panic. Better to end with it than to go on with a worker less.
        if let Err(error) = ended
            && let Ok(panic) = error.try_into_panic()
        {
            resume_unwind(panic);
        }
    }
}

/// What `future` gives; `None` if it panics. It is not polled again then, so nobody sees what the panic left behind.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
