#![allow(clippy::unwrap_used)]

use std::time::Duration;

use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_store::Stats as StoreStats;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Applied, Format, Metrics};
use crate::workqueue::{Priority, Stats};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn idle() -> Stats {
    Stats {
        depth: Priority::ALL.map(|priority| (priority, 0)),
        waiting: 0,
        processing: 0,
        longest_running: Duration::ZERO,
        adds: 0,
        retries: 0,
        panics: 0,
    }
}

fn text(metrics: &Metrics) -> String {
    metrics.render(&idle(), Some(&StoreStats::default()), Format::Text)
}

/// The samples whose name begins so, without the labels that all objects have.
fn samples(metrics: &Metrics, prefix: &str) -> Vec<String> {
    let lines = text(metrics);
    lines.lines().filter(|line| line.starts_with(prefix)).map(str::to_owned).collect()
}

fn frontapp() -> Object {
    Object::new(&ObjectKey::new(Kind::Service, "shop-prod", "frontapp"), json!({}))
}

fn status(sync: &str, drift: &[&str]) -> Value {
    let drift: Vec<Value> = drift.iter().map(|path| json!({"path": path})).collect();
    let drifted = if drift.is_empty() { "False" } else { "True" };
    json!({
        "sync": sync,
        "health": "Healthy",
        "drift": drift,
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "Succeeded"},
            {"type": "Drifted", "status": drifted, "reason": "DriftDetected", "lastTransitionTime": "1970-01-01T00:01:00Z"},
        ],
    })
}

