#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-01-01T00:05:00Z".parse().unwrap()
}

fn service() -> Value {
    json!({
        "kind": "Service",
        "metadata": {
            "name": "web", "namespace": "shop", "generation": 2, "labels": {"tier": "front"},
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"scaling": {"Policies": [{"PolicyName": "cpu"}], "scheduledActions": [{"scheduledActionName": "night"}]}},
        "status": {
            "observedGeneration": 1, "sync": "OutOfSync", "health": "Progressing",
            "desiredCount": 3, "runningCount": 2, "pendingCount": 1, "range": {"min": 2, "max": 4},
            "taskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7",
            "serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/shop/web",
            "lastAppliedRevision": "sha1:0f3a", "lastAttemptedRevision": "sha1:77aa",
            "suspended": {"reason": "incident 42", "by": "ann", "until": "2026-01-02T00:00:00Z"},
            "rollout": {"state": "IN_PROGRESS", "failedTasks": 1, "reason": null},
            "conditions": [{
                "type": "Ready", "status": "False", "reason": "AwaitingApproval", "message": "waits\nfor you",
                "lastTransitionTime": "2026-01-01T00:03:00Z",
            }],
            "drift": [
                {"path": "/service/desiredCount", "desired": 3, "observed": 2, "rule": "exact"},
                {"path": "/service/loadBalancers/a", "observed": {"containerPort": 80}, "rule": "set"},
            ],
            "waiting": [{"reason": "AwaitingApproval", "message": "annotate the object"}],
            "proposed": [{"operation": "UpdateService", "reason": "desiredCount differs"}],
        },
    })
}

#[test]
fn a_service_is_described_from_identity_to_events() {
    let events = [json!({
        "type": "Warning", "reason": "DriftDetected", "message": "desiredCount differs", "count": 3,
        "lastTimestamp": "2026-01-01T00:04:00Z",
    })];
    let expected = "\
Service shop/web
  Labels:         tier=front
  Created:        2026-01-01T00:00:00Z (5m ago)
  Sync:           OutOfSync
  Health:         Progressing
  Suspended:      incident 42, by ann, until 2026-01-02T00:00:00Z
  In line with:   sha1:0f3a
  Working on:     sha1:77aa
  Generation:     2, and the status is of 1
  Runs:           arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7
  Tasks:          2 running of 3 desired, 1 pending
  Scaling:        2 to 4 tasks; policies cpu; scheduled actions night
  AWS:            arn:aws:ecs:eu-west-1:123456789012:service/shop/web

Conditions:
  TYPE    STATUS   REASON             SINCE   MESSAGE
  Ready   False    AwaitingApproval   2m      waits for you

Drift:
  /service/desiredCount
    desired:   3
    observed:  2
  /service/loadBalancers/a   (set)
    desired:   (absent)
    observed:  {\"containerPort\":80}

Waiting:
  AwaitingApproval: annotate the object

Would do:
  UpdateService: desiredCount differs

Rollout:
  failedTasks:   1
  state:         IN_PROGRESS

Events:
  LAST SEEN   TYPE      REASON          MESSAGE
  60s (x3)    Warning   DriftDetected   desiredCount differs
";
    assert_eq!(render(&service(), &events, now()), expected);
}

#[test]
fn an_object_without_status_says_so_and_has_no_empty_sections() {
    let object = json!({"kind": "Cluster", "metadata": {"name": "shop"}, "spec": {}});
    assert_eq!(render(&object, &[], now()), "Cluster shop\n  Status:   not reconciled yet\n");
}

#[test]
fn a_name_in_several_namespaces_asks_which_one_is_meant() {
    let (resource, _) = Resource::target("service", None).unwrap();
    let one = |namespace: &str| json!({"metadata": {"name": "web", "namespace": namespace}});
    let found = json!({"items": [one("shop"), one("stage")]});
    let message = crate::cli::client::only(found, resource, "web").unwrap_err().to_string();
    assert_eq!(message, "services \"web\" is in namespaces shop, stage: choose with -n");
    assert_eq!(crate::cli::client::only(json!({"items": [one("shop")]}), resource, "web").unwrap(), one("shop"));
}
