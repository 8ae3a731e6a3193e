//! What can still be read of a damaged store, as a new one.
//!
//! Nothing is guessed: what is taken over has passed the database's own checksums, and reads as what its key says. So it
//! is an older state, or a part of one, and never a wrong one. The damaged store stays as it was; a copy of it is read,
//! since opening a database writes to it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use uuid::Uuid;

use crate::backup::{BackupError, Contents, is_free, make};
use crate::database::{Database, Loaded};
use crate::directory::Directory;
use crate::error::OpenError;
use crate::store::{blocking, open_error};

/// What a repair came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// What the new store holds.
    pub contents: Contents,
    /// How many of the last commits are missing; what is there is as it was before them.
    pub commits: u64,
    /// What is lost beside them: keys of objects and records, and why reading ended early. No values.
    pub lost: Vec<String>,
}

/// Takes over what can be read of the damaged store in `directory` into a new store in `to`. There must be none yet.
///
/// # Errors
/// [`BackupError`]; [`OpenError::Corrupt`] when nothing can be read. The damaged store is as it was, and there is no new
/// one.
pub async fn repair(directory: &Path, to: &Path) -> Result<Repaired, BackupError> {
    if !directory.join("sled").is_dir() {
        return Err(BackupError::NoStore(directory.to_owned()));
    }
    is_free(to)?;
    let (from, copy) = (directory.to_owned(), to.with_added_extension("reading"));
    let read_from = copy.clone();
    let read = blocking(directory, move || {
        let _held = Directory::open_damaged(&from)?;
        copy_database(&from, &read_from).map_err(|source| OpenError::Io { path: read_from.clone(), source })?;
        Database::salvage(&read_from.join("sled")).map_err(|failure| open_error(&from, failure))
    });
    let read = read.await;
    // It holds what the store holds; nobody needs it any more.
    let removed = fs::remove_dir_all(&copy);
    let (entries, commits, ended) = read?;
    removed.map_err(|source| BackupError::Io { path: copy, source })?;
    let (entries, mut lost) = Loaded::sift(entries, Uuid::new_v4());
    lost.extend(ended.map(|why| format!("what comes after it, since reading ended: {why}")));
    let contents = make(entries, to).await?;
    if contents.records == 0 && contents.objects.iter().all(|(_, count)| *count == 0) {
        lost.push("everything".to_owned());
    }
    Ok(Repaired { contents, commits, lost })
}

/// Copies the database, and the note of its last commit, into a new directory.
fn copy_database(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    copy_directory(&from.join("sled"), &to.join("sled"))?;
    match fs::copy(from.join("head"), to.join("head")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
