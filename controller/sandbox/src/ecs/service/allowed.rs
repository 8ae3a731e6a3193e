//! What each deployment controller lets through UpdateService, and which controller may become which (API reference,
//! UpdateService; Amazon ECS developer guide, "Updating the deployment controller").

use super::{Controller, Service, controller};
use crate::error::ApiError;
use serde_json::{Map, Value};

/// Members that a service of another controller than ECS may be updated with.
const ALLOWED: &[&str] = &[
    "deploymentController",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "enableECSManagedTags",
    "propagateTags",
];

/// Refuses members that are not UpdateService's to change. Sending them fails even when it changes nothing.
pub(super) fn check(service: &Service, given: &Map<String, Value>, force: bool) -> Result<(), ApiError> {
    let target = given.get("deploymentController").map(|_| controller(given));
    if let Some(target) = target.filter(|target| *target != service.controller()) {
        return check_move(service, target);
    }
    let advice = match service.controller() {
        Controller::Ecs => return Ok(()),
        Controller::CodeDeploy => "Use AWS CodeDeploy to trigger a new deployment.",
        Controller::External => "Use a task set to make this change.",
    };
    let code_deploy = service.controller() == Controller::CodeDeploy;
    let allowed = |name: &str| ALLOWED.contains(&name) || (code_deploy && name == "deploymentConfiguration");
    let name = service.member("deploymentController")["type"].as_str().unwrap_or("");
    let controlled = format!("on services with a {name} deployment controller. {advice}");
    if force {
        return Err(ApiError::parameter(format!("Cannot force a new deployment {controlled}")));
    }
    let Some(refused) = given.keys().find(|member| !allowed(member)) else { return Ok(()) };
    let what = match refused.as_str() {
        "taskDefinition" => "task definition",
        "networkConfiguration" => "network parameters",
        "platformVersion" => "platform version",
        "loadBalancers" => "load balancers",
        other => other,
    };
    Err(ApiError::parameter(format!("Unable to update {what} {controlled}")))
}

/// CODE_DEPLOY may become ECS or EXTERNAL, ECS may become EXTERNAL, and EXTERNAL ECS; none while a deployment runs.
fn check_move(service: &Service, target: Controller) -> Result<(), ApiError> {
    let refuse = |text: &str| Err(ApiError::parameter(text));
    if service.deployments.is_empty() {
        return refuse(
            "Updating the deployment controller requires a primary taskset in the service. Please ensure your service \
             has a primary taskset and try again.",
        );
    }
    if service.is_deploying() || service.deployments.len() > 1 {
        return refuse(
            "Updating the deployment controller is not supported when there are multiple tasksets in the service. \
             Please ensure your service has only one taskset and try again.",
        );
    }
    if target == Controller::CodeDeploy {
        return refuse("Updating the deployment controller to CODE_DEPLOY is not supported for this service.");
    }
    if target == Controller::External {
        if service.member("serviceConnectConfiguration")["enabled"] == true {
            return refuse(
                "The EXTERNAL deployment controller type is not supported for services using Service Connect.",
            );
        }
        if !super::items(&service.members, "serviceRegistries").is_empty() {
            return refuse("Service registries are not supported for external launch type.");
        }
    }
    Ok(())
}
