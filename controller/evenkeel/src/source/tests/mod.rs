#![allow(clippy::unwrap_used)]

mod git;
mod signed;
mod snapshots;
mod watching;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use evenkeel_core::manifest::Content;
use tempfile::TempDir;

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A directory with one manifest.
fn plain() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "web.yaml", "a: 1");
    root
}

/// What git-sync publishes: a worktree a commit, and a link `current` to one of them.
fn git_sync(commits: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for commit in commits {
        let tree = format!(".worktrees/{commit}");
        write(root.path(), &format!("{tree}/prod/web.yaml"), commit);
        write(root.path(), &format!("{tree}/.git"), &format!("gitdir: ../../.git/worktrees/{commit}\n"));
        write(root.path(), &format!(".git/worktrees/{commit}/HEAD"), &format!("{commit}\n"));
    }
    flip(root.path(), commits[0]);
    root
}

/// Swaps the link as git-sync does.
fn flip(root: &Path, commit: &str) {
    symlink(format!(".worktrees/{commit}"), root.join("tmp-link")).unwrap();
    fs::rename(root.join("tmp-link"), root.join("current")).unwrap();
}

fn read_now(root: &Path) -> Result<Snapshot, SourceError> {
    read::read_with(root, None, || {})
}

fn text(snapshot: &Snapshot, path: &str) -> String {
    match &snapshot.files[path] {
        Content::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Content::Unreadable(why) => format!("unreadable: {why}"),
    }
}
