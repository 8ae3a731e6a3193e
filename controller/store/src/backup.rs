//! Backups: everything that a store holds, in one file that shows whether it is whole.
//!
//! ```text
//! evenkeel store backup 1      the form of the file
//! evenkeel store format 1      the format of what it holds
//! (key length, value length, key, value)*    lengths as u32, big endian
//! SHA-256 of everything before, 32 bytes
//! ```
//!
//! A backup is made of a store that nobody has open. It holds what the store holds, secrets included: its file is private.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use evenkeel_core::object::Kind;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::database::{Database, Failure, Loaded, restored_key};
use crate::directory::{Directory, FORMAT, FORMAT_PREFIX};
use crate::error::OpenError;
use crate::store::{blocking, open_error};

const FORM: &str = "evenkeel store backup 1\n";

/// What a store or a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How many objects of each kind.
    pub objects: Vec<(Kind, usize)>,
    /// How many internal records.
    pub records: usize,
    /// The last version that was given out.
    pub resource_version: u64,
}

/// Why a backup could not be made, read or restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// There is no store to make a backup of.
    #[error("there is no store in {}: name the directory that the controller is given with --data", .0.display())]
    NoStore(PathBuf),
    /// What would be written is there already.
    #[error("{} is there already and is not overwritten: move it away, or name another place", .0.display())]
    Exists(PathBuf),
    /// The file is no backup, or was changed since it was made.
    #[error("the backup {} is damaged: {detail}; take another one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A later release made it.
    #[error("the backup {} is of a store of a later release: restore it with that one, or a later one", .0.display())]
    TooNew(PathBuf),
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Writes everything that the store in `directory` holds to the new file `to`.
///
/// # Errors
/// [`BackupError`]; there is no file then. The store is as it was.
pub async fn backup(directory: &Path, to: &Path) -> Result<Contents, BackupError> {
    exists(directory)?;
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let (store, file) = (directory.to_owned(), to.to_owned());
    blocking(directory, move || {
        let (_held, database, loaded) = open(&store)?;
        let entries = database.entries().map_err(|failure| open_error(&store, failure))?;
        let contents = contents(&loaded, &entries);
        Ok(write(&file, &entries).map(|()| contents).map_err(|source| BackupError::Io { path: file, source }))
    })
    .await?
}

/// Makes the store in `directory` anew from the backup `from`. There must be none yet.
///
/// Versions go on far beyond those of the backup, so that whoever watched the lost store lists again, and no number is
/// given out for a second time.
///
/// # Errors
/// [`BackupError`]. What was begun then is no store, and nothing takes it for one.
pub async fn restore(from: &Path, directory: &Path) -> Result<Contents, BackupError> {
    let entries = read(from)?;
    make(entries, directory).await
}

/// No store stands here.
pub(crate) fn is_free(directory: &Path) -> Result<(), BackupError> {
    let mut parts = ["format", "sled"].map(|part| directory.join(part)).into_iter();
    parts.find(|part| part.exists()).map_or(Ok(()), |part| Err(BackupError::Exists(part)))
}

/// Makes a store of these entries.
pub(crate) async fn make(entries: Vec<Entry>, directory: &Path) -> Result<Contents, BackupError> {
    is_free(directory)?;
    let at = directory.to_owned();
    let contents = blocking(directory, move || {
        let held = Directory::open(&at)?;
        let fill = || {
            let mut database = Database::open(&held.database(), FORMAT)?;
            database.fill(&entries)?;
            database.load()
        };
        let loaded = fill().map_err(|failure| open_error(&at, failure))?;
        held.write_format()?;
        Ok(contents(&loaded, &entries))
    });
    Ok(contents.await?)
}

/// Reads everything that a store or a backup holds. A store is opened as at a start, which brings what a crash left half
/// written in order.
///
/// # Errors
/// [`BackupError`]: what is wrong with it.
pub async fn check(path: &Path) -> Result<Contents, BackupError> {
    let at = path.to_owned();
    if path.is_file() {
        let entries = read(path)?;
        let loaded = Loaded::of(&entries).map_err(|failure| open_error(path, failure))?;
        return Ok(contents(&loaded, &entries));
    }
    exists(path)?;
    let checked = blocking(path, move || {
        let (_held, database, loaded) = open(&at)?;
        let entries = database.entries().map_err(|failure| open_error(&at, failure))?;
        Ok(contents(&loaded, &entries))
    });
    Ok(checked.await?)
}

