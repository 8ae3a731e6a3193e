//! What EventBridge is asked to send is what the program understands.

use std::collections::BTreeSet;

use evenkeel_core::trail::notices;
use serde_json::{Value, json};

use crate::{json as file, read};

const RULES: [&str; 3] = ["ecs-calls", "scaling-calls", "ecs-events"];

fn names(rule: &str) -> BTreeSet<String> {
    let rule = file(&format!("ops/events/{rule}.json"));
    let names = rule["detail"]["eventName"].as_array().cloned().unwrap_or_default();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn understood(source: &str, name: &str) -> bool {
    let event = json!({"detail-type": "AWS API Call via CloudTrail", "detail": {
        "eventSource": source, "eventName": name, "eventTime": "2026-01-02T03:04:05Z", "awsRegion": "eu-west-1",
        "recipientAccountId": "123456789012", "userIdentity": {"arn": "arn:aws:iam::123456789012:user/alice"},
        "requestParameters": {"cluster": "prod", "service": "web", "resourceId": "service/prod/web", "policyName": "cpu",
            "scheduledActionName": "night"}, "responseElements": null}});
    notices(&event).len() == 1
}

#[test]
fn each_call_that_is_sent_is_understood_and_each_that_is_understood_is_sent() {
    for (rule, source) in [("ecs-calls", "ecs.amazonaws.com"), ("scaling-calls", "autoscaling.amazonaws.com")] {
        for name in names(rule) {
            assert!(understood(source, &name), "{name}");
        }
    }
    let sent: BTreeSet<String> = names("ecs-calls").union(&names("scaling-calls")).cloned().collect();
    let text = read("controller/core/src/trail/record.rs");
    // Names of operations stand in it as patterns of `match`.
    let word =
        |text: &str| text.len() > 8 && text.chars().all(char::is_alphabetic) && text.starts_with(char::is_uppercase);
    let known: BTreeSet<String> = text.split('"').skip(1).step_by(2).filter(|it| word(it)).map(str::to_owned).collect();
    let known = known.into_iter().filter(|it| {
        !["Records", "ApplicationAutoScaling", "AWSServiceRoleForApplicationAutoScaling"].contains(&it.as_str())
    });
    assert_eq!(sent, known.collect());
}

#[test]
fn each_event_that_is_sent_is_understood() {
    for kind in file("ops/events/ecs-events.json")["detail-type"].as_array().unwrap() {
        let event = json!({"detail-type": kind, "time": "2026-01-02T03:04:05Z", "region": "eu-west-1",
            "account": "123456789012", "resources": ["arn:aws:ecs:eu-west-1:123456789012:service/prod/web"]});
        assert_eq!(notices(&event).len(), 1, "{kind}");
    }
}

#[test]
fn the_queue_takes_events_of_these_rules_only() {
    let policy = file("ops/events/queue-policy.json");
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Principal"], json!({"Service": "events.amazonaws.com"}));
    let rules: BTreeSet<&str> = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(rules.len(), RULES.len());
    assert!(
        RULES.iter().all(|rule| rules.iter().any(|arn| arn.ends_with(&format!(":rule/evenkeel-{rule}")))),
        "{rules:?}"
    );
}
