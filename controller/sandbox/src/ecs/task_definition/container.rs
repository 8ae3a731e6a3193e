//! What RegisterTaskDefinition refuses in container definitions.

use super::check::{Task, has_container, is_name, list, refuse};
use crate::{
    error::ApiError,
    input::{Type, check_types},
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const TYPES: &[(Type, &[&str])] = &[
    (Type::String, &["name", "image", "hostname", "user", "workingDirectory", "versionConsistency"]),
    (Type::Integer, &["cpu", "memory", "memoryReservation", "startTimeout", "stopTimeout"]),
    (
        Type::Boolean,
        &["essential", "disableNetworking", "privileged", "readonlyRootFilesystem", "interactive", "pseudoTerminal"],
    ),
    (
        Type::List,
        &[
            "links",
            "portMappings",
            "entryPoint",
            "command",
            "environment",
            "environmentFiles",
            "mountPoints",
            "volumesFrom",
            "secrets",
            "dependsOn",
            "dnsServers",
            "dnsSearchDomains",
            "extraHosts",
            "dockerSecurityOptions",
            "ulimits",
            "systemControls",
            "resourceRequirements",
            "credentialSpecs",
        ],
    ),
    (
        Type::Structure,
        &[
            "repositoryCredentials",
            "restartPolicy",
            "linuxParameters",
            "dockerLabels",
            "logConfiguration",
            "healthCheck",
            "firelensConfiguration",
        ],
    ),
];

pub(super) fn check_all(task: &Task<'_>) -> Result<(), ApiError> {
    let containers = list(task.document, "containerDefinitions");
    if containers.is_empty() {
        return refuse("Container list cannot be empty.");
    }
    if containers.len() > 10 {
        return refuse("Too many containers: a task definition can have 10.");
    }
    let mut names = BTreeSet::new();
    for container in containers {
        let Some(container) = container.as_object() else {
            return Err(ApiError::serialization("containerDefinitions has an element that is no structure"));
        };
        check_types(container, TYPES)?;
        let name = container.get("name").and_then(Value::as_str).unwrap_or("");
        if !is_name(name) || name.len() > 255 {
            return refuse("Container.name contains invalid characters.");
        }
        if !names.insert(name) {
            return refuse(format!("Container name '{name}' is not unique in the task definition."));
        }
        check(task, container, name)?;
    }
    match containers.iter().any(|container| container["essential"] != false) {
        true => Ok(()),
        false => refuse("At least one container must be essential."),
    }
}

fn check(task: &Task<'_>, container: &Map<String, Value>, name: &str) -> Result<(), ApiError> {
    if container.get("image").and_then(Value::as_str).is_none_or(str::is_empty) {
        return refuse("Container.image should not be null or empty.");
    }
    let int = |member: &str| container.get(member).and_then(Value::as_i64);
    if int("memory").zip(task.memory).is_some_and(|(own, whole)| own > whole) {
        return refuse(format!("The 'memory' setting for container '{name}' is greater than for the task"));
    }
    if task.memory.is_none() && int("memory").is_none() && int("memoryReservation").is_none() {
        return refuse(format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
        ));
    }
    let role = task.document.contains_key("executionRoleArn");
    if !list(container, "secrets").is_empty() && !role {
        return refuse(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'",
        );
    }
    check_ports(task, container)?;
    check_logging(task, container, role)?;
    check_dependencies(task, container)?;
    check_references(task, container)?;
    if task.awsvpc {
        check_awsvpc(container)?;
    }
    if task.fargate {
        check_fargate(container)?;
    }
    Ok(())
}

fn check_ports(task: &Task<'_>, container: &Map<String, Value>) -> Result<(), ApiError> {
    for port in list(container, "portMappings") {
        let (own, host) = (port["containerPort"].as_i64(), port["hostPort"].as_i64());
        if own.is_some() && !port["containerPortRange"].is_null() {
            return refuse("cannot specify both single port and port range");
        }
        if own.is_some_and(|port| !(0..=65_535).contains(&port)) {
            return refuse("Invalid containerPort: ports are between 0 and 65535.");
        }
        if task.awsvpc && host.is_some_and(|host| Some(host) != own) {
            return refuse("When networkMode=awsvpc, the host ports and container ports in port mappings must match.");
        }
    }
    Ok(())
}

