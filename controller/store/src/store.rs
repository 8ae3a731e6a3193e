//! The handle.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use evenkeel_core::object::{Kind, Object, ObjectKey, ResourceVersion};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, spawn_blocking};
use uuid::Uuid;

use crate::batch::{Batch, Committed, Table};
use crate::database::{Database, Failure, Loaded};
use crate::decide::{Changes, decide};
use crate::directory::{Directory, FORMAT};
use crate::error::{CommitError, OpenError, StoreError, WatchError};
use crate::published::{Listing, Published};
use crate::ring::Ring;
use crate::stats::{Flushes, Stats};
use crate::watch::{Selector, Watch};
use crate::writer::{self, Commit, Request};

/// Commits that may wait for the writer before further ones wait to be queued.
const QUEUE: usize = 256;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many recent changes a watch can reach back, at most. They are also bounded to 8 MiB.
    pub recent_changes: usize,
    /// Identity for a store that is made new; uids derive from it. `None` takes a random one; a simulation gives one, so
    /// that it repeats exactly.
    pub store_id: Option<u128>,
    /// Work on the disk in the caller's own thread, one thing after the other, so that a simulation repeats exactly. In a
    /// program it would hold the runtime up.
    pub inline: bool,
}

impl Default for Options {
    /// 16,384 recent changes: a status write for each of 10,000 services, and half as much again.
    fn default() -> Self {
        Self { recent_changes: 16_384, store_id: None, inline: false }
    }
}

/// A handle on an open store. Clones are cheap and are the same store; when the last is dropped, the store closes.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    head: watch::Receiver<ResourceVersion>,
}

/// What handles, watches and the writer share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store_id: Uuid,
    pub(crate) published: RwLock<Published>,
    /// `None` once closed.
    pub(crate) disk: RwLock<Option<Disk>>,
    pub(crate) flushes: Flushes,
    inline: bool,
}

impl Shared {
    /// Runs what may block, where it holds nobody up, or, in a simulation, right here.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        if self.inline { Ok(work()) } else { spawn_blocking(work).await }
    }
}

/// What is open on disk. The database closes before the directory's lock goes.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) database: Database,
    /// Why a write failed; then there are no more.
    pub(crate) failed: Option<String>,
    _directory: Option<Directory>,
}

