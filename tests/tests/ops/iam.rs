//! Policies grant what the controller calls, and no more. What it calls stands in its source as `Operation::Name`.

use std::collections::BTreeSet;
use std::path::Path;

use evenkeel_core::operation::{Access, Operation};
use serde_json::Value;

use crate::{json, root, stems};

/// What AWS asks for besides the action of the call itself (Service Authorization Reference: dependent actions of ECS,
/// Application Auto Scaling and CodeDeploy).
const READS_NEED: [&str; 1] = ["cloudwatch:DescribeAlarms"];
const WRITES_NEED: [&str; 6] = [
    "cloudwatch:DeleteAlarms",
    "cloudwatch:PutMetricAlarm",
    "codedeploy:GetDeploymentConfig",
    "codedeploy:RegisterApplicationRevision",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
];

/// The operations that stand in the source of what plans, observes and executes; tests aside.
fn called() -> BTreeSet<Operation> {
    let mut source = String::new();
    for directory in ["controller/core/src/plan", "controller/evenkeel/src"] {
        collect(&root().join(directory), &mut source);
    }
    let named = |operation: &Operation| {
        let word = format!("Operation::{}", operation.name());
        source
            .match_indices(&word)
            .any(|(at, _)| !source[at + word.len()..].starts_with(|next: char| next.is_ascii_alphanumeric()))
    };
    Operation::ALL.iter().copied().filter(named).collect()
}

fn collect(directory: &Path, source: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            collect(&path, source);
        } else {
            *source += &std::fs::read_to_string(path).unwrap();
        }
    }
}

fn statements(name: &str) -> Vec<Value> {
    let policy = json(&format!("ops/iam/{name}.json"));
    assert_eq!(policy["Version"], "2012-10-17");
    policy["Statement"].as_array().unwrap().clone()
}

fn granted(name: &str) -> BTreeSet<String> {
    let statements = statements(name);
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_read_only_policy_grants_each_read_and_nothing_else() {
    let reads = called().into_iter().filter(|operation| operation.access() == Access::Read);
    let wanted = reads.map(Operation::iam_action).chain(READS_NEED.map(str::to_owned)).collect();
    assert_eq!(granted("read-only"), wanted);
}

#[test]
fn the_full_policy_grants_each_call_and_nothing_else() {
    let needed = READS_NEED.iter().chain(&WRITES_NEED).map(|action| (*action).to_owned());
    let wanted = called().into_iter().map(Operation::iam_action).chain(needed).collect();
    assert_eq!(granted("full-access"), wanted);
}

#[test]
fn the_policy_of_the_queue_grants_what_reading_it_takes() {
    // Deleting ten at a time needs the permission to delete one (SQS API permissions reference).
    let actions = [("receive_message", "sqs:ReceiveMessage"), ("delete_message_batch", "sqs:DeleteMessage")];
    let source = crate::read("controller/aws/src/queue.rs");
    let calls = source
        .split("self.client")
        .skip(1)
        .map(|rest| rest.trim_start().trim_start_matches('.').split('(').next().unwrap());
    let wanted = calls.map(|call| actions.iter().find(|(name, _)| *name == call).unwrap().1.to_owned()).collect();
    assert_eq!(granted("changes-queue"), wanted);
}

#[test]
fn roles_are_passed_only_to_ecs_and_only_those_that_are_named() {
    let statements = statements("full-access");
    let mut passing = statements.iter().filter(|it| it["Action"].as_array().unwrap().contains(&"iam:PassRole".into()));
    let statement = passing.next().unwrap();
    assert!(passing.next().is_none());
    let services = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
    assert_eq!(*services, serde_json::json!(["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]));
    for role in statement["Resource"].as_array().unwrap() {
        assert!(role.as_str().unwrap().starts_with("arn:aws:iam::123456789012:role/") && role != "*", "{role}");
    }
}

#[test]
fn nothing_is_allowed_by_a_wildcard_action() {
    for name in stems("ops/iam") {
        for statement in statements(&name) {
            for action in statement["Action"].as_array().unwrap() {
                assert!(!action.as_str().unwrap().contains('*'), "{name}: {action}");
            }
        }
    }
}
