//! What the controller said of its objects, status by status.

use std::sync::{Arc, Mutex, PoisonError};

use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_store::{Change, Selector, Store};
use serde_json::Value;

/// A new status of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose.
    pub key: ObjectKey,
    /// The status; `None` when the object is gone.
    pub status: Option<Value>,
}

/// All statuses since somebody last took them. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<Entry>>>);

impl Journal {
    /// Follows a store from now on.
    ///
    /// # Panics
    /// When the store cannot be read.
    pub async fn of(store: &Store) -> Self {
        let journal = Self::default();
        let start = store.list(Kind::Cluster, None).await.expect("the store can be read").resource_version;
        let mut watch = store.watch(Selector::all(), start).expect("a new store can be watched");
        let entries = journal.clone();
        tokio::spawn(async move {
            while let Ok(event) = watch.next().await {
                let key = event.object.key();
                if matches!(key.kind, Kind::Event | Kind::Installation) {
                    continue;
                }
                let status = (event.change != Change::Deleted).then_some(event.object.status);
                entries.0.lock().unwrap_or_else(PoisonError::into_inner).push(Entry { key, status });
            }
        });
        journal
    }

    /// Takes the entries so far.
    pub fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
