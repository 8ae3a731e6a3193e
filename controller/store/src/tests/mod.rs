//! Tests of the store as a whole, by subject.

#![allow(clippy::unwrap_used)]

mod backups;
mod concurrency;
mod damage;
mod durability;
mod format;
mod model;
mod objects;
mod records;
mod watches;

use evenkeel_core::object::{Kind, Object, ObjectKey, ResourceVersion};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Batch, CommitError, Committed, Conflict, Options, Store, Write};

pub(super) fn now() -> Timestamp {
    "2026-01-02T03:04:05.678Z".parse().unwrap()
}

pub(super) fn options() -> Options {
    Options { store_id: Some(7), ..Options::default() }
}

pub(super) async fn store() -> Store {
    Store::temporary(options()).await.unwrap()
}

pub(super) fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Service, "shop", name)
}

pub(super) fn service(name: &str, count: u64) -> Object {
    Object::new(&key(name), json!({"service": {"desiredCount": count}}))
}

pub(super) fn finalized(mut object: Object, finalizers: &[&str]) -> Object {
    object.metadata.finalizers = finalizers.iter().map(ToString::to_string).collect();
    object
}

pub(super) fn apply(name: &str, count: u64) -> Write {
    Write::Apply(service(name, count))
}

pub(super) fn status(name: &str, status: Value) -> Write {
    Write::Status { key: key(name), status }
}

pub(super) fn delete(name: &str) -> Write {
    Write::Delete { key: key(name) }
}

impl Store {
    /// Commits without preconditions.
    pub(super) async fn write<const N: usize>(&self, writes: [Write; N]) -> Committed {
        self.commit(Batch::new(now(), writes.into())).await.unwrap()
    }

    /// Commits one write; the object as it is then.
    pub(super) async fn one(&self, write: Write) -> Object {
        self.write([write]).await.outcomes.remove(0).object
    }

    /// The object, which must exist.
    pub(super) async fn existing(&self, name: &str) -> Object {
        self.get(&key(name)).await.unwrap().unwrap()
    }

    /// Version of the store.
    pub(super) async fn version(&self) -> ResourceVersion {
        self.list(Kind::Service, None).await.unwrap().resource_version
    }
}

pub(super) fn conflict(result: Result<Committed, CommitError>) -> Conflict {
    match result.unwrap_err() {
        CommitError::Conflict { reason, .. } => reason,
        other => panic!("not a conflict: {other}"),
    }
}
