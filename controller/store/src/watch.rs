//! Watching changes.

use std::sync::Arc;

use evenkeel_core::object::{Kind, Object, ObjectKey, ResourceVersion};
use tokio::sync::watch;

use crate::error::{StoreError, WatchError};
use crate::ring::Recent;
use crate::store::{Shared, read};
use crate::stored::Encoded;

/// How an object changed; kube's watch event types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is new.
    Added,
    /// It was there and differs now.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// How it changed.
    pub change: Change,
    /// The object after the change; a deleted one as it was last, with the version of its deletion.
    pub object: Object,
}

/// Which objects a watch is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Only this kind; `None` for all.
    pub kind: Option<Kind>,
    /// Only this namespace; `None` for all. Cluster-scoped objects are in none.
    pub namespace: Option<String>,
}

impl Selector {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Objects of one kind in all namespaces.
    pub fn kind(kind: Kind) -> Self {
        Self { kind: Some(kind), namespace: None }
    }

    /// Whether an object with this key is meant.
    pub fn matches(&self, key: &ObjectKey) -> bool {
        self.kind.is_none_or(|kind| kind == key.kind)
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace)
    }
}

/// A watch: each change after a version, once and in order.
///
/// It reads at its own pace and holds nothing up. When it falls behind by more than the store remembers, it ends with
/// [`WatchError::Expired`]. Dropping the future of [`Watch::next`] loses nothing.
#[derive(Debug)]
pub struct Watch {
    selector: Selector,
    position: ResourceVersion,
    shared: Arc<Shared>,
    /// Version of the store; its sender lives as long as the writer.
    head: watch::Receiver<ResourceVersion>,
}

impl Watch {
    pub(crate) fn start(
        selector: Selector,
        from: ResourceVersion,
        shared: Arc<Shared>,
        head: watch::Receiver<ResourceVersion>,
    ) -> Result<Self, WatchError> {
        drop(read(&shared.published).after(from)?);
        Ok(Self { selector, position: from, shared, head })
    }

    /// The next change that the selector means. Waits for it.
    ///
    /// # Errors
    /// [`WatchError::Expired`] when changes were missed, [`StoreError::Closed`] when the store was closed.
    pub async fn next(&mut self) -> Result<Event, WatchError> {
        let (change, encoded) = self.next_encoded().await?;
        Ok(Event { change, object: encoded.decode()? })
    }

    /// The next change like [`Watch::next`], with the object as it is kept.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub async fn next_encoded(&mut self) -> Result<(Change, Encoded), WatchError> {
        loop {
            if let Some(Recent { change, key, stored }) = self.advance()? {
                return Ok((change, Encoded { key, stored }));
            }
            let position = self.position;
            self.head.wait_for(|head| *head > position).await.map_err(|_| StoreError::Closed)?;
        }
    }

    /// The version up to which all changes were delivered or not meant; a new watch may start here.
    pub fn resource_version(&self) -> ResourceVersion {
        self.position
    }

    /// Moves on to the next change that is meant, or to the end.
    fn advance(&mut self) -> Result<Option<Recent>, WatchError> {
        let published = read(&self.shared.published);
        let found = published.after(self.position)?.find(|recent| self.selector.matches(&recent.key)).cloned();
        self.position = found.as_ref().map_or(published.resource_version, |found| found.stored.resource_version);
        Ok(found)
    }
}
