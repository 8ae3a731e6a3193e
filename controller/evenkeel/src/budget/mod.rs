//! How much of AWS's request rate we use. AWS counts calls per account and region in token buckets, which people,
//! pipelines and other tools draw on as well; of each we take a share, and less where AWS refuses.
//!
//! Writes and reads are held back in different places, since they differ in who can wait:
//!
//! - A pass that wants to write [reserves](Budget::reserve) all that its plan needs before it reads once more, or ends and
//!   comes back when it has its turn: the queue owns the time. Who is worth more has its turn earlier, and nobody for ever.
//! - A pass that wants to read goes on only while calls are answered [soon](Budget::admit). A read itself waits the
//!   moment until its token is there ([`Metered`]), in order: many passes share one, and the fuller a batch is, the less
//!   each costs.
//! - The look at all services has [time](Pace).
//!
//! `tokens` is the arithmetic of a bucket, `line` who waits before it, `held` what a plan has reserved.

mod held;
mod line;
mod metered;
mod pace;
mod tokens;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evenkeel_aws::{CallRecord, ErrorClass};
use evenkeel_core::object::ObjectKey;
use evenkeel_core::operation::{Access, Action, Bucket};
use tokio::time::Instant;

use crate::workqueue::Priority;
pub use held::{Admitted, Held};
use line::Line;
pub use metered::Metered;
pub use pace::Pace;
use tokens::Tokens;

/// A pass reads if its calls are answered this soon; else another one may make better use of the worker.
const SOON: Duration = Duration::from_secs(5);

/// The buckets of one account and region; clones are the same.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    share: f64,
    buckets: Mutex<BTreeMap<Bucket, Entry>>,
}

#[derive(Debug)]
struct Entry {
    tokens: Tokens,
    line: Line<ObjectKey>,
    /// How often somebody was told to come back.
    waits: u64,
    /// Tokens of reads that were admitted and are not answered yet. They count beside the calls that have been made of
    /// them: too much for a moment, but else all workers are admitted before the first of them has made its call.
    admitted: f64,
}

/// There are not enough tokens: which bucket it is, and when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// The bucket.
    pub bucket: Bucket,
    /// When it is the asker's turn.
    pub wait: Duration,
}

/// A bucket at one moment, for metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The bucket.
    pub bucket: Bucket,
    /// Calls that can be made at once. Below zero: so many wait for their token.
    pub tokens: f64,
    /// Calls a second that are made at most at present.
    pub rate: f64,
    /// Objects that wait.
    pub waiting: usize,
    /// How often an object was told to come back since the start.
    pub waits: u64,
}

impl Budget {
    /// Full buckets, of which `share`, between 0 and 1, is used.
    pub fn new(share: f64) -> Self {
        Self(Arc::new(Inner { share, buckets: Mutex::default() }))
    }

    /// Takes the tokens for all actions of a plan, or none. Who `held` some for an earlier plan has had its turn: then those
    /// count, and what is not needed any more goes back.
    ///
    /// # Errors
    /// There are too few, and when to ask again. The place in line is kept.
    pub fn reserve(
        &self,
        now: Instant,
        key: &ObjectKey,
        priority: Priority,
        held: Option<Held>,
        actions: &[Action],
    ) -> Result<Held, Short> {
        let mut needs: BTreeMap<Bucket, f64> = BTreeMap::new();
        for action in actions.iter().filter(|action| action.operation.access() == Access::Write) {
            *needs.entry(action.operation.bucket()).or_default() += 1.0;
        }
        let mut buckets = self.buckets();
        if let Some(held) = held {
            // It has had its turn, and takes what it needs besides as a debt rather than to wait once more.
            self.put_back(&mut buckets, now, held.spent());
        } else {
            self.turn(&mut buckets, now, key, priority, &needs, Duration::ZERO)?;
        }
        for (bucket, tokens) in &needs {
            self.entry(&mut buckets, *bucket, now).tokens.take(now, *tokens);
        }
        Ok(Held::new(self.clone(), needs))
    }

    /// Whether it is `key`'s turn to read from a bucket; `tokens` is what that costs on average. The calls themselves
    /// are counted as they are made; until the answer is there, others are admitted as far as there is room beside it.
    ///
    /// # Errors
    /// They would not be answered soon, and when to ask again. The place in line is kept.
    pub fn admit(
        &self,
        now: Instant,
        key: &ObjectKey,
        priority: Priority,
        bucket: Bucket,
        tokens: f64,
    ) -> Result<Admitted, Short> {
        let mut buckets = self.buckets();
        self.turn(&mut buckets, now, key, priority, &BTreeMap::from([(bucket, tokens)]), SOON)?;
        self.entry(&mut buckets, bucket, now).admitted += tokens;
        Ok(Admitted { budget: self.clone(), bucket, tokens })
    }

