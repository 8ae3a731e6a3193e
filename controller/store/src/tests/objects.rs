//! Kube's rules for objects, and preconditions.

use evenkeel_core::object::{Kind, Object, ObjectKey, ResourceVersion};
use serde_json::{Value, json};

use super::{apply, conflict, delete, finalized, key, now, service, status, store};
use crate::{Batch, Change, CommitError, Conflict, MAX_BYTES, MAX_WRITES, Precondition, Table, Write};

#[tokio::test]
async fn a_new_object_gets_uid_version_generation_and_creation_time_from_the_store_alone() {
    let store = store().await;
    let mut object = service("web", 2);
    object.status = json!({"made": "up"});
    object.metadata.uid = "made-up".to_owned();
    object.metadata.resource_version = ResourceVersion(99);
    object.metadata.generation = 9;
    object.metadata.deletion_timestamp = Some(now());
    object.metadata.labels.insert("team".to_owned(), "front".to_owned());
    let made = store.one(Write::Apply(object)).await;
    assert_eq!(made.metadata.resource_version, ResourceVersion(1));
    assert_eq!(made.metadata.generation, 1);
    assert_eq!(made.metadata.creation_timestamp, Some("2026-01-02T03:04:05Z".parse().unwrap()));
    assert_eq!(made.metadata.deletion_timestamp, None);
    assert_eq!(made.metadata.labels["team"], "front");
    assert_eq!(made.metadata.uid.len(), 36);
    assert_ne!(made.metadata.uid, "made-up");
    assert_eq!(made.status, Value::Null);
    assert_eq!(store.get(&key("web")).await.unwrap(), Some(made));
}

#[tokio::test]
async fn two_stores_with_one_id_give_the_same_uids() {
    let (first, second) = (store().await, store().await);
    assert_eq!(first.one(apply("web", 1)).await, second.one(apply("web", 1)).await);
}

#[tokio::test]
async fn an_object_made_again_has_another_uid() {
    let store = store().await;
    let first = store.one(apply("web", 1)).await;
    store.write([delete("web")]).await;
    let second = store.one(apply("web", 1)).await;
    assert_ne!(first.metadata.uid, second.metadata.uid);
    assert_eq!(second.metadata.resource_version, ResourceVersion(3));
}

#[tokio::test]
async fn generation_moves_with_spec_only() {
    let store = store().await;
    let generation = async |write| store.one(write).await.metadata.generation;
    assert_eq!(generation(apply("web", 1)).await, 1);
    assert_eq!(generation(apply("web", 2)).await, 2);
    assert_eq!(generation(status("web", json!({"x": 1}))).await, 2);
    let mut labelled = service("web", 2);
    labelled.metadata.labels.insert("a".to_owned(), "b".to_owned());
    assert_eq!(generation(Write::Apply(finalized(labelled, &["f"]))).await, 2);
    assert_eq!(generation(delete("web")).await, 2);
}

#[tokio::test]
async fn apply_keeps_status_and_replaces_labels_annotations_and_finalizers() {
    let store = store().await;
    let mut first = finalized(service("web", 1), &["f"]);
    first.metadata.labels.insert("a".to_owned(), "1".to_owned());
    first.metadata.annotations.insert("b".to_owned(), "1".to_owned());
    let first = store.one(Write::Apply(first)).await;
    store.one(status("web", json!({"ready": true}))).await;
    let second = store.one(apply("web", 1)).await;
    assert_eq!(second.status, json!({"ready": true}));
    assert!(second.metadata.labels.is_empty() && second.metadata.annotations.is_empty());
    assert!(second.metadata.finalizers.is_empty());
    assert_eq!(second.metadata.uid, first.metadata.uid);
}

#[tokio::test]
async fn writing_what_is_already_there_is_no_write() {
    let store = store().await;
    store.write([apply("web", 1), status("web", json!({"ready": true}))]).await;
    let before = store.existing("web").await;
    let again = store.write([Write::Apply(before.clone()), status("web", json!({"ready": true}))]).await;
    assert!(again.outcomes.iter().all(|outcome| outcome.change.is_none() && outcome.object == before));
    assert_eq!(again.resource_version, before.metadata.resource_version);
    assert_eq!(store.version().await, before.metadata.resource_version);
}

#[tokio::test]
async fn a_deleted_object_stays_until_its_finalizers_are_gone() {
    let store = store().await;
    store.write([Write::Apply(finalized(service("web", 1), &["a", "b"]))]).await;
    let deleting = store.one(delete("web")).await;
    assert_eq!(deleting.metadata.deletion_timestamp, Some("2026-01-02T03:04:05Z".parse().unwrap()));
    // Asking again changes nothing, and nothing takes the request back.
    assert_eq!(store.one(delete("web")).await, deleting);
    let mut revived = finalized(service("web", 1), &["b"]);
    revived.metadata.deletion_timestamp = None;
    let revived = store.one(Write::Apply(revived)).await;
    assert_eq!(revived.metadata.deletion_timestamp, deleting.metadata.deletion_timestamp);
    let last = store.write([apply("web", 1)]).await.outcomes.remove(0);
    assert_eq!(last.change, Some(Change::Deleted));
    assert_eq!(last.object.metadata.resource_version, ResourceVersion(4));
    assert_eq!(store.get(&key("web")).await.unwrap(), None);
}