impl Store {
    /// Opens the store in the directory `path`, or makes one. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`]; the store is then as it was.
    pub async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let at = path.to_owned();
        let store_id = options.store_id;
        let (disk, loaded) = blocking(path, move || {
            let directory = Directory::open(&at)?;
            let format = directory.format();
            let open = || {
                let mut database = Database::open(&directory.database(), format.unwrap_or(FORMAT))?;
                if format.is_none() {
                    database.create(new_id(store_id))?;
                }
                let loaded = database.load()?;
                Ok((database, loaded))
            };
            let (database, loaded) = open().map_err(|failure| open_error(&at, failure))?;
            if format != Some(FORMAT) {
                directory.write_format()?;
            }
            directory.restrict().map_err(|source| OpenError::Io { path: at.clone(), source })?;
            Ok((Disk { database, failed: None, _directory: Some(directory) }, loaded))
        })
        .await?;
        Ok(Self::start(disk, loaded, &options))
    }

    /// A new store that is gone once closed, for tests and trials.
    ///
    /// # Errors
    /// [`OpenError::Io`] when there is no room for temporary files.
    pub async fn temporary(options: Options) -> Result<Self, OpenError> {
        let path = PathBuf::from("(temporary)");
        let store_id = options.store_id;
        let (disk, loaded) = blocking(&path.clone(), move || {
            let open = || {
                let mut database = Database::temporary()?;
                database.create(new_id(store_id))?;
                let loaded = database.load()?;
                Ok((database, loaded))
            };
            let (database, loaded) = open().map_err(|failure| open_error(&path, failure))?;
            Ok((Disk { database, failed: None, _directory: None }, loaded))
        })
        .await?;
        Ok(Self::start(disk, loaded, &options))
    }

    fn start(disk: Disk, loaded: Loaded, options: &Options) -> Self {
        let Loaded { store_id, resource_version, index } = loaded;
        let ring = Ring::new(resource_version, options.recent_changes);
        let shared = Arc::new(Shared {
            store_id,
            published: RwLock::new(Published { index, ring, resource_version }),
            disk: RwLock::new(Some(disk)),
            flushes: Flushes::default(),
            inline: options.inline,
        });
        let (requests, queue) = mpsc::channel(QUEUE);
        let (publish, head) = watch::channel(resource_version);
        tokio::spawn(writer::run(shared.clone(), queue, publish));
        Self { shared, requests, head }
    }

    /// The object with this key, as of the last commit.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        self.check_open()?;
        let stored = read(&self.shared.published).index.get(key).cloned();
        stored.map(|stored| stored.decode(key)).transpose()
    }

    /// All objects of a kind, in one namespace or in all, at one version.
    ///
    /// # Errors
    /// [`StoreError::Closed`]
    pub async fn list(&self, kind: Kind, namespace: Option<&str>) -> Result<Listing, StoreError> {
        self.check_open()?;
        Ok(read(&self.shared.published).list(kind, namespace))
    }

    /// Watches changes after the version `from`: that of a list, or of the last event seen.
    ///
    /// # Errors
    /// [`WatchError::Expired`] when changes after `from` are no longer known, as after a restart, and when the store never
    /// was at `from`.
    pub fn watch(&self, selector: Selector, from: ResourceVersion) -> Result<Watch, WatchError> {
        self.check_open()?;
        Watch::start(selector, from, self.shared.clone(), self.head.clone())
    }

    /// Commits a batch. When this returns, it is on disk, and readers and watches see it.
    ///
    /// Dropping the future leaves open whether the batch happens; it never happens in part.
    ///
    /// # Errors
    /// [`CommitError`]; then nothing of the batch happened.
    pub async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        let (done, answer) = oneshot::channel();
        let request = Request::Commit(Commit { batch, done });
        self.requests.send(request).await.map_err(|_| StoreError::Closed)?;
        let died = |_| StoreError::Failed { detail: "the writer stopped without an answer".to_owned() };
        answer.await.map_err(died)?
    }

    /// What `commit` would answer now, without doing anything. A changed object keeps its old `resourceVersion`, or has
    /// none if it is new, as in kube's dry run.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn preview(&self, batch: Batch) -> Result<Committed, CommitError> {
        self.check_open()?;
        let published = read(&self.shared.published);
        let nothing = Changes::after(published.resource_version);
        let (_, mut committed) = decide(&published.index, &nothing, self.shared.store_id, batch)?;
        committed.resource_version = published.resource_version;
        for object in committed.outcomes.iter_mut().map(|outcome| &mut outcome.object) {
            let stored = published.index.get(&object.key());
            object.metadata.resource_version = stored.map(|stored| stored.resource_version).unwrap_or_default();
        }
        Ok(committed)
    }

    /// The record `key` of a table.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn record(&self, table: Table, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.to_owned();
        self.read_disk(move |database| database.record(table, &key)).await
    }

    /// All records of a table, sorted by key.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn records(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.read_disk(move |database| database.records(table)).await
    }

    /// Figures for metrics. Waits for a flush in progress.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Closed`] once closed.
    pub async fn stats(&self) -> Result<Stats, StoreError> {
        let shared = self.shared.clone();
        let stats = self.shared.run(move || {
            let disk = read(&shared.disk);
            let disk = disk.as_ref().ok_or(StoreError::Closed)?;
            let bytes = disk.database.bytes();
            let published = read(&shared.published);
            let objects = Kind::ALL.into_iter().map(|kind| (kind, published.count(kind))).collect();
            let (flushes, flush_time) = shared.flushes.so_far();
            Ok(Stats { objects, bytes, flushes, flush_time, failed: disk.failed.is_some() })
        });
        stats.await.unwrap_or_else(|panic| Err(StoreError::Failed { detail: panic.to_string() }))
    }

    /// Finishes the commits asked for so far, closes the database and lets go of the directory. Other handles and watches
    /// get [`StoreError::Closed`] from then on.
    pub async fn close(self) {
        let (done, closed) = oneshot::channel();
        // An error means that it is closed already.
        if self.requests.send(Request::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.requests.is_closed() { Err(StoreError::Closed) } else { Ok(()) }
    }

    async fn read_disk<T: Send + 'static>(
        &self,
        reads: impl FnOnce(&Database) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let read = self.shared.run(move || {
            let disk = read(&shared.disk);
            let database = &disk.as_ref().ok_or(StoreError::Closed)?.database;
            reads(database)
                .map_err(|failure| StoreError::Corrupt { what: "a record".to_owned(), detail: failure.to_string() })
        });
        read.await.unwrap_or_else(|panic| Err(StoreError::Failed { detail: panic.to_string() }))
    }
}

/// Runs what opens a store. sled panics on some kinds of damage; that is an error here.
pub(crate) async fn blocking<T: Send + 'static>(
    path: &Path,
    open: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    let opened = spawn_blocking(open).await;
    opened.unwrap_or_else(|panic| Err(OpenError::Corrupt { path: path.to_owned(), detail: panic.to_string() }))
}

pub(crate) fn open_error(path: &Path, failure: Failure) -> OpenError {
    let path = path.to_owned();
    match failure {
        Failure::Io(source) => OpenError::Io { path, source },
        Failure::Corrupt(detail) => OpenError::Corrupt { path, detail },
    }
}

fn new_id(given: Option<u128>) -> Uuid {
    given.map_or_else(Uuid::new_v4, Uuid::from_u128)
}

/// Reads behind a lock. What a panicking writer leaves is still whole: it changes shared state only once all is done.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Writes behind a lock; see [`read`].
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
