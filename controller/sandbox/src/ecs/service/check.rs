//! What CreateService and UpdateService refuse, looked at over the whole service as it would be.

use super::{Controller, controller, is_fargate, items};
use crate::{
    ecs::{Cluster, Family, cluster::provider_not_associated, task_definition::Revision},
    error::ApiError,
    region::Region,
};
use serde_json::{Map, Value};

type Check = Result<(), ApiError>;

/// Refuses what AWS refuses; `members` are complete, with defaults.
pub(super) fn check(region: &Region, cluster: &Cluster, members: &Map<String, Value>) -> Check {
    // A service keeps running, and may be updated otherwise, on a revision that was deregistered meanwhile.
    let reference = members.get("taskDefinition").and_then(Value::as_str);
    let revision = reference.and_then(|reference| Family::find(&region.families, reference));
    check_values(members)?;
    check_capacity(cluster, members, revision)?;
    check_scheduling(members)?;
    check_deployment(members)?;
    check_network(members, revision)?;
    check_load_balancers(members, revision)?;
    check_volumes(members, revision)
}

/// The ACTIVE revision that a reference names.
pub(super) fn resolve<'a>(region: &'a Region, reference: &str) -> Result<&'a Revision, ApiError> {
    let revision = Family::find(&region.families, reference);
    let revision = revision.ok_or_else(|| ApiError::client("TaskDefinition not found."))?;
    if !revision.is_active() {
        return Err(ApiError::client("TaskDefinition is inactive"));
    }
    Ok(revision)
}

fn refuse(message: impl Into<String>) -> Check {
    Err(ApiError::parameter(message))
}

/// Enumerations of top-level members (API reference).
fn check_values(members: &Map<String, Value>) -> Check {
    for (name, known) in [
        ("launchType", &["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"] as &[&str]),
        ("schedulingStrategy", &["REPLICA", "DAEMON"]),
        ("propagateTags", &["TASK_DEFINITION", "SERVICE", "NONE"]),
        ("availabilityZoneRebalancing", &["ENABLED", "DISABLED"]),
    ] {
        if let Some(value) = members.get(name).and_then(Value::as_str).filter(|value| !known.contains(value)) {
            return refuse(format!("Invalid value {value} for {name}: use one of {}.", known.join(", ")));
        }
    }
    let kind = members["deploymentController"]["type"].as_str().unwrap_or("");
    if !["ECS", "CODE_DEPLOY", "EXTERNAL"].contains(&kind) {
        return refuse(format!("Invalid deployment controller type: {kind}"));
    }
    Ok(())
}

fn check_capacity(cluster: &Cluster, members: &Map<String, Value>, revision: Option<&Revision>) -> Check {
    let strategy = items(members, "capacityProviderStrategy");
    if strategy.len() > 20 {
        return refuse("A capacity provider strategy can have 20 items.");
    }
    if strategy.iter().any(|item| !cluster.has_provider(item["capacityProvider"].as_str().unwrap_or(""))) {
        return Err(provider_not_associated());
    }
    if strategy.iter().filter(|item| item["base"].as_i64().unwrap_or(0) > 0).count() > 1 {
        return refuse(
            "There are multiple capacity providers in the specified capacity provider strategy with a base value \
             defined",
        );
    }
    let fargate = is_fargate(members);
    let fits = |revision: &Revision| {
        revision.member("compatibilities").as_array().is_some_and(|list| list.iter().any(|kind| kind == "FARGATE"))
    };
    if fargate && revision.is_some_and(|revision| !fits(revision)) {
        return refuse("Task definition does not support launch_type FARGATE.");
    }
    match members.get("platformVersion").and_then(Value::as_str) {
        Some(_) if !fargate && controller(members) != Controller::External => {
            refuse("The platform version must be null when specifying an EC2 launch type.")
        }
        Some("LATEST" | "1.4.0" | "1.3.0" | "1.0.0") | None => Ok(()),
        Some(other) => Err(ApiError::new(
            400,
            "PlatformUnknownException",
            format!("The specified platform version {other} does not exist."),
        )),
    }
}

fn check_scheduling(members: &Map<String, Value>) -> Check {
    for placement in items(members, "placementStrategy") {
        let field = placement["field"].as_str().unwrap_or("");
        if placement["type"] == "binpack" && !["MEMORY", "CPU"].contains(&field) {
            return refuse(format!("binpack field '{field}' is invalid"));
        }
    }
    if members["schedulingStrategy"] != "DAEMON" {
        return Ok(());
    }
    let daemon = "The daemon scheduling strategy does not support";
    if members["deploymentConfiguration"]["maximumPercent"].as_i64() > Some(100) {
        return refuse(format!("{daemon} values above 100 for maximumPercent"));
    }
    if !items(members, "placementStrategy").is_empty() {
        return refuse(format!("{daemon} placement strategies"));
    }
    if is_fargate(members) {
        return refuse(format!("{daemon} the FARGATE launch type"));
    }
    if controller(members) != Controller::Ecs {
        return refuse(format!(
            "The {} deployment controller type is not supported for services using the DAEMON scheduling strategy.",
            members["deploymentController"]["type"].as_str().unwrap_or("")
        ));
    }
    Ok(())
}

