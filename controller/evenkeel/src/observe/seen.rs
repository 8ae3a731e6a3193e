//! What was last seen of each service, kept small: compressed text, not trees, since ten thousand of them stay in memory.
//!
//! The service and its scaling are kept apart: they are read by other calls, at another pace.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_core::object::ObjectKey;
use evenkeel_core::plan::Observation;
use evenkeel_store::Packed;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Scaling, Sent, sent};

/// The last observation of every service. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<HashMap<ObjectKey, [Entry; 2]>>>);

/// What is read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The service itself.
    Service,
    /// Its target, with policies and scheduled actions.
    Scaling,
}

impl Part {
    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Service => Self::Scaling,
            Self::Scaling => Self::Service,
        }
    }
}

#[derive(Debug)]
struct Entry {
    last: Option<Last>,
    /// What was read until then, by whoever, is out of date.
    outdated: Timestamp,
}

#[derive(Debug)]
struct Last {
    /// What a pass reads.
    json: Packed,
    /// Of what AWS sent.
    hash: u64,
    read_at: Timestamp,
}

impl Seen {
    /// Keeps what was read of a service, unless something newer is there already: a look at a large fleet takes a while.
    /// Says whether it differs from what was there before.
    pub fn keep_service(&self, key: &ObjectKey, found: &Observation<Sent>, read_at: Timestamp) -> bool {
        self.keep(key, Part::Service, found, sent::service, read_at)
    }

    /// Keeps what was read of its scaling, like [`Seen::keep_service`].
    pub fn keep_scaling(&self, key: &ObjectKey, found: &Scaling<Sent>, read_at: Timestamp) -> bool {
        self.keep(key, Part::Scaling, found, sent::scaling, read_at)
    }

    /// What was last read of a service, if that was at `oldest` or later, and when.
    pub fn service(&self, key: &ObjectKey, oldest: Timestamp) -> Option<(Observation<Value>, Timestamp)> {
        self.since(key, Part::Service, oldest)
    }

    /// What was last read of its scaling, like [`Seen::service`].
    pub fn scaling(&self, key: &ObjectKey, oldest: Timestamp) -> Option<(Scaling, Timestamp)> {
        self.since(key, Part::Scaling, oldest)
    }

    /// Whether anything was ever read of a part.
    pub fn knows(&self, key: &ObjectKey, part: Part) -> bool {
        self.lock().get(key).is_some_and(|entries| entries[part as usize].last.is_some())
    }

    /// Says that what was read of a part until `now` is out of date, as after a write, also where it has yet to arrive: it
    /// is no fresh read any more, but what the next read is held against.
    pub fn outdate(&self, key: &ObjectKey, part: Part, now: Timestamp) {
        if let Some(entries) = self.lock().get_mut(key) {
            entries[part as usize].outdated = now;
        }
    }

    /// Forgets a service that is gone.
    pub fn forget(&self, key: &ObjectKey) {
        self.lock().remove(key);
    }

    fn keep<S: Serialize, T: Serialize>(
        &self,
        key: &ObjectKey,
        part: Part,
        found: &S,
        read: impl Fn(&S) -> T,
        read_at: Timestamp,
    ) -> bool {
        let hash = hash(&json(found));
        if let Some(entries) = self.lock().get_mut(key)
            && let Entry { last: Some(last), outdated } = &mut entries[part as usize]
            && last.hash == hash
        {
            // Nearly every read of a quiet fleet: it is not taken apart.
            if read_at > *outdated {
                last.read_at = last.read_at.max(read_at);
            }
            return false;
        }
        let json = Packed::of(&json(&read(found)));
        let mut seen = self.lock();
        let entry = &mut seen.entry(key.clone()).or_insert_with(|| [Entry::never(), Entry::never()])[part as usize];
        let newer = entry.last.as_ref().is_some_and(|last| last.read_at > read_at);
        if newer || entry.outdated >= read_at {
            return false;
        }
        let changed = entry.last.as_ref().is_none_or(|last| last.json != json);
        entry.last = Some(Last { json, hash, read_at });
        changed
    }

