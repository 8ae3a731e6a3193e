//! The database: the one file that names sled.
//!
//! One tree, so that one batch is atomic over everything:
//!
//! ```text
//! meta/store-id                     16 bytes, from which uids are derived
//! meta/sequence                     u64, big endian: the last resourceVersion given out
//! meta/commits                      u64, big endian: how many batches were written, this one included
//! object/<Kind>/<namespace>/<name>  the object as JSON; no namespace for cluster-scoped kinds
//! record/<table>/<key>              bytes
//! ```
//!
//! Facts about sled 0.34 that shape this file:
//!
//! - A batch is atomic after a crash, but only what was flushed survives one (measured): nothing is acknowledged before.
//! - On Linux `flush` ends in `sync_file_range`, which leaves out the file's length and the disk's own cache, and large
//!   values go to files of their own under `blobs/` that are never synced (read in its source). That survives the end of
//!   the process, but not of the machine, so [`Database::write`] syncs the files itself.
//! - A log that is damaged in its middle opens all the same, without what came after: it looks like one that a crash cut
//!   short (measured, with single bits). So the number of the last commit also stands in a file of its own, `head`, written
//!   after each commit, and a database that is behind it is refused. It is not synced: after a power failure it may be
//!   behind, and is never ahead.
//! - `flush_async` misbehaves under tokio's paused clock, and `watch_prefix` blocks the writer once a reader lags: neither
//!   is used. The background flusher would only add a thread, so it is off.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use evenkeel_core::object::{ObjectKey, ResourceVersion};
use uuid::Uuid;

use crate::backup::Entry;
use crate::batch::{MAX_BYTES, RESTORED, Table};
use crate::decide::Changes;
use crate::directory::{FORMAT, private_file};
use crate::published::Index;
use crate::stored::Stored;

/// Objects are read from memory, so the page cache serves records only, and pages take several times their size in it: hardly
/// any is kept. sled's default is 1 GiB.
const CACHE_BYTES: u64 = 256 << 10;

const STORE_ID: &[u8] = b"meta/store-id";
const SEQUENCE: &[u8] = b"meta/sequence";
const COMMITS: &[u8] = b"meta/commits";
const OBJECTS: &[u8] = b"object/";

/// How far versions go on after a restore: further than any that were given out after the backup was made.
const AFTER_RESTORE: u64 = 1_000_000_000;

/// Turns format `n` into `n + 1`, as the n-th entry, counted from 1. Each must be harmless when run twice: a crash may
/// come between it and the note that it ran.
const MIGRATIONS: [Migration; FORMAT as usize - 1] = [];

type Migration = fn(&sled::Db) -> Result<(), Failure>;

/// What went wrong in the database.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operating system refused.
    Io(io::Error),
    /// What is there makes no sense.
    Corrupt(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<sled::Error> for Failure {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => Self::Io(error),
            error => Self::Corrupt(error.to_string()),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Corrupt(detail) => f.write_str(detail),
        }
    }
}

/// What a database holds when it is opened, records aside.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) store_id: Uuid,
    pub(crate) resource_version: ResourceVersion,
    pub(crate) index: Index,
}

impl Loaded {
    fn new(store_id: [u8; 16], sequence: [u8; 8]) -> Self {
        let resource_version = ResourceVersion(u64::from_be_bytes(sequence));
        Self { store_id: Uuid::from_bytes(store_id), resource_version, index: Index::new() }
    }

    /// What a database with these entries would hold.
    pub(crate) fn of(entries: &[Entry]) -> Result<Self, Failure> {
        let value = |key: &[u8]| entries.iter().find(|(at, _)| at == key).map(|(_, value)| value.as_slice());
        let mut loaded = Self::new(meta(STORE_ID, value(STORE_ID))?, meta(SEQUENCE, value(SEQUENCE))?);
        for (at, bytes) in entries.iter().filter(|(at, _)| at.starts_with(OBJECTS)) {
            loaded.take(at, bytes)?;
        }
        Ok(loaded)
    }