#[tokio::test]
async fn no_finalizer_is_added_once_deletion_was_asked_for() {
    let store = store().await;
    store.write([Write::Apply(finalized(service("web", 1), &["a"])), delete("web")]).await;
    let write = Write::Apply(finalized(service("web", 1), &["a", "b"]));
    let refused = store.commit(Batch::new(now(), vec![write])).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Service/shop/web cannot be stored: finalizer \"b\" cannot be added once deletion was asked for"
    );
}

#[tokio::test]
async fn an_object_without_finalizers_is_deleted_at_once() {
    let store = store().await;
    store.write([apply("web", 1)]).await;
    let gone = store.write([delete("web")]).await.outcomes.remove(0);
    assert_eq!(gone.change, Some(Change::Deleted));
    assert_eq!(store.get(&key("web")).await.unwrap(), None);
}

#[tokio::test]
async fn a_later_write_of_a_batch_sees_the_earlier_ones() {
    let store = store().await;
    let done = store.write([apply("web", 1), status("web", json!(1)), delete("web"), apply("web", 2)]).await;
    let changes: Vec<_> = done.outcomes.iter().map(|outcome| outcome.change.unwrap()).collect();
    assert_eq!(changes, [Change::Added, Change::Modified, Change::Deleted, Change::Added]);
    assert_eq!(done.resource_version, ResourceVersion(4));
    assert_eq!(store.existing("web").await, done.outcomes[3].object);
}

#[tokio::test]
async fn status_and_delete_of_a_missing_object_conflict() {
    let store = store().await;
    for write in [status("web", json!(1)), delete("web")] {
        assert_eq!(conflict(store.commit(Batch::new(now(), vec![write])).await), Conflict::Missing);
    }
}

