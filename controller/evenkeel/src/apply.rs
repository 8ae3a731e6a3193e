//! From a loaded directory to objects in the store: applied, updated, and, past the guard, deleted.

mod batches;
mod windows;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use evenkeel_core::catalogue::Severity;
use evenkeel_core::desired::APPROVE;
use evenkeel_core::manifest::{Load, Manifest};
use evenkeel_core::object::{FINALIZER, Kind, Object, ObjectKey};
use evenkeel_core::window::Closed;
use evenkeel_store::{Batch, CommitError, Precondition, Store, StoreError, Table, Write};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::provenance::{HeldCommit, SourceRecord};

use batches::batches;
pub(crate) use batches::references;
use windows::Windows;

/// How many objects of one namespace may go within [`GUARD_WINDOW`] before a person is asked.
pub const GUARD_LIMIT: usize = 5;
/// The window of the guard.
pub const GUARD_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Deletions in one commit.
const CHUNK: usize = 200;

/// Tries for one commit. Each is over in milliseconds, so even while every pass writes a status one of them gets through.
const ATTEMPTS: u32 = 10;

/// What applying a load did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// New objects.
    pub created: usize,
    /// Objects whose spec, labels or annotations changed.
    pub changed: usize,
    /// Objects that are now being deleted.
    pub deleted: usize,
    /// Objects that are gone from the source and are not deleted, with the reason.
    pub held: Vec<Held>,
    /// Objects whose new spec waits for a change window.
    pub waiting: usize,
    /// When the first change window opens that something waits for.
    pub opens: Option<Timestamp>,
    /// A person's word on a Cluster would let some of what is held go: applying again then makes a difference.
    pub asks: bool,
    /// Objects whose manifest has got an error, or has lost one, and that have not changed otherwise: their status is to
    /// say so.
    pub told: Vec<ObjectKey>,
}

/// Deletions that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The namespace that they are in.
    pub namespace: String,
    /// What waits, why, and what to do.
    pub message: String,
}

