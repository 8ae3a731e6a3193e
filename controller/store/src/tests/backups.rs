//! Backups, and what becomes of those that were damaged.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use evenkeel_core::object::{Kind, ObjectKey, ResourceVersion};

use super::{apply, options};
use crate::{BackupError, OpenError, Selector, Store, Table, WatchError, Write, backup, check, restore};

/// A closed store with two services and a record, in `store` of a directory.
async fn store(directory: &Path) -> PathBuf {
    let path = directory.join("store");
    let store = Store::open(&path, options()).await.unwrap();
    let value = vec![0, 255, b'\n'];
    store
        .write([apply("web", 1), apply("api", 1), Write::Record { table: Table::Memory, key: "uid".into(), value }])
        .await;
    store.close().await;
    path
}

#[tokio::test]
async fn what_was_backed_up_is_there_again_after_a_restore() {
    let directory = tempfile::tempdir().unwrap();
    let (path, file) = (store(directory.path()).await, directory.path().join("backup"));
    let made = backup(&path, &file).await.unwrap();
    assert_eq!(made.objects.iter().find(|(kind, _)| *kind == Kind::Service), Some(&(Kind::Service, 2)));
    assert_eq!((made.records, made.resource_version), (1, 2));
    assert_eq!(check(&path).await.unwrap(), made);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let before = Store::open(&path, options()).await.unwrap();
    let web = before.get(&ObjectKey::new(Kind::Service, "shop", "web")).await.unwrap().unwrap();
    before.close().await;

    let again = directory.path().join("again");
    let restored = restore(&file, &again).await.unwrap();
    assert_eq!(restored.objects, made.objects);
    assert_eq!(check(&again).await.unwrap(), restored);
    let store = Store::open(&again, options()).await.unwrap();
    assert_eq!(store.get(&web.key()).await.unwrap(), Some(web.clone()));
    assert_eq!(store.records(Table::Memory).await.unwrap(), [("uid".to_owned(), vec![0, 255, b'\n'])]);
    // A client that saw versions of the lost store is told to list again, and none of them is given out anew.
    let watched = store.watch(Selector::all(), ResourceVersion(5)).map(drop);
    assert!(matches!(watched, Err(WatchError::Expired { .. })), "{watched:?}");
    assert!(store.one(apply("new", 1)).await.metadata.resource_version > ResourceVersion(1_000_000));
}

#[tokio::test]
async fn a_backup_that_was_cut_short_or_changed_anywhere_is_refused_and_nothing_is_restored() {
    let directory = tempfile::tempdir().unwrap();
    let (path, file) = (store(directory.path()).await, directory.path().join("backup"));
    backup(&path, &file).await.unwrap();
    let whole = fs::read(&file).unwrap();
    let target = directory.path().join("target");
    let mut damaged: Vec<Vec<u8>> = (0..whole.len()).step_by(7).map(|length| whole[..length].to_vec()).collect();
    damaged.extend((0..whole.len()).step_by(5).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    }));
    damaged.push([whole.as_slice(), b"more"].concat());
    for bytes in damaged {
        fs::write(&file, &bytes).unwrap();
        let refused = restore(&file, &target).await.unwrap_err();
        assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
        assert!(check(&file).await.is_err() && !target.exists());
    }
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_is_made_up() {
    let directory = tempfile::tempdir().unwrap();
    let (path, file) = (store(directory.path()).await, directory.path().join("backup"));
    let nothing = directory.path().join("nothing");
    assert!(matches!(backup(&nothing, &file).await, Err(BackupError::NoStore(_))));
    assert!(matches!(check(&nothing).await, Err(BackupError::NoStore(_))));
    assert!(!nothing.exists() && !file.exists());
    backup(&path, &file).await.unwrap();
    assert!(matches!(backup(&path, &file).await, Err(BackupError::Exists(_))));
    assert!(matches!(restore(&file, &path).await, Err(BackupError::Exists(_))));
}

#[tokio::test]
async fn a_store_in_use_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = store(directory.path()).await;
    let open = Store::open(&path, options()).await.unwrap();
    let refused = backup(&path, &directory.path().join("backup")).await.unwrap_err();
    assert!(matches!(refused, BackupError::Store(OpenError::Locked { .. })), "{refused}");
    drop(open);
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = store(directory.path()).await;
    let refused = backup(&path, &directory.path().join("no/such/place")).await.unwrap_err();
    assert!(matches!(refused, BackupError::Io { .. }), "{refused}");
}

#[tokio::test]
async fn a_backup_of_a_later_release_is_refused() {
    use sha2::Digest as _;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("backup");
    let mut bytes = b"evenkeel store backup 1\nevenkeel store format 99\n".to_vec();
    let digest = sha2::Sha256::digest(&bytes);
    bytes.extend(digest);
    fs::write(&file, bytes).unwrap();
    assert!(matches!(check(&file).await, Err(BackupError::TooNew(_))));
}
