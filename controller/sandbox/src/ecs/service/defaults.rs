//! What AWS fills into services: defaults of members that were left out, and the described form of those given.

use super::{Controller, controller, is_fargate};
use crate::ecs::cluster::strategy_with_defaults;
use serde_json::{Map, Value, json};

/// Brings given members into the form in which they are described (API reference, the structures' default values).
pub(super) fn normalise(given: &mut Map<String, Value>) {
    if let Some(vpc) = given.get_mut("networkConfiguration").and_then(|network| network.get_mut("awsvpcConfiguration"))
    {
        default(vpc, "assignPublicIp", json!("DISABLED"));
        default(vpc, "securityGroups", json!([]));
    }
    if let Some(strategy) = given.get_mut("capacityProviderStrategy") {
        *strategy = strategy_with_defaults(strategy);
    }
    for placement in elements(given, "placementStrategy") {
        let field = placement["field"].as_str().map(str::to_ascii_lowercase);
        match field.as_deref() {
            Some("memory") => placement["field"] = json!("MEMORY"),
            Some("cpu") => placement["field"] = json!("CPU"),
            Some("host" | "instanceid") => placement["field"] = json!("instanceId"),
            _ => {}
        }
    }
    if let Some(connect) = given.get_mut("serviceConnectConfiguration") {
        let namespace = connect["namespace"].as_str().unwrap_or("local").to_owned();
        for service in connect["services"].as_array_mut().into_iter().flatten() {
            let port = service["portName"].clone();
            default(service, "discoveryName", port.clone());
            for alias in service["clientAliases"].as_array_mut().into_iter().flatten() {
                default(alias, "dnsName", json!(format!("{}.{namespace}", port.as_str().unwrap_or(""))));
            }
        }
    }
    for volume in elements(given, "volumeConfigurations") {
        if let Some(disk) = volume.get_mut("managedEBSVolume") {
            default(disk, "filesystemType", json!("xfs"));
            default(disk, "encrypted", json!(true));
        }
    }
}

/// Fills in what a new service gets when the request leaves it out.
pub(super) fn fill(members: &mut Map<String, Value>) {
    let daemon = members.get("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON");
    let kind = controller(members);
    for (name, value) in [
        ("schedulingStrategy", json!("REPLICA")),
        ("deploymentController", json!({"type": "ECS"})),
        ("loadBalancers", json!([])),
        ("serviceRegistries", json!([])),
        ("placementConstraints", json!([])),
        ("placementStrategy", json!([])),
        ("healthCheckGracePeriodSeconds", json!(0)),
        ("enableECSManagedTags", json!(false)),
        ("enableExecuteCommand", json!(false)),
        ("propagateTags", json!("NONE")),
        ("deploymentConfiguration", json!({})),
    ] {
        members.entry(name).or_insert(value);
    }
    if !members.contains_key("capacityProviderStrategy") && kind != Controller::External {
        members.entry("launchType").or_insert(json!("EC2"));
    }
    if is_fargate(members) {
        // With the ECS controller the service echoes LATEST; with CODE_DEPLOY it was seen resolved at once.
        let version = if kind == Controller::CodeDeploy { "1.4.0" } else { "LATEST" };
        members.entry("platformVersion").or_insert(json!(version));
        if kind == Controller::CodeDeploy && members["platformVersion"] == "LATEST" {
            members.insert("platformVersion".to_owned(), json!(version));
        }
    }
    let (maximum, minimum) = if daemon { (100, 0) } else { (200, 100) };
    let configuration = &mut members["deploymentConfiguration"];
    default(configuration, "maximumPercent", json!(maximum));
    default(configuration, "minimumHealthyPercent", json!(minimum));
    if kind == Controller::Ecs {
        default(configuration, "strategy", json!("ROLLING"));
        default(configuration, "bakeTimeInMinutes", json!(0));
        default(configuration, "deploymentCircuitBreaker", json!({}));
        let breaker = &mut configuration["deploymentCircuitBreaker"];
        default(breaker, "enable", json!(false));
        default(breaker, "rollback", json!(false));
        default(breaker, "resetOnHealthyTask", json!(true));
        default(breaker, "thresholdConfiguration", json!({"type": "BOUNDED_PERCENT", "value": 50}));
    }
    let rebalances = rebalancing_fits(members);
    members.entry("availabilityZoneRebalancing").or_insert(json!(if rebalances { "ENABLED" } else { "DISABLED" }));
}

/// Whether Availability Zone rebalancing could be on: a replica service of the ECS controller that spreads over zones
/// first, if it has a placement strategy, and may run more than its desired count; no Classic Load Balancer.
fn rebalancing_fits(members: &Map<String, Value>) -> bool {
    let spreads = match &members["placementStrategy"][0] {
        Value::Null => true,
        first => first["type"] == "spread" && first["field"] == "attribute:ecs.availability-zone",
    };
    controller(members) == Controller::Ecs
        && members["schedulingStrategy"] == "REPLICA"
        && members["deploymentConfiguration"]["maximumPercent"].as_i64() > Some(100)
        && spreads
        && !super::items(members, "loadBalancers").iter().any(|balancer| !balancer["loadBalancerName"].is_null())
}

/// Lays a given deploymentConfiguration over the present one: members that it leaves out stay, inside the circuit
/// breaker as well. (AWS documents neither merge nor replacement; merging is what was seen.)
pub(super) fn merge_deployment_configuration(present: &Value, given: &Value) -> Value {
    let mut merged = present.clone();
    for (name, value) in given.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::Object(inner) if name == "deploymentCircuitBreaker" && merged[name].is_object() => {
                for (name_inside, value) in inner {
                    merged[name][name_inside] = value.clone();
                }
            }
            _ => merged[name] = value.clone(),
        }
    }
    merged
}

fn default(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.entry(name).or_insert(value);
    }
}

fn elements<'a>(members: &'a mut Map<String, Value>, name: &str) -> impl Iterator<Item = &'a mut Value> {
    members.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().filter(|element| element.is_object())
}
