use std::fmt::{self, Debug};
use std::future::pending;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::schedule::{Next, Schedule};
use super::{Observation, Outcome, Priority, Stats, Work, spread};

/// Handle of a workqueue; clones are handles of the same queue. See the [module](super) for what it guarantees.
pub struct Workqueue<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    state: Mutex<(Schedule<K>, fastrand::Rng)>,
    /// Held by whoever waits in `next` for a key; others wait for that one. So a change wakes one worker and not all.
    turn: tokio::sync::Mutex<()>,
    /// Tells whose turn it is to look again.
    changed: Notify,
    observer: Option<Observer>,
}

type Observer = Box<dyn Fn(Priority, Observation) + Send + Sync>;

impl<K: Clone + Eq + Hash + Debug + Send + Sync> Workqueue<K> {
    /// An empty queue, which takes its jitter from `rng`.
    pub fn new(rng: fastrand::Rng) -> Self {
        Self::build(rng, None)
    }

    /// An empty queue that tells `observer` how long keys waited and passes took. It is called on the workers' tasks, so
    /// it should be quick.
    pub fn observed(rng: fastrand::Rng, observer: impl Fn(Priority, Observation) + Send + Sync + 'static) -> Self {
        Self::build(rng, Some(Box::new(observer)))
    }

    fn build(rng: fastrand::Rng, observer: Option<Observer>) -> Self {
        let state = Mutex::new((Schedule::new(), rng));
        Self {
            shared: Arc::new(Shared { state, turn: tokio::sync::Mutex::default(), changed: Notify::new(), observer }),
        }
    }

    /// Queues `key` to be worked on as soon as it has its turn. `reason` is for logs only.
    ///
    /// Once the queue is shut down, this and the other ways to add do nothing.
    pub fn add(&self, key: K, priority: Priority, reason: &'static str) {
        self.add_after(key, Duration::ZERO, priority, reason);
    }

    /// Queues `key` to be due after `delay`, or earlier if it is queued for an earlier time.
    pub fn add_after(&self, key: K, delay: Duration, priority: Priority, reason: &'static str) {
        let mut state = self.state();
        if state.0.draining() {
            return;
        }
        state.0.add(Instant::now(), key, delay, priority, reason);
        drop(state);
        self.shared.changed.notify_one();
    }

    /// Queues `key` to be looked at after `period` ±10 % at the latest, so that a fleet which started together spreads
    /// out.
    ///
    /// Called at the beginning of a pass it holds whatever comes of the pass, a failure that only a change can cure
    /// included.
    pub fn resync(&self, key: K, period: Duration) {
        let delay = spread(period, self.state().1.f64());
        self.add_after(key, delay, Priority::Resync, "resync");
    }

    /// Waits for the next due key and hands it out, until [`done`](Self::done). After [`shut_down`](Self::shut_down) it
    /// answers `None`, as soon as nothing is being worked on any more.
    ///
    /// Dropping this future loses nothing.
    pub async fn next(&self) -> Option<Work<K>> {
        let _turn = self.shared.turn.lock().await;
        loop {
            let now = Instant::now();
            let next = self.state().0.next(now);
            let wake = match next {
                Next::Work(work) => {
                    let queued = now.saturating_duration_since(work.queued_at);
                    self.observe(work.priority, Observation::Queued(queued));
                    return Some(work);
                }
                Next::Wait(wake) => wake,
                Next::Drained => return None,
            };
            let due = async {
                match wake {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            // What changed since this has looked is kept until somebody asks.
            tokio::select! { () = self.shared.changed.notified() => {}, () = due => {} }
        }
    }

    /// Ends the work on `key`. Does nothing if nobody worked on it.
    pub fn done(&self, key: &K, outcome: Outcome) {
        let mut state = self.state();
        let (schedule, rng) = &mut *state;
        let pass = schedule.done(Instant::now(), key, outcome, rng.f64());
        drop(state);
        self.shared.changed.notify_one();
        if let Some((priority, worked)) = pass {
            self.observe(priority, Observation::Worked(worked));
        }
    }

    /// Drains the queue: no key is handed out or added any more, and what is being worked on finishes.
    pub fn shut_down(&self) {
        self.state().0.drain();
        self.shared.changed.notify_one();
    }

    /// The queue as it is now. Looks at every key, so it is for scrapes and not for loops.
    pub fn stats(&self) -> Stats {
        self.state().0.stats(Instant::now())
    }

    pub(super) fn count_panic(&self) {
        self.state().0.count_panic();
    }

    /// Held for a few map operations, never across an await or a call of the observer.
    fn state(&self) -> MutexGuard<'_, (Schedule<K>, fastrand::Rng)> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, priority: Priority, observation: Observation) {
        if let Some(observer) = &self.shared.observer {
            observer(priority, observation);
        }
    }
}

impl<K> Clone for Workqueue<K> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<K> Debug for Workqueue<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workqueue").finish_non_exhaustive()
    }
}
