//! Who changed what behind our back: records of CloudTrail and events of EventBridge, from files or a queue.
//!
//! A record wakes the object that it is about, which is read anew: what is there is what the read says. The record is kept
//! for a while to put a name to the difference that the read may show ([`evenkeel_core::trail`]). Nothing depends on
//! records: without them drift is found by the periodic look, and its author is unknown.

mod files;
mod follow;
mod places;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_core::diff::Drift;
use evenkeel_core::object::ObjectKey;
use evenkeel_core::trail::{Notice, UNKNOWN, attribute};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub use follow::{Source, follow};

/// How long a record that explains nothing is kept: reads may show a change later than the record tells of it.
const SETTLE: SignedDuration = SignedDuration::from_mins(2);

/// How long a repaired difference waits for a name. CloudTrail delivers within five minutes on average, log files within
/// fifteen (CloudTrail user guide).
const LATE: SignedDuration = SignedDuration::from_mins(20);

/// What is kept of one object, of each kind.
const KEPT: usize = 32;

/// What records say about each object. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Trail(Arc<Mutex<HashMap<ObjectKey, Known>>>);

#[derive(Debug, Default)]
struct Known {
    notices: Vec<Notice>,
    /// Differences that were gone before anybody was named, and when.
    gone: Vec<(Drift, Timestamp)>,
}

impl Trail {
    /// Keeps a record about an object. Says whether it was new: records may come twice.
    pub fn note(&self, key: &ObjectKey, notice: Notice) -> bool {
        let mut all = self.lock();
        let known = all.entry(key.clone()).or_default();
        if known.notices.contains(&notice) {
            return false;
        }
        known.notices.push(notice);
        known.notices.sort_by_key(|notice| notice.at);
        let surplus = known.notices.len().saturating_sub(KEPT);
        known.notices.drain(..surplus);
        true
    }

    /// Says in a new status who made each difference ([`attribute`]). Gives the paths of differences that were repaired
    /// before it was known who made them, and now it is.
    pub fn attribute(&self, key: &ObjectKey, status: &mut Value, previous: &Value, now: Timestamp) -> Vec<String> {
        let mut all = self.lock();
        if status["sync"] == "Unknown" {
            // What is not known to differ is not known to be in line either.
            attribute(status, previous, &[], &[]);
            return Vec::new();
        }
        let differs = drift(status);
        let mut known = all.remove(key).unwrap_or_default();
        let unnamed = drift(previous).into_iter().filter(|(_, named)| !named).map(|(before, _)| before);
        for before in unnamed.filter(|before| differs.iter().all(|(drift, _)| drift.path != before.path)) {
            known.gone.push((before, now));
        }
        known.gone.retain(|(_, since)| now.duration_since(*since) < LATE);
        let gone: Vec<Drift> = known.gone.iter().map(|(drift, _)| drift.clone()).collect();
        let late = attribute(status, previous, &known.notices, &gone);
        known.gone.retain(|(drift, _)| !late.contains(&drift.path));
        let surplus = known.gone.len().saturating_sub(KEPT);
        known.gone.drain(..surplus);
        known.notices.retain(|notice| {
            now.duration_since(notice.at) < SETTLE || differs.iter().any(|(drift, _)| notice.explains(drift))
        });
        if !known.notices.is_empty() || !known.gone.is_empty() {
            all.insert(key.clone(), known);
        }
        late
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, key: &ObjectKey) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectKey, Known>> {
        // What a panic leaves half done is at worst a record too few.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The differences of a status, and whether each has the name of who made it.
fn drift(status: &Value) -> Vec<(Drift, bool)> {
    let entries = status["drift"].as_array().into_iter().flatten();
    let named = |entry: &Value| entry["by"].as_str().is_some_and(|by| by != UNKNOWN);
    entries.filter_map(|entry| Some((serde_json::from_value(entry.clone()).ok()?, named(entry)))).collect()
}

#[cfg(test)]
mod tests;
