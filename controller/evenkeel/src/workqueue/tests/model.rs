//! Random operations on the schedule against a reference model that is too simple to be wrong: a list, searched through.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::Instant;

use super::super::schedule::{Next, Schedule};
use super::super::{AGEING, Outcome, Priority, Retry, requeue};

#[derive(Clone, Debug)]
enum Step {
    Add {
        key: u8,
        delay: u64,
        priority: usize,
    },
    Advance(u64),
    Next,
    /// Ends the pass that has been running for longest.
    Done(Outcome),
}

/// A key is queued, worked on, or both.
#[derive(Clone, Debug)]
struct Slot {
    key: u8,
    queued: Option<Queued>,
    pass: Option<(Instant, Priority)>,
    attempts: u32,
}

#[derive(Clone, Copy, Debug)]
struct Queued {
    due: Instant,
    priority: Priority,
    nth: usize,
}

#[derive(Default)]
struct Model {
    slots: Vec<Slot>,
    added: usize,
}

impl Model {
    fn add(&mut self, key: u8, due: Instant, priority: Priority) {
        if self.slots.iter().all(|slot| slot.key != key) {
            self.slots.push(Slot { key, queued: None, pass: None, attempts: 0 });
        }
        let slot = self.slots.iter_mut().find(|slot| slot.key == key).unwrap();
        slot.queued = Some(match slot.queued {
            Some(old) => Queued { due: old.due.min(due), priority: old.priority.min(priority), nth: old.nth },
            None => {
                self.added += 1;
                Queued { due, priority, nth: self.added }
            }
        });
    }

    fn next(&mut self, now: Instant) -> Option<(u8, Priority, Instant, u32)> {
        let idle = self.slots.iter_mut().filter(|slot| slot.pass.is_none());
        let due = idle.filter(|slot| slot.queued.is_some_and(|queued| queued.due <= now));
        let slot = due.min_by_key(|slot| {
            let queued = slot.queued.unwrap();
            (queued.due + AGEING * queued.priority as u32, queued.nth)
        })?;
        let queued = slot.queued.take().unwrap();
        slot.pass = Some((now, queued.priority));
        Some((slot.key, queued.priority, queued.due, slot.attempts))
    }

    fn wake(&self) -> Option<Instant> {
        let idle = self.slots.iter().filter(|slot| slot.pass.is_none());
        idle.filter_map(|slot| slot.queued).map(|queued| queued.due).min()
    }

    fn oldest_pass(&self) -> Option<u8> {
        self.slots.iter().filter(|slot| slot.pass.is_some()).min_by_key(|slot| slot.pass).map(|slot| slot.key)
    }

    fn done(&mut self, key: u8, now: Instant, outcome: Outcome, jitter: f64) {
        let slot = self.slots.iter_mut().find(|slot| slot.key == key).unwrap();
        let (_, priority) = slot.pass.take().unwrap();
        let again = match outcome {
            Outcome::Forget => None,
            Outcome::RequeueAfter(delay, priority) => Some((delay, priority)),
            Outcome::Retry(class) => requeue(class, slot.attempts, jitter).map(|delay| (delay, priority)),
        };
        match outcome {
            Outcome::Retry(Retry::Conflict) => {}
            Outcome::Retry(Retry::Invalid) | Outcome::Forget | Outcome::RequeueAfter(..) => slot.attempts = 0,
            Outcome::Retry(_) => slot.attempts += 1,
        }
        if let Some((delay, priority)) = again {
            self.add(key, now + delay, priority);
        }
        self.slots.retain(|slot| slot.queued.is_some() || slot.pass.is_some());
    }

    /// Due, waiting, worked on.
    fn counts(&self, now: Instant) -> (usize, usize, usize) {
        let working = self.slots.iter().filter(|slot| slot.pass.is_some()).count();
        let idle = self.slots.iter().filter(|slot| slot.pass.is_none()).filter_map(|slot| slot.queued);
        let due = idle.filter(|queued| queued.due <= now).count();
        (due, self.slots.len() - working - due, working)
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    use Retry::*;
    prop_oneof![
        3 => Just(Outcome::Forget),
        2 => (0_u64..120, 0_usize..4).prop_map(|(delay, nth)| {
            Outcome::RequeueAfter(Duration::from_secs(delay), Priority::ALL[nth])
        }),
        3 => prop::sample::select(vec![Invalid, Conflict, Throttled, Transient, Denied, Bug]).prop_map(Outcome::Retry),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..6, prop_oneof![Just(0), 0_u64..200], 0_usize..4)
            .prop_map(|(key, delay, priority)| Step::Add { key, delay, priority }),
        2 => (0_u64..120).prop_map(Step::Advance),
        4 => Just(Step::Next),
        3 => outcome().prop_map(Step::Done),
    ]
}

proptest! {
    #[test]
    fn the_schedule_does_what_the_model_does(steps in vec(step(), 1..120), jitter in 0.0..1.0) {
        let (mut schedule, mut model) = (Schedule::new(), Model::default());
        let mut now = Instant::now();
        for step in steps {
            match step {
                Step::Add { key, delay, priority } => {
                    let (delay, priority) = (Duration::from_secs(delay), Priority::ALL[priority]);
                    schedule.add(now, key, delay, priority, "");
                    model.add(key, now + delay, priority);
                }
                Step::Advance(by) => now += Duration::from_secs(by),
                Step::Next => match (schedule.next(now), model.next(now)) {
                    (Next::Work(work), expected) => {
                        prop_assert_eq!(Some((work.key, work.priority, work.queued_at, work.attempts)), expected);
                    }
                    (other, None) => prop_assert_eq!(other, Next::Wait(model.wake())),
                    (other, expected) => prop_assert!(false, "{other:?}, not {expected:?}"),
                },
                Step::Done(outcome) => if let Some(key) = model.oldest_pass() {
                    prop_assert!(schedule.done(now, &key, outcome, jitter).is_some());
                    model.done(key, now, outcome, jitter);
                },
            }
            let stats = schedule.stats(now);
            let due = stats.depth.iter().map(|(_, count)| count).sum::<usize>();
            prop_assert_eq!((due, stats.waiting, stats.processing), model.counts(now));
            prop_assert_eq!(stats.adds as usize, model.added);
        }
    }
}
