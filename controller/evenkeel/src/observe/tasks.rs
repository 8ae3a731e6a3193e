//! Why tasks stopped: what a person looks for first when a rollout has failed.

use evenkeel_aws::{AwsError, Gateway};
use evenkeel_core::operation::Operation;
use evenkeel_core::plan::Observation;
use evenkeel_core::plan::service::Desired;
use serde_json::{Value, json};

/// Stopped tasks that are looked at. AWS keeps them for an hour or so, and one bad revision stops them all alike.
const TASKS: usize = 20;
/// Reasons that are told.
const REASONS: usize = 3;
/// Characters of a reason that are told; those of image pulls may run to a page.
const LENGTH: usize = 300;

/// The reasons for which tasks of a service stopped that ran `revision`, each once, in the order of their number.
pub(super) async fn stopped_tasks(
    gateway: &Gateway,
    desired: &Desired,
    revision: Option<&str>,
) -> Result<Observation<Vec<String>>, AwsError> {
    let body = json!({
        "cluster": desired.cluster, "serviceName": desired.service, "desiredStatus": "STOPPED", "maxResults": TASKS,
    });
    let answer = gateway.call(Operation::ListTasks, &body).await?;
    let arns = answer["taskArns"].as_array().cloned().unwrap_or_default();
    if arns.is_empty() {
        return Ok(Observation::Absent);
    }
    let answer = gateway.call(Operation::DescribeTasks, &json!({"cluster": desired.cluster, "tasks": arns})).await?;
    let tasks = answer["tasks"].as_array().into_iter().flatten();
    let its = tasks.filter(|task| revision.is_none_or(|arn| arn.is_empty() || task["taskDefinitionArn"] == arn));
    let mut counted: Vec<(String, usize)> = Vec::new();
    for reason in its.filter_map(reason) {
        match counted.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counted.push((reason, 1)),
        }
    }
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(Observation::Present(counted.into_iter().take(REASONS).map(|(reason, _)| reason).collect()))
}

/// Why one task stopped: in its own words, with those of the container that says more.
fn reason(task: &Value) -> Option<String> {
    let words = |value: &Value, name: &str| value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let stopped = words(task, "stoppedReason")?;
    let container = task["containers"].as_array().into_iter().flatten().find_map(|container| {
        let name = container["name"].as_str().unwrap_or_default();
        let code = container["exitCode"].as_i64().filter(|code| *code != 0).map(|code| format!("exit code {code}"));
        let told = words(container, "reason").filter(|told| *told != stopped).or(code)?;
        Some(format!(" (container {name}: {told})"))
    });
    Some((stopped + &container.unwrap_or_default()).chars().take(LENGTH).collect())
}