#[test]
fn each_field_that_differs_has_its_own_age_until_it_is_gone() {
    let metrics = Metrics::new().unwrap();
    let object = frontapp();
    metrics.report(&object, &status("OutOfSync", &["/service/desiredCount"]), at(100));
    metrics.report(&object, &status("OutOfSync", &["/service/desiredCount", "/scaling/maxCapacity"]), at(200));
    let since = samples(&metrics, "evenkeel_object_drift_since");
    let labels = r#"kind="Service",name="frontapp",namespace="shop-prod""#;
    let line = |area: &str, path: &str, since: u32| {
        format!(r#"evenkeel_object_drift_since_timestamp_seconds{{area="{area}",{labels},path="{path}"}} {since}"#)
    };
    assert_eq!(since, [line("count", "/service/desiredCount", 100), line("scaling", "/scaling/maxCapacity", 200)]);
    metrics.report(&object, &status("Synced", &[]), at(300));
    assert!(samples(&metrics, "evenkeel_object_drift").is_empty());
    assert_eq!(
        samples(&metrics, "evenkeel_object_last_success"),
        [format!("evenkeel_object_last_success_timestamp_seconds{{{labels}}} 300")]
    );
}

#[test]
fn after_a_restart_drift_is_as_old_as_the_stored_condition_says() {
    let metrics = Metrics::new().unwrap();
    let mut object = frontapp();
    object.status = status("OutOfSync", &["/service/desiredCount"]);
    metrics.report(&object, &object.status.clone(), at(1000));
    let since = samples(&metrics, "evenkeel_object_drift_since");
    assert!(since.len() == 1 && since[0].ends_with(" 60"), "{since:?}");
}

#[test]
fn many_differing_fields_are_all_counted_and_few_have_series() {
    let metrics = Metrics::new().unwrap();
    let paths: Vec<String> = (0..100).map(|n| format!("/taskDefinition/containerDefinitions/c{n}/image")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    metrics.report(&frontapp(), &status("OutOfSync", &paths), at(1));
    assert_eq!(samples(&metrics, "evenkeel_object_drift_since").len(), super::object::PATHS);
    assert!(samples(&metrics, "evenkeel_object_drift{")[0].ends_with(" 100"));
}

#[test]
fn a_changed_status_replaces_the_series_of_the_one_before() {
    let metrics = Metrics::new().unwrap();
    metrics.report(&frontapp(), &status("OutOfSync", &["/service/x"]), at(1));
    metrics.report(&frontapp(), &status("Synced", &[]), at(2));
    let info = samples(&metrics, "evenkeel_object_info");
    assert!(info.len() == 1 && info[0].contains(r#"sync="Synced""#), "{info:?}");
}

#[test]
fn an_object_that_is_gone_takes_all_its_series_along() {
    let metrics = Metrics::new().unwrap();
    let (object, key) = (frontapp(), frontapp().key());
    let mut after = status("Synced", &[]);
    after["rollout"] = json!({"deployment": "d1", "state": "IN_PROGRESS"});
    after["history"] = json!([{"number": 1, "outcome": "InProgress"}]);
    after["suspended"] = json!({"until": "2026-01-01T00:00:00Z"});
    after["range"] = json!({"min": 2, "max": 4});
    metrics.report(&object, &after, at(1));
    after["rollout"]["state"] = json!("COMPLETED");
    after["history"][0]["outcome"] = json!("Succeeded");
    metrics.report(&object, &after, at(91));
    let drift =
        evenkeel_core::diff::Drift { path: "/tags/x".into(), desired: None, observed: None, rule: "exact".into() };
    metrics.repaired(&key, &[drift], &["/tags/x".into()], true);
    assert!(text(&metrics).contains("frontapp"));
    metrics.forget(&key);
    assert!(!text(&metrics).contains("frontapp"), "{}", text(&metrics));
}

#[test]
fn a_rollout_counts_once_when_it_ends_and_one_that_was_superseded_does_not() {
    let metrics = Metrics::new().unwrap();
    let mut object = frontapp();
    let mut step = |rollouts: &[(u64, &str)]| {
        let entry = |(number, outcome): &(u64, &str)| {
            json!({"number": number, "outcome": outcome, "startedAt": "2026-01-01T00:00:00Z",
                   "endedAt": "2026-01-01T00:01:30Z"})
        };
        let mut after = status("Synced", &[]);
        after["history"] = rollouts.iter().map(entry).collect();
        metrics.report(&object, &after, at(1));
        object.status = after;
        samples(&metrics, "evenkeel_rollouts_total")
    };
    assert!(step(&[(1, "InProgress")]).is_empty());
    step(&[(1, "Succeeded")]);
    let first = step(&[(1, "Succeeded")]);
    assert!(first.len() == 1 && first[0].contains("succeeded") && first[0].ends_with(" 1"), "{first:?}");
    step(&[(2, "InProgress"), (1, "Succeeded")]);
    let second = step(&[(3, "Failed"), (2, "Superseded"), (1, "Succeeded")]);
    assert!(second.len() == 2 && second[0].contains("failed") && second[0].ends_with(" 1"), "{second:?}");
    assert!(second[1].ends_with(" 1"), "{second:?}");
    assert!(text(&metrics).contains("evenkeel_rollout_duration_seconds_sum{outcome=\"succeeded\"} 90"));
}

#[test]
fn drift_that_cannot_be_read_meanwhile_keeps_its_age_and_its_series() {
    let metrics = Metrics::new().unwrap();
    metrics.report(&frontapp(), &status("OutOfSync", &["/service/desiredCount"]), at(100));
    metrics.report(&frontapp(), &status("Unknown", &[]), at(200));
    assert!(samples(&metrics, "evenkeel_object_drift_since")[0].ends_with(" 100"));
    assert!(samples(&metrics, "evenkeel_object_drift{")[0].ends_with(" 1"));
    metrics.report(&frontapp(), &status("Synced", &[]), at(300));
    assert!(samples(&metrics, "evenkeel_object_drift").is_empty());
}

#[test]
fn who_made_a_field_differ_is_a_series_while_it_does_and_the_last_one_stays() {
    let metrics = Metrics::new().unwrap();
    let mut after = status("OutOfSync", &["/service/desiredCount", "/tags/team"]);
    after["drift"][0]["by"] = json!("arn:alice");
    after["drift"][0]["at"] = json!("1970-01-01T00:01:30Z");
    after["drift"][1]["by"] = json!("unknown");
    metrics.report(&frontapp(), &after, at(100));
    let shown = || samples(&metrics, "evenkeel_object_foreign_change");
    assert!(
        shown().len() == 1 && shown()[0].contains(r#"by="arn:alice""#) && shown()[0].ends_with(" 90"),
        "{:?}",
        shown()
    );
    let mut after = status("Synced", &[]);
    after["lastForeignChange"] = json!({"path": "/tags/team", "by": "arn:bob", "at": "1970-01-01T00:02:00Z"});
    metrics.report(&frontapp(), &after, at(200));
    assert!(shown().len() == 1 && shown()[0].contains(r#"by="arn:bob""#), "{:?}", shown());
}

#[test]
fn a_name_that_is_taken_is_refused_with_the_name() {
    let registry = prometheus::Registry::new();
    let register = super::register::Registrar(&registry);
    register.gauge("evenkeel_x", "One.").unwrap();
    for again in [
        register.gauge("evenkeel_x", "One.").map(drop),
        register.gauges("evenkeel_x", "One.", &["other"]).map(drop),
        register.counters("evenkeel_x", "Another.", &["other"]).map(drop),
    ] {
        let error = again.unwrap_err().to_string();
        assert!(error.contains("evenkeel_x"), "{error}");
    }
    // A metric of ours cannot hide one of the process.
    registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self())).unwrap();
    assert!(register.gauge("process_open_fds", "Number of open file descriptors.").is_err());
}

#[test]
fn a_source_shows_only_the_revision_in_force() {
    let metrics = Metrics::new().unwrap();
    for revision in ["sha1:a", "sha1:b"] {
        let now = at(7);
        metrics.source_applied(&Applied { revision, objects: 3, errors: 0, held_deletions: 0, now });
    }
    assert_eq!(samples(&metrics, "evenkeel_source_info"), [r#"evenkeel_source_info{revision="sha1:b"} 1"#]);
    metrics.source_readable(false);
    assert_eq!(samples(&metrics, "evenkeel_source_up"), ["evenkeel_source_up 0"]);
}

#[test]
fn a_closed_store_does_not_spoil_the_scrape() {
    let metrics = Metrics::new().unwrap();
    assert!(metrics.render(&idle(), None, Format::Text).contains("evenkeel_store_up 0"));
}

#[test]
fn open_metrics_is_spoken_where_it_is_asked_for() {
    assert_eq!(
        Format::accepted(Some("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")),
        Format::OpenMetrics
    );
    assert_eq!(Format::accepted(Some("text/plain")), Format::Text);
    assert_eq!(Format::accepted(None), Format::Text);
    let metrics = Metrics::new().unwrap();
    metrics.event("Warning", "DriftDetected");
    let open = metrics.render(&idle(), None, Format::OpenMetrics);
    assert!(open.contains("# TYPE evenkeel_events counter\n"), "{open}");
    assert!(open.contains(r#"evenkeel_events_total{reason="DriftDetected",type="Warning"} 1"#));
    assert!(open.ends_with("# EOF\n"));
}