#[tokio::test]
async fn each_precondition_is_checked_before_the_first_write() {
    let store = store().await;
    let made = store.one(apply("web", 1)).await;
    let other = "other".to_owned();
    let uid = made.metadata.uid.clone();
    let version = made.metadata.resource_version;
    let stale = ResourceVersion(0);
    for (precondition, reason) in [
        (Precondition::Absent(key("web")), Conflict::Exists),
        (Precondition::Exists(key("none")), Conflict::Missing),
        (Precondition::Unchanged(key("none"), version), Conflict::Missing),
        (Precondition::Unchanged(key("web"), stale), Conflict::Changed { expected: stale, found: version }),
        (Precondition::Uid(key("none"), uid.clone()), Conflict::Missing),
        (Precondition::Uid(key("web"), other.clone()), Conflict::Replaced { expected: other, found: uid.clone() }),
    ] {
        let batch = Batch::new(now(), vec![apply("none", 1), apply("web", 2)]).when(precondition);
        assert_eq!(conflict(store.commit(batch).await), reason);
    }
    assert_eq!(store.list(Kind::Service, None).await.unwrap().len(), 1);
    let batch = Batch::new(now(), vec![apply("web", 2)])
        .when(Precondition::Absent(key("none")))
        .when(Precondition::Exists(key("web")))
        .when(Precondition::Unchanged(key("web"), version))
        .when(Precondition::Uid(key("web"), uid));
    store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn a_batch_that_fails_in_the_middle_changes_nothing() {
    let store = store().await;
    let record = Write::Record { table: Table::Memory, key: "uid".to_owned(), value: vec![1] };
    let batch = Batch::new(now(), vec![record, apply("web", 1), delete("none")]);
    assert_eq!(conflict(store.commit(batch).await), Conflict::Missing);
    assert_eq!(store.get(&key("web")).await.unwrap(), None);
    assert_eq!(store.record(Table::Memory, "uid").await.unwrap(), None);
    assert_eq!(store.version().await, ResourceVersion(0));
}

#[tokio::test]
async fn lists_are_sorted_by_namespace_and_name_and_keep_kinds_and_namespaces_apart() {
    let store = store().await;
    let object = |kind, namespace, name| Write::Apply(Object::new(&ObjectKey::new(kind, namespace, name), json!({})));
    store
        .write([
            object(Kind::Service, "b", "x"),
            object(Kind::Service, "a", "z"),
            object(Kind::Service, "a", "y"),
            object(Kind::Service, "aa", "y"),
            object(Kind::TaskDefinition, "a", "y"),
            object(Kind::Cluster, "", "a"),
        ])
        .await;
    let names = async |kind, namespace| {
        let listing = store.list(kind, namespace).await.unwrap();
        assert_eq!(listing.resource_version, ResourceVersion(6));
        let keys: Vec<_> = listing.keys().map(|key| format!("{}/{}", key.namespace, key.name)).collect();
        let read: Vec<_> = listing.into_iter().map(|object| object.unwrap().key()).collect();
        assert!(read.iter().map(|key| format!("{}/{}", key.namespace, key.name)).eq(keys.iter().cloned()));
        keys
    };
    assert_eq!(names(Kind::Service, None).await, ["a/y", "a/z", "aa/y", "b/x"]);
    assert_eq!(names(Kind::Service, Some("a")).await, ["a/y", "a/z"]);
    assert_eq!(names(Kind::TaskDefinition, Some("a")).await, ["a/y"]);
    assert_eq!(names(Kind::Cluster, None).await, ["/a"]);
    assert_eq!(names(Kind::Event, None).await, [""; 0]);
}

#[tokio::test]
async fn names_that_would_leave_their_path_segment_are_refused() {
    let store = store().await;
    for name in ["", ".", "..", "a/b", "a%2Fb", "a\0b", &"x".repeat(254)] {
        for key in [ObjectKey::new(Kind::Service, "shop", name), ObjectKey::new(Kind::Service, name, "web")] {
            let write = Write::Apply(Object::new(&key, json!({})));
            let refused = store.commit(Batch::new(now(), vec![write])).await.unwrap_err();
            assert!(matches!(refused, CommitError::Invalid { .. }), "{refused}");
        }
    }
}

#[tokio::test]
async fn what_would_not_read_back_is_refused() {
    let store = store().await;
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let batch = Batch::new(now(), vec![Write::Apply(Object::new(&key("deep"), deep))]);
    assert!(matches!(store.commit(batch).await, Err(CommitError::Invalid { .. })));
}

#[tokio::test]
async fn a_batch_beyond_the_bounds_is_refused_whole() {
    let store = store().await;
    let writes = vec![delete("none"); MAX_WRITES + 1];
    let refused = store.commit(Batch::new(now(), writes)).await.unwrap_err();
    assert_eq!(refused, CommitError::TooLarge { writes: MAX_WRITES + 1, bytes: 0 });
    let large = Write::Record { table: Table::Source, key: "s".to_owned(), value: vec![0; MAX_BYTES] };
    let refused = store.commit(Batch::new(now(), vec![apply("web", 1), large])).await.unwrap_err();
    assert!(matches!(refused, CommitError::TooLarge { writes: 2, .. }), "{refused}");
    assert_eq!(store.get(&key("web")).await.unwrap(), None);
}

#[tokio::test]
async fn a_preview_answers_like_a_commit_and_does_nothing() {
    let store = store().await;
    let made = store.one(apply("web", 1)).await;
    let preview = store.preview(Batch::new(now(), vec![apply("web", 2), apply("new", 1)])).await.unwrap();
    assert_eq!(preview.resource_version, made.metadata.resource_version);
    let [changed, new] = &preview.outcomes[..] else { panic!("{preview:?}") };
    assert_eq!((changed.change, new.change), (Some(Change::Modified), Some(Change::Added)));
    assert_eq!(changed.object.metadata.generation, 2);
    assert_eq!(changed.object.metadata.resource_version, made.metadata.resource_version);
    assert!(new.object.metadata.resource_version.is_none());
    assert_eq!(store.existing("web").await, made);
    let refused = store.preview(Batch::new(now(), vec![delete("none")])).await;
    assert_eq!(conflict(refused), Conflict::Missing);
}

#[tokio::test]
async fn a_deletion_that_a_finalizer_holds_off_can_be_taken_back_and_one_that_happened_cannot() {
    let store = store().await;
    let mut object = Object::new(&key("a"), json!({"count": 1}));
    object.metadata.finalizers.push("test/finalizer".to_owned());
    store.write([Write::Apply(object)]).await;
    store.write([Write::Delete { key: key("a") }]).await;
    assert!(store.get(&key("a")).await.unwrap().unwrap().metadata.deletion_timestamp.is_some());
    store.write([Write::Undelete { key: key("a") }]).await;
    let kept = store.get(&key("a")).await.unwrap().unwrap();
    assert!(kept.metadata.deletion_timestamp.is_none());
    assert_eq!((kept.metadata.generation, kept.metadata.resource_version), (1, ResourceVersion(3)));
    store.write([Write::Undelete { key: key("a") }]).await;
    assert_eq!(store.get(&key("a")).await.unwrap().unwrap(), kept, "there was nothing to take back");
    let batch = Batch::new(now(), vec![Write::Undelete { key: key("b") }]);
    assert!(matches!(store.commit(batch).await, Err(CommitError::Conflict { .. })));
}
