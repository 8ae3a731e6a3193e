//! What was last seen of each service, kept small: text, not trees, since ten thousand of them stay in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use evenkeel_core::object::ObjectKey;
use evenkeel_core::plan::service::Observed;
use jiff::Timestamp;

/// The last observation of every service. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<HashMap<ObjectKey, Entry>>>);

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    read_at: Timestamp,
}

impl Seen {
    /// Keeps an observation, unless a newer one is there already: a look at a large fleet takes a while. Says whether
    /// anything but the time of reading differs from the one before.
    pub fn keep(&self, key: &ObjectKey, observed: &Observed) -> bool {
        let read_at = observed.read_at;
        let timeless = Observed { read_at: Timestamp::UNIX_EPOCH, revision_content: None, ..observed.clone() };
        // What was just read from JSON can be written as JSON.
        let text = serde_json::to_string(&timeless).unwrap_or_default().into_boxed_str();
        let mut seen = self.lock();
        if seen.get(key).is_some_and(|entry| entry.read_at > read_at) {
            return false;
        }
        let changed = seen.get(key).is_none_or(|entry| entry.text != text);
        seen.insert(key.clone(), Entry { text, read_at });
        changed
    }

    /// The last observation, if it was read at `oldest` or later.
    pub fn since(&self, key: &ObjectKey, oldest: Timestamp) -> Option<Observed> {
        let seen = self.lock();
        let entry = seen.get(key).filter(|entry| entry.read_at >= oldest)?;
        let observed: Observed = serde_json::from_str(&entry.text).ok()?;
        Some(Observed { read_at: entry.read_at, ..observed })
    }

    /// Says that what was read is out of date, as after a write: it is no fresh read any more, but what the next read is
    /// held against.
    pub fn outdate(&self, key: &ObjectKey) {
        if let Some(entry) = self.lock().get_mut(key) {
            entry.read_at = Timestamp::UNIX_EPOCH;
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
