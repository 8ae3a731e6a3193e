//! Damage anywhere: a store that lost something says so, and what is left of it can be taken over.
//!
//! `CASES=5000 cargo test --release -p evenkeel-store damage` tries more; `SEED` plays one again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use evenkeel_core::object::{Kind, Object};
use serde_json::json;

use super::durability::copy;
use super::{apply, delete, options, status};
use crate::{BackupError, OpenError, Store, Table, Write, check, repair};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// What stores are filled with, and every version that an object ever had, by name.
struct Whole {
    directory: tempfile::TempDir,
    versions: BTreeMap<String, Vec<Object>>,
    last: BTreeMap<String, Object>,
}

/// A store with objects that come, change and go, records, and one that is too large for the log.
async fn whole() -> Whole {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).await.unwrap();
    let mut versions: BTreeMap<String, Vec<Object>> = BTreeMap::new();
    for count in 0..60_u64 {
        let name = format!("web-{}", count % 7);
        let text = "x".repeat(count as usize * 40);
        let done = store.write([apply(&name, count), status(&name, json!({"said": text}))]).await;
        for outcome in done.outcomes {
            versions.entry(name.clone()).or_default().push(outcome.object);
        }
        store.write([record(&format!("uid-{}", count % 5), &count.to_be_bytes())]).await;
        if count == 30 {
            store.write([delete("web-3"), record("large", &vec![7; 3 << 20])]).await;
        }
    }
    let mut last = BTreeMap::new();
    for object in store.list(Kind::Service, None).await.unwrap() {
        let object = object.unwrap();
        last.insert(object.metadata.name.clone(), object);
    }
    store.close().await;
    Whole { directory, versions, last }
}

fn record(key: &str, value: &[u8]) -> Write {
    Write::Record { table: Table::Memory, key: key.to_owned(), value: value.to_vec() }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Flips bits of a file, cuts it, or overwrites a part of it; what was done.
fn damage(directory: &Path, rng: &mut fastrand::Rng) -> String {
    let mut files = files(directory);
    files.retain(|path| path.metadata().unwrap().len() > 0 && !path.ends_with("lock"));
    // The log is most of what there is.
    let path = match rng.bool() {
        true => directory.join("sled/db"),
        false => files[rng.usize(0..files.len())].clone(),
    };
    let mut bytes = fs::read(&path).unwrap();
    // Behind its last byte that is not zero a log is empty.
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap_or_default() + 1;
    let at = rng.usize(0..end);
    let what = match rng.u8(0..3) {
        0 => {
            let bits = rng.usize(1..9);
            for bit in 0..bits {
                let at = if bit == 0 { at } else { rng.usize(0..end) };
                bytes[at] ^= 1 << rng.u8(0..8);
            }
            format!("{bits} bits flipped")
        }
        1 => {
            bytes.truncate(at);
            format!("cut at {at}")
        }
        _ => {
            let until = (at + rng.usize(1..5_000)).min(end);
            bytes[at..until].fill(0);
            format!("zeros from {at} to {until}")
        }
    };
    fs::write(&path, bytes).unwrap();
    format!("{}: {what}", path.strip_prefix(directory).unwrap().display())
}

/// What is in a store is all that was ever acknowledged.
async fn is_all_there(store: &Store, whole: &Whole, what: &str) {
    let mut found = BTreeMap::new();
    for object in store.list(Kind::Service, None).await.unwrap() {
        let object = object.unwrap();
        found.insert(object.metadata.name.clone(), object);
    }
    assert_eq!(found, whole.last, "{what}: it opened, and something is missing");
    let records = store.records(Table::Memory).await;
    // A large value in a file of its own is read when it is asked for, and says so then.
    if let Ok(records) = records {
        assert_eq!(records.len(), 6, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_store_is_damaged_it_is_whole_or_refused_and_what_can_be_read_of_it_is_taken_over() {
    let whole = whole().await;
    let (cases, seed) = (number("CASES", 25), number("SEED", 1));
    let (mut refused, mut repaired, mut nothing) = (0, 0, 0);
    for case in seed..seed + cases {
        let mut rng = fastrand::Rng::with_seed(case);
        let damaged = copy(whole.directory.path());
        let what =
            format!("SEED={case} CASES=1 cargo test -p evenkeel-store damage: {}", damage(damaged.path(), &mut rng));
        let evidence = copy(damaged.path());
        match Store::open(damaged.path(), options()).await {
            Ok(store) => {
                is_all_there(&store, &whole, &what).await;
                store.close().await;
                continue;
            }
            Err(error) => assert!(matches!(error, OpenError::Corrupt { .. }), "{what}: {error}"),
        }
        refused += 1;
        assert!(check(evidence.path()).await.is_err(), "{what}");
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("new");
        let before: Vec<_> = files(evidence.path()).into_iter().map(|path| fs::read(path).unwrap()).collect();
        let result = repair(evidence.path(), &to).await;
        let after: Vec<_> = files(evidence.path()).into_iter().map(|path| fs::read(path).unwrap()).collect();
        // `check` may have written to it; `repair` has not.
        assert!(before == after, "{what}: the damaged store was changed");
        match result {
            Ok(result) => {
                assert_eq!(check(&to).await.unwrap(), result.contents, "{what}");
                let store = Store::open(&to, options()).await.unwrap();
                for object in store.list(Kind::Service, None).await.unwrap() {
                    let object = object.unwrap();
                    let known = &whole.versions[&object.metadata.name];
                    assert!(known.contains(&object), "{what}: nobody ever wrote {object:?}");
                }
                // Versions go on beyond all that was ever given out.
                let next = store.one(apply("next", 1)).await.metadata.resource_version;
                assert!(next.0 > 1_000_000, "{what}: {next}");
                store.close().await;
                repaired += 1;
            }
            Err(BackupError::Store(OpenError::Corrupt { .. })) => nothing += 1,
            Err(error) => panic!("{what}: {error}"),
        }
        assert_eq!(
            fs::read_dir(place.path()).unwrap().count(),
            usize::from(to.exists()),
            "{what}: something is left over"
        );
    }
    println!("{cases} cases: {refused} refused; {repaired} of them repaired, of {nothing} nothing could be read");
}

#[tokio::test]
async fn a_repair_says_what_is_lost_and_leaves_the_damaged_store_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = Store::open(&path, options()).await.unwrap();
    for count in 0..40 {
        store.write([apply("web", count)]).await;
    }
    store.close().await;
    let mut bytes = fs::read(path.join("sled/db")).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end * 3 / 4] ^= 0x10;
    fs::write(path.join("sled/db"), bytes).unwrap();
    let to = directory.path().join("new");
    let repaired = repair(&path, &to).await.unwrap();
    assert!(repaired.commits > 0, "{repaired:?}");
    let store = Store::open(&to, options()).await.unwrap();
    let count = store.existing("web").await.spec["service"]["desiredCount"].as_u64().unwrap();
    assert!((10..39).contains(&count), "an older state: {count}");
    let marked = store.record(Table::Source, crate::RESTORED).await.unwrap();
    assert_eq!(marked, Some(Vec::new()), "it is known to be older than what was done since");
    store.close().await;
    assert!(matches!(repair(&path, &to).await, Err(BackupError::Exists(_))));
    assert!(matches!(repair(directory.path(), &directory.path().join("other")).await, Err(BackupError::NoStore(_))));
    assert!(matches!(Store::open(&path, options()).await, Err(OpenError::Corrupt { .. })));
}
