//! Where a source really is.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{SourceError, git};

/// The directory that a source's path leads to at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// Its path, without links.
    pub(super) path: PathBuf,
    /// Device and inode: a directory that was removed and made again is another one.
    identity: (u64, u64),
    /// The commit that it holds, as `sha1:` or `sha256:`.
    pub(super) revision: Option<String>,
}

impl Place {
    /// Follows all links; of git-sync's root takes the one link in it that leads to a worktree.
    pub(super) fn of(root: &Path) -> Result<Self, SourceError> {
        let failed = |path: &Path, error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => SourceError::Missing { root: root.to_owned() },
            _ => SourceError::Io { path: path.to_owned(), source: error },
        };
        let mut path = fs::canonicalize(root).map_err(|error| failed(root, error))?;
        if !path.is_dir() {
            return Err(SourceError::NotADirectory { root: root.to_owned() });
        }
        let mut links = worktree_links(&path).map_err(|error| failed(&path, error))?;
        match links.len() {
            0 => {}
            1 => path = links.remove(0).1,
            _ => {
                let links = links.into_iter().map(|(name, _)| name).collect();
                return Err(SourceError::Ambiguous { root: root.to_owned(), links });
            }
        }
        let metadata = fs::metadata(&path).map_err(|error| failed(&path, error))?;
        let revision = git::revision(&path);
        Ok(Self { path, identity: (metadata.dev(), metadata.ino()), revision })
    }

    /// Whether it is what git-sync made for one commit, or a part of that.
    pub(super) fn is_worktree(&self) -> bool {
        self.path.ancestors().any(is_worktree)
    }
}

/// The links in a directory that lead to worktrees of git-sync, which are named after their commit; not the one that
/// it makes for a moment, to rename it over the old one.
fn worktree_links(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut links = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !entry.file_type()?.is_symlink() || name.starts_with('.') || name == "tmp-link" {
            continue;
        }
        let Ok(target) = fs::canonicalize(entry.path()) else { continue };
        if is_worktree(&target) && target.is_dir() {
            links.push((name, target));
        }
    }
    links.sort();
    Ok(links)
}

fn is_worktree(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(git::is_commit)
}
