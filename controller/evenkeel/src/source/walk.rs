//! One walk over a tree.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use evenkeel_core::manifest::Content;
use evenkeel_core::manifest::text::{MAX_FILE_BYTES, Syntax, too_large};

/// Limits of a source. They hold ten times the largest ECS cluster (5,000 services, ECS service quotas) many times over
/// and keep a wrong path, such as `/`, from being read.
const MAX_ENTRIES: usize = 200_000;
const MAX_TOTAL_BYTES: usize = 256 * 1024 * 1024;
const MAX_DEPTH: usize = 32;

/// What tells one state of a file from another: size, modification time in nanoseconds, and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stamp(u64, i128, u64);

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let nanoseconds = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Self(metadata.len(), nanoseconds, metadata.ino())
    }
}

/// A file that a walk came by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Found {
    /// To be read, at this path, which is not a link.
    File(PathBuf, Stamp),
    /// Not to be read, and why.
    Refused(String),
}

/// What a walk found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Files by their path from the root. Only YAML and JSON, and what is refused.
    pub(super) files: BTreeMap<String, Found>,
    /// All directories.
    pub(super) directories: Vec<PathBuf>,
    entries: usize,
}

/// Why a walk could not be finished.
#[derive(Debug)]
pub(super) enum WalkError {
    Io(PathBuf, io::Error),
    TooMuch(String),
}

/// Lists what is below `root`, which must not lead through links. Hidden files and directories are left out.
pub(super) fn list(root: &Path) -> Result<Listing, WalkError> {
    let mut listing = Listing::default();
    directory(root, root, String::new(), 0, &mut listing)?;
    Ok(listing)
}

fn directory(root: &Path, path: &Path, prefix: String, depth: usize, listing: &mut Listing) -> Result<(), WalkError> {
    if depth > MAX_DEPTH {
        return Err(WalkError::TooMuch(format!("{MAX_DEPTH} directories inside each other")));
    }
    listing.directories.push(path.to_owned());
    let failed = |error| WalkError::Io(path.to_owned(), error);
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        // Where the name is no UTF-8, what can be read of it still says which file is meant.
        let relative = format!("{prefix}{}", name.to_string_lossy());
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        listing.entries += 1;
        if listing.entries > MAX_ENTRIES {
            return Err(WalkError::TooMuch(format!("{MAX_ENTRIES} files and directories")));
        }
        let path = entry.path();
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && name.to_str().is_some() {
            directory(root, &path, format!("{relative}/"), depth + 1, listing)?;
            continue;
        }
        let found = if name.to_str().is_none() {
            Some(Found::Refused("the name is not UTF-8: rename it".to_owned()))
        } else if kind.is_symlink() {
            link(root, &path, &relative)?
        } else {
            file(&path, &relative)?
        };
        listing.files.extend(found.map(|found| (relative, found)));
    }
    Ok(())
}

fn file(path: &Path, relative: &str) -> Result<Option<Found>, WalkError> {
    if Syntax::of(relative).is_none() {
        return Ok(None);
    }
    let metadata = fs::symlink_metadata(path).map_err(|error| WalkError::Io(path.to_owned(), error))?;
    Ok(Some(match metadata.len() {
        _ if !metadata.is_file() => Found::Refused("this is no regular file: remove it".to_owned()),
        size if size > MAX_FILE_BYTES as u64 => Found::Refused(too_large(size)),
        _ => Found::File(path.to_owned(), Stamp::of(&metadata)),
    }))
}

/// Links to files inside the root are followed, as in a mounted ConfigMap.
fn link(root: &Path, path: &Path, relative: &str) -> Result<Option<Found>, WalkError> {
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(ELOOP) => {
            let refused = Found::Refused("this link leads nowhere: remove it".to_owned());
            return Ok(Syntax::of(relative).map(|_| refused));
        }
        Err(error) => return Err(WalkError::Io(path.to_owned(), error)),
    };
    let is_directory = target.is_dir();
    if !target.starts_with(root) {
        let refused = Found::Refused("this link leaves the root of the source: put what it stands for here".to_owned());
        return Ok((is_directory || Syntax::of(relative).is_some()).then_some(refused));
    }
    if is_directory {
        let why = "this is a link to a directory, which is not followed: include the directory in an evenkeel.yaml";
        return Ok(Some(Found::Refused(why.to_owned())));
    }
    file(&target, relative)
}

/// "Too many levels of symbolic links" on Linux, for which the standard library has no stable name.
const ELOOP: i32 = 40;

/// Reads what a listing found.
pub(super) fn contents(listing: &Listing) -> Result<BTreeMap<String, Content>, WalkError> {
    let mut total = 0;
    let mut contents = BTreeMap::new();
    for (relative, found) in &listing.files {
        let content = match found {
            Found::Refused(why) => Content::Unreadable(why.clone()),
            Found::File(path, _) => {
                let bytes = bytes(path).map_err(|error| WalkError::Io(path.clone(), error))?;
                total += bytes.len();
                if total > MAX_TOTAL_BYTES {
                    return Err(WalkError::TooMuch(format!("{MAX_TOTAL_BYTES} bytes of manifests")));
                }
                Content::Bytes(bytes)
            }
        };
        contents.insert(relative.clone(), content);
    }
    Ok(contents)
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A file that has grown since it was listed does not match the second walk; until then it is not followed.
    File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
