//! What is on disk: permissions, the format, and stores that older releases wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use evenkeel_core::object::{Kind, ObjectKey, ResourceVersion};
use serde_json::json;

use super::durability::copy;
use super::{apply, options};
use crate::{OpenError, Options, Store, Table};

fn files(directory: &Path) -> Vec<(std::path::PathBuf, u32, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            found.extend(files(&path));
            found.push((path, mode, Vec::new()));
        } else {
            found.push((path.clone(), mode, fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_store_of_the_first_format_reads_as_it_was_written() {
    let directory = copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/format-1"));
    let store = Store::open(directory.path(), Options::default()).await.unwrap();
    let cluster = store.get(&ObjectKey::new(Kind::Cluster, "", "shop")).await.unwrap().unwrap();
    assert_eq!(cluster.spec, json!({"region": "ap-northeast-1"}));
    assert_eq!(cluster.metadata.uid, "1c073e3d-9846-5018-a425-c09afedb3421");
    let web = store.get(&ObjectKey::new(Kind::Service, "shop", "web")).await.unwrap().unwrap();
    assert_eq!(
        serde_json::to_value(&web).unwrap(),
        json!({
            "apiVersion": "evenkeel.dev/v1alpha1",
            "kind": "Service",
            "metadata": {
                "name": "web",
                "namespace": "shop",
                "uid": "d9015265-5db2-515a-bae4-f3fbb81ff8ac",
                "resourceVersion": "6",
                "generation": 1,
                "creationTimestamp": "2026-01-02T03:04:05Z",
                "deletionTimestamp": "2026-01-02T03:04:05Z",
                "labels": {"team": "front"},
                "annotations": {"note": "größer"},
                "finalizers": ["evenkeel.dev/service"],
            },
            "spec": {"service": {"desiredCount": 2}},
            "status": {"observedGeneration": 1},
        })
    );
    let gone = store.list(Kind::TaskDefinition, None).await.unwrap();
    assert!(gone.is_empty());
    assert_eq!(gone.resource_version, ResourceVersion(6));
    for (table, key, value) in [
        (Table::Memory, "uid", &b"memory"[..]),
        (Table::TaskDefinitions, "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1", b"{}"),
        (Table::Observed, "Service/shop/web", b"observed"),
        (Table::Source, "snapshot", &[0, 255]),
        (Table::History, "uid/1", b""),
    ] {
        assert_eq!(store.records(table).await.unwrap(), [(key.to_owned(), value.to_vec())]);
    }
    // What is made in it now has the identity that it had then.
    assert_eq!(store.one(apply("new", 1)).await.metadata.resource_version, ResourceVersion(7));
}

#[tokio::test]
async fn a_store_of_a_later_format_is_refused_and_left_untouched() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    store.write([apply("web", 1)]).await;
    store.close().await;
    fs::write(directory.path().join("format"), "evenkeel store format 2\n").unwrap();
    let before = files(directory.path());
    let refused = Store::open(directory.path(), options()).await.unwrap_err();
    assert!(matches!(refused, OpenError::FormatTooNew { found: 2, .. }), "{refused}");
    assert_eq!(files(directory.path()), before);
}

#[tokio::test]
async fn damage_is_an_error_that_says_where_and_what_to_do() {
    for (file, content) in [("format", "none\n"), ("sled/conf", "sixteen and more"), ("sled/db", "?"), ("sled/db", "")]
    {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), options()).await.unwrap();
        store.write([apply("web", 1)]).await;
        store.close().await;
        fs::write(directory.path().join(file), content).unwrap();
        let refused = Store::open(directory.path(), options()).await.map(|_| file).unwrap_err();
        assert!(matches!(refused, OpenError::Corrupt { .. }), "{file}: {refused}");
        assert!(refused.to_string().contains(directory.path().to_str().unwrap()));
    }
}

#[tokio::test]
async fn a_store_in_use_whose_format_is_missing_is_not_taken_for_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    store.write([apply("web", 1)]).await;
    store.close().await;
    fs::remove_file(directory.path().join("format")).unwrap();
    let refused = Store::open(directory.path(), options()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused}");
}

#[tokio::test]
async fn a_crash_while_the_store_is_made_leaves_one_that_can_be_made_again() {
    let directory = tempfile::tempdir().unwrap();
    Store::open(directory.path(), options()).await.unwrap().close().await;
    fs::remove_file(directory.path().join("format")).unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    store.write([apply("web", 1)]).await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_an_error_that_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = Store::open(&file.join("store"), options()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Io { .. }), "{refused}");
}

#[tokio::test]
async fn files_are_for_their_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/store");
    let private = |path: &Path| {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        for (file, mode, _) in files(path) {
            assert_eq!(mode, if file.is_dir() { 0o700 } else { 0o600 }, "{}", file.display());
        }
    };
    let store = Store::open(&path, options()).await.unwrap();
    private(&path);
    store.write([apply("web", 1)]).await;
    store.close().await;
    private(&path);
}
