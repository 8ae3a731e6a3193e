//! When to look at the source again.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::select;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::place::Place;
use super::walk::list;

/// Changes come in bursts; looking waits until this long after the first: an editor's write, rename and touch, or the
/// swap of a link, are over by then. Longer bursts are for the reader, which waits until two walks agree.
const DEBOUNCE: Duration = Duration::from_millis(50);
/// Directories that are watched for events. The kernel's limit is shared by all processes of a user (8,192 on small
/// machines, inotify(7)); what is beyond is left to the poll.
const MAX_WATCHED: usize = 1_000;

/// Watches one source. Notifications come for what is watched; the poll needs none.
pub(super) struct Watch {
    root: PathBuf,
    poll: Duration,
    events: Arc<Notify>,
    /// Dropping it ends its watches.
    watcher: Option<RecommendedWatcher>,
    /// What the source looked like when it was last read with success.
    seen: Option<u64>,
    /// What it looked like when a change was last told.
    told: Option<u64>,
    begun: bool,
}

impl Watch {
    pub(super) fn new(root: PathBuf, poll: Duration) -> Self {
        Self { root, poll, events: Arc::default(), watcher: None, seen: None, told: None, begun: false }
    }

    /// Waits until the source may differ from when it was last [`seen`](Self::seen); the first time, not at all. May be
    /// dropped at any point.
    pub(super) async fn changed(&mut self) {
        loop {
            let first = !self.begun;
            let mut event = false;
            if !first {
                select! {
                    () = self.events.notified() => {
                        event = true;
                        sleep(DEBOUNCE).await;
                    }
                    () = sleep(self.poll) => {}
                }
            }
            let (root, events) = (self.root.clone(), Arc::clone(&self.events));
            let known = self.seen;
            let looked = tokio::task::spawn_blocking(move || {
                let now = fingerprint(&root);
                // New directories need new watches. The old watcher lives until the new one is set up.
                let watcher = (first || event || Some(now) != known).then(|| watcher(&root, events));
                (now, watcher)
            });
            // At shutdown the runtime takes no more work; the poll goes on until it drops this as well.
            let Ok((now, watcher)) = looked.await else { continue };
            if let Some(watcher) = watcher {
                self.watcher = watcher;
            }
            self.begun = true;
            self.told = Some(now);
            if first || event || self.seen != self.told {
                return;
            }
        }
    }

    /// What [`changed`](Self::changed) told has been read: from now on only a change counts.
    pub(super) fn seen(&mut self) {
        self.seen = self.told;
    }

    /// What was told could not be read: the next poll tells it again.
    pub(super) fn unseen(&mut self) {
        self.seen = None;
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("root", &self.root).field("poll", &self.poll).finish_non_exhaustive()
    }
}

/// A cheap look at the source: where it is, its commit, and name, size and time of each file; nothing is read. Files of a
/// worktree of git-sync are what its name says: to list ten thousand of them every few seconds was a tenth of what a
/// controller did (profile). Whoever writes there all the same is noticed where notifications come.
fn fingerprint(root: &Path) -> u64 {
    let mut hash = DefaultHasher::new();
    match Place::of(root) {
        Err(error) => error.to_string().hash(&mut hash),
        Ok(place) => {
            place.hash(&mut hash);
            if place.is_worktree() {
                return hash.finish();
            }
            match list(&place.path) {
                Err(error) => format!("{error:?}").hash(&mut hash),
                Ok(listing) => listing.files.hash(&mut hash),
            }
        }
    }
    hash.finish()
}

fn watcher(root: &Path, events: Arc<Notify>) -> Option<RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading is an event too, and we read.
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        if event.is_ok_and(|event| event.kind.is_access() && event.kind != written) {
            return;
        }
        // An error is a lost event.
        events.notify_one();
    });
    let failed = |error: &notify::Error| {
        tracing::warn!(root = %root.display(), %error, "no notifications from the source; it is polled all the same");
    };
    let mut watcher = watcher.inspect_err(failed).ok()?;
    for directory in watched(root) {
        if let Err(error) = watcher.watch(&directory, RecursiveMode::NonRecursive) {
            // It may be gone by now, and is found by the poll then.
            if !matches!(error.kind, notify::ErrorKind::PathNotFound | notify::ErrorKind::Io(_)) {
                failed(&error);
                break;
            }
        }
    }
    Some(watcher)
}

/// The directories to watch: those that hold the links on the way to the source, and those of its tree. A watch on a
/// link itself would stay with what it led to.
fn watched(root: &Path) -> BTreeSet<PathBuf> {
    let mut watched = BTreeSet::new();
    for step in root.ancestors() {
        let is_link = fs::symlink_metadata(step).is_ok_and(|metadata| metadata.is_symlink());
        if let Some(parent) = step.parent().filter(|_| is_link || step == root) {
            watched.insert(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() });
        }
    }
    watched.insert(root.to_owned());
    if let Some(listing) = Place::of(root).ok().and_then(|place| list(&place.path).ok()) {
        watched.extend(listing.directories.into_iter().take(MAX_WATCHED));
    }
    watched
}
