#![allow(clippy::unwrap_used)]

use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::reason::Reason;
use evenkeel_store::{Batch, Options, Store, Write};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Note, TTL, notes, removal, writes};

fn start() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

fn note(reason: Reason, message: &str) -> Note {
    Note { reason, message: message.into() }
}

async fn world() -> (Store, Object) {
    let store = Store::temporary(Options::default()).await.unwrap();
    let service = Object::new(&ObjectKey::new(Kind::Service, "shop-prod", "frontapp"), json!({}));
    store.commit(Batch::new(start(), vec![Write::Apply(service.clone())])).await.unwrap();
    let service = store.get(&service.key()).await.unwrap().unwrap();
    (store, service)
}

async fn tell(store: &Store, object: &Object, what: &[Note], now: Timestamp) {
    let writes = writes(store, object, what, "default", now).await.unwrap();
    store.commit(Batch::new(now, writes)).await.unwrap();
}

async fn told(store: &Store) -> Vec<Value> {
    let listing = store.list(Kind::Event, None).await.unwrap();
    listing.into_iter().map(|event| event.unwrap().spec).collect()
}

#[tokio::test]
async fn what_happens_again_is_counted_and_not_repeated() {
    let (store, service) = world().await;
    let later = start() + SignedDuration::from_mins(5);
    tell(&store, &service, &[note(Reason::DriftDetected, "/service/desiredCount")], start()).await;
    tell(&store, &service, &[note(Reason::DriftDetected, "/scaling/maxCapacity")], later).await;
    let events = told(&store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["count"], 2);
    assert_eq!(events[0]["type"], "Warning");
    assert_eq!(events[0]["message"], "/scaling/maxCapacity");
    assert_eq!(events[0]["firstTimestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(events[0]["lastTimestamp"], "2026-01-01T00:05:00Z");
    assert_eq!(events[0]["involvedObject"]["uid"], json!(service.metadata.uid));
}

#[tokio::test]
async fn old_events_go_when_something_new_happens_and_count_afresh() {
    let (store, service) = world().await;
    tell(&store, &service, &[note(Reason::DriftDetected, "a"), note(Reason::Denied, "b")], start()).await;
    let later = start() + TTL + SignedDuration::from_secs(1);
    tell(&store, &service, &[note(Reason::Denied, "b")], later).await;
    let events = told(&store).await;
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["reason"], &events[0]["count"]), (&json!("Denied"), &json!(1)));
}

#[tokio::test]
async fn events_go_with_their_object() {
    let (store, service) = world().await;
    tell(&store, &service, &[note(Reason::Denied, "no")], start()).await;
    let writes = removal(&store, &service).await.unwrap();
    store.commit(Batch::new(start(), writes)).await.unwrap();
    assert!(told(&store).await.is_empty());
}

#[tokio::test]
async fn a_message_is_cut_at_a_whole_character() {
    let (store, service) = world().await;
    tell(&store, &service, &[note(Reason::Denied, &"ü".repeat(1_000))], start()).await;
    assert_eq!(told(&store).await[0]["message"].as_str().unwrap().chars().count(), 512);
}

fn status(reason: &str, message: &str, drift: &[&str]) -> Value {
    let drift: Vec<Value> = drift.iter().map(|path| json!({"path": path})).collect();
    json!({"drift": drift, "conditions": [
        {"type": "Ready", "reason": reason, "message": message},
        {"type": "Drifted", "reason": "DriftDetected", "message": "what differs"},
    ]})
}

#[test]
fn a_status_that_says_the_same_is_no_event() {
    let same = status("Succeeded", "fine", &[]);
    assert_eq!(notes(&same, &same, &[]), []);
    let drifted = status("DriftReported", "left alone", &["/service/desiredCount"]);
    assert_eq!(notes(&drifted, &drifted, &[]), []);
}

#[test]
fn new_drift_is_told_and_so_is_what_is_done_about_it() {
    let fine = status("Succeeded", "fine", &[]);
    let repairing = status("Progressing", "desired count", &["/service/desiredCount"]);
    assert_eq!(
        notes(&fine, &repairing, &[]),
        [note(Reason::DriftDetected, "what differs"), note(Reason::Progressing, "desired count")]
    );
    let again = note(Reason::Succeeded, "fine; in line again: /service/desiredCount");
    assert_eq!(notes(&repairing, &fine, &[]), [again]);
}

#[test]
fn who_made_a_difference_is_told_as_soon_as_it_is_known() {
    let fine = status("Succeeded", "fine", &[]);
    let mut drifted = status("DriftReported", "left alone", &["/service/desiredCount"]);
    drifted["drift"][0]["by"] = json!("unknown");
    let first = notes(&fine, &drifted, &[]);
    assert_eq!(first[0], note(Reason::DriftDetected, "what differs; changed by somebody unknown"));
    let mut known = drifted.clone();
    known["drift"][0]["by"] = json!("arn:alice");
    known["drift"][0]["at"] = json!("2026-01-01T00:00:00Z");
    let told = note(Reason::DriftDetected, "what differs; changed by arn:alice at 2026-01-01T00:00:00Z");
    assert_eq!(notes(&drifted, &known, &[]), [told]);
    let mut late = fine.clone();
    late["lastForeignChange"] = json!({"by": "arn:alice", "at": "2026-01-01T00:00:00Z"});
    let message = "/service/desiredCount: was changed by arn:alice at 2026-01-01T00:00:00Z, and is in line again";
    assert_eq!(notes(&fine, &late, &["/service/desiredCount".into()]), [note(Reason::DriftDetected, message)]);
}