fn exists(directory: &Path) -> Result<(), BackupError> {
    let there = directory.join("format").exists();
    there.then_some(()).ok_or_else(|| BackupError::NoStore(directory.to_owned()))
}

fn open(path: &Path) -> Result<(Directory, Database, Loaded), OpenError> {
    let directory = Directory::open(path)?;
    let open = || {
        let database = Database::open(&directory.database(), directory.format().unwrap_or(FORMAT))?;
        let loaded = database.load()?;
        Ok((database, loaded))
    };
    let (database, loaded) = open().map_err(|failure: Failure| open_error(path, failure))?;
    if directory.format() != Some(FORMAT) {
        // A store of an earlier release has been migrated by now.
        directory.write_format()?;
    }
    Ok((directory, database, loaded))
}

fn contents(loaded: &Loaded, entries: &[Entry]) -> Contents {
    let count = |kind: Kind| loaded.index.keys().filter(|key| key.kind == kind).count();
    Contents {
        objects: Kind::ALL.into_iter().map(|kind| (kind, count(kind))).collect(),
        // The mark of a restored store is none that anybody wrote.
        records: entries.iter().filter(|(key, _)| key.starts_with(b"record/") && *key != restored_key()).count(),
        resource_version: loaded.resource_version.0,
    }
}

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// Written aside and moved into place once it is whole and on disk.
fn write(path: &Path, entries: &[Entry]) -> io::Result<()> {
    let aside = path.with_added_extension("partial");
    let written = (|| {
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        let mut file = BufWriter::new(file);
        let mut hash = Sha256::new();
        let mut put = |bytes: &[u8]| {
            hash.update(bytes);
            file.write_all(bytes)
        };
        put(FORM.as_bytes())?;
        put(format!("{FORMAT_PREFIX}{FORMAT}\n").as_bytes())?;
        for (key, value) in entries {
            for part in [key, value] {
                put(&u32::try_from(part.len()).map_err(io::Error::other)?.to_be_bytes())?;
            }
            put(key)?;
            put(value)?;
        }
        file.write_all(&hash.finalize())?;
        file.into_inner()?.sync_all()?;
        fs::rename(&aside, path)?;
        File::open(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
    })();
    if written.is_err() {
        // Half a backup is none, and takes room where there may be none.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// The entries of a backup, once it has shown to be whole.
fn read(path: &Path) -> Result<Vec<Entry>, BackupError> {
    let damaged = |detail| BackupError::Damaged { path: path.to_owned(), detail };
    let bytes = fs::read(path).map_err(|source| BackupError::Io { path: path.to_owned(), source })?;
    let rest = bytes.strip_prefix(FORM.as_bytes()).ok_or_else(|| damaged("it does not begin as a backup does"))?;
    let end = bytes.len().checked_sub(32).filter(|end| *end >= FORM.len()).ok_or_else(|| damaged("it is cut short"))?;
    if Sha256::digest(&bytes[..end]).as_slice() != &bytes[end..] {
        return Err(damaged("its checksum does not fit, so it was cut short or changed"));
    }
    let mut rest = &rest[..end - FORM.len()];
    let line = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("it names no format"))?;
    let format =
        std::str::from_utf8(&rest[..line]).ok().and_then(|text| text.strip_prefix(FORMAT_PREFIX)?.parse().ok());
    match format {
        Some(format) if format > FORMAT => return Err(BackupError::TooNew(path.to_owned())),
        Some(FORMAT) => rest = &rest[line + 1..],
        _ => return Err(damaged("it names no format")),
    }
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let entry = entry(&mut rest).ok_or_else(|| damaged("an entry is cut short"))?;
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(rest: &mut &[u8]) -> Option<Entry> {
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at_checked(length)?;
        *rest = left;
        Some(taken.to_vec())
    };
    let length = |bytes: Vec<u8>| Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize);
    let (key, value) = (length(take(4)?)?, length(take(4)?)?);
    Some((take(key)?, take(value)?))
}
