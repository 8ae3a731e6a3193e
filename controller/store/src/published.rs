//! What readers see: the objects as of the last commit, and the recent changes.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::vec;

use evenkeel_core::object::{Kind, Object, ObjectKey, ResourceVersion};

use crate::decide::Changes;
use crate::error::{StoreError, WatchError};
use crate::ring::{Recent, Ring};
use crate::stored::{Encoded, Stored};

/// All objects by key.
pub(crate) type Index = BTreeMap<ObjectKey, Stored>;

/// Everything that is committed; only the writer changes it, a commit at a time.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) index: Index,
    pub(crate) ring: Ring,
    pub(crate) resource_version: ResourceVersion,
}

impl Published {
    /// Takes in what is now on disk.
    pub(crate) fn publish(&mut self, changes: Changes) {
        for (key, stored) in changes.objects {
            match stored {
                Some(stored) => self.index.insert(key, stored),
                None => self.index.remove(&key),
            };
        }
        for (change, key, stored) in changes.events {
            self.ring.push(Recent { change, key, stored });
        }
        self.resource_version = changes.resource_version;
    }

    /// Changes after `from`, in order.
    pub(crate) fn after(&self, from: ResourceVersion) -> Result<impl Iterator<Item = &Recent>, WatchError> {
        self.ring.after(from).ok_or_else(|| WatchError::Expired { from, oldest: self.ring.floor() })
    }

    /// How many objects of a kind there are.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        let first = ObjectKey::new(kind, "", "");
        self.index.range((Bound::Included(&first), Bound::Unbounded)).take_while(|(key, _)| key.kind == kind).count()
    }

    /// Objects of a kind, in one namespace or in all.
    pub(crate) fn list(&self, kind: Kind, namespace: Option<&str>) -> Listing {
        let first = ObjectKey::new(kind, namespace.unwrap_or(""), "");
        let items = self
            .index
            .range((Bound::Included(&first), Bound::Unbounded))
            .take_while(|(key, _)| key.kind == kind && namespace.is_none_or(|_| key.namespace == first.namespace))
            .map(|(key, stored)| (key.clone(), stored.clone()))
            .collect();
        Listing { resource_version: self.resource_version, items }
    }
}

/// Objects at one version of the store, sorted by namespace and name. Iterating decodes one object at a time, so a
/// long list costs little memory unless its objects are kept.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Version of the store; a watch from here continues the list without a gap.
    pub resource_version: ResourceVersion,
    items: Vec<(ObjectKey, Stored)>,
}

impl Listing {
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Their keys, in order, without decoding anything.
    pub fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        self.items.iter().map(|(key, _)| key)
    }

    /// The objects as they are kept, without decoding anything.
    pub fn encoded(self) -> impl ExactSizeIterator<Item = Encoded> {
        self.items.into_iter().map(|(key, stored)| Encoded { key, stored })
    }
}

impl IntoIterator for Listing {
    type Item = Result<Object, StoreError>;
    type IntoIter = Objects;

    fn into_iter(self) -> Objects {
        Objects(self.items.into_iter())
    }
}

/// Iterator over the objects of a [`Listing`].
#[derive(Debug)]
pub struct Objects(vec::IntoIter<(ObjectKey, Stored)>);

impl Iterator for Objects {
    type Item = Result<Object, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, stored)| stored.decode(&key))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