    /// The entries that make sense, with a version behind none of them, and what does not.
    pub(crate) fn sift(entries: Vec<Entry>, new_id: Uuid) -> (Vec<Entry>, Vec<String>) {
        let value = |key: &[u8]| entries.iter().find(|(at, _)| at == key).map(|(_, value)| value.as_slice());
        let (mut kept, mut lost) = (Vec::new(), Vec::new());
        let id = meta(STORE_ID, value(STORE_ID)).unwrap_or_else(|_| {
            lost.push("its identity".to_owned());
            *new_id.as_bytes()
        });
        let sequence = meta(SEQUENCE, value(SEQUENCE)).unwrap_or_default();
        // Versions may be those of any commit.
        let mut loaded = Self { resource_version: ResourceVersion(u64::MAX), ..Self::new(id, sequence) };
        for (at, bytes) in entries.iter().filter(|(at, _)| !at.starts_with(b"meta/")) {
            let told = String::from_utf8_lossy(at).into_owned();
            let sound = match at.starts_with(OBJECTS) {
                true => loaded.take(at, bytes).is_ok(),
                false => Table::ALL.iter().any(|table| at.starts_with(&record_key(*table, ""))),
            };
            if sound { kept.push((at.clone(), bytes.clone())) } else { lost.push(told) }
        }
        let newest = loaded.index.values().map(|stored| stored.resource_version.0).max().unwrap_or_default();
        let sequence = newest.max(u64::from_be_bytes(sequence));
        kept.push((STORE_ID.to_vec(), id.to_vec()));
        kept.push((SEQUENCE.to_vec(), sequence.to_be_bytes().to_vec()));
        kept.sort();
        (kept, lost)
    }

    fn take(&mut self, at: &[u8], bytes: &[u8]) -> Result<(), Failure> {
        let (key, stored) = self.object(at, bytes)?;
        self.index.insert(key, stored);
        Ok(())
    }

    /// The object that stands at a key.
    fn object(&self, at: &[u8], bytes: &[u8]) -> Result<(ObjectKey, Stored), Failure> {
        let corrupt = |detail: String| Failure::Corrupt(format!("{}: {detail}", String::from_utf8_lossy(at)));
        let (stored, object) = Stored::from_bytes(bytes).map_err(|e| corrupt(e.to_string()))?;
        let key = object.key();
        if object_key(&key) != at {
            return Err(corrupt(format!("holds {key}")));
        }
        if stored.resource_version > self.resource_version {
            return Err(corrupt(format!("has a version beyond the store's, {}", self.resource_version)));
        }
        Ok((key, stored))
    }
}

fn meta<const N: usize>(key: &[u8], value: Option<&[u8]>) -> Result<[u8; N], Failure> {
    value
        .and_then(|value| value.try_into().ok())
        .ok_or_else(|| Failure::Corrupt(format!("its entry {} is missing or damaged", String::from_utf8_lossy(key))))
}

/// An open database. All methods block.
#[derive(Debug)]
pub(crate) struct Database {
    db: sled::Db,
    commits: u64,
    /// `None` for a temporary one. Dropped after the database.
    files: Option<Files>,
}

impl Database {
    /// Opens the database in `path`, or makes an empty one, and brings it from `format` to [`FORMAT`].
    pub(crate) fn open(path: &Path, format: u32) -> Result<Self, Failure> {
        let db = config().path(path).open()?;
        for migration in MIGRATIONS.iter().skip(format as usize - 1) {
            migration(&db)?;
            db.flush()?;
        }
        // A store of before this was counted begins with none.
        let commits = db.get(COMMITS)?.map_or(Ok([0; 8]), |value| meta(COMMITS, Some(&value)))?;
        let commits = u64::from_be_bytes(commits);
        let files = Files::open(path)?;
        let noted = files.noted();
        // Whole before anything is refused: its parts must go in their order.
        let database = Self { db, commits, files: Some(files) };
        match noted?.and_then(|noted| noted.checked_sub(commits)) {
            None | Some(0) => Ok(database),
            Some(lost) => Err(Failure::Corrupt(format!("its log is damaged, and the last {lost} commits are lost"))),
        }
    }