impl Summary {
    /// Something waits for change windows.
    fn waits(&mut self, closed: Closed) {
        self.waiting += 1;
        self.opens = self.opens.into_iter().chain(closed.opens).min();
        self.asks = true;
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// A load could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The store could not be read.
    #[error("failed to read the store: {0}")]
    Read(#[from] StoreError),
    /// The store could not be written.
    #[error("failed to write the store: {0}")]
    Write(#[from] CommitError),
}

/// Applies what a directory declares.
///
/// Objects in files with errors keep their last good spec and learn why. Nothing is deleted unless the whole source was
/// understood, and no more than the guard lets pass.
///
/// # Errors
/// The store's. What was applied before stays; applying again goes on from there.
pub async fn apply(store: &Store, load: &Load, revision: &str, now: Timestamp) -> Result<Summary, ApplyError> {
    let mut summary = Summary::default();
    let records = SourceRecord::all(store).await?;
    let windows = Windows::of(store, load, now).await?;
    for chunk in &batches(&load.manifests, Manifest::object) {
        let before = summary.clone();
        for attempt in 1.. {
            let mut batch = Batch::new(now, Vec::new());
            for manifest in chunk {
                declare(store, manifest, &records, &windows, revision, &mut batch, &mut summary).await?;
            }
            match store.commit(batch).await {
                Ok(_) => break,
                // Somebody wrote one of them in between, an annotation perhaps, which must not be lost: look again.
                Err(CommitError::Conflict { .. }) if attempt < ATTEMPTS => summary.clone_from(&before),
                Err(error) => return Err(error.into()),
            }
        }
    }
    broken(store, load, now, &mut summary).await?;
    prune(store, load, &windows, now, &mut summary).await?;
    Ok(summary)
}

async fn commit(store: &Store, writes: Vec<Write>, now: Timestamp) -> Result<(), ApplyError> {
    if !writes.is_empty() {
        store.commit(Batch::new(now, writes)).await?;
    }
    Ok(())
}

async fn declare(
    store: &Store,
    manifest: &Manifest,
    records: &HashMap<String, SourceRecord>,
    windows: &Windows,
    revision: &str,
    batch: &mut Batch,
    summary: &mut Summary,
) -> Result<(), ApplyError> {
    let declared = &manifest.object();
    let key = declared.key();
    let existing = store.get(&key).await?;
    let before = records.get(&key.to_string()).cloned().unwrap_or_default();
    let found = existing.as_ref().map(|object| object.metadata.resource_version);
    // It was gone and is back: what has not been removed yet stays, and what has is created anew.
    let back = existing.as_ref().is_some_and(|object| object.metadata.deletion_timestamp.is_some());
    let objects: Vec<&Object> = existing.iter().chain([declared]).collect();
    let closed = windows.closed(&key.cluster_of().name, &objects);
    let spec = windows::in_force(declared, existing.as_ref(), closed.as_ref());
    let held = closed.filter(|_| spec != declared.spec).map(|closed| {
        summary.waits(closed);
        HeldCommit::new(&declared.spec, revision, closed, before.held.as_ref())
    });
    let mut object = existing.unwrap_or_else(|| Object::new(&key, serde_json::Value::Null));
    let metadata = &declared.metadata;
    let labels = merged(&object.metadata.labels, &metadata.labels, &before.labels);
    let mut annotations = merged(&object.metadata.annotations, &metadata.annotations, &before.annotations);
    if back && !metadata.annotations.contains_key(APPROVE) {
        // A word that let it go is not one that lets it go once more.
        annotations.remove(APPROVE);
    }
    let is_held = object.metadata.finalizers.iter().any(|finalizer| finalizer == FINALIZER);
    let same = found.is_some()
        && is_held
        && (&object.spec, &object.metadata.labels, &object.metadata.annotations) == (&spec, &labels, &annotations);
    let record = SourceRecord {
        // The commit at which this object last changed: later commits that leave it alone do not touch it.
        revision: if (same || held.is_some()) && !before.revision.is_empty() {
            before.revision.clone()
        } else {
            revision.to_owned()
        },
        file: manifest.origin.file().to_owned(),
        line: manifest.origin.location().line,
        gone: false,
        error: None,
        held,
        annotations: metadata.annotations.keys().cloned().collect(),
        labels: metadata.labels.keys().cloned().collect(),
    };
    match found {
        None => summary.created += 1,
        Some(_) if !same || back => summary.changed += 1,
        Some(_) => {}
    }
    if !same || back {
        batch.preconditions.push(match found {
            Some(version) => Precondition::Unchanged(key.clone(), version),
            None => Precondition::Absent(key.clone()),
        });
    }
    if back {
        batch.writes.push(Write::Undelete { key: key.clone() });
    }
    if !same {
        object.spec = spec;
        object.metadata.labels = labels;
        object.metadata.annotations = annotations;
        if !is_held {
            object.metadata.finalizers.push(FINALIZER.to_owned());
        }
        batch.writes.push(Write::Apply(object));
    }
    // A new object's record may have gone with its predecessor since all were read.
    if record != before || found.is_none() {
        batch.writes.push(record.write(&key));
    }
    if before.error.is_some() || before.held != record.held {
        summary.told.push(key);
    }
    Ok(())
}

/// What is live with what the source declares, and without what it declared before and no longer does. Keys that others
/// set stay.
fn merged(
    live: &BTreeMap<String, String>,
    declared: &BTreeMap<String, String>,
    before: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let others = live.iter().filter(|(key, _)| !before.contains(*key));
    others.chain(declared).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Tells the objects of files with errors why their newest manifest is not in force.
async fn broken(store: &Store, load: &Load, now: Timestamp, summary: &mut Summary) -> Result<(), ApplyError> {
    let mut writes = Vec::new();
    for key in &load.broken_objects {
        if store.get(key).await?.is_none() {
            continue;
        }
        let before = SourceRecord::read(store, key).await?;
        let errors = || load.problems.iter().filter(|problem| problem.severity == Severity::Error);
        let first = errors().find(|problem| problem.file == before.file).or_else(|| errors().next());
        let error = first.map(ToString::to_string);
        if error != before.error {
            writes.push(SourceRecord { error, ..before }.write(key));
            summary.told.push(key.clone());
        }
    }
    commit(store, writes, now).await
}

/// Deletes what is no longer declared, as far as the guard lets it pass.
async fn prune(
    store: &Store,
    load: &Load,
    windows: &Windows,
    now: Timestamp,
    summary: &mut Summary,
) -> Result<(), ApplyError> {
    let good = load.manifests.iter().map(|manifest| manifest.key.clone());
    // What a bad file declares is there, although nobody can say how.
    let declared: BTreeSet<ObjectKey> = good.chain(load.broken_objects.iter().cloned()).collect();
    let mut gone: BTreeMap<String, Vec<ObjectKey>> = BTreeMap::new();
    for kind in [Kind::Service, Kind::TaskDefinition, Kind::Cluster] {
        for key in store.list(kind, None).await?.keys().filter(|key| !declared.contains(key)) {
            if store.get(key).await?.is_some_and(|object| object.metadata.deletion_timestamp.is_none()) {
                gone.entry(key.cluster_of().name).or_default().push(key.clone());
            }
        }
    }
    for (namespace, keys) in gone {
        if !load.whole() {
            summary.held.extend(
                keys.iter().map(|key| Held {
                    namespace: namespace.clone(),
                    message: format!("{key}: the source is not whole"),
                }),
            );
            continue;
        }
        if let Some(closed) = windows.closed(&namespace, &[]) {
            let message =
                format!("{} objects are gone from {namespace} and wait: the change window {closed}", keys.len());
            summary.waits(closed);
            summary.held.push(Held { namespace, message });
            mark_gone(store, &keys, now).await?;
            continue;
        }
        let guard = format!("guard/{namespace}");
        let recent = deletions(store, &guard, now).await?;
        let token = approval(&keys);
        let approved = is_approved(store, &namespace, &token).await?;
        if recent.len() + keys.len() > GUARD_LIMIT && !approved {
            let message = format!(
                "{} objects are gone from {namespace}, more than {GUARD_LIMIT} within an hour: to let them go, annotate \
                 the Cluster with {APPROVE}={token}",
                keys.len()
            );
            summary.asks = true;
            summary.held.push(Held { namespace, message });
            mark_gone(store, &keys, now).await?;
            continue;
        }
        let mut times = recent;
        times.extend(keys.iter().map(|_| now));
        // Services go before the definitions that they run, and those before the Cluster.
        let mut writes: Vec<Write> = keys.iter().map(|key| Write::Delete { key: key.clone() }).collect();
        let value = serde_json::to_vec(&times).unwrap_or_default();
        writes.push(Write::Record { table: Table::Source, key: guard, value });
        summary.deleted += keys.len();
        for chunk in writes.chunks(CHUNK) {
            commit(store, chunk.to_vec(), now).await?;
        }
    }
    Ok(())
}

/// Keeps that git no longer has these objects, so that a person may delete one of them by name.
async fn mark_gone(store: &Store, keys: &[ObjectKey], now: Timestamp) -> Result<(), ApplyError> {
    let mut writes = Vec::new();
    for key in keys {
        let before = SourceRecord::read(store, key).await?;
        if !before.gone {
            writes.push(SourceRecord { gone: true, ..before }.write(key));
        }
    }
    for chunk in writes.chunks(CHUNK) {
        commit(store, chunk.to_vec(), now).await?;
    }
    Ok(())
}

async fn deletions(store: &Store, guard: &str, now: Timestamp) -> Result<Vec<Timestamp>, StoreError> {
    let bytes = store.record(Table::Source, guard).await?;
    let times: Vec<Timestamp> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    Ok(times.into_iter().filter(|time| now.duration_since(*time) < GUARD_WINDOW).collect())
}

async fn is_approved(store: &Store, namespace: &str, token: &str) -> Result<bool, StoreError> {
    let cluster = store.get(&ObjectKey::new(Kind::Cluster, "", namespace)).await?;
    let approvals = cluster.and_then(|cluster| cluster.metadata.annotations.get(APPROVE).cloned());
    Ok(approvals.is_some_and(|list| list.split(',').any(|word| word.trim() == token)))
}

/// A token that names exactly these deletions.
fn approval(keys: &[ObjectKey]) -> String {
    let names: BTreeSet<String> = keys.iter().map(ToString::to_string).collect();
    let digest = Sha256::digest(format!("{names:?}"));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