fn check_deployment(members: &Map<String, Value>) -> Check {
    let configuration = &members["deploymentConfiguration"];
    let maximum = configuration["maximumPercent"].as_i64().unwrap_or(200);
    if maximum < configuration["minimumHealthyPercent"].as_i64().unwrap_or(0) || maximum == 0 {
        return refuse("maximumPercent must be above zero and no less than minimumHealthyPercent.");
    }
    if members["availabilityZoneRebalancing"] == "ENABLED" && maximum <= 100 {
        return refuse(
            "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.",
        );
    }
    if controller(members) == Controller::Ecs {
        let strategy = configuration["strategy"].as_str().unwrap_or("");
        if !["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"].contains(&strategy) {
            return refuse(format!("Invalid deployment strategy: {strategy}"));
        }
        return Ok(());
    }
    if configuration["strategy"].as_str().is_some_and(|strategy| strategy != "ROLLING") {
        return refuse("Deployment strategies other than ROLLING are only supported with ECS deployment controller.");
    }
    if configuration["deploymentCircuitBreaker"]["enable"] == true {
        return refuse(
            "Deployment circuit breaker feature is only supported with ECS deployment controller. Update to ECS \
             deployment controller and try again.",
        );
    }
    if configuration["alarms"]["enable"] == true {
        return refuse(
            "Alarm based rollback feature is only supported with ECS deployment controller. Update to ECS deployment \
             controller and try again.",
        );
    }
    if members.get("serviceConnectConfiguration").is_some_and(|connect| connect["enabled"] == true) {
        return refuse(
            "Service Connect feature is only supported with ECS (rolling update) deployment controller. Update to ECS \
             deployment controller and try again.",
        );
    }
    if !items(members, "vpcLatticeConfigurations").is_empty() {
        return refuse("VPC Lattice is only supported with ECS deployment controller.");
    }
    Ok(())
}

fn check_network(members: &Map<String, Value>, revision: Option<&Revision>) -> Check {
    let network = members.get("networkConfiguration");
    match revision {
        Some(revision) if revision.is_awsvpc() && network.is_none() => {
            return refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
        }
        Some(revision) if !revision.is_awsvpc() && network.is_some() => {
            return refuse("Network Configuration is not valid for the given networkMode of this task definition.");
        }
        _ => {}
    }
    let Some(vpc) = network.map(|network| &network["awsvpcConfiguration"]) else { return Ok(()) };
    let length = |name: &str| vpc[name].as_array().map_or(0, Vec::len);
    match (length("subnets"), length("securityGroups")) {
        (0, _) => refuse("subnets can not be empty."),
        (17.., _) => refuse("subnets can have at most 16 items."),
        (_, 6..) => refuse("securityGroups can have at most 5 items."),
        _ if vpc["assignPublicIp"] == "ENABLED" && !is_fargate(members) => {
            refuse("Assign public IP is not supported for this launch type.")
        }
        _ => Ok(()),
    }
}

fn check_load_balancers(members: &Map<String, Value>, revision: Option<&Revision>) -> Check {
    let balancers = items(members, "loadBalancers");
    if balancers.len() > 5 {
        return refuse("load balancers can have at most 5 items.");
    }
    if controller(members) == Controller::CodeDeploy && balancers.len() != 1 {
        return refuse("The CODE_DEPLOY deployment controller requires exactly one load balancer.");
    }
    for balancer in balancers {
        if !balancer["loadBalancerName"].is_null() && is_fargate(members) {
            return refuse("Classic Load Balancers are not supported with Fargate");
        }
        let (name, port) = (balancer["containerName"].as_str().unwrap_or(""), &balancer["containerPort"]);
        let Some(revision) = revision else { continue };
        let Some(container) = revision.containers().iter().find(|container| container["name"] == name) else {
            return refuse(format!("The container {name} does not exist in the task definition."));
        };
        let ports = container["portMappings"].as_array().into_iter().flatten();
        if !ports.into_iter().any(|mapping| mapping["containerPort"] == *port) {
            return refuse(format!("The container {name} did not have a container port {port} defined."));
        }
    }
    if items(members, "serviceRegistries").len() > 1 {
        return refuse("service registries can have at most 1 item.");
    }
    Ok(())
}

fn check_volumes(members: &Map<String, Value>, revision: Option<&Revision>) -> Check {
    let Some(revision) = revision else { return Ok(()) };
    let volumes = revision.member("volumes").as_array().map(Vec::as_slice).unwrap_or_default();
    let configurations = items(members, "volumeConfigurations");
    for configuration in configurations {
        if !volumes.iter().any(|volume| volume["name"] == configuration["name"]) {
            return refuse(format!(
                "The volume name '{}' in your request does not have a matching volume in your Task Definition",
                configuration["name"].as_str().unwrap_or("")
            ));
        }
    }
    if configurations.is_empty() && volumes.iter().any(|volume| volume["configuredAtLaunch"] == true) {
        return refuse("Task definition has configuredAtLaunch volume but no volume configuration provided at runtime");
    }
    Ok(())
}
