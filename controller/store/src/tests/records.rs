//! Records.

use super::{apply, now, store};
use crate::{Batch, Precondition, Table, Write};

fn record(table: Table, key: &str, value: &[u8]) -> Write {
    Write::Record { table, key: key.to_owned(), value: value.to_vec() }
}

#[tokio::test]
async fn records_are_kept_by_table_and_key_and_listed_by_key() {
    let store = store().await;
    store
        .write([
            record(Table::Memory, "b", b"1"),
            record(Table::Memory, "a/x", b""),
            record(Table::Observed, "b", &[0, 255]),
            record(Table::Memory, "b", b"2"),
        ])
        .await;
    assert_eq!(store.record(Table::Memory, "b").await.unwrap(), Some(b"2".to_vec()));
    assert_eq!(store.record(Table::Memory, "a").await.unwrap(), None);
    let all = store.records(Table::Memory).await.unwrap();
    assert_eq!(all, [("a/x".to_owned(), vec![]), ("b".to_owned(), b"2".to_vec())]);
    assert_eq!(store.records(Table::Observed).await.unwrap(), [("b".to_owned(), vec![0, 255])]);
    assert_eq!(store.records(Table::History).await.unwrap(), []);
}

#[tokio::test]
async fn removing_a_record_that_is_not_there_is_no_error() {
    let store = store().await;
    let remove = || Write::RemoveRecord { table: Table::Memory, key: "a".to_owned() };
    store.write([record(Table::Memory, "a", b"1")]).await;
    store.write([remove(), remove()]).await;
    assert_eq!(store.record(Table::Memory, "a").await.unwrap(), None);
}

#[tokio::test]
async fn records_take_no_resource_version() {
    let store = store().await;
    let before = store.one(apply("web", 1)).await.metadata.resource_version;
    let done = store.write([record(Table::Memory, "a", b"1")]).await;
    assert_eq!((done.resource_version, done.outcomes.len()), (before, 0));
}

#[tokio::test]
async fn a_record_is_written_only_if_the_preconditions_hold() {
    let store = store().await;
    let batch = Batch::new(now(), vec![record(Table::Memory, "a", b"1")]);
    store.commit(batch.when(Precondition::Exists(super::key("web")))).await.unwrap_err();
    assert_eq!(store.record(Table::Memory, "a").await.unwrap(), None);
}

#[tokio::test]
async fn a_record_larger_than_a_database_segment_reads_back() {
    let store = store().await;
    let large = vec![7; 3 << 20];
    store.write([record(Table::Source, "snapshot", &large)]).await;
    assert_eq!(store.record(Table::Source, "snapshot").await.unwrap(), Some(large));
}
