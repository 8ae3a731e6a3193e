//! StopDeployment and ContinueDeployment.

use super::{
    deployment::{Deployment, Phase},
    outcome::Ending,
    read::deployment_id,
    refusal,
};
use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
};
use jiff::Timestamp;
use serde_json::json;

/// StopDeployment: at once. Whether it rolls back is what `autoRollbackEnabled` says, else what the group says.
pub(super) fn stop(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let mut deployment = unfinished(region, input)?;
    let rollback = input.bool("autoRollbackEnabled")?;
    let ending = Ending::stopped("MANUAL_STOP", "The deployment was stopped on request.");
    deployment.end(region, now, ending, rollback);
    keep(region, now, deployment);
    Ok(json!({
        "status": "Succeeded",
        "statusMessage": "No more commands will be scheduled for execution in the deployment targets",
    }))
}

/// ContinueDeployment: lets traffic shift now (READY_WAIT), or the original task set go now (TERMINATION_WAIT).
pub(super) fn proceed(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let mut deployment = unfinished(region, input)?;
    match (input.str("deploymentWaitType")?.unwrap_or("READY_WAIT"), deployment.phase) {
        ("READY_WAIT", Phase::Ready) => deployment.go_on(),
        ("TERMINATION_WAIT", Phase::TerminationWait) => deployment.wake = Some(now),
        ("READY_WAIT", _) => {
            let text = format!("The deployment {} does not wait for production traffic to shift.", deployment.id);
            return Err(refusal("DeploymentIsNotInReadyStateException", text));
        }
        ("TERMINATION_WAIT", _) => {
            let text = format!("The deployment {} is not in its termination wait.", deployment.id);
            return Err(refusal("InvalidDeploymentStatusException", text));
        }
        (other, _) => {
            return Err(refusal("InvalidDeploymentWaitTypeException", format!("{other} is no wait type.")));
        }
    }
    deployment.updated = now;
    keep(region, now, deployment);
    Ok(json!({}))
}

fn unfinished(region: &Region, input: Input<'_>) -> Result<Deployment, ApiError> {
    let id = deployment_id(input)?;
    let found = region.code_deploy.deployments.live(id).ok_or_else(|| super::read::no_deployment(id))?;
    if found.status.is_over() {
        let text = format!("The deployment {id} has already completed.");
        return Err(refusal("DeploymentAlreadyCompletedException", text));
    }
    Ok(found.clone())
}

fn keep(region: &mut Region, now: Timestamp, mut deployment: Deployment) {
    deployment.observe(region);
    let (id, key) = (deployment.id.clone(), deployment.service.clone());
    *region.code_deploy.deployments.write(&id, now) = Some(deployment);
    super::step(region, &key, now);
    region.note(&key);
}
