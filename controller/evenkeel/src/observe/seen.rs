//! What was last seen of each service, kept small: text, not trees, since ten thousand of them stay in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use evenkeel_core::object::ObjectKey;
use evenkeel_core::plan::Observation;
use evenkeel_core::plan::service::Observed;
use jiff::Timestamp;

/// The last observation of every service. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<HashMap<ObjectKey, Entry>>>);

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    read_at: Timestamp,
    /// What was read until then, by whoever, is out of date.
    outdated: Timestamp,
}

impl Seen {
    /// Keeps an observation, unless a newer one is there already: a look at a large fleet takes a while. Says whether
    /// anything but the time of reading differs from the one before.
    pub fn keep(&self, key: &ObjectKey, observed: &Observed) -> bool {
        let read_at = observed.read_at;
        // What only some plans ask for is read anew each time.
        let timeless = Observed {
            read_at: Timestamp::UNIX_EPOCH,
            revision_content: None,
            deployment: Observation::Unknown,
            code_deploy: Observation::Unknown,
            causes: Observation::Unknown,
            images: Observation::Unknown,
            ..observed.clone()
        };
        // What was just read from JSON can be written as JSON.
        let text = serde_json::to_string(&timeless).unwrap_or_default().into_boxed_str();
        let mut seen = self.lock();
        if seen.get(key).is_some_and(|entry| entry.read_at > read_at || entry.outdated >= read_at) {
            return false;
        }
        let changed = seen.get(key).is_none_or(|entry| entry.text != text);
        seen.insert(key.clone(), Entry { text, read_at, outdated: Timestamp::MIN });
        changed
    }

    /// The last observation, if it was read at `oldest` or later.
    pub fn since(&self, key: &ObjectKey, oldest: Timestamp) -> Option<Observed> {
        let seen = self.lock();
        let entry = seen.get(key).filter(|entry| entry.read_at >= oldest && entry.read_at > entry.outdated)?;
        let observed: Observed = serde_json::from_str(&entry.text).ok()?;
        Some(Observed { read_at: entry.read_at, ..observed })
    }

    /// Says that what was read until `now` is out of date, as after a write, also where it has yet to arrive: it is no
    /// fresh read any more, but what the next read is held against.
    pub fn outdate(&self, key: &ObjectKey, now: Timestamp) {
        if let Some(entry) = self.lock().get_mut(key) {
            entry.outdated = now;
        }
    }

    /// Forgets a service that is gone.
    pub fn forget(&self, key: &ObjectKey) {
        self.lock().remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectKey, Entry>> {
        // Each update is one insertion: a panic elsewhere cannot leave half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use evenkeel_core::object::Kind;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn read(second: i64, revision: &str) -> Observed {
        let service = evenkeel_core::plan::Observation::Present(revision.into());
        Observed { service, read_at: at(second), ..Observed::default() }
    }

    #[test]
    fn a_read_that_began_before_a_write_and_arrives_after_it_is_not_kept() {
        let (seen, key) = (Seen::default(), ObjectKey::new(Kind::Service, "shop", "web"));
        assert!(seen.keep(&key, &read(10, "before")));
        seen.outdate(&key, at(12));
        assert!(seen.since(&key, at(0)).is_none());
        assert!(!seen.keep(&key, &read(11, "before as well")));
        assert!(seen.since(&key, at(0)).is_none());
        assert!(seen.keep(&key, &read(13, "after")));
        assert_eq!(seen.since(&key, at(0)).unwrap().read_at, at(13));
    }

    #[test]
    fn what_is_out_of_date_is_still_what_the_next_read_is_held_against() {
        let (seen, key) = (Seen::default(), ObjectKey::new(Kind::Service, "shop", "web"));
        seen.keep(&key, &read(10, "same"));
        seen.outdate(&key, at(12));
        assert!(!seen.keep(&key, &read(13, "same")), "a write that AWS refused changes nothing");
    }
}
