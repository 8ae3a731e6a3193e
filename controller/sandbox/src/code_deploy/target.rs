//! ListDeploymentTargets and BatchGetDeploymentTargets: a deployment to ECS has one target, its service.

use super::{
    answer,
    deployment::{Deployment, EVENTS, Set, Status},
    read, refusal,
};
use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    time::epoch,
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let deployment = started(region, now, input)?;
    answer(input, "targetIds", vec![target_id(deployment)])
}

pub(super) fn batch_get(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let deployment = started(region, now, input)?;
    let ids = input.strings("targetIds")?;
    match ids.len() {
        0 => return Err(refusal("DeploymentTargetIdRequiredException", "The targetIds are required.")),
        26.. => {
            let text = "At most 25 deployment targets can be got at once.";
            return Err(refusal("DeploymentTargetListSizeExceededException", text));
        }
        _ => {}
    }
    let mine = target_id(deployment);
    if let Some(other) = ids.iter().find(|id| **id != mine) {
        let text = format!("The deployment {} has no target {other}.", deployment.id);
        return Err(refusal("DeploymentTargetDoesNotExistException", text));
    }
    Ok(json!({"deploymentTargets": [{"deploymentTargetType": "ECSTarget", "ecsTarget": describe(region, deployment)}]}))
}

fn started<'a>(region: &'a Region, now: Timestamp, input: Input<'_>) -> Result<&'a Deployment, ApiError> {
    let deployment = read::seen(region, now, input)?;
    if deployment.started.is_none() {
        let text = format!("The deployment {} has not started.", deployment.id);
        return Err(refusal("DeploymentNotStartedException", text));
    }
    Ok(deployment)
}

/// `cluster:service`.
fn target_id(deployment: &Deployment) -> String {
    deployment.service.replacen('/', ":", 1)
}

/// Status of the target.
pub(super) fn status(deployment: &Deployment) -> &'static str {
    match deployment.status {
        Status::Created => "Pending",
        Status::InProgress => "InProgress",
        Status::Ready => "Ready",
        Status::Succeeded => "Succeeded",
        Status::Failed | Status::Stopped => "Failed",
    }
}

fn describe(region: &Region, deployment: &Deployment) -> Value {
    let events = deployment.events.iter().zip(EVENTS).map(|(event, name)| {
        let mut row = json!({"lifecycleEventName": name, "status": event.status.name()});
        for (member, at) in [("startTime", event.started), ("endTime", event.ended)] {
            if let Some(at) = at {
                row[member] = epoch(at);
            }
        }
        row
    });
    let events: Vec<Value> = events.collect();
    let sets = [(&deployment.blue, "Blue", 100 - deployment.weight), (&deployment.green, "Green", deployment.weight)];
    let sets: Vec<Value> = sets.into_iter().filter_map(|(set, label, weight)| task_set(set, label, weight)).collect();
    json!({
        "deploymentId": deployment.id,
        "targetId": target_id(deployment),
        "targetArn": region.arn("ecs", &format!("service/{}", deployment.service)),
        "lastUpdatedAt": epoch(deployment.updated),
        "lifecycleEvents": events,
        "status": status(deployment),
        "taskSetsInfo": sets,
    })
}

/// A task set; `identifer` is how the API spells it.
fn task_set(set: &Set, label: &str, weight: i64) -> Option<Value> {
    Some(json!({
        "identifer": set.id.as_deref()?,
        "desiredCount": set.counts.desired,
        "pendingCount": set.counts.pending,
        "runningCount": set.counts.running,
        "status": set.counts.status,
        "trafficWeight": weight as f64,
        "targetGroup": {"name": set.target_group},
        "taskSetLabel": label,
    }))
}
