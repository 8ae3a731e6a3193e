//! The store's directory: its permissions, its lock and the format it is written in.
//!
//! ```text
//! <path>/          0700
//!   lock           held while the store is open
//!   format         "evenkeel store format 1"
//!   head           number of the last commit, twice; see the database
//!   sled/          the database
//! ```
//!
//! Lock and format are plain files, so that a store of a later release is recognised before anything reads, repairs or
//! rewrites its database. The format is written once the database is whole: where it stands, an empty database is damage
//! and not a new store.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// The format that this release writes.
pub const FORMAT: u32 = 1;

pub(crate) const FORMAT_PREFIX: &str = "evenkeel store format ";

/// An open directory. Dropping it lets go of the lock.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    format: Option<u32>,
    _lock: File,
}

impl Directory {
    /// Makes the directory if there is none, locks it and reads its format.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let mut directory = Self::locked(path)?;
        directory.format = directory.read_format()?;
        Ok(directory)
    }

    /// As [`open`](Self::open), of a store that may be damaged: what cannot be read of its format does not matter.
    pub(crate) fn open_damaged(path: &Path) -> Result<Self, OpenError> {
        let directory = Self::locked(path)?;
        match directory.read_format() {
            Ok(_) | Err(OpenError::Corrupt { .. }) => Ok(directory),
            Err(error) => Err(error),
        }
    }

    fn locked(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        // A volume may have been made with wider permissions; values of records can be secrets.
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(io)?;
        let lock = private_file().open(path.join("lock")).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        Ok(Self { path: path.to_owned(), format: None, _lock: lock })
    }

    /// The format of what is in the directory, at most [`FORMAT`]; `None` while no store was completed here.
    pub(crate) fn format(&self) -> Option<u32> {
        self.format
    }

    /// Where the database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("sled")
    }

    fn read_format(&self) -> Result<Option<u32>, OpenError> {
        let text = match fs::read_to_string(self.path.join("format")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
            Err(source) => return Err(OpenError::Io { path: self.path.join("format"), source }),
        };
        let number = text.strip_prefix(FORMAT_PREFIX).and_then(|number| number.trim_end().parse().ok());
        match number {
            Some(found) if found > FORMAT => Err(OpenError::FormatTooNew { path: self.path.clone(), found }),
            Some(found) if found > 0 => Ok(Some(found)),
            _ => {
                let detail = "the file \"format\" names no format".to_owned();
                Err(OpenError::Corrupt { path: self.path.clone(), detail })
            }
        }
    }

    /// Says that the database is whole and in [`FORMAT`]: written aside, flushed, then moved into place.
    pub(crate) fn write_format(&self) -> Result<(), OpenError> {
        let write = || {
            let aside = self.path.join("format.new");
            let mut file = private_file().truncate(true).open(&aside)?;
            writeln!(file, "{FORMAT_PREFIX}{FORMAT}")?;
            file.sync_all()?;
            fs::rename(&aside, self.path.join("format"))?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|source| OpenError::Io { path: self.path.join("format"), source })
    }

    /// Makes the database's directories 0700 and its files 0600. It makes them with the process' umask; those that come
    /// later wait until the store closes, and the directory around them keeps others out.
    pub(crate) fn restrict(&self) -> io::Result<()> {
        restrict(&self.database())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = self.restrict();
    }
}

pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true).mode(0o600);
    options
}

fn restrict(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            restrict(&entry.path())?;
        } else {
            fs::set_permissions(entry.path(), Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}
