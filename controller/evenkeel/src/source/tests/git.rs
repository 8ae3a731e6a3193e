//! Revisions.

use std::time::{Duration, SystemTime};

use super::super::git::{Git, is_commit, revision};
use super::*;

#[test]
fn a_detached_head_is_the_commit() {
    let root = plain();
    write(root.path(), ".git/HEAD", &format!("{A}\n"));
    write(root.path(), "deep/below/x.yaml", "");
    assert_eq!(revision(root.path()), Some(format!("sha1:{A}")));
    assert_eq!(revision(&root.path().join("deep/below")), Some(format!("sha1:{A}")));
    write(root.path(), ".git/HEAD", &"c".repeat(64));
    assert_eq!(revision(root.path()), Some(format!("sha256:{}", "c".repeat(64))));
}

#[test]
fn a_branch_is_followed_to_its_loose_or_packed_reference() {
    let root = plain();
    write(root.path(), ".git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(revision(root.path()), None);
    write(
        root.path(),
        ".git/packed-refs",
        &format!("# pack-refs with: peeled\n{B} refs/heads/main-2\n{A} refs/heads/main\n^{B}\n"),
    );
    assert_eq!(revision(root.path()), Some(format!("sha1:{A}")));
    write(root.path(), ".git/refs/heads/main", &format!("{B}\n"));
    assert_eq!(revision(root.path()), Some(format!("sha1:{B}")));
    write(root.path(), ".git/refs/heads/main", "ref: refs/heads/main\n");
    assert_eq!(revision(root.path()), None);
    write(root.path(), ".git/HEAD", "ref: ../../../etc/passwd\n");
    assert_eq!(revision(root.path()), None);
}

#[test]
fn a_worktree_finds_its_references_in_the_common_directory() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "tree/.git", "gitdir: ../repo/.git/worktrees/tree\n");
    write(root.path(), "repo/.git/worktrees/tree/HEAD", "ref: refs/heads/topic\n");
    write(root.path(), "repo/.git/worktrees/tree/commondir", "../..\n");
    write(root.path(), "repo/.git/refs/heads/topic", A);
    assert_eq!(revision(&root.path().join("tree")), Some(format!("sha1:{A}")));
}

#[test]
fn without_gits_files_the_name_of_the_worktree_is_the_commit() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &format!("{A}/prod/web.yaml"), "");
    assert_eq!(revision(&root.path().join(A).join("prod")), Some(format!("sha1:{A}")));
    assert!(!is_commit("main") && !is_commit(&"A".repeat(40)) && is_commit(&"0".repeat(64)));
}

#[test]
fn git_is_busy_while_its_lock_is_young() {
    let root = plain();
    write(root.path(), ".git/HEAD", A);
    let git = Git::of(root.path()).unwrap();
    let now = SystemTime::now();
    assert!(!git.is_busy(now));
    write(root.path(), ".git/index.lock", "");
    assert!(git.is_busy(now));
    // Left behind by a git that died.
    assert!(!git.is_busy(now + Duration::from_secs(3600)));
    assert!(matches!(read_now(root.path()), Err(SourceError::Unsettled { .. })));
}
