//! Serves a few sample objects, for trying clients: `cargo run -p evenkeel-api --example serve [PORT]`, then
//! `kubectl --server http://127.0.0.1:PORT get services -A`.

use std::sync::Arc;

use evenkeel_api::{ApiState, router};
use evenkeel_core::object::{Kind, Object};
use evenkeel_store::{Batch, Options, Store, Write};
use jiff::Timestamp;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).as_deref().unwrap_or("8480").parse()?;
    let store = Store::temporary(Options::default()).await?;
    let objects: Vec<Object> = serde_json::from_str(include_str!("../fixtures/objects.json"))?;
    let mut writes: Vec<Write> = objects.iter().cloned().map(Write::Apply).collect();
    let with_status = objects.iter().filter(|object| !object.status.is_null());
    writes.extend(with_status.map(|object| Write::Status { key: object.key(), status: object.status.clone() }));
    let committed = store.commit(Batch::new(Timestamp::now(), writes)).await?;

    // kubectl finds the events of an object by the uid that the store gave it.
    let find_uid = |event: &Object| {
        let involved = &event.spec["involvedObject"];
        let mut stored = committed.outcomes.iter().map(|outcome| &outcome.object);
        let object =
            stored.find(|it| involved["kind"] == it.kind.name() && involved["name"] == it.metadata.name.as_str())?;
        Some(object.metadata.uid.clone())
    };
    let mut events = Vec::new();
    for mut event in objects.into_iter().filter(|object| object.kind == Kind::Event) {
        event.spec["involvedObject"]["uid"] = find_uid(&event).into();
        events.push(Write::Apply(event));
    }
    store.commit(Batch::new(Timestamp::now(), events)).await?;

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("serving on http://{}", listener.local_addr()?);
    axum::serve(listener, router(ApiState::of(store, Arc::new(Timestamp::now)))).await?;
    Ok(())
}
