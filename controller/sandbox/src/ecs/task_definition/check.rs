//! What RegisterTaskDefinition refuses at the task level, with AWS's texts where they are known.

use super::{
    container,
    fargate::{cpu_units, is_pair, memory_mib},
};
use crate::error::ApiError;
use serde_json::{Map, Value};

/// What the checks of containers need to know about the task.
pub(super) struct Task<'a> {
    pub(super) document: &'a Map<String, Value>,
    pub(super) fargate: bool,
    pub(super) awsvpc: bool,
    pub(super) memory: Option<i64>,
}

/// Refuses with a `ClientException` what AWS refuses.
pub(super) fn check(document: &Map<String, Value>) -> Result<(), ApiError> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let family = text("family").unwrap_or("");
    if family.len() > 255 || !is_name(family) {
        return refuse("Family should not be longer than 255 characters and contain only letters, digits, - and _.");
    }
    if document.contains_key("inferenceAccelerators") {
        return refuse("Unsupported field 'inferenceAccelerators'");
    }
    if let Some(mode) = text("networkMode").filter(|mode| !["bridge", "host", "awsvpc", "none"].contains(mode)) {
        return refuse(format!("Invalid network mode: {mode}"));
    }
    let size = |name: &str, read: fn(&str) -> Option<i64>| match text(name) {
        None => Ok(None),
        Some(given) => {
            read(given).map(Some).ok_or_else(|| ApiError::client(format!("Invalid '{name}' setting for task.")))
        }
    };
    let (cpu, memory) = (size("cpu", cpu_units)?, size("memory", memory_mib)?);
    let required = list(document, "requiresCompatibilities");
    let known = |name: &Value| ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"].iter().any(|known| name == known);
    if let Some(other) = required.iter().find(|name| !known(name)) {
        return refuse(format!("Invalid value in requiresCompatibilities: {other}"));
    }
    let task = Task {
        document,
        fargate: required.iter().any(|name| name == "FARGATE"),
        awsvpc: text("networkMode") == Some("awsvpc"),
        memory,
    };
    if task.fargate {
        check_fargate(document, cpu, memory)?;
    }
    if let Some(size) = document.get("ephemeralStorage").and_then(|storage| storage["sizeInGiB"].as_i64()) {
        if size < 21 {
            return refuse("EphemeralStorage size should be at least 21");
        }
        if size > 200 {
            return refuse("EphemeralStorage size should be at most 200");
        }
    }
    if list(document, "volumes").iter().filter(|volume| volume["configuredAtLaunch"] == true).count() > 1 {
        return refuse("Only one volume with configuredAtLaunch is allowed in a task definition.");
    }
    let proxy = document.get("proxyConfiguration").and_then(|proxy| proxy["containerName"].as_str());
    if let Some(name) = proxy.filter(|name| !has_container(document, name)) {
        return refuse(format!("Proxy container [{name}] does not exist"));
    }
    container::check_all(&task)
}

fn check_fargate(document: &Map<String, Value>, cpu: Option<i64>, memory: Option<i64>) -> Result<(), ApiError> {
    if document.get("networkMode").is_none_or(|mode| mode != "awsvpc") {
        return refuse("Fargate only supports network mode 'awsvpc'.");
    }
    let Some(cpu) = cpu else { return refuse("Fargate requires that 'cpu' be defined at the task level.") };
    let Some(memory) = memory else { return refuse("Fargate requires that 'memory' be defined at the task level.") };
    let system = document.get("runtimePlatform").and_then(|platform| platform["operatingSystemFamily"].as_str());
    if !is_pair(cpu, memory, system.is_some_and(|system| system.starts_with("WINDOWS"))) {
        return refuse(format!("No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."));
    }
    if document.contains_key("ipcMode") {
        return refuse("Fargate compatible task definitions do not support ipcMode");
    }
    if !list(document, "placementConstraints").is_empty() {
        return refuse("Fargate compatible task definitions do not support placementConstraints");
    }
    for volume in list(document, "volumes") {
        if !volume["dockerVolumeConfiguration"].is_null() {
            return refuse("Fargate compatible task definitions do not support dockerVolumeConfiguration");
        }
        if !volume["host"]["sourcePath"].is_null() {
            return refuse("Fargate compatible task definitions do not support sourcePath");
        }
    }
    Ok(())
}

pub(super) fn list<'a>(object: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn has_container(document: &Map<String, Value>, name: &str) -> bool {
    list(document, "containerDefinitions").iter().any(|container| container["name"] == name)
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

pub(super) fn refuse(message: impl Into<String>) -> Result<(), ApiError> {
    Err(ApiError::client(message))
}
