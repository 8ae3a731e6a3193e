//! What CreateDeploymentGroup and UpdateDeploymentGroup refuse (API reference, and the CodeDeploy user guide,
//! "Create a deployment group for an Amazon ECS deployment").

use super::refusal;
use crate::{
    ecs::{Controller, Service},
    error::ApiError,
    region::Region,
};
use serde_json::{Map, Value};

type Check = Result<(), ApiError>;

/// The longest termination wait: two days.
const LONGEST_WAIT: i64 = 2880;

/// Refuses what AWS refuses; `own` is the group's application and name.
pub(super) fn check(region: &Region, members: &Map<String, Value>, own: (&str, &str)) -> Check {
    let style = &members.get("deploymentStyle").cloned().unwrap_or_default();
    if style["deploymentType"] != "BLUE_GREEN" || style["deploymentOption"] != "WITH_TRAFFIC_CONTROL" {
        return Err(refusal(
            "InvalidDeploymentStyleException",
            "For ECS deployment group, deployment type must be BLUE_GREEN and deployment option must be \
             WITH_TRAFFIC_CONTROL.",
        ));
    }
    check_pair(&members["loadBalancerInfo"])?;
    check_blue_green(&members["blueGreenDeploymentConfiguration"])?;
    check_rollback(&members["autoRollbackConfiguration"])?;
    check_service(region, members, own)
}

/// One pair of two target groups, one production listener, at most one test listener.
fn check_pair(info: &Value) -> Check {
    let refuse = |text: &str| Err(refusal("InvalidTargetGroupPairException", text));
    let pairs = info["targetGroupPairInfoList"].as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = match pairs {
        [] => {
            let text = "For ECS deployment group, loadBalancerInfo must have a target group pair.";
            return Err(refusal("InvalidLoadBalancerInfoException", text));
        }
        [pair] => pair,
        _ => return refuse("For ECS deployment group, exactly one target group pair can be specified."),
    };
    let groups = pair["targetGroups"].as_array().map(Vec::as_slice).unwrap_or_default();
    match groups {
        [one, two] if one["name"].is_string() && two["name"].is_string() && one["name"] != two["name"] => {}
        _ => return refuse("A target group pair must name exactly two different target groups."),
    }
    let listeners = |route: &str| pair[route]["listenerArns"].as_array().map_or(0, Vec::len);
    if listeners("prodTrafficRoute") != 1 {
        return refuse("A target group pair must have exactly one production listener.");
    }
    if listeners("testTrafficRoute") > 1 {
        return refuse("A target group pair can have at most one test listener.");
    }
    Ok(())
}

fn check_blue_green(configuration: &Value) -> Check {
    let refuse = |text: String| Err(refusal("InvalidBlueGreenDeploymentConfigurationException", text));
    let wait = &configuration["terminateBlueInstancesOnDeploymentSuccess"]["terminationWaitTimeInMinutes"];
    if !(0..=LONGEST_WAIT).contains(&wait.as_i64().unwrap_or(0)) {
        return refuse(format!("The termination wait time must be between 0 and {LONGEST_WAIT} minutes."));
    }
    let ready = &configuration["deploymentReadyOption"];
    match ready["actionOnTimeout"].as_str() {
        None | Some("CONTINUE_DEPLOYMENT") => Ok(()),
        Some("STOP_DEPLOYMENT") if ready["waitTimeInMinutes"].as_i64().unwrap_or(0) > 0 => Ok(()),
        Some("STOP_DEPLOYMENT") => refuse("STOP_DEPLOYMENT needs a wait time.".to_owned()),
        Some(other) => refuse(format!("{other} is no action on timeout.")),
    }
}

/// Rollback configurations of groups and deployments.
pub(super) fn check_rollback(configuration: &Value) -> Check {
    let events = configuration["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"];
    let valid = events.iter().all(|event| event.as_str().is_some_and(|event| known.contains(&event)));
    if !valid || (configuration["enabled"] == true && events.is_empty()) {
        let text = "An enabled automatic rollback needs events, out of those of the API reference.";
        return Err(refusal("InvalidAutoRollbackConfigException", text));
    }
    Ok(())
}

/// One service, with the CODE_DEPLOY controller if it exists, that no other group deploys to.
fn check_service(region: &Region, members: &Map<String, Value>, own: (&str, &str)) -> Check {
    let services = members.get("ecsServices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named = |service: &Value| service["serviceName"].as_str().is_some_and(|name| !name.is_empty());
    match services {
        [one] if named(one) => {}
        [_] | [] => {
            let text = "For ECS deployment group, ecsServices must name a service.";
            return Err(refusal("InvalidECSServiceException", text));
        }
        _ => {
            let text = "For ECS deployment group, exactly one ECS service can be specified.";
            return Err(refusal("InvalidECSServiceException", text));
        }
    }
    let key = service_key(members);
    let other = region
        .code_deploy
        .groups()
        .find(|(application, name, group)| (*application, *name) != own && group.service() == key);
    if let Some((_, name, _)) = other {
        return Err(refusal(
            "ECSServiceMappingLimitExceededException",
            format!("The ECS service {key} is already part of the deployment group {name}."),
        ));
    }
    match region.services.live(&key).filter(|service| service.is_active()) {
        Some(service) => check_controller(service),
        None => Ok(()),
    }
}

/// The service of a group must be CodeDeploy's to deploy to.
pub(super) fn check_controller(service: &Service) -> Check {
    if service.controller() == Controller::CodeDeploy {
        return Ok(());
    }
    Err(refusal(
        "InvalidECSServiceException",
        "Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller.",
    ))
}

/// Key (`cluster/service`) of the service that a group's members name.
pub(super) fn service_key(members: &Map<String, Value>) -> String {
    let service = members.get("ecsServices").map(|list| &list[0]);
    let text = |name: &str| service.and_then(|service| service[name].as_str());
    crate::arn::service_key(crate::arn::cluster_name(text("clusterName")), text("serviceName").unwrap_or(""))
}
