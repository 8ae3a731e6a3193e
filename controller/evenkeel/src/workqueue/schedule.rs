//! The state of the queue, as a plain value: time and chance come in as arguments.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Outcome, Priority, Stats, Work, requeue};

/// Delays beyond this are cut: the clock's range is finite, and no process lives that long.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Place of a key in a line: the time that counts there, then who came first.
type Slot = (Instant, u64);

#[derive(Debug)]
pub(super) struct Schedule<K> {
    /// Every key that is queued, worked on, or both. Lines share it: tens of thousands wait for their resync.
    keys: HashMap<Arc<K>, Entry>,
    /// Queued keys that nobody works on, by the time they are due. `ready` takes the due ones over.
    waiting: BTreeMap<Slot, Arc<K>>,
    /// Due keys, by turn.
    ready: BTreeMap<Slot, Arc<K>>,
    processing: usize,
    draining: bool,
    seq: u64,
    adds: u64,
    retries: u64,
    panics: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// The pass that works on the key.
    pass: Option<Pass>,
    /// The next pass: in a line, or held while there is a pass.
    queued: Option<Request>,
    /// Failures in a row.
    attempts: u32,
}

#[derive(Debug)]
struct Pass {
    since: Instant,
    priority: Priority,
}

#[derive(Debug)]
struct Request {
    due: Instant,
    priority: Priority,
    reason: &'static str,
    seq: u64,
}

impl Request {
    fn merge(&mut self, due: Instant, priority: Priority, reason: &'static str) {
        if due < self.due || priority < self.priority {
            self.reason = reason;
        }
        self.due = self.due.min(due);
        self.priority = self.priority.min(priority);
    }

    fn waiting_slot(&self) -> Slot {
        (self.due, self.seq)
    }

    /// A lower priority counts as being due later; since that is a fixed time, waiting makes up for it.
    fn ready_slot(&self) -> Slot {
        (self.due + self.priority.handicap(), self.seq)
    }
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<K> {
    Work(Work<K>),
    /// Nothing before that time, or before something changes.
    Wait(Option<Instant>),
    /// Nothing any more.
    Drained,
}

impl<K: Clone + Eq + Hash> Schedule<K> {
    pub(super) fn new() -> Self {
        Self {
            keys: HashMap::new(),
            waiting: BTreeMap::new(),
            ready: BTreeMap::new(),
            processing: 0,
            draining: false,
            seq: 0,
            adds: 0,
            retries: 0,
            panics: 0,
        }
    }

    /// Queues `key`, or holds it while it is worked on.
    pub(super) fn add(&mut self, now: Instant, key: K, delay: Duration, priority: Priority, reason: &'static str) {
        let key = self.keys.get_key_value(&key).map_or_else(|| Arc::new(key), |(known, _)| known.clone());
        let due = now + delay.min(FAR);
        let entry = self.keys.entry(key.clone()).or_default();
        let idle = entry.pass.is_none();
        match &mut entry.queued {
            Some(queued) => {
                if idle && self.waiting.remove(&queued.waiting_slot()).is_none() {
                    self.ready.remove(&queued.ready_slot());
                }
                queued.merge(due, priority, reason);
            }
            None => {
                self.seq += 1;
                self.adds += 1;
                entry.queued = Some(Request { due, priority, reason, seq: self.seq });
            }
        }
        if let Some(queued) = entry.queued.as_ref().filter(|_| idle) {
            self.waiting.insert(queued.waiting_slot(), key);
        }
    }

    /// Hands out the due key whose turn it is.
    pub(super) fn next(&mut self, now: Instant) -> Next<K> {
        if self.draining {
            return if self.processing == 0 { Next::Drained } else { Next::Wait(None) };
        }
        while let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 <= now) {
            let key = first.remove();
            if let Some(queued) = self.keys.get(&key).and_then(|entry| entry.queued.as_ref()) {
                self.ready.insert(queued.ready_slot(), key);
            }
        }
        let wait = Next::Wait(self.waiting.first_key_value().map(|(slot, _)| slot.0));
        let Some((_, key)) = self.ready.pop_first() else { return wait };
        let Some(entry) = self.keys.get_mut(&key) else { return wait };
        let Some(Request { due, priority, reason, .. }) = entry.queued.take() else { return wait };
        entry.pass = Some(Pass { since: now, priority });
        self.processing += 1;
        Next::Work(Work { key: (*key).clone(), priority, reason, queued_at: due, attempts: entry.attempts })
    }

    /// Ends the pass over `key`; answers its priority and how long it took, or `None` if there was no such pass.
    pub(super) fn done(
        &mut self,
        now: Instant,
        key: &K,
        outcome: Outcome,
        jitter: f64,
    ) -> Option<(Priority, Duration)> {
        let shared = self.keys.get_key_value(key)?.0.clone();
        let entry = self.keys.get_mut(key)?;
        let Pass { since, priority } = entry.pass.take()?;
        self.processing -= 1;
        if let Some(held) = &entry.queued {
            self.waiting.insert(held.waiting_slot(), shared);
        }
        let attempts = entry.attempts;
        entry.attempts = match outcome {
            Outcome::Forget | Outcome::RequeueAfter(..) => 0,
            Outcome::Retry(class) => class.count(attempts),
        };
        let again = match outcome {
            Outcome::Forget => None,
            Outcome::RequeueAfter(delay, priority) => Some((delay, priority, "requeue")),
            Outcome::Retry(class) => requeue(class, attempts, jitter).map(|delay| (delay, priority, "retry")),
        };
        match again {
            Some((delay, priority, reason)) => {
                self.retries += u64::from(matches!(outcome, Outcome::Retry(_)));
                self.add(now, key.clone(), delay, priority, reason);
            }
            None if entry.queued.is_none() => drop(self.keys.remove(key)),
            None => {}
        }
        Some((priority, now.saturating_duration_since(since)))
    }

    pub(super) fn drain(&mut self) {
        self.draining = true;
    }

    pub(super) fn draining(&self) -> bool {
        self.draining
    }

    pub(super) fn count_panic(&mut self) {
        self.panics += 1;
    }

    pub(super) fn stats(&self, now: Instant) -> Stats {
        let mut stats = Stats {
            depth: Priority::ALL.map(|priority| (priority, 0)),
            waiting: 0,
            processing: self.processing,
            longest_running: Duration::ZERO,
            adds: self.adds,
            retries: self.retries,
            panics: self.panics,
        };
        for entry in self.keys.values() {
            match (&entry.pass, &entry.queued) {
                (Some(pass), _) => {
                    stats.longest_running = stats.longest_running.max(now.saturating_duration_since(pass.since));
                }
                (None, Some(queued)) if queued.due <= now => stats.depth[queued.priority as usize].1 += 1,
                (None, _) => stats.waiting += 1,
            }
        }
        stats
    }
}
