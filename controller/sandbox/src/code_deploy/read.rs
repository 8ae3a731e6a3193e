//! GetDeployment and ListDeployments.

use super::{answer, application_name, deployment::Deployment, group_name, no_group, refusal, required};
use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    time::{epoch, from_epoch},
};
use jiff::Timestamp;
use serde_json::{Value, json};

const STATUSES: &[&str] = &["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"];

pub(super) fn get(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    Ok(json!({"deploymentInfo": describe(seen(region, now, input)?)}))
}

/// ListDeployments: the newest first.
pub(super) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let statuses = input.strings("includeOnlyStatuses")?;
    if let Some(unknown) = statuses.iter().find(|status| !STATUSES.contains(status)) {
        return Err(refusal("InvalidDeploymentStatusException", format!("{unknown} is no deployment status.")));
    }
    let named = input.get("applicationName").is_some() || input.get("deploymentGroupName").is_some();
    let deploy = &region.code_deploy;
    let ids = if named {
        let (application, name) = (application_name(input)?, group_name(input)?);
        let group = deploy.application_seen(application, now)?.groups.get(name).ok_or_else(|| no_group(name))?;
        &group.deployments
    } else {
        &deploy.order
    };
    let range = input.object("createTimeRange")?;
    let bound = |name: &str| range.and_then(|range| from_epoch(range.get(name)?));
    let (start, end) = (bound("start"), bound("end"));
    let wanted = |deployment: &&Deployment| {
        (statuses.is_empty() || statuses.contains(&deployment.status.name()))
            && start.is_none_or(|start| deployment.created >= start)
            && end.is_none_or(|end| deployment.created <= end)
    };
    let found = ids.iter().rev().filter_map(|id| deploy.deployments.seen(id, now)).filter(wanted);
    answer(input, "deployments", found.map(|deployment| deployment.id.clone()).collect())
}

pub(super) fn deployment_id(input: Input<'_>) -> Result<&str, ApiError> {
    let id = required(input, "deploymentId", "DeploymentIdRequiredException")?;
    if !id.starts_with("d-") {
        return Err(refusal(
            "InvalidDeploymentIdException",
            format!("Specified DeploymentId is not in the valid format: {id}"),
        ));
    }
    Ok(id)
}

pub(super) fn no_deployment(id: &str) -> ApiError {
    refusal("DeploymentDoesNotExistException", format!("The deployment {id} could not be found"))
}

/// The deployment that a request names, as a reader sees it.
pub(super) fn seen<'a>(region: &'a Region, now: Timestamp, input: Input<'_>) -> Result<&'a Deployment, ApiError> {
    let id = deployment_id(input)?;
    region.code_deploy.deployments.seen(id, now).ok_or_else(|| no_deployment(id))
}

/// As GetDeployment has it. The AppSpec's content is not shown again, only its digest.
fn describe(deployment: &Deployment) -> Value {
    let revision = |sha256: &str| json!({"revisionType": "AppSpecContent", "appSpecContent": {"sha256": sha256}});
    let mut info = json!({
        "applicationName": deployment.application,
        "deploymentGroupName": deployment.group,
        "deploymentConfigName": deployment.config,
        "deploymentId": deployment.id,
        "revision": revision(&deployment.spec.sha256),
        "status": deployment.status.name(),
        "createTime": epoch(deployment.created),
        "creator": deployment.creator,
        "ignoreApplicationStopFailures": false,
        "updateOutdatedInstancesOnly": false,
        "autoRollbackConfiguration": deployment.auto_rollback,
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "blueGreenDeploymentConfiguration": deployment.blue_green,
        "loadBalancerInfo": deployment.load_balancers,
        "fileExistsBehavior": "DISALLOW",
        "deploymentStatusMessages": [],
        "computePlatform": "ECS",
        "instanceTerminationWaitTimeStarted": deployment.termination_wait_started,
        "deploymentOverview": overview(deployment),
        "rollbackInfo": {},
    });
    if let Some(sha256) = &deployment.previous_sha256 {
        info["previousRevision"] = revision(sha256);
    }
    if let Some(text) = &deployment.description {
        info["description"] = json!(text);
    }
    if let Some((code, message)) = &deployment.error {
        info["errorInformation"] = json!({"code": code, "message": message});
    }
    if let Some(rollback) = &deployment.rollback {
        info["rollbackInfo"] = match deployment.id == rollback.by {
            true => json!({"rollbackTriggeringDeploymentId": rollback.of, "rollbackMessage": rollback.message}),
            false => json!({"rollbackDeploymentId": rollback.by, "rollbackMessage": rollback.message}),
        };
    }
    for (name, at) in [("startTime", deployment.started), ("completeTime", deployment.completed)] {
        if let Some(at) = at {
            info[name] = epoch(at);
        }
    }
    info
}

/// One target: the service.
fn overview(deployment: &Deployment) -> Value {
    let mut counts = json!({"Pending": 0, "InProgress": 0, "Succeeded": 0, "Failed": 0, "Skipped": 0, "Ready": 0});
    counts[super::target::status(deployment)] = json!(1);
    counts
}
