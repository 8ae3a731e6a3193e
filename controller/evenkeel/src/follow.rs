//! From snapshots of the source to objects: load, check, apply, and say what became of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use evenkeel_core::admission::admit;
use evenkeel_core::catalogue::Severity;
use evenkeel_core::manifest::{Load, load};
use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_core::reason::Reason;
use evenkeel_store::{Batch, RESTORED, Store, StoreError, Table, Write};
use jiff::Timestamp;

use crate::apply::{ApplyError, Held, Summary, apply};
use crate::commits;
use crate::engine::Engine;
use crate::events::{self, Note};
use crate::metrics::Applied;
use crate::provenance::SourceRecord;
use crate::reconcile::Context;
use crate::reconcile::installation;
use crate::source::{self, Snapshot, Source, SourceError};
use crate::workqueue::Priority;

/// Loads and checks a snapshot. Files that cannot be read declare what the store knows of them from when they could.
///
/// # Errors
/// The store's.
pub async fn checked(snapshot: Arc<Snapshot>, store: Option<&Store>) -> Result<Load, StoreError> {
    let mut load = aside(move || load(&snapshot.files)).await;
    if let Some(store) = store.filter(|_| !load.broken_files.is_empty()) {
        load.recall(SourceRecord::last_good(store).await?);
    }
    let admitted = aside(move || {
        admit(&mut load);
        load
    });
    Ok(admitted.await)
}

/// Runs what is pure, but with thousands of files too long for the runtime's threads.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // Only a panic ends it early; passing it on beats an empty load.
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Reads the source once; with a file of allowed signers, only what one of them has signed.
///
/// # Errors
/// There is no whole snapshot, and why.
pub async fn read_once(root: &Path, signers: Option<&Path>) -> Result<Snapshot, SourceError> {
    let (root, signers) = (root.to_owned(), signers.map(Path::to_owned));
    aside(move || source::read(&root, signers.as_deref())).await
}

async fn load_and_apply(engine: &Engine, snapshot: &Arc<Snapshot>) -> Result<Summary, ApplyError> {
    let load = checked(snapshot.clone(), Some(&engine.context.store)).await?;
    commits::remember(&engine.context.store, &snapshot.commit, engine.context.clock.now()).await?;
    apply_load(engine, &load, &snapshot.revision).await
}

/// Applies a checked load to the engine's store and tells metrics and log.
///
/// # Errors
/// The store's.
pub async fn apply_load(engine: &Engine, load: &Load, revision: &str) -> Result<Summary, ApplyError> {
    let context = &engine.context;
    let summary = apply(&context.store, load, revision, context.clock.now()).await?;
    for key in &summary.told {
        engine.queue.add(key.clone(), Priority::NewCommit, "what is said of its manifest changed");
    }
    let errors = load.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let Summary { created, changed, deleted, waiting, .. } = summary;
    tracing::info!(
        revision,
        objects = load.manifests.len(),
        created,
        changed,
        deleted,
        waiting,
        errors,
        "source applied"
    );
    for problem in load.problems.iter().filter(|problem| problem.severity == Severity::Error) {
        tracing::error!("{problem}");
    }
    for held in &summary.held {
        tracing::warn!("not deleted: {held}");
        tell(engine, held).await?;
    }
    context.metrics.source_applied(&Applied {
        revision,
        objects: load.manifests.len(),
        errors,
        held_deletions: summary.held.len(),
        now: context.clock.now(),
    });
    Ok(summary)
}

/// Tells of deletions that wait, at the Cluster whose they are.
async fn tell(engine: &Engine, held: &Held) -> Result<(), ApplyError> {
    let note = Note { reason: Reason::AwaitingApproval, message: held.message.clone() };
    tell_cluster(engine, &ObjectKey::new(Kind::Cluster, "", &held.namespace), note).await
}

/// Tells the Installation whether the source can be read.
async fn source_is(engine: &Engine, failing: Option<&str>) {
    if installation::source_is(&engine.context, failing).await {
        engine.queue.add(ObjectKey::installation(), Priority::NewCommit, "what is said of the source changed");
    }
}

/// Tells each Cluster, which all depend on it, how the source is.
async fn tell_all(engine: &Engine, reason: Reason, message: String) {
    let Ok(clusters) = engine.context.store.list(Kind::Cluster, None).await else { return };
    for key in clusters.keys() {
        if let Err(error) = tell_cluster(engine, key, Note { reason, message: message.clone() }).await {
            tracing::error!(%error, "the store cannot be written");
            return;
        }
    }
}

