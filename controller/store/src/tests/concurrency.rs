//! Many at once.

use evenkeel_core::object::{Kind, ResourceVersion};
use tokio::task::JoinSet;

use super::{apply, conflict, key, now, options, store};
use crate::{Batch, Conflict, Precondition, Selector, Store, Table, Write};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_committers_each_get_their_own_versions_and_a_watch_sees_them_all() {
    let store = store().await;
    let mut watch = store.watch(Selector::all(), ResourceVersion(0)).unwrap();
    let mut committers = JoinSet::new();
    for committer in 0..16 {
        let store = store.clone();
        committers.spawn(async move {
            let mut versions = Vec::new();
            for round in 0..25 {
                let name = format!("web-{committer}");
                let made = store.one(apply(&name, round)).await;
                assert_eq!(store.existing(&name).await, made);
                versions.push(made.metadata.resource_version.0);
            }
            assert!(versions.is_sorted());
            versions
        });
    }
    let mut versions = committers.join_all().await.concat();
    versions.sort_unstable();
    assert!(versions.iter().copied().eq(1..=16 * 25));
    for version in versions {
        assert_eq!(watch.next().await.unwrap().object.metadata.resource_version.0, version);
    }
}

// On one thread all of them have asked before the writer starts, so they share one round and one flush.
#[tokio::test]
async fn of_many_that_change_one_version_exactly_one_wins() {
    let store = store().await;
    let start = store.one(apply("web", 0)).await.metadata.resource_version;
    let mut committers = JoinSet::new();
    for committer in 1..=16 {
        let store = store.clone();
        let batch = Batch::new(now(), vec![apply("web", committer)]).when(Precondition::Unchanged(key("web"), start));
        committers.spawn(async move { store.commit(batch).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = committers.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 15));
    for lost in lost {
        assert_eq!(conflict(lost), Conflict::Changed { expected: start, found: ResourceVersion(start.0 + 1) });
    }
}

#[tokio::test]
async fn a_dropped_commit_happens_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    for round in 0..20 {
        let record = Write::Record { table: Table::Memory, key: "a".to_owned(), value: vec![round as u8] };
        let batch = Batch::new(now(), vec![apply("a", round), apply("b", round), record]);
        let other = store.clone();
        let commit = tokio::spawn(async move { other.commit(batch).await });
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        commit.abort();
        let _ = commit.await;
    }
    store.close().await;
    let store = Store::open(directory.path(), options()).await.unwrap();
    let specs: Vec<_> = store.list(Kind::Service, None).await.unwrap().into_iter().map(|o| o.unwrap().spec).collect();
    match store.record(Table::Memory, "a").await.unwrap() {
        None => assert!(specs.is_empty()),
        Some(value) => assert_eq!(specs, vec![super::service("a", value[0].into()).spec; 2]),
    }
}
