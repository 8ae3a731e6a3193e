//! Crashes and restarts. A crash is a copy of the directory of a store that is still open.

use std::fs::{self, OpenOptions};
use std::path::Path;

use evenkeel_core::object::{Kind, ResourceVersion};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Duration, Instant};

use super::{apply, delete, finalized, key, now, options, service, status};
use crate::store::write;
use crate::{Batch, CommitError, OpenError, Store, StoreError, Table, Write};

pub(super) fn copy(from: &Path) -> TempDir {
    fn copy_into(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                fs::create_dir_all(&to).unwrap();
                copy_into(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    copy_into(from, to.path());
    to
}

fn record(value: &[u8]) -> Write {
    Write::Record { table: Table::Memory, key: "uid".to_owned(), value: value.to_vec() }
}

#[tokio::test]
async fn acknowledged_commits_survive_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    for count in 0..20 {
        let name = format!("web-{}", count % 3);
        store.write([apply(&name, count), status(&name, json!(count)), record(&[count as u8])]).await;
        let crashed = copy(directory.path());
        let reopened = Store::open(crashed.path(), options()).await.unwrap();
        assert_eq!(reopened.existing(&name).await, store.existing(&name).await);
        assert_eq!(reopened.version().await, store.version().await);
        assert_eq!(reopened.record(Table::Memory, "uid").await.unwrap(), Some(vec![count as u8]));
        reopened.close().await;
    }
}

#[tokio::test]
async fn what_a_torn_log_loses_is_whole_commits() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    let log = |directory: &Path| directory.join("sled/db");
    let mut written = Vec::new();
    for count in 0..30 {
        store.write([apply("a", count), apply("b", count), record(&[count as u8])]).await;
        // Where this commit's flush ended: the last byte of the log that is not zero.
        let bytes = fs::read(log(directory.path())).unwrap();
        written.push(bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1);
    }
    let mut seen = std::collections::BTreeSet::new();
    for end in (written[5]..*written.last().unwrap()).step_by(97) {
        let torn = copy(directory.path());
        let file = OpenOptions::new().write(true).open(log(torn.path())).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(end).unwrap();
        file.set_len(length).unwrap();
        // The note of the last commit would tell that acknowledged ones are missing, which a crash does not do.
        fs::remove_file(torn.path().join("head")).unwrap();
        let reopened = Store::open(torn.path(), options()).await.unwrap();
        let count = reopened.record(Table::Memory, "uid").await.unwrap().unwrap()[0];
        for name in ["a", "b"] {
            assert_eq!(reopened.existing(name).await.spec, service(name, count.into()).spec, "torn at {end}");
        }
        assert_eq!(reopened.version().await, ResourceVersion((u64::from(count) + 1) * 2));
        seen.insert(count);
        reopened.close().await;
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[tokio::test]
async fn a_log_with_a_flipped_bit_is_refused_and_does_not_go_back_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    for count in 0..40 {
        store.write([apply("web", count)]).await;
        store.write([record(&[count as u8])]).await;
    }
    store.close().await;
    let whole = fs::read(directory.path().join("sled/db")).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut refused = 0;
    for at in (0..end).step_by(end / 60) {
        let flipped = copy(directory.path());
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(flipped.path().join("sled/db"), bytes).unwrap();
        match Store::open(flipped.path(), options()).await {
            // What is written over anyway, or between records.
            Ok(store) => {
                assert_eq!(store.existing("web").await.spec, service("web", 39).spec, "flipped at {at}");
                assert_eq!(store.record(Table::Memory, "uid").await.unwrap(), Some(vec![39]), "flipped at {at}");
            }
            Err(error) => {
                assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 30, "{refused}");
}

#[tokio::test]
async fn a_note_of_the_last_commit_that_is_damaged_or_behind_costs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    store.write([apply("web", 1)]).await;
    store.close().await;
    for note in
        ["", "1", "0                   \n0                   \n", "9                   \n8                   \n"]
    {
        let damaged = copy(directory.path());
        fs::write(damaged.path().join("head"), note).unwrap();
        let store = Store::open(damaged.path(), options()).await.unwrap();
        store.write([apply("web", 2)]).await;
        store.close().await;
        Store::open(damaged.path(), options()).await.unwrap();
    }
}

#[tokio::test]
async fn a_version_is_never_used_twice_whatever_was_deleted_before_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    let first = store.one(apply("web", 1)).await;
    store.write([delete("web")]).await;
    store.close().await;
    let store = Store::open(directory.path(), options()).await.unwrap();
    let second = store.one(apply("web", 1)).await;
    assert_eq!(second.metadata.resource_version, ResourceVersion(3));
    assert_ne!(first.metadata.uid, second.metadata.uid);
}

#[tokio::test]
async fn a_deletion_in_progress_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    store.write([Write::Apply(finalized(service("web", 1), &["f"])), delete("web")]).await;
    let before = store.existing("web").await;
    store.close().await;
    let store = Store::open(directory.path(), options()).await.unwrap();
    assert_eq!(store.existing("web").await, before);
    store.write([apply("web", 1)]).await;
    assert_eq!(store.get(&key("web")).await.unwrap(), None);
}

