//! Writes the store that `fixtures/format-<n>` holds: `cargo run -p evenkeel-store --example golden -- <new directory>`.
//!
//! Run it once when a format is new, and commit what it wrote. Fixtures of older formats are never written again: tests
//! open copies of them to prove that this release still reads what an older one wrote.

use std::path::Path;

use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_store::{Batch, Options, Store, Table, Write};
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let path = std::env::args().nth(1).ok_or("which directory?")?;
    tokio::runtime::Builder::new_current_thread().build()?.block_on(write(Path::new(&path)))
}

async fn write(path: &Path) -> Result<(), Failure> {
    let store = Store::open(path, Options { store_id: Some(1), ..Options::default() }).await?;
    let now = "2026-01-02T03:04:05Z".parse()?;
    let cluster = Object::new(&ObjectKey::new(Kind::Cluster, "", "shop"), json!({"region": "ap-northeast-1"}));
    let web = ObjectKey::new(Kind::Service, "shop", "web");
    let mut service = Object::new(&web, json!({"service": {"desiredCount": 2}}));
    service.metadata.labels.insert("team".to_owned(), "front".to_owned());
    service.metadata.annotations.insert("note".to_owned(), "größer".to_owned());
    service.metadata.finalizers.push("evenkeel.dev/service".to_owned());
    let old = ObjectKey::new(Kind::TaskDefinition, "shop", "old");
    let record = |table, key: &str, value: &[u8]| Write::Record { table, key: key.to_owned(), value: value.to_vec() };
    let writes = vec![
        Write::Apply(cluster),
        Write::Apply(service),
        Write::Apply(Object::new(&old, json!({}))),
        Write::Status { key: web.clone(), status: json!({"observedGeneration": 1}) },
        record(Table::Memory, "uid", b"memory"),
        record(Table::TaskDefinitions, "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1", b"{}"),
        record(Table::Observed, "Service/shop/web", b"observed"),
        record(Table::Source, "snapshot", &[0, 255]),
        record(Table::History, "uid/1", b""),
    ];
    store.commit(Batch::new(now, writes)).await?;
    store.commit(Batch::new(now, vec![Write::Delete { key: old }, Write::Delete { key: web }])).await?;
    store.close().await;
    Ok(())
}
