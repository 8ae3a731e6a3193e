//! The writer: the one task through which all commits go.
//!
//! It takes what has queued up, decides it in order, writes it as one flushed batch, publishes it and acknowledges it.
//! So many small commits share one flush. The work runs in `spawn_blocking`, which also holds a
//! paused tokio clock still.

use std::collections::VecDeque;
use std::sync::Arc;

use evenkeel_core::object::ResourceVersion;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;

use crate::batch::{Batch, Committed, MAX_BYTES};
use crate::decide::{Changes, decide};
use crate::error::{CommitError, StoreError};
use crate::store::{Shared, read, write};

/// What handles ask of the writer.
#[derive(Debug)]
pub(crate) enum Request {
    /// Commit this.
    Commit(Commit),
    /// Finish what was asked before, then let go of the directory.
    Close(oneshot::Sender<()>),
}

/// A batch and who waits for it.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) batch: Batch,
    pub(crate) done: oneshot::Sender<Result<Committed, CommitError>>,
}

/// Runs until the store is closed or its last handle is dropped.
pub(crate) async fn run(
    shared: Arc<Shared>,
    mut requests: mpsc::Receiver<Request>,
    head: watch::Sender<ResourceVersion>,
) {
    let head = Arc::new(head);
    let mut closing = Vec::new();
    while let Some(first) = requests.recv().await {
        let mut commits = VecDeque::new();
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Commit(commit) => commits.push_back(commit),
                Request::Close(done) => {
                    requests.close();
                    closing.push(done);
                }
            }
            next = requests.try_recv().ok();
        }
        let (for_round, head) = (shared.clone(), head.clone());
        let rounds = shared.run(move || {
            while !commits.is_empty() {
                round(&for_round, &mut commits, &head);
            }
        });
        if let Err(panic) = rounds.await {
            // Whoever waited sees that nobody answers; whoever comes later is told why.
            fail(&shared, panic.to_string());
        }
    }
    let disk = write(&shared.disk).take();
    // Closing flushes, so it blocks. A panic in it leaves nothing to do: what was acknowledged is on disk.
    let _ = spawn_blocking(move || drop(disk)).await;
    for done in closing {
        let _ = done.send(());
    }
}

/// Commits from the front of the queue, as many as fit in one batch of the database.
fn round(shared: &Shared, commits: &mut VecDeque<Commit>, head: &watch::Sender<ResourceVersion>) {
    // Held until published, so that a reader of records sees only what is flushed.
    let mut disk = write(&shared.disk);
    let Some(disk) = disk.as_mut() else { return commits.clear() };
    let published = read(&shared.published);
    let mut changes = Changes::after(published.resource_version);
    let mut answers = Vec::new();
    while changes.bytes < MAX_BYTES
        && let Some(Commit { batch, done }) = commits.pop_front()
    {
        let decided = decide(&published.index, &changes, shared.store_id, batch);
        answers.push((
            done,
            decided.map(|(own, committed)| {
                changes.absorb(own);
                committed
            }),
        ));
    }
    drop(published);

    // After a failed write the database may hold what was never acknowledged, so nothing may be built on it: every
    // answer of this round, a conflict too, could rest on a commit that did not happen.
    if disk.failed.is_none() && !changes.is_empty() {
        let started = std::time::Instant::now();
        disk.failed = disk.database.write(&changes).err().map(|failure| failure.to_string());
        shared.flushes.took(started.elapsed());
    }
    if let Some(detail) = &disk.failed {
        for (done, _) in answers {
            let _ = done.send(Err(StoreError::Failed { detail: detail.clone() }.into()));
        }
        return;
    }
    if !changes.events.is_empty() {
        let version = changes.resource_version;
        write(&shared.published).publish(changes);
        head.send_replace(version);
    }
    // Nobody may be waiting any more; the commit stands all the same.
    for (done, answer) in answers {
        let _ = done.send(answer);
    }
}

fn fail(shared: &Shared, detail: String) {
    if let Some(disk) = write(&shared.disk).as_mut() {
        disk.failed.get_or_insert(detail);
    }
}
