//! `rollout.onFailure: Rollback`: back to the last revision that ran well, where AWS does not see to it itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Desired, Observed};
use crate::memory::Memory;
use crate::operation::{Action, Operation};
use crate::plan::{Ask, Observation};
use crate::spec::OnFailure;
use crate::view::{Controller, ServiceView};

/// What brings the failed rollout back, if anything has to. Each of the ways leaves the service on another revision, so it
/// is taken once.
pub(super) fn plan(
    desired: &Desired,
    observed: &Observed,
    service: ServiceView<'_>,
    memory: &Memory,
    asks: &mut BTreeSet<Ask>,
) -> Option<Action> {
    let rollout = memory.rollout.as_ref().filter(|_| desired.mandate.policy.on_failure == OnFailure::Rollback)?;
    if memory.failed.as_ref().is_none_or(|failed| failed.content != rollout.content) {
        return None;
    }
    let reason = "the rollout failed and rollout.onFailure is Rollback".to_owned();
    if service.controller() == Controller::CodeDeploy {
        let Observation::Present(seen) = &observed.code_deploy else {
            // With one task set there is nothing under way that could be stopped.
            if observed.code_deploy.is_unknown() && service.task_sets().count() > 1 {
                asks.insert(Ask::CodeDeploy);
            }
            return None;
        };
        let running =
            seen.running().filter(|running| running["deploymentId"].as_str() == rollout.deployment.as_deref())?;
        let body = json!({"deploymentId": running["deploymentId"], "autoRollbackEnabled": true});
        return Some(Action { operation: Operation::StopDeployment, body, reason });
    }
    if service.task_definition() != rollout.task_definition {
        return None;
    }
    if service.shifts_traffic() {
        let deployment = match &observed.deployment {
            Observation::Unknown => {
                asks.insert(Ask::ServiceDeployment);
                return None;
            }
            Observation::Absent => return None,
            Observation::Present(deployment) => deployment,
        };
        let under_way = matches!(deployment["status"].as_str(), Some("PENDING" | "IN_PROGRESS"));
        let arn = deployment.get("serviceDeploymentArn").filter(|_| under_way)?;
        let body = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
        return Some(Action { operation: Operation::StopServiceDeployment, body, reason });
    }
    let good = memory.last_good.as_deref().filter(|good| *good != service.task_definition())?;
    let mut body = desired.names();
    body.insert("taskDefinition".into(), json!(good));
    Some(Action { operation: Operation::UpdateService, body: Value::Object(body), reason })
}
