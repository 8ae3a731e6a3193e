//! The source: a directory of manifests that something else keeps in step with git.
//!
//! It may be a plain directory, a git checkout, a mounted ConfigMap, or what git-sync publishes: a link that it swaps
//! to a new worktree with every commit, removing the old one at once. A reader in the middle of that sees files vanish,
//! or a short listing without any error. So [`read()`] gives a snapshot only of a tree that two walks in a row saw the
//! same and that is still where the path leads; anything else is an error, and nothing changes.
//!
//! [`Source`] says when to look: notifications make it quick, a cheap poll makes it certain, since links that are
//! swapped, network file systems and some container runtimes give no events.

mod commit;
mod error;
mod git;
mod place;
mod read;
mod run;
mod signed;
mod walk;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use evenkeel_core::manifest::{Files, digest};
use evenkeel_core::memory::Commit;

pub use error::SourceError;
pub use read::read;
pub use signed::signers;
use watch::Watch;

/// How often the source is looked at without any notification. git-sync looks for commits every ten seconds.
pub const POLL: Duration = Duration::from_secs(5);

/// All files of one state of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The YAML and JSON files by their path from the root.
    pub files: Files,
    /// `sha1:` (or `sha256:`) and the commit where there is git, else `sha256:` and the digest of the files.
    pub revision: String,
    /// The commit that it is.
    pub commit: Commit,
}

/// A source that is being watched.
#[derive(Debug)]
pub struct Source {
    root: PathBuf,
    /// Who may have signed the commit; `None`: anybody, or nobody.
    signers: Option<PathBuf>,
    watch: Watch,
    /// Revision and digest of the last snapshot; nothing after an error.
    last: Option<(String, String)>,
}

impl Source {
    /// Watches `root`: a directory, or a link to one, or a git-sync root with one link in it. It need not exist yet.
    pub fn new(root: impl Into<PathBuf>, poll: Duration) -> Self {
        let root = root.into();
        Self { watch: Watch::new(root.clone(), poll), root, signers: None, last: None }
    }

    /// The same that takes only commits which one of these allowed signers has signed.
    #[must_use]
    pub fn signed_by(self, signers: Option<PathBuf>) -> Self {
        Self { signers, ..self }
    }

    /// The next snapshot that differs from the last one; the first time, the present one. Dropping the future loses
    /// nothing.
    ///
    /// # Errors
    /// Why there is none. The last snapshot stays in force; the next call tries again after a poll, and gives a
    /// snapshot even if it is the one from before the error.
    pub async fn next(&mut self) -> Result<Snapshot, SourceError> {
        loop {
            self.watch.changed().await;
            let (root, signers) = (self.root.clone(), self.signers.clone());
            let result = tokio::task::spawn_blocking(move || {
                let snapshot = read(&root, signers.as_deref())?;
                let digest = digest(&snapshot.files);
                Ok::<_, SourceError>((snapshot, digest))
            })
            .await
            .unwrap_or_else(|gone| Err(SourceError::Interrupted { reason: gone.to_string() }));
            match result {
                Ok((snapshot, digest)) => {
                    self.watch.seen();
                    let now = Some((snapshot.revision.clone(), digest));
                    if now != self.last {
                        self.last = now;
                        return Ok(snapshot);
                    }
                }
                Err(error) => {
                    self.last = None;
                    self.watch.unseen();
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
