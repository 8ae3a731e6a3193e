//! Which commit a directory holds, from git's own files and without running git (gitrepository-layout(5)).

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A lock that is older was left behind by a git that died.
const LOCK_LIFE: Duration = Duration::from_secs(600);
/// Symbolic references that lead to each other end somewhere; git follows five.
const MAX_STEPS: usize = 5;
/// Packed references of a very large repository take a few MiB.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The git directory of the checkout that a directory stands in.
#[derive(Debug)]
pub(super) struct Git {
    /// The top directory of the checkout.
    pub(super) top: PathBuf,
    /// Where `HEAD` and the index are; of a worktree its own.
    own: PathBuf,
    /// Where references are, shared by all worktrees.
    common: PathBuf,
}

impl Git {
    /// Looks for `.git` in the directory and above it.
    pub(super) fn of(directory: &Path) -> Option<Self> {
        let (place, dot_git) = directory.ancestors().find_map(|place| {
            let dot_git = place.join(".git");
            dot_git.exists().then_some((place, dot_git))
        })?;
        let own = if dot_git.is_dir() {
            dot_git
        } else {
            // A worktree's `.git` is a file that says where its git directory is.
            place.join(text(&dot_git)?.trim().strip_prefix("gitdir:")?.trim())
        };
        let common = match text(&own.join("commondir")) {
            Some(common) => own.join(common.trim()),
            None => own.clone(),
        };
        Some(Self { top: place.to_owned(), own, common })
    }

    /// The commit that is checked out, as hexadecimal digits.
    pub(super) fn head(&self) -> Option<String> {
        let mut content = text(&self.own.join("HEAD"))?;
        for _ in 0..MAX_STEPS {
            let Some(reference) = content.trim().strip_prefix("ref:") else { break };
            let reference = reference.trim().to_owned();
            if !reference.starts_with("refs/") || reference.contains("..") {
                return None;
            }
            content = text(&self.own.join(&reference))
                .or_else(|| text(&self.common.join(&reference)))
                .or_else(|| self.packed(&reference))?;
        }
        let commit = content.trim();
        is_commit(commit).then(|| commit.to_owned())
    }

    fn packed(&self, reference: &str) -> Option<String> {
        text(&self.common.join("packed-refs"))?.lines().find_map(|line| {
            let (commit, name) = line.split_once(' ')?;
            (name.trim() == reference).then(|| commit.to_owned())
        })
    }

    /// Whether git is writing the checkout right now.
    pub(super) fn is_busy(&self, now: SystemTime) -> bool {
        let written = fs::metadata(self.own.join("index.lock")).and_then(|lock| lock.modified());
        written.is_ok_and(|written| now.duration_since(written).unwrap_or_default() < LOCK_LIFE)
    }
}

/// The revision of a directory: the commit that is checked out, or the one that git-sync named its directory after.
pub(super) fn revision(directory: &Path) -> Option<String> {
    let named = || {
        let names = directory.ancestors().filter_map(|place| place.file_name()?.to_str());
        names.map(str::to_owned).find(|name| is_commit(name))
    };
    let commit = Git::of(directory).and_then(|git| git.head()).or_else(named)?;
    Some(format!("{}:{commit}", if commit.len() == 40 { "sha1" } else { "sha256" }))
}

/// Whether it is a whole hash, SHA-1 or SHA-256.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    fs::File::open(path).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}