/// Tells something at a Cluster; once, while it is the same.
async fn tell_cluster(engine: &Engine, key: &ObjectKey, note: Note) -> Result<(), ApplyError> {
    let Context { store, clock, options, metrics, .. } = &engine.context;
    let Some(cluster) = store.get(key).await? else { return Ok(()) };
    let now = clock.now();
    if events::is_told(store, &cluster, &note, now).await? {
        return Ok(());
    }
    metrics.event(note.kind(), note.reason.name());
    let writes = events::writes(store, &cluster, &[note], &options.installation, now).await?;
    store.commit(Batch::new(now, writes)).await?;
    Ok(())
}

/// Whether the store was restored or repaired, and the source has not been applied since.
///
/// # Errors
/// The store's.
pub async fn is_restored(store: &Store) -> Result<bool, StoreError> {
    Ok(store.record(Table::Source, RESTORED).await?.is_some())
}

async fn no_longer_restored(context: &Context) -> Result<(), ApplyError> {
    if is_restored(&context.store).await? {
        let mark = Write::RemoveRecord { table: Table::Source, key: RESTORED.to_owned() };
        context.store.commit(Batch::new(context.clock.now(), vec![mark])).await?;
    }
    Ok(())
}

/// When to apply again what could not be applied.
const AGAIN: Duration = Duration::from_secs(10);
/// So much later than a time it is surely past.
const INSTANT: Duration = Duration::from_millis(50);
/// When to see whether a person has given the word that deletions wait for.
const ASKED: Duration = Duration::from_secs(60);

/// When to apply the same again, if that may make a difference.
fn soon(summary: &Summary, now: Timestamp) -> Option<Duration> {
    // A window opens then; a little later nobody can be in doubt of it.
    let opens = summary.opens.map(|opens| Duration::try_from(opens.duration_since(now)).unwrap_or_default() + INSTANT);
    summary.asks.then(|| opens.unwrap_or(ASKED).min(ASKED))
}

/// Follows the source for ever: each new snapshot is applied; one that cannot be read changes nothing.
pub async fn follow(engine: Engine, mut source: Source, readiness: crate::http::Readiness) {
    // What has to be applied again, and how soon: a store that failed, deletions that wait for a word.
    let mut again: Option<(Arc<Snapshot>, Duration)> = None;
    let mut broken = false;
    loop {
        let next = match &again {
            Some((_, soon)) => tokio::time::timeout(*soon, source.next()).await.ok(),
            None => Some(source.next().await),
        };
        let snapshot = match next {
            Some(Ok(snapshot)) => {
                if broken {
                    tell_all(&engine, Reason::Succeeded, "the source can be read again".into()).await;
                }
                broken = false;
                Arc::new(snapshot)
            }
            Some(Err(error)) => {
                tracing::error!(%error, "the source cannot be read; everything stays as it is");
                engine.context.metrics.source_readable(false);
                let message = format!("the source cannot be read, and everything stays as it is: {error}");
                readiness.source_failed(&message);
                source_is(&engine, Some(&message)).await;
                tell_all(&engine, Reason::SourceInvalid, message).await;
                broken = true;
                continue;
            }
            None => match again.take() {
                Some((snapshot, _)) => snapshot,
                None => continue,
            },
        };
        match load_and_apply(&engine, &snapshot).await {
            Ok(summary) => {
                if let Err(error) = no_longer_restored(&engine.context).await {
                    tracing::error!(%error, "the store cannot be written");
                }
                readiness.source_read();
                source_is(&engine, None).await;
                again = soon(&summary, engine.context.clock.now()).map(|soon| (snapshot, soon));
            }
            Err(error) => {
                tracing::error!(%error, "the source cannot be applied");
                engine.context.metrics.source_readable(false);
                again = Some((snapshot, AGAIN));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_held_is_applied_again_when_a_window_opens_and_each_minute_for_a_word_until_then() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let again = |opens: Option<&str>| {
            let opens = opens.map(|opens| opens.parse().unwrap());
            soon(&Summary { opens, asks: true, ..Summary::default() }, now)
        };
        assert_eq!(again(None), Some(ASKED));
        assert_eq!(again(Some("2026-01-01T08:00:00Z")), Some(ASKED));
        assert_eq!(again(Some("2026-01-01T00:00:07Z")), Some(Duration::from_secs(7) + INSTANT));
        assert_eq!(again(Some("2025-12-31T23:59:59Z")), Some(INSTANT), "it is open by now");
        assert_eq!(soon(&Summary::default(), now), None);
    }
}
