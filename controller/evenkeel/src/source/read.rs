//! Snapshots that are whole.

use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use evenkeel_core::manifest::{Files, digest};

use super::commit::commit;
use super::place::Place;
use super::signed::verify;
use super::walk::{Listing, WalkError, contents, list};
use super::{Snapshot, SourceError, git};

/// Time between the two walks that must agree: a checkout that is being written goes on in it.
const SETTLE: Duration = Duration::from_millis(100);
/// Tries before the source counts as unsettled; the next poll tries again.
const TRIES: usize = 5;

/// Reads one snapshot; with `signers`, a file of allowed signers, only of a commit that one of them has signed. Blocks for a
/// tenth of a second at least.
///
/// # Errors
/// There is no whole snapshot, and why.
pub fn read(root: &Path, signers: Option<&Path>) -> Result<Snapshot, SourceError> {
    read_with(root, signers, || sleep(SETTLE))
}

/// As [`read`], with `pause` between walks.
pub(super) fn read_with(root: &Path, signers: Option<&Path>, mut pause: impl FnMut()) -> Result<Snapshot, SourceError> {
    let mut reason = "";
    for _ in 0..TRIES {
        match attempt(root, signers, &mut pause) {
            Ok(snapshot) => return Ok(snapshot),
            Err(Failure::Source(error)) => return Err(error),
            Err(Failure::Unsettled(seen)) => reason = seen,
        }
        pause();
    }
    Err(SourceError::Unsettled { root: root.to_owned(), reason: reason.to_owned() })
}

enum Failure {
    /// Worth another try.
    Unsettled(&'static str),
    Source(SourceError),
}

fn attempt(root: &Path, signers: Option<&Path>, pause: &mut impl FnMut()) -> Result<Snapshot, Failure> {
    let place = Place::of(root).map_err(Failure::Source)?;
    let first = walk(root, &place)?;
    pause();
    let (listing, files) = walk(root, &place)?;
    if first.0 != listing || first.1 != files {
        return Err(Failure::Unsettled("its files are changing"));
    }
    let trusted = signers.map_or(Ok(()), |signers| verify(&place.path, &files, signers));
    // A directory that has been removed lists as empty, without any error.
    if Place::of(root).map_err(Failure::Source)? != place {
        return Err(Failure::Unsettled("it was replaced while it was read"));
    }
    if git::Git::of(&place.path).is_some_and(|git| git.is_busy(SystemTime::now())) {
        return Err(Failure::Unsettled("git is writing it: index.lock is there"));
    }
    if files.is_empty() {
        return Err(Failure::Source(SourceError::Empty { root: root.to_owned() }));
    }
    let revision = place.revision.unwrap_or_else(|| digest(&files));
    if let Err(reason) = trusted {
        return Err(Failure::Source(SourceError::Untrusted { root: root.to_owned(), revision, reason }));
    }
    let commit = commit(&place.path, &revision);
    Ok(Snapshot { files, revision, commit })
}

fn walk(root: &Path, place: &Place) -> Result<(Listing, Files), Failure> {
    let walked = list(&place.path).and_then(|listing| contents(&listing).map(|files| (listing, files)));
    walked.map_err(|error| match error {
        WalkError::TooMuch(limit) => Failure::Source(SourceError::TooMuch { root: root.to_owned(), limit }),
        WalkError::Io(_, error) if is_vanishing(&error) => Failure::Unsettled("its files are vanishing"),
        WalkError::Io(path, source) => Failure::Source(SourceError::Io { path, source }),
    })
}

/// What a reader meets when a tree is removed under it, on local and on network file systems.
fn is_vanishing(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound, StaleNetworkFileHandle};
    const EIO: i32 = 5;
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory | StaleNetworkFileHandle)
        || error.raw_os_error() == Some(EIO)
}