#[tokio::test]
async fn an_open_store_is_locked_and_closing_it_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let store = Store::open(directory.path(), options()).await.unwrap();
        let refused = Store::open(directory.path(), options()).await.unwrap_err();
        assert!(matches!(&refused, OpenError::Locked { path } if path == directory.path()), "{refused}");
        store.write([apply("web", round)]).await;
        store.close().await;
    }
}

#[tokio::test]
async fn closing_finishes_what_was_asked_for_before_and_refuses_what_comes_after() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    let other = store.clone();
    let mut commits = tokio::task::JoinSet::new();
    for n in 0..20 {
        let other = other.clone();
        commits.spawn(async move { other.commit(Batch::new(now(), vec![apply(&format!("web-{n}"), 1)])).await });
    }
    // On this one thread they all run once, and so have asked, before this goes on.
    tokio::task::yield_now().await;
    store.close().await;
    assert!(commits.join_all().await.iter().all(Result::is_ok));
    assert_eq!(other.get(&key("web-0")).await, Err(StoreError::Closed));
    assert_eq!(other.record(Table::Memory, "uid").await, Err(StoreError::Closed));
    assert!(other.list(Kind::Service, None).await.is_err());
    let refused = other.commit(Batch::new(now(), vec![apply("late", 1)])).await;
    assert_eq!(refused, Err(CommitError::Store(StoreError::Closed)));
    other.close().await;
    let store = Store::open(directory.path(), options()).await.unwrap();
    assert_eq!(store.list(Kind::Service, None).await.unwrap().len(), 20);
}

#[tokio::test]
async fn after_a_failed_write_nothing_more_is_written_and_objects_can_still_be_read() {
    let store = super::store().await;
    store.write([apply("web", 1)]).await;
    let before = store.existing("web").await;
    write(&store.shared.disk).as_mut().unwrap().failed = Some("no space left on device".to_owned());
    for writes in [vec![apply("web", 2)], vec![delete("none")]] {
        let failed = store.commit(Batch::new(now(), writes)).await.unwrap_err();
        assert!(matches!(&failed, CommitError::Store(StoreError::Failed { .. })), "{failed}");
        assert!(failed.to_string().contains("no space left on device"));
    }
    assert_eq!(store.existing("web").await, before);
    store.close().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_moves_a_paused_clock() {
    let directory = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let timer = tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
    let store = Store::open(directory.path(), options()).await.unwrap();
    for count in 0..50 {
        store.write([apply("web", count), record(b"x")]).await;
        store.record(Table::Memory, "uid").await.unwrap();
    }
    store.close().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    timer.abort();
}
