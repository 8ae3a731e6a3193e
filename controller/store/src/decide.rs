//! Kube's rules: what a batch changes. Pure; the writer makes the changes happen.

use std::collections::BTreeMap;

use evenkeel_core::object::{Metadata, Object, ObjectKey, ResourceVersion};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::batch::{Batch, Committed, MAX_BYTES, MAX_WRITES, Outcome, Precondition, Table, Write};
use crate::error::{CommitError, Conflict, StoreError};
use crate::published::Index;
use crate::stored::Stored;
use crate::watch::Change;

/// Longest name and namespace: kube's limit for a DNS subdomain.
const MAX_NAME: usize = 253;

/// What commits change, before it is on disk.
#[derive(Debug)]
pub(crate) struct Changes {
    /// Objects as they will be; `None` removes.
    pub(crate) objects: BTreeMap<ObjectKey, Option<Stored>>,
    /// Records as they will be; `None` removes.
    pub(crate) records: BTreeMap<(Table, String), Option<Vec<u8>>>,
    /// Every change of an object, in order; the n-th has the n-th version after the start.
    pub(crate) events: Vec<(Change, ObjectKey, Stored)>,
    /// The last version used.
    pub(crate) resource_version: ResourceVersion,
    /// Encoded size of all values.
    pub(crate) bytes: usize,
}

impl Changes {
    /// No changes yet, with versions to be given out after `start`.
    pub(crate) fn after(start: ResourceVersion) -> Self {
        Self {
            objects: BTreeMap::new(),
            records: BTreeMap::new(),
            events: Vec::new(),
            resource_version: start,
            bytes: 0,
        }
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.records.is_empty()
    }

    /// Adds what a later commit changes.
    pub(crate) fn absorb(&mut self, later: Self) {
        self.objects.extend(later.objects);
        self.records.extend(later.records);
        self.events.extend(later.events);
        self.resource_version = later.resource_version;
        self.bytes += later.bytes;
    }
}

/// Decides one batch on top of `index` and the `earlier` changes that are not in it yet.
///
/// # Errors
/// [`CommitError`] when the batch cannot happen; then it changes nothing.
pub(crate) fn decide(
    index: &Index,
    earlier: &Changes,
    store_id: Uuid,
    batch: Batch,
) -> Result<(Changes, Committed), CommitError> {
    let writes = batch.writes.len();
    if writes > MAX_WRITES {
        return Err(CommitError::TooLarge { writes, bytes: 0 });
    }
    let now = Timestamp::from_second(batch.now.as_second()).unwrap_or(batch.now);
    let mut decision = Decision { index, earlier, store_id, now, own: Changes::after(earlier.resource_version) };
    for precondition in &batch.preconditions {
        decision.check(precondition)?;
    }
    let mut outcomes = Vec::with_capacity(writes);
    for write in batch.writes {
        outcomes.extend(decision.write(write)?);
        let bytes = decision.own.bytes;
        if bytes > MAX_BYTES {
            return Err(CommitError::TooLarge { writes, bytes });
        }
    }
    let committed = Committed { resource_version: decision.own.resource_version, outcomes };
    Ok((decision.own, committed))
}

struct Decision<'a> {
    index: &'a Index,
    earlier: &'a Changes,
    store_id: Uuid,
    now: Timestamp,
    own: Changes,
}

