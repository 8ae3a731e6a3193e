#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Facts, Health, Outcome, status};
use crate::diff::Drift;
use crate::plan::{Plan, Waiting};
use crate::reason::Reason;

fn facts(outcome: Outcome, health: Health, second: i64) -> Facts<'static> {
    Facts {
        generation: 2,
        source_revision: "sha1:abc",
        outcome,
        health,
        details: Map::new(),
        source_error: None,
        handled_reconcile_at: None,
        suspended: None,
        now: Timestamp::from_second(second).unwrap(),
    }
}

fn drifted() -> Plan {
    let drift =
        Drift { path: "/service/x".into(), desired: Some(json!(1)), observed: Some(json!(2)), rule: "exact".into() };
    Plan { drift: vec![drift], ..Plan::default() }
}

fn condition(status: &Value, kind: &str) -> Option<String> {
    let list = status["conditions"].as_array().unwrap();
    list.iter().find(|condition| condition["type"] == kind).map(|found| found["status"].as_str().unwrap().to_owned())
}

#[test]
fn a_quiet_healthy_pass_is_ready_and_synced() {
    let status = status(&Plan::default(), &facts(Outcome::Nothing, Health::Healthy, 1), &Value::Null);
    assert_eq!(condition(&status, "Ready").as_deref(), Some("True"));
    assert_eq!(status["sync"], "Synced");
    assert_eq!(status["lastAppliedRevision"], "sha1:abc");
}

#[test]
fn reported_drift_is_ready_and_drifted() {
    let mut plan = drifted();
    plan.waiting.push(Waiting::new(Reason::DriftReported, "report"));
    let status = status(&plan, &facts(Outcome::Nothing, Health::Healthy, 1), &Value::Null);
    assert_eq!(condition(&status, "Ready").as_deref(), Some("True"));
    assert_eq!(condition(&status, "Drifted").as_deref(), Some("True"));
}

#[test]
fn reconciling_and_stalled_never_stand_together() {
    for reason in Reason::ALL {
        let mut plan = drifted();
        plan.waiting.push(Waiting::new(*reason, "why"));
        plan.waiting.push(Waiting::new(Reason::RolloutFailed, "broken"));
        plan.waiting.push(Waiting::new(Reason::Draining, "draining"));
        let status = status(&plan, &facts(Outcome::Done, Health::Progressing, 1), &Value::Null);
        assert!(!(condition(&status, "Reconciling").is_some() && condition(&status, "Stalled").is_some()), "{reason}");
    }
}

#[test]
fn an_aws_error_is_unknown_and_never_drift() {
    let outcome = Outcome::Failed(Reason::Transient, "HTTP 500".into());
    let status = status(&Plan::default(), &facts(outcome, Health::Unknown, 1), &Value::Null);
    assert_eq!(status["sync"], "Unknown");
    assert_eq!(condition(&status, "Ready").as_deref(), Some("Unknown"));
    assert_eq!(condition(&status, "Drifted").as_deref(), Some("Unknown"));
}

#[test]
fn a_revision_that_is_still_to_come_is_not_applied_yet() {
    let mut plan = Plan::default();
    plan.waiting.push(Waiting::new(Reason::TaskDefinitionNotReady, "web has no revision yet"));
    let status = status(&plan, &facts(Outcome::Nothing, Health::Healthy, 1), &Value::Null);
    assert_eq!((&status["sync"], status.get("lastAppliedRevision")), (&json!("Unknown"), None));
}

#[test]
fn a_pass_that_changes_nothing_gives_an_equal_status() {
    let first = status(&Plan::default(), &facts(Outcome::Nothing, Health::Healthy, 1), &Value::Null);
    let second = status(&Plan::default(), &facts(Outcome::Nothing, Health::Healthy, 99), &first);
    assert_eq!(first, second);
}

#[test]
fn what_is_missing_is_not_ready_even_where_that_is_only_reported() {
    let mut plan = drifted();
    plan.waiting.push(Waiting::new(Reason::Suspended, "suspended"));
    let status = status(&plan, &facts(Outcome::Nothing, Health::Missing, 1), &Value::Null);
    assert_eq!(condition(&status, "Ready").as_deref(), Some("False"));
    assert!(condition(&status, "Stalled").is_none());
}