    /// Everything that can be read of a damaged database, how many commits it is behind, and why reading ended if it did
    /// not come to the end.
    ///
    /// # Errors
    /// Nothing can be read. sled may panic as well.
    pub(crate) fn salvage(path: &Path) -> Result<(Vec<Entry>, u64, Option<String>), Failure> {
        let db = config().path(path).open()?;
        let (mut entries, mut ended) = (Vec::new(), None);
        for entry in db.iter() {
            match entry {
                Ok((key, value)) => entries.push((key.to_vec(), value.to_vec())),
                Err(error) => {
                    ended = Some(Failure::from(error).to_string());
                    break;
                }
            }
        }
        let commits =
            entries.iter().find(|(key, _)| key == COMMITS).and_then(|(_, value)| value.as_slice().try_into().ok());
        let commits = commits.map_or(0, u64::from_be_bytes);
        let files = Files::open(path);
        // Before the files, which wait until nobody has the log open.
        drop(db);
        let noted = files.and_then(|files| files.noted()).ok().flatten();
        Ok((entries, noted.unwrap_or_default().saturating_sub(commits), ended))
    }

    /// A database that is gone once dropped.
    pub(crate) fn temporary() -> Result<Self, Failure> {
        Ok(Self { db: config().temporary(true).open()?, commits: 0, files: None })
    }

    /// Makes an empty database a new store with this identity.
    ///
    /// # Errors
    /// [`Failure::Corrupt`] when it holds a store in use.
    pub(crate) fn create(&mut self, store_id: Uuid) -> Result<(), Failure> {
        // A database of version 0 is what a crash leaves between here and the note of the format.
        if !self.db.is_empty() && self.meta(SEQUENCE)? != [0; 8] {
            return Err(Failure::Corrupt("there is a database, but the file \"format\" is missing".to_owned()));
        }
        let mut batch = sled::Batch::default();
        batch.insert(STORE_ID, store_id.as_bytes());
        batch.insert(SEQUENCE, &0_u64.to_be_bytes());
        self.commit(batch)
    }

    /// Reads everything but records.
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        let mut loaded = Loaded::new(self.meta(STORE_ID)?, self.meta(SEQUENCE)?);
        let mut objects = Vec::new();
        for entry in self.db.scan_prefix(OBJECTS) {
            let (at, bytes) = entry?;
            objects.push(loaded.object(&at, &bytes)?);
        }
        // One by one, in their order, they would leave the nodes of the map half empty.
        loaded.index = objects.into_iter().collect();
        Ok(loaded)
    }

    /// Everything, as it stands in the database.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Failure> {
        self.db
            .iter()
            .map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(Into::into))
            .collect()
    }

    /// Fills an empty database with the entries of another. The version comes last: without it this is no store.
    pub(crate) fn fill(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let (mut batch, mut bytes) = (sled::Batch::default(), 0);
        let mut sequence = None;
        for (key, value) in entries.iter().filter(|(key, _)| key != COMMITS) {
            if key == SEQUENCE {
                sequence = value.as_slice().try_into().ok().map(u64::from_be_bytes);
                continue;
            }
            batch.insert(key.as_slice(), value.as_slice());
            bytes += key.len() + value.len();
            if bytes > MAX_BYTES {
                self.commit(std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
        let sequence = sequence.ok_or_else(|| Failure::Corrupt("it holds no version".to_owned()))?;
        batch.insert(restored_key(), &[]);
        batch.insert(SEQUENCE, &sequence.saturating_add(AFTER_RESTORE).to_be_bytes());
        self.commit(batch)
    }

    fn meta<const N: usize>(&self, key: &[u8]) -> Result<[u8; N], Failure> {
        meta(key, self.db.get(key)?.as_deref())
    }

    /// Writes changes as one, and returns once they are on disk.
    pub(crate) fn write(&mut self, changes: &Changes) -> Result<(), Failure> {
        let mut batch = sled::Batch::default();
        for (key, stored) in &changes.objects {
            match stored {
                Some(stored) => batch.insert(object_key(key), stored.json.unpack()),
                None => batch.remove(object_key(key)),
            }
        }
        for ((table, key), value) in &changes.records {
            match value {
                Some(value) => batch.insert(record_key(*table, key), value.as_slice()),
                None => batch.remove(record_key(*table, key)),
            }
        }
        batch.insert(SEQUENCE, &changes.resource_version.0.to_be_bytes());
        self.commit(batch)
    }

    fn commit(&mut self, mut batch: sled::Batch) -> Result<(), Failure> {
        let commits = self.commits + 1;
        batch.insert(COMMITS, &commits.to_be_bytes());
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        if let Some(files) = &mut self.files {
            files.sync()?;
            files.note(commits)?;
        }
        self.commits = commits;
        Ok(())
    }

    /// What it takes on disk; 0 if the system does not say.
    pub(crate) fn bytes(&self) -> u64 {
        self.db.size_on_disk().unwrap_or_default()
    }

    /// One record.
    pub(crate) fn record(&self, table: Table, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.db.get(record_key(table, key))?.map(|value| value.to_vec()))
    }

    /// All records of a table, sorted by key.
    pub(crate) fn records(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let prefix = record_key(table, "");
        let record = |entry: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, value) = entry?;
            Ok((String::from_utf8_lossy(&key[prefix.len()..]).into_owned(), value.to_vec()))
        };
        self.db.scan_prefix(&prefix).map(record).collect()
    }
}

