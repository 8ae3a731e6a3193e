//! When the source is looked at. Time is paused: polls come at once when nothing else is to do.

use super::*;

async fn revision(source: &mut Source) -> String {
    source.next().await.unwrap().revision
}

#[tokio::test(start_paused = true)]
async fn the_first_snapshot_comes_at_once_and_the_next_with_a_change() {
    let root = git_sync(&[A, B]);
    let mut source = Source::new(root.path(), POLL);
    assert_eq!(revision(&mut source).await, format!("sha1:{A}"));
    flip(root.path(), B);
    fs::remove_dir_all(root.path().join(".worktrees").join(A)).unwrap();
    assert_eq!(revision(&mut source).await, format!("sha1:{B}"));
    write(root.path(), &format!(".worktrees/{B}/prod/new.yaml"), "x");
    assert_eq!(source.next().await.unwrap().files.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_while_nothing_changes() {
    let root = plain();
    let mut source = Source::new(root.path(), POLL);
    source.next().await.unwrap();
    assert!(tokio::time::timeout(POLL * 20, source.next()).await.is_err());
    // The same content again is no change either.
    write(root.path(), "web.yaml", "a: 1");
    assert!(tokio::time::timeout(POLL * 20, source.next()).await.is_err());
    write(root.path(), "web.yaml", "a: 2");
    assert_eq!(text(&source.next().await.unwrap(), "web.yaml"), "a: 2");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_goes_away_is_an_error_and_its_return_a_snapshot() {
    let root = git_sync(&[A]);
    let link = root.path().join("current");
    let mut source = Source::new(&link, POLL);
    source.next().await.unwrap();
    fs::remove_file(&link).unwrap();
    assert!(matches!(source.next().await, Err(SourceError::Missing { .. })));
    assert!(matches!(source.next().await, Err(SourceError::Missing { .. })));
    flip(root.path(), A);
    assert_eq!(revision(&mut source).await, format!("sha1:{A}"));
}

#[tokio::test(start_paused = true)]
async fn a_source_need_not_exist_when_watching_begins() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("later/prod");
    let mut source = Source::new(&path, POLL);
    assert!(source.next().await.is_err());
    write(&path, "web.yaml", "a: 1");
    source.next().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_changes_no_file_is_a_new_revision() {
    let root = plain();
    write(root.path(), ".git/HEAD", A);
    let mut source = Source::new(root.path(), POLL);
    assert_eq!(revision(&mut source).await, format!("sha1:{A}"));
    write(root.path(), ".git/HEAD", B);
    assert_eq!(revision(&mut source).await, format!("sha1:{B}"));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_tried_again_though_nothing_else_changes() {
    let root = plain();
    write(root.path(), ".git/HEAD", A);
    let mut source = Source::new(root.path(), POLL);
    source.next().await.unwrap();
    write(root.path(), ".git/index.lock", "");
    write(root.path(), "web.yaml", "a: 2");
    assert!(matches!(source.next().await, Err(SourceError::Unsettled { .. })));
    fs::remove_file(root.path().join(".git/index.lock")).unwrap();
    assert_eq!(text(&source.next().await.unwrap(), "web.yaml"), "a: 2");
}

#[tokio::test(start_paused = true)]
async fn a_worktree_is_what_its_name_says_until_something_writes_in_it() {
    let root = git_sync(&[A]);
    let mut source = Source::new(root.path().join("current/prod"), POLL);
    assert_eq!(revision(&mut source).await, format!("sha1:{A}"));
    assert!(tokio::time::timeout(POLL * 20, source.next()).await.is_err());
    write(root.path(), &format!(".worktrees/{A}/prod/new.yaml"), "x");
    assert_eq!(source.next().await.unwrap().files.len(), 2);
}