    fn since<T: DeserializeOwned>(&self, key: &ObjectKey, part: Part, oldest: Timestamp) -> Option<(T, Timestamp)> {
        let seen = self.lock();
        let entry = &seen.get(key)?[part as usize];
        let fresh = |last: &&Last| last.read_at >= oldest && last.read_at > entry.outdated;
        let last = entry.last.as_ref().filter(fresh)?;
        Some((serde_json::from_slice(&last.json.unpack()).ok()?, last.read_at))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectKey, [Entry; 2]>> {
        // Each update is one assignment: a panic elsewhere cannot leave half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn never() -> Self {
        Self { last: None, outdated: Timestamp::MIN }
    }
}

/// What was read from JSON can be written as JSON.
fn json(found: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(found).unwrap_or_default()
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use evenkeel_core::object::Kind;
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn web() -> ObjectKey {
        ObjectKey::new(Kind::Service, "shop", "web")
    }

    fn sent(text: &str) -> Sent {
        serde_json::from_str(text).unwrap()
    }

    fn keep(seen: &Seen, second: i64, revision: &str) -> bool {
        seen.keep_service(&web(), &Observation::Present(sent(&json!(revision).to_string())), at(second))
    }

    #[test]
    fn a_read_that_began_before_a_write_and_arrives_after_it_is_not_kept() {
        let seen = Seen::default();
        assert!(keep(&seen, 10, "before"));
        seen.outdate(&web(), Part::Service, at(12));
        assert!(seen.service(&web(), at(0)).is_none());
        assert!(!keep(&seen, 11, "before as well"));
        assert!(seen.service(&web(), at(0)).is_none());
        assert!(keep(&seen, 13, "after"));
        assert_eq!(seen.service(&web(), at(0)).unwrap(), (Observation::Present("after".into()), at(13)));
    }

    #[test]
    fn what_is_out_of_date_is_still_what_the_next_read_is_held_against() {
        let seen = Seen::default();
        keep(&seen, 10, "same");
        seen.outdate(&web(), Part::Service, at(12));
        assert!(!keep(&seen, 13, "same"), "a write that AWS refused changes nothing");
        assert_eq!(seen.service(&web(), at(0)).unwrap().1, at(13), "and it is a fresh read again");
    }

    #[test]
    fn a_service_and_its_scaling_age_apart() {
        let seen = Seen::default();
        keep(&seen, 10, "same");
        assert!(!seen.knows(&web(), Part::Scaling));
        assert!(seen.keep_scaling(&web(), &Scaling::default(), at(11)));
        seen.outdate(&web(), Part::Service, at(12));
        assert_eq!(seen.scaling(&web(), at(11)).unwrap(), (Scaling::default(), at(11)));
        assert!(seen.scaling(&web(), at(12)).is_none(), "it is older than asked for");
        assert!(seen.service(&web(), at(0)).is_none());
    }
    #[test]
    fn what_only_looks_different_is_no_change() {
        let seen = Seen::default();
        let keep = |second, text| seen.keep_service(&web(), &Observation::Present(sent(text)), at(second));
        assert!(keep(1, r#"{"desiredCount": 1, "events": [], "status": "ACTIVE"}"#));
        assert!(!keep(2, r#"{"status": "ACTIVE", "desiredCount": 1, "events": ["steady"]}"#));
        assert!(keep(3, r#"{"status": "ACTIVE", "desiredCount": 2, "events": ["steady"]}"#));
        let scaling = |first, second| Scaling {
            target: Observation::Present(sent(r#"{"MinCapacity": 1}"#)),
            policies: Observation::Present(vec![sent(first), sent(second)]),
            scheduled_actions: Observation::Unknown,
        };
        let (cpu, memory) = (r#"{"PolicyName": "cpu"}"#, r#"{"PolicyName": "memory"}"#);
        assert!(seen.keep_scaling(&web(), &scaling(cpu, memory), at(1)));
        assert!(!seen.keep_scaling(&web(), &scaling(memory, cpu), at(2)), "AWS keeps no order among policies");
        assert_eq!(seen.scaling(&web(), at(0)).unwrap().1, at(2), "and it was read then");
    }
}
