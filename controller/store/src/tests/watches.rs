//! Watches.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use evenkeel_core::object::{Kind, Object, ObjectKey, ResourceVersion};
use serde_json::json;

use super::{apply, delete, finalized, now, options, service, status, store};
use crate::{Batch, Change, Options, Selector, Store, StoreError, Table, Watch, WatchError, Write};

/// Whether the watch has nothing to say yet.
fn waits(watch: &mut Watch) -> bool {
    let future = pin!(watch.next());
    matches!(future.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
}

async fn next(watch: &mut Watch) -> (Change, String, u64) {
    let event = watch.next().await.unwrap();
    (event.change, event.object.metadata.name, event.object.metadata.resource_version.0)
}

#[tokio::test]
async fn a_watch_from_a_list_sees_everything_after_it_once_and_in_order() {
    let store = store().await;
    store.write([apply("a", 1)]).await;
    let version = store.version().await;
    store.write([apply("b", 1), status("a", json!(1))]).await;
    let mut watch = store.watch(Selector::all(), version).unwrap();
    store.write([delete("a")]).await;
    assert_eq!(next(&mut watch).await, (Change::Added, "b".to_owned(), 2));
    assert_eq!(next(&mut watch).await, (Change::Modified, "a".to_owned(), 3));
    assert_eq!(next(&mut watch).await, (Change::Deleted, "a".to_owned(), 4));
    assert!(waits(&mut watch));
}

#[tokio::test]
async fn a_watch_can_start_in_the_middle_of_a_batch() {
    let store = store().await;
    store.write([apply("a", 1), apply("b", 1), apply("c", 1)]).await;
    let mut watch = store.watch(Selector::all(), ResourceVersion(2)).unwrap();
    assert_eq!(next(&mut watch).await, (Change::Added, "c".to_owned(), 3));
}

#[tokio::test]
async fn a_waiting_watch_wakes_up() {
    let store = store().await;
    let mut watch = store.watch(Selector::all(), ResourceVersion(0)).unwrap();
    let waiting = tokio::spawn(async move { next(&mut watch).await });
    tokio::task::yield_now().await;
    store.write([apply("a", 1)]).await;
    assert_eq!(waiting.await.unwrap(), (Change::Added, "a".to_owned(), 1));
}

#[tokio::test]
async fn a_deletion_carries_the_last_state_and_its_own_version() {
    let store = store().await;
    store.write([Write::Apply(finalized(service("a", 3), &["f"])), status("a", json!({"x": 1})), delete("a")]).await;
    let mut watch = store.watch(Selector::all(), store.version().await).unwrap();
    store.write([apply("a", 3)]).await;
    let event = watch.next().await.unwrap();
    assert_eq!(event.change, Change::Deleted);
    assert_eq!(event.object.metadata.resource_version, ResourceVersion(4));
    assert_eq!(event.object.status, json!({"x": 1}));
    assert_eq!(event.object.spec, service("a", 3).spec);
}

#[tokio::test]
async fn a_selector_passes_its_kind_and_namespace_and_the_watch_moves_past_the_rest() {
    let store = store().await;
    let selector = Selector { kind: Some(Kind::Service), namespace: Some("shop".to_owned()) };
    let mut watch = store.watch(selector, ResourceVersion(0)).unwrap();
    let object = |kind, namespace| Write::Apply(Object::new(&ObjectKey::new(kind, namespace, "a"), json!({})));
    store.write([object(Kind::Service, "other"), object(Kind::Service, "shop")]).await;
    store.write([object(Kind::TaskDefinition, "shop"), object(Kind::Cluster, "")]).await;
    assert_eq!(next(&mut watch).await, (Change::Added, "a".to_owned(), 2));
    assert_eq!(watch.resource_version(), ResourceVersion(2));
    assert!(waits(&mut watch));
    assert_eq!(watch.resource_version(), ResourceVersion(4));
    assert!(Selector::kind(Kind::Cluster).matches(&ObjectKey::new(Kind::Cluster, "", "a")));
}

#[tokio::test]
async fn what_changes_no_object_wakes_no_watch() {
    let store = store().await;
    store.write([apply("a", 1)]).await;
    let mut watch = store.watch(Selector::all(), ResourceVersion(1)).unwrap();
    store.write([apply("a", 1), Write::RemoveRecord { table: Table::Memory, key: "k".to_owned() }]).await;
    store.commit(Batch::new(now(), vec![apply("b", 1), delete("none")])).await.unwrap_err();
    assert!(waits(&mut watch));
}

#[tokio::test]
async fn a_slow_watch_holds_nothing_up_and_expires() {
    let store = Store::temporary(Options { recent_changes: 4, ..options() }).await.unwrap();
    let mut slow = store.watch(Selector::all(), ResourceVersion(0)).unwrap();
    for count in 0..5 {
        store.write([apply("a", count)]).await;
    }
    let expired = WatchError::Expired { from: ResourceVersion(0), oldest: ResourceVersion(1) };
    assert_eq!(slow.next().await.unwrap_err(), expired);
    assert_eq!(store.watch(Selector::all(), ResourceVersion(0)).unwrap_err(), expired);
    let mut watch = store.watch(Selector::all(), ResourceVersion(1)).unwrap();
    assert_eq!(next(&mut watch).await, (Change::Modified, "a".to_owned(), 2));
}

#[tokio::test]
async fn the_bytes_of_recent_changes_are_bounded_too() {
    let store = store().await;
    // Digits that repeat nowhere: nothing of them is saved by packing.
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:08x}", state >> 32)
    };
    for _ in 0..6 {
        let text: String = (0..3 << 16).map(|_| noise()).collect();
        store.write([Write::Apply(Object::new(&super::key("large"), json!(text)))]).await;
    }
    // Of one and a half MiB each, five fit.
    let expired = store.watch(Selector::all(), ResourceVersion(0)).unwrap_err();
    assert_eq!(expired, WatchError::Expired { from: ResourceVersion(0), oldest: ResourceVersion(1) });
    assert!(store.watch(Selector::all(), ResourceVersion(1)).is_ok());
}

#[tokio::test]
async fn a_version_that_the_store_never_reached_is_expired() {
    let store = store().await;
    store.write([apply("a", 1)]).await;
    let expired = store.watch(Selector::all(), ResourceVersion(2)).unwrap_err();
    assert!(matches!(expired, WatchError::Expired { .. }));
}

#[tokio::test]
async fn after_a_restart_only_the_version_reached_can_be_watched_from() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    store.write([apply("a", 1), apply("b", 1)]).await;
    store.close().await;
    let store = Store::open(directory.path(), options()).await.unwrap();
    assert!(matches!(store.watch(Selector::all(), ResourceVersion(1)), Err(WatchError::Expired { .. })));
    let mut watch = store.watch(Selector::all(), store.version().await).unwrap();
    store.write([delete("a")]).await;
    assert_eq!(next(&mut watch).await, (Change::Deleted, "a".to_owned(), 3));
}

#[tokio::test]
async fn a_watch_ends_when_the_store_closes_or_its_last_handle_is_dropped() {
    let first = store().await;
    let mut watch = first.watch(Selector::all(), ResourceVersion(0)).unwrap();
    first.close().await;
    assert_eq!(watch.next().await.unwrap_err(), WatchError::Store(StoreError::Closed));
    let second = store().await;
    let mut watch = second.watch(Selector::all(), ResourceVersion(0)).unwrap();
    drop(second);
    assert_eq!(watch.next().await.unwrap_err(), WatchError::Store(StoreError::Closed));
}
