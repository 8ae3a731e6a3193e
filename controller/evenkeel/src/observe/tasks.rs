//! What tasks and events tell of a rollout that has ended: why it failed, or which images it brought.

use std::collections::BTreeMap;

use evenkeel_aws::AwsError;
use evenkeel_core::memory::{Causes, Rollout};
use evenkeel_core::operation::Operation;
use evenkeel_core::plan::Observation;
use evenkeel_core::plan::service::Desired;
use evenkeel_core::view::seconds;
use serde_json::{Value, json};

use crate::budget::Metered;

/// Stopped tasks that are looked at. AWS keeps them for an hour or so, and one bad revision stops them all alike.
const STOPPED: usize = 20;
/// Running tasks that are looked at: those of one rollout run the same images.
const RUNNING: usize = 5;
/// Reasons and events that are told, of each.
const TOLD: usize = 3;
/// Characters of one that are told; those of image pulls may run to a page.
const LENGTH: usize = 300;

/// Events of a rollout's everyday life (ECS developer guide, "Amazon ECS service event messages"): not worth reading when
/// it has failed.
const EVERYDAY: [&str; 7] = [
    "has started",
    "has stopped",
    "steady state",
    "registered",
    "begun draining",
    "deployment completed",
    "rolling back to deployment",
];

/// Why a rollout failed, in ECS's words.
pub(super) async fn causes(
    gateway: &Metered,
    desired: &Desired,
    rollout: Option<&Rollout>,
) -> Result<Observation<Causes>, AwsError> {
    let reasons = tasks(gateway, desired, rollout, "STOPPED", STOPPED).await?;
    let mut counted: Vec<(String, usize)> = Vec::new();
    for reason in reasons.iter().filter_map(reason) {
        match counted.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counted.push((reason, 1)),
        }
    }
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let tasks = counted.into_iter().take(TOLD).map(|(reason, _)| reason).collect();
    let body = json!({"cluster": desired.cluster, "services": [desired.service]});
    let answer = gateway.call(Operation::DescribeServices, &body).await?;
    let events = answer.pointer("/services/0/events").and_then(Value::as_array);
    let since = rollout.map(|rollout| rollout.at);
    let prefix = format!("(service {}) ", desired.service);
    let mut told: Vec<String> = Vec::new();
    for event in events.into_iter().flatten() {
        let recent = seconds(&event["createdAt"]).zip(since).is_none_or(|(at, since)| at >= since);
        let message = event["message"].as_str().unwrap_or_default().replace(&prefix, "");
        let worth = !message.is_empty() && !EVERYDAY.iter().any(|words| message.contains(words));
        if recent && worth && !told.contains(&message) && told.len() < TOLD {
            told.push(message.chars().take(LENGTH).collect());
        }
    }
    Ok(Observation::Present(Causes { tasks, events: told }))
}

/// Digests of the images that the tasks of a rollout run, by container.
pub(super) async fn images(
    gateway: &Metered,
    desired: &Desired,
    rollout: Option<&Rollout>,
) -> Result<Observation<BTreeMap<String, String>>, AwsError> {
    let tasks = tasks(gateway, desired, rollout, "RUNNING", RUNNING).await?;
    let containers = tasks.iter().flat_map(|task| task["containers"].as_array().into_iter().flatten());
    let digest = |container: &Value| {
        let text = |name: &str| container[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some((text("name")?, text("imageDigest")?))
    };
    Ok(Observation::Present(containers.filter_map(digest).collect()))
}

/// Tasks of a service that run a rollout's revision.
async fn tasks(
    gateway: &Metered,
    desired: &Desired,
    rollout: Option<&Rollout>,
    status: &str,
    most: usize,
) -> Result<Vec<Value>, AwsError> {
    let body = json!({
        "cluster": desired.cluster, "serviceName": desired.service, "desiredStatus": status, "maxResults": most,
    });
    let answer = gateway.call(Operation::ListTasks, &body).await?;
    let arns = answer["taskArns"].as_array().cloned().unwrap_or_default();
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let answer = gateway.call(Operation::DescribeTasks, &json!({"cluster": desired.cluster, "tasks": arns})).await?;
    let revision = rollout.map(|rollout| rollout.task_definition.as_str()).filter(|arn| !arn.is_empty());
    let its = |task: &&Value| revision.is_none_or(|arn| task["taskDefinitionArn"] == arn);
    Ok(answer["tasks"].as_array().into_iter().flatten().filter(its).cloned().collect())
}

/// Why one task stopped: in its own words, with those of the container that says more.
fn reason(task: &Value) -> Option<String> {
    let words = |value: &Value, name: &str| value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    // The scheduler stops tasks too, when it rolls back or scales in: that is no cause.
    let stopped = words(task, "stoppedReason").filter(|text| !text.starts_with("Scaling activity initiated by"))?;
    let container = task["containers"].as_array().into_iter().flatten().find_map(|container| {
        let name = container["name"].as_str().unwrap_or_default();
        let code = container["exitCode"].as_i64().filter(|code| *code != 0).map(|code| format!("exit code {code}"));
        let told = words(container, "reason").filter(|told| *told != stopped).or(code)?;
        Some(format!(" (container {name}: {told})"))
    });
    Some((stopped + &container.unwrap_or_default()).chars().take(LENGTH).collect())
}