fn check_logging(task: &Task<'_>, container: &Map<String, Value>, role: bool) -> Result<(), ApiError> {
    let Some(log) = container.get("logConfiguration") else { return Ok(()) };
    let driver = log["logDriver"].as_str().unwrap_or("");
    if driver == "awslogs" && log["options"]["awslogs-group"].is_null() {
        return refuse("Log driver awslogs requires options: awslogs-group");
    }
    if task.fargate && driver == "awslogs" && !role {
        return refuse("Fargate requires task definition to have execution role ARN to support log driver awslogs.");
    }
    if task.fargate && !["awslogs", "splunk", "awsfirelens"].contains(&driver) {
        return refuse(format!("Fargate does not support log driver {driver}."));
    }
    Ok(())
}

fn check_dependencies(task: &Task<'_>, container: &Map<String, Value>) -> Result<(), ApiError> {
    for dependency in list(container, "dependsOn") {
        let target = list(task.document, "containerDefinitions")
            .iter()
            .find(|other| other["name"] == dependency["containerName"]);
        let Some(target) = target else {
            return refuse(format!("Container dependency {} does not exist", dependency["containerName"]));
        };
        match dependency["condition"].as_str() {
            Some("SUCCESS" | "COMPLETE") if target["essential"] != false => {
                return refuse(
                    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
                );
            }
            Some("HEALTHY") if target["healthCheck"].is_null() => {
                return refuse("A dependency container with HEALTHY condition must have health check configured");
            }
            Some("SUCCESS" | "COMPLETE" | "HEALTHY" | "START") => {}
            other => return refuse(format!("Invalid container dependency condition: {}", other.unwrap_or("none"))),
        }
    }
    Ok(())
}

fn check_references(task: &Task<'_>, container: &Map<String, Value>) -> Result<(), ApiError> {
    let volumes = list(task.document, "volumes");
    for mount in list(container, "mountPoints") {
        let name = &mount["sourceVolume"];
        if !name.is_null() && !volumes.iter().any(|volume| volume["name"] == *name) {
            return refuse(format!("Unknown volume {name}."));
        }
    }
    for source in list(container, "volumesFrom") {
        let name = source["sourceContainer"].as_str().unwrap_or("");
        if !has_container(task.document, name) {
            return refuse(format!("Unknown volume container '{name}'."));
        }
    }
    Ok(())
}

fn check_awsvpc(container: &Map<String, Value>) -> Result<(), ApiError> {
    if !list(container, "links").is_empty() {
        return refuse("Links are not supported when networkMode=awsvpc");
    }
    if container.get("disableNetworking").is_some_and(|value| value == true) {
        return refuse("Disable Networking is not supported on container when networkMode=awsvpc");
    }
    if !list(container, "dnsServers").is_empty() || !list(container, "dnsSearchDomains").is_empty() {
        return refuse("DNS servers are not supported on container when networkMode=awsvpc");
    }
    if container.contains_key("hostname") {
        return refuse("Hostname is not supported on container when networkMode=awsvpc");
    }
    if !list(container, "extraHosts").is_empty() {
        return refuse("Extra hosts are not supported on container when networkMode=awsvpc");
    }
    Ok(())
}

fn check_fargate(container: &Map<String, Value>) -> Result<(), ApiError> {
    if container.get("privileged").is_some_and(|value| value == true) {
        return refuse("Fargate requires that the 'privileged' setting be 'false'");
    }
    if !list(container, "dockerSecurityOptions").is_empty() {
        return refuse("Fargate compatible task definitions do not support dockerSecurityOptions");
    }
    let added = container.get("linuxParameters").map(|linux| &linux["capabilities"]["add"]).and_then(Value::as_array);
    if let Some(other) = added.into_iter().flatten().filter_map(Value::as_str).find(|name| *name != "SYS_PTRACE") {
        return refuse(format!("{other} is not allowed on Fargate."));
    }
    if list(container, "resourceRequirements").iter().any(|requirement| requirement["type"] == "GPU") {
        return refuse("Tasks using the Fargate launch type do not support GPU resource requirements");
    }
    if container.get("stopTimeout").and_then(Value::as_i64).is_some_and(|seconds| seconds > 120) {
        return refuse(
            "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
        );
    }
    Ok(())
}