/// Bytes of the note in `head`: two lines of twenty digits, the same twice.
const HEAD: usize = 42;

/// The files of a database, to be synced.
#[derive(Debug)]
struct Files {
    log: File,
    /// The number of the last commit, once more.
    head: File,
    blobs: PathBuf,
    /// Blobs that are on disk; sled writes each once.
    synced: HashSet<OsString>,
}

impl Files {
    /// Takes the files of an open database, and syncs them: they may be new, or what a crash left.
    fn open(path: &Path) -> io::Result<Self> {
        let log = File::options().write(true).open(path.join("db"))?;
        let head = private_file().read(true).open(path.with_file_name("head"))?;
        let mut files = Self { log, head, blobs: path.join("blobs"), synced: HashSet::new() };
        files.sync()?;
        for made in ["conf", "blobs", ".", ".."] {
            File::open(path.join(made))?.sync_all()?;
        }
        Ok(files)
    }

    /// The number of the last commit that was noted; none where nothing legible is.
    fn noted(&self) -> io::Result<Option<u64>> {
        let mut bytes = [0; HEAD];
        match self.head.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let number = |part: &[u8]| std::str::from_utf8(part).ok()?.trim().parse::<u64>().ok();
        let (first, second) = bytes.split_at(HEAD / 2);
        // Half of a note, or a damaged one, says nothing.
        Ok(number(first).filter(|noted| Some(*noted) == number(second)))
    }

    fn note(&self, commits: u64) -> io::Result<()> {
        self.head.write_all_at(format!("{commits:<20}\n{commits:<20}\n").as_bytes(), 0)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.log.sync_data()?;
        let names = fs::read_dir(&self.blobs)?.map(|entry| Ok(entry?.file_name()));
        let names: HashSet<OsString> = names.collect::<io::Result<_>>()?;
        for name in names.difference(&self.synced) {
            match File::open(self.blobs.join(name)) {
                Ok(blob) => blob.sync_all()?,
                // Superseded and removed meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if names != self.synced {
            File::open(&self.blobs)?.sync_all()?;
        }
        self.synced = names;
        Ok(())
    }
}

impl Drop for Files {
    /// Waits until sled is done: its threads may hold its lock on the log a little longer than the last handle lives
    /// (measured), and whoever opens the directory next would find it locked.
    fn drop(&mut self) {
        let _ = self.log.lock();
    }
}

fn config() -> sled::Config {
    sled::Config::new().cache_capacity(CACHE_BYTES).flush_every_ms(None)
}

fn object_key(key: &ObjectKey) -> Vec<u8> {
    format!("object/{}/{}/{}", key.kind, key.namespace, key.name).into_bytes()
}

fn record_key(table: Table, key: &str) -> Vec<u8> {
    format!("record/{}/{key}", table.name()).into_bytes()
}

/// Where a store is marked that is older than what was done since.
pub(crate) fn restored_key() -> Vec<u8> {
    record_key(Table::Source, RESTORED)
}
