#![allow(clippy::unwrap_used)]

use evenkeel_core::object::Kind;
use evenkeel_core::trail::notices;
use serde_json::json;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn key() -> ObjectKey {
    ObjectKey::new(Kind::Service, "shop-prod", "web")
}

/// Alice sets the count.
fn alice(second: i64, count: u32) -> Notice {
    let record = json!({
        "eventSource": "ecs.amazonaws.com", "eventName": "UpdateService", "eventTime": at(second).to_string(),
        "awsRegion": "eu-west-1", "recipientAccountId": "123456789012", "userIdentity": {"arn": "arn:alice"},
        "requestParameters": {"cluster": "prod", "service": "web", "desiredCount": count},
    });
    notices(&record).remove(0)
}

fn count(count: u32) -> Value {
    let drift = json!([{"path": "/service/desiredCount", "observed": count, "rule": "exact"}]);
    json!({"sync": "OutOfSync", "observedGeneration": 1, "drift": drift})
}

fn synced() -> Value {
    json!({"sync": "Synced", "observedGeneration": 1})
}

/// Statuses one after the other, and what became known late of each.
fn statuses(trail: &Trail, steps: impl IntoIterator<Item = (i64, Value)>) -> (Value, Vec<String>) {
    let (mut before, mut late) = (synced(), Vec::new());
    for (second, mut status) in steps {
        late = trail.attribute(&key(), &mut status, &before, at(second));
        before = status;
    }
    (before, late)
}

#[test]
fn what_was_repaired_before_is_not_blamed_for_what_is_done_later() {
    let trail = Trail::default();
    assert!(trail.note(&key(), alice(0, 9)));
    let (status, _) = statuses(&trail, [(5, count(9)), (10, synced()), (300, synced()), (400, count(9))]);
    assert_eq!(status["drift"][0]["by"], UNKNOWN);
    assert_eq!(status["lastForeignChange"]["by"], "arn:alice", "she is the last that is known");
}

#[test]
fn a_record_that_comes_twice_counts_once() {
    let trail = Trail::default();
    assert!(trail.note(&key(), alice(0, 9)));
    assert!(!trail.note(&key(), alice(0, 9)));
}

#[test]
fn a_record_that_is_ahead_of_the_read_waits_for_it() {
    let trail = Trail::default();
    trail.note(&key(), alice(0, 9));
    let (status, _) = statuses(&trail, [(2, synced()), (20, synced()), (60, count(9))]);
    assert_eq!(status["drift"][0]["by"], "arn:alice");
}

#[test]
fn a_record_that_is_late_tells_who_it_was_once() {
    let trail = Trail::default();
    statuses(&trail, [(5, count(9)), (10, synced())]);
    trail.note(&key(), alice(0, 9));
    let (status, late) = statuses(&trail, [(600, synced())]);
    assert_eq!(
        (&status["lastForeignChange"]["by"], late),
        (&json!("arn:alice"), vec!["/service/desiredCount".to_owned()])
    );
    assert!(statuses(&trail, [(610, synced())]).1.is_empty());
    assert!(trail.lock().is_empty(), "nothing is kept that is of no use");
}

#[test]
fn what_cannot_be_read_meanwhile_stays_explained() {
    let trail = Trail::default();
    trail.note(&key(), alice(0, 9));
    let unknown = json!({"sync": "Unknown", "observedGeneration": 1});
    let (status, _) = statuses(&trail, [(5, count(9)), (900, unknown), (1_000, count(9))]);
    assert_eq!(status["drift"][0]["by"], "arn:alice");
}