    /// Whether there is so much in a bucket that a read may be made now which somebody else is about to make for all: it
    /// leaves half of what the bucket can hold.
    pub fn is_plentiful(&self, now: Instant, bucket: Bucket) -> bool {
        let mut buckets = self.buckets();
        let Entry { tokens, admitted, .. } = self.entry(&mut buckets, bucket, now);
        tokens.level(now) - *admitted >= tokens.most() / 2.0
    }

    /// `key` wants nothing any more.
    pub fn leave(&self, key: &ObjectKey) {
        for entry in self.buckets().values_mut() {
            entry.line.leave(key);
        }
    }

    /// Takes the token of one call, and says how long it is until it is there.
    pub fn book(&self, now: Instant, bucket: Bucket) -> Duration {
        let mut buckets = self.buckets();
        let tokens = &mut self.entry(&mut buckets, bucket, now).tokens;
        let wait = tokens.wait(now, 1.0);
        tokens.take(now, 1.0);
        wait
    }

    /// Learns from what became of a call.
    pub fn called(&self, now: Instant, call: &CallRecord) {
        let mut buckets = self.buckets();
        let tokens = &mut self.entry(&mut buckets, call.operation.bucket(), now).tokens;
        match call.outcome {
            Err(ErrorClass::Throttled) => tokens.refused(now),
            // It is not known whether AWS has seen it.
            Err(ErrorClass::Transient) => {}
            _ => tokens.taken(now),
        }
    }

    /// All buckets that were drawn on.
    pub fn levels(&self, now: Instant) -> Vec<Level> {
        let level = |(bucket, entry): (&Bucket, &mut Entry)| Level {
            bucket: *bucket,
            tokens: entry.tokens.level(now),
            rate: entry.tokens.rate(),
            waiting: entry.line.len(),
            waits: entry.waits,
        };
        self.buckets().iter_mut().map(level).collect()
    }

    /// How long until one more call has its token.
    fn wait(&self, now: Instant, bucket: Bucket) -> Duration {
        self.entry(&mut self.buckets(), bucket, now).tokens.wait(now, 1.0)
    }

    /// How long a token takes to come.
    fn interval(&self, bucket: Bucket) -> Duration {
        let mut buckets = self.buckets();
        Duration::from_secs_f64(1.0 / self.entry(&mut buckets, bucket, Instant::now()).tokens.rate())
    }

    fn put_back(&self, buckets: &mut BTreeMap<Bucket, Entry>, now: Instant, tokens: BTreeMap<Bucket, f64>) {
        for (bucket, tokens) in tokens {
            self.entry(buckets, bucket, now).tokens.put_back(now, tokens);
        }
    }

    fn turn(
        &self,
        buckets: &mut BTreeMap<Bucket, Entry>,
        now: Instant,
        key: &ObjectKey,
        priority: Priority,
        needs: &BTreeMap<Bucket, f64>,
        patience: Duration,
    ) -> Result<(), Short> {
        let mut short: Option<Short> = None;
        for (bucket, tokens) in needs {
            let Entry { tokens: there, line, waits, admitted } = self.entry(buckets, *bucket, now);
            let ahead = line.ahead(now, key, priority.handicap()) + *admitted;
            // What does not fit into the bucket goes once it is full, and leaves a debt.
            let wait = there.wait(now, tokens.min(there.most().max(1.0)) + ahead).saturating_sub(patience);
            if !wait.is_zero() {
                // Timers are coarse: rather a little late than once more.
                let wait = wait + Duration::from_millis(2);
                line.join(now, key, priority.handicap(), *tokens, wait);
                *waits += 1;
                short = short.filter(|other| other.wait >= wait).or(Some(Short { bucket: *bucket, wait }));
            }
        }
        if let Some(short) = short {
            return Err(short);
        }
        for bucket in needs.keys() {
            self.entry(buckets, *bucket, now).line.leave(key);
        }
        Ok(())
    }

    fn entry<'a>(&self, buckets: &'a mut BTreeMap<Bucket, Entry>, bucket: Bucket, now: Instant) -> &'a mut Entry {
        let share = self.0.share;
        buckets.entry(bucket).or_insert_with(|| Entry {
            tokens: Tokens::new(bucket, share, now),
            line: Line::new(),
            waits: 0,
            admitted: 0.0,
        })
    }

    /// Held for arithmetic only, never across an await.
    fn buckets(&self) -> MutexGuard<'_, BTreeMap<Bucket, Entry>> {
        self.0.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
