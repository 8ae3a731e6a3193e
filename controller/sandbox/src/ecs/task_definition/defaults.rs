//! What a described definition has that the registered one had not: filled-in values, empty lists, another order.

use super::fargate::{cpu_units, is_pair, memory_mib};
use crate::ids::Ids;
use serde_json::{Map, Value, json};

/// Turns a checked definition into its described form. `order` decides where AWS keeps no order.
pub(super) fn fill(document: &mut Map<String, Value>, order: &mut Ids) {
    for (name, read) in [("cpu", cpu_units as fn(&str) -> Option<i64>), ("memory", memory_mib)] {
        if let Some(units) = document.get(name).and_then(Value::as_str).and_then(read) {
            document.insert(name.to_owned(), Value::from(units.to_string()));
        }
    }
    for name in ["volumes", "placementConstraints"] {
        default(document, name, json!([]));
    }
    for volume in list_mut(document, "volumes").iter_mut().filter_map(Value::as_object_mut) {
        if !volume.keys().any(|key| key != "name" && key != "host") {
            default(volume, "host", json!({}));
        }
    }
    if let Some(proxy) = document.get_mut("proxyConfiguration").and_then(Value::as_object_mut) {
        default(proxy, "type", json!("APPMESH"));
    }
    let awsvpc = document.get("networkMode").is_some_and(|mode| mode == "awsvpc");
    for container in list_mut(document, "containerDefinitions").iter_mut().filter_map(Value::as_object_mut) {
        fill_container(container, awsvpc, order);
    }
    for name in ["containerDefinitions", "requiresCompatibilities"] {
        order.shuffle(list_mut(document, name));
    }
    let compatibilities = compatibilities(document);
    document.insert("compatibilities".to_owned(), json!(compatibilities));
    document.insert("requiresAttributes".to_owned(), required_attributes(document));
}

fn fill_container(container: &mut Map<String, Value>, awsvpc: bool, order: &mut Ids) {
    container.retain(|_, value| !value.is_null());
    default(container, "cpu", json!(0));
    default(container, "essential", json!(true));
    for name in ["environment", "portMappings", "mountPoints", "volumesFrom", "systemControls"] {
        default(container, name, json!([]));
    }
    for port in list_mut(container, "portMappings").iter_mut().filter_map(Value::as_object_mut) {
        default(port, "protocol", json!("tcp"));
        if let Some(number) = port.get("containerPort").cloned() {
            default(port, "hostPort", if awsvpc { number } else { json!(0) });
        }
    }
    if let Some(check) = container.get_mut("healthCheck").and_then(Value::as_object_mut) {
        for (name, value) in [("interval", 30), ("timeout", 5), ("retries", 3)] {
            default(check, name, json!(value));
        }
    }
    if let Some(log) = container.get_mut("logConfiguration").and_then(Value::as_object_mut) {
        default(log, "options", json!({}));
        default(log, "secretOptions", json!([]));
    }
    if let Some(linux) = container.get_mut("linuxParameters").and_then(Value::as_object_mut) {
        default(linux, "devices", json!([]));
        default(linux, "tmpfs", json!([]));
        if let Some(capabilities) = linux.get_mut("capabilities").and_then(Value::as_object_mut) {
            default(capabilities, "add", json!([]));
            default(capabilities, "drop", json!([]));
        }
    }
    for name in ["environment", "portMappings", "volumesFrom"] {
        order.shuffle(list_mut(container, name));
    }
    list_mut(container, "links").sort_by(|a, b| a.as_str().cmp(&b.as_str()));
}

/// Where the definition could run. With FARGATE required it had to pass the checks already; without, the sandbox looks
/// at what Fargate needs first: network mode and a size that exists.
fn compatibilities(document: &Map<String, Value>) -> Vec<&'static str> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let size = text("cpu").and_then(cpu_units).zip(text("memory").and_then(memory_mib));
    let awsvpc = text("networkMode") == Some("awsvpc");
    let mut list = vec!["EC2"];
    if awsvpc && size.is_some_and(|(cpu, memory)| is_pair(cpu, memory, false)) {
        list.push("FARGATE");
    }
    if !awsvpc {
        list.insert(0, "EXTERNAL");
    }
    list
}

fn required_attributes(document: &Map<String, Value>) -> Value {
    let containers = document["containerDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names = vec!["com.amazonaws.ecs.capability.docker-remote-api.1.18".to_owned()];
    for driver in containers.iter().filter_map(|container| container["logConfiguration"]["logDriver"].as_str()) {
        names.push(format!("com.amazonaws.ecs.capability.logging-driver.{driver}"));
        if driver == "awslogs" && document.contains_key("executionRoleArn") {
            names.push("ecs.capability.execution-role-awslogs".to_owned());
        }
    }
    if containers.iter().any(|container| container["secrets"].as_array().is_some_and(|list| !list.is_empty())) {
        names.push("ecs.capability.secrets.ssm.environment-variables".to_owned());
    }
    if document.contains_key("taskRoleArn") {
        names.push("com.amazonaws.ecs.capability.task-iam-role".to_owned());
    }
    if document.get("networkMode").is_some_and(|mode| mode == "awsvpc") {
        names.push("ecs.capability.task-eni".to_owned());
    }
    names.sort();
    names.dedup();
    names.into_iter().map(|name| json!({"name": name})).collect()
}

fn default(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.entry(name).or_insert(value);
}

fn list_mut<'a>(object: &'a mut Map<String, Value>, name: &str) -> &'a mut [Value] {
    object.get_mut(name).and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default()
}
