//! Why there is no snapshot.

use std::io;
use std::path::PathBuf;

/// Why the source could not be read. In each case nothing changes: the last snapshot stays in force.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is nothing at the path, or a link leads nowhere: git-sync has not published yet, or is cloning anew.
    #[error("failed to find the source {}: it does not exist, or its link leads nowhere", root.display())]
    Missing {
        /// The source.
        root: PathBuf,
    },
    /// There is something else than a directory.
    #[error("failed to read the source {}: it is no directory", root.display())]
    NotADirectory {
        /// The source.
        root: PathBuf,
    },
    /// git-sync's root holds more than one link.
    #[error("failed to choose among the links {} in {}: name one as the source", links.join(", "), root.display())]
    Ambiguous {
        /// The source.
        root: PathBuf,
        /// The links.
        links: Vec<String>,
    },
    /// Not one YAML or JSON file. A wiped or half-made tree looks like that, and nobody removes everything that way.
    #[error("failed to find any manifest in {}: an empty source changes nothing", root.display())]
    Empty {
        /// The source.
        root: PathBuf,
    },
    /// The tree kept changing, or was being written.
    #[error("failed to get a whole snapshot of {}: {reason}", root.display())]
    Unsettled {
        /// The source.
        root: PathBuf,
        /// What was seen to change.
        reason: String,
    },
    /// Nobody who is trusted has signed it.
    #[error("failed to trust {revision} in {}: {reason}", root.display())]
    Untrusted {
        /// The source.
        root: PathBuf,
        /// Which commit, where there is one.
        revision: String,
        /// Why not.
        reason: String,
    },
    /// More than a source may hold.
    #[error("failed to read the source {}: it holds more than {limit}; name the manifests' directory", root.display())]
    TooMuch {
        /// The source.
        root: PathBuf,
        /// The limit that was passed.
        limit: String,
    },
    /// The file system said no.
    #[error("failed to read {}", path.display())]
    Io {
        /// What was being read.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// Reading was cut short, as at shutdown.
    #[error("failed to finish reading the source: {reason}")]
    Interrupted {
        /// What the runtime said.
        reason: String,
    },
}