impl Decision<'_> {
    fn find(&self, key: &ObjectKey) -> Option<&Stored> {
        let changed = self.own.objects.get(key).or_else(|| self.earlier.objects.get(key));
        changed.map_or_else(|| self.index.get(key), Option::as_ref)
    }

    fn read(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        self.find(key).map(|stored| stored.decode(key)).transpose()
    }

    fn existing(&self, key: &ObjectKey) -> Result<Object, CommitError> {
        self.read(key)?.ok_or_else(|| conflict(key, Conflict::Missing))
    }

    fn check(&self, precondition: &Precondition) -> Result<(), CommitError> {
        match precondition {
            Precondition::Absent(key) => match self.find(key) {
                None => Ok(()),
                Some(_) => Err(conflict(key, Conflict::Exists)),
            },
            Precondition::Exists(key) => match self.find(key) {
                None => Err(conflict(key, Conflict::Missing)),
                Some(_) => Ok(()),
            },
            Precondition::Unchanged(key, expected) => match self.find(key).map(|stored| stored.resource_version) {
                None => Err(conflict(key, Conflict::Missing)),
                Some(found) if found == *expected => Ok(()),
                Some(found) => Err(conflict(key, Conflict::Changed { expected: *expected, found })),
            },
            Precondition::Uid(key, expected) => match self.existing(key)?.metadata.uid {
                found if found == *expected => Ok(()),
                found => Err(conflict(key, Conflict::Replaced { expected: expected.clone(), found })),
            },
        }
    }

    /// Writes of objects have an outcome, records have none.
    fn write(&mut self, write: Write) -> Result<Option<Outcome>, CommitError> {
        match write {
            Write::Apply(object) => self.apply(object).map(Some),
            Write::Status { key, status } => self.status(&key, status).map(Some),
            Write::Delete { key } => self.delete(&key).map(Some),
            Write::Undelete { key } => self.undelete(&key).map(Some),
            Write::Record { table, key, value } => {
                self.own.bytes += key.len() + value.len();
                self.own.records.insert((table, key), Some(value));
                Ok(None)
            }
            Write::RemoveRecord { table, key } => {
                self.own.bytes += key.len();
                self.own.records.insert((table, key), None);
                Ok(None)
            }
        }
    }

    fn apply(&mut self, object: Object) -> Result<Outcome, CommitError> {
        let key = object.key();
        check_key(&key)?;
        let Some(old) = self.read(&key)? else { return self.create(key, object) };
        let mut new = Object {
            kind: old.kind,
            metadata: Metadata {
                labels: object.metadata.labels,
                annotations: object.metadata.annotations,
                finalizers: object.metadata.finalizers,
                ..old.metadata.clone()
            },
            spec: object.spec,
            status: old.status.clone(),
        };
        let deleted = old.metadata.deletion_timestamp.is_some();
        if let Some(added) = new.metadata.finalizers.iter().find(|name| !old.metadata.finalizers.contains(name))
            && deleted
        {
            let reason = format!("finalizer {added:?} cannot be added once deletion was asked for");
            return Err(CommitError::Invalid { key, reason });
        }
        if new == old {
            return Ok(Outcome { change: None, object: old });
        }
        if new.spec != old.spec {
            new.metadata.generation += 1;
        }
        let gone = deleted && new.metadata.finalizers.is_empty();
        self.put(if gone { Change::Deleted } else { Change::Modified }, key, new)
    }

    fn create(&mut self, key: ObjectKey, object: Object) -> Result<Outcome, CommitError> {
        let fresh = Object::new(&key, object.spec);
        let metadata = Metadata {
            // The sequence number is never used twice, so neither is the uid.
            uid: Uuid::new_v5(&self.store_id, &self.next().0.to_be_bytes()).to_string(),
            generation: 1,
            creation_timestamp: Some(self.now),
            labels: object.metadata.labels,
            annotations: object.metadata.annotations,
            finalizers: object.metadata.finalizers,
            ..fresh.metadata
        };
        self.put(Change::Added, key, Object { metadata, ..fresh })
    }

    fn status(&mut self, key: &ObjectKey, status: Value) -> Result<Outcome, CommitError> {
        let old = self.existing(key)?;
        if old.status == status {
            return Ok(Outcome { change: None, object: old });
        }
        self.put(Change::Modified, key.clone(), Object { status, ..old })
    }

    fn delete(&mut self, key: &ObjectKey) -> Result<Outcome, CommitError> {
        let mut object = self.existing(key)?;
        if object.metadata.finalizers.is_empty() {
            return self.put(Change::Deleted, key.clone(), object);
        }
        if object.metadata.deletion_timestamp.is_some() {
            return Ok(Outcome { change: None, object });
        }
        object.metadata.deletion_timestamp = Some(self.now);
        self.put(Change::Modified, key.clone(), object)
    }

    fn undelete(&mut self, key: &ObjectKey) -> Result<Outcome, CommitError> {
        let mut object = self.existing(key)?;
        match object.metadata.deletion_timestamp.take() {
            Some(_) => self.put(Change::Modified, key.clone(), object),
            None => Ok(Outcome { change: None, object }),
        }
    }

    fn next(&self) -> ResourceVersion {
        ResourceVersion(self.own.resource_version.0 + 1)
    }

    /// Gives the object the next version and notes the change.
    fn put(&mut self, change: Change, key: ObjectKey, mut object: Object) -> Result<Outcome, CommitError> {
        object.metadata.resource_version = self.next();
        let (stored, object) = Stored::encode(&object).map_err(|error| CommitError::Invalid {
            key: key.clone(),
            reason: format!("it does not read back as JSON ({error})"),
        })?;
        self.own.resource_version = stored.resource_version;
        self.own.bytes += stored.length;
        self.own.objects.insert(key.clone(), (change != Change::Deleted).then(|| stored.clone()));
        self.own.events.push((change, key, stored));
        Ok(Outcome { change: Some(change), object })
    }
}

fn conflict(key: &ObjectKey, reason: Conflict) -> CommitError {
    CommitError::Conflict { key: key.clone(), reason }
}

/// Names are single segments of API paths and of the store's keys.
fn check_key(key: &ObjectKey) -> Result<(), CommitError> {
    let usable = |name: &str| {
        !name.is_empty()
            && name.len() <= MAX_NAME
            && name != "."
            && name != ".."
            && !name.contains(|c: char| c == '/' || c == '%' || c.is_control())
    };
    let what = match key.kind {
        _ if !usable(&key.name) => "name",
        kind if !kind.namespaced() => return Ok(()),
        _ if !usable(&key.namespace) => "namespace",
        _ => return Ok(()),
    };
    let reason = format!("its {what} must have 1 to {MAX_NAME} bytes without slash, percent or control characters");
    Err(CommitError::Invalid { key: key.clone(), reason })
}
