//! What a status tells of rollouts: the one that is under way and what it waits for, and the last ten.

use serde_json::{Map, Value, json};

use crate::memory::{Memory, Rollout};
use crate::plan::service::Observed;
use crate::view::{Controller, ServiceView};

/// The rollout that the service shows: which deployment, how far it has come, and what it waits for.
pub fn rollout(observed: &Observed, memory: &Memory) -> Option<Value> {
    let service = ServiceView(observed.service.present()?);
    let mut told = match service.controller() {
        Controller::Ecs => by_ecs(service, observed)?,
        _ => by_task_sets(service, observed, memory)?,
    };
    let mine = memory.rollout.as_ref().filter(|rollout| told["deployment"].as_str() == rollout.deployment.as_deref());
    if let Some(rollout) = mine {
        told["startedAt"] = json!(rollout.at);
        tell_commit(rollout, &mut told);
    }
    Some(told)
}

fn by_ecs(service: ServiceView<'_>, observed: &Observed) -> Option<Value> {
    let primary = service.primary()?;
    let mut told = json!({
        "deployment": primary.id(),
        "taskDefinition": primary.task_definition(),
        "state": primary.rollout_state(),
        "reason": primary.rollout_reason(),
        "failedTasks": primary.failed_tasks(),
        "deployments": service.deployments().count(),
    });
    let Some(deployment) = observed.deployment.present().filter(|_| !service.is_settled()) else { return Some(told) };
    let text = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_str);
    for (name, pointer) in [
        ("serviceDeployment", "/serviceDeploymentArn"),
        ("status", "/status"),
        ("stage", "/lifecycleStage"),
        ("statusReason", "/statusReason"),
    ] {
        if let Some(value) = text(pointer) {
            told[name] = json!(value);
        }
    }
    if let Some(breaker) = deployment.get("deploymentCircuitBreaker").filter(|breaker| breaker.is_object()) {
        told["circuitBreaker"] = breaker.clone();
    }
    if let Some(waits) = waits_for(deployment) {
        told["waitsFor"] = json!(waits);
    }
    Some(told)
}

/// What a service deployment waits for: a hook that has not answered, or a pause that somebody has to end.
fn waits_for(deployment: &Value) -> Option<String> {
    let hooks = deployment.get("lifecycleHookDetails").and_then(Value::as_array).into_iter().flatten();
    let open = |hook: &&Value| matches!(hook["status"].as_str(), Some("AWAITING_ACTION" | "IN_PROGRESS"));
    let hook = hooks.into_iter().find(open);
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    if let Some(hook) = hook {
        let id = text(hook, "hookId");
        return Some(match hook["targetType"].as_str() {
            Some("PAUSE") => format!(
                "a pause: `aws ecs continue-service-deployment --service-deployment-arn {} --hook-id {id}` ends it",
                text(deployment, "serviceDeploymentArn")
            ),
            _ => format!("the hook {}", text(hook, "targetArn")),
        });
    }
    (deployment["lifecycleStage"] == "BAKE_TIME").then(|| "the bake time".to_owned())
}

fn by_task_sets(service: ServiceView<'_>, observed: &Observed, memory: &Memory) -> Option<Value> {
    // While a replacement takes over it is told of, from then on as the only one.
    let rollout = memory.rollout.as_ref().filter(|rollout| rollout.is_open());
    let followed = rollout.and_then(|rollout| rollout.deployment.as_deref());
    let ours = followed.and_then(|id| service.task_sets().find(|set| set["externalId"] == id));
    let replacement = service.task_sets().find(|set| set["status"] != "PRIMARY" && set["status"] != "DRAINING");
    let set = ours.or(replacement).or(service.primary_task_set())?;
    let sets = service.task_sets().count();
    let mut told = json!({
        "deployment": set["externalId"],
        "taskDefinition": set["taskDefinition"],
        "state": if sets == 1 { set["stabilityStatus"].clone() } else { json!("IN_PROGRESS") },
        "taskSets": sets,
    });
    // What is read only while something is under way is told only then, so that a status comes to rest.
    let Some(seen) = observed.code_deploy.present().filter(|_| !service.is_settled()) else { return Some(told) };
    let id = set["externalId"].as_str().unwrap_or_default();
    if let Some(deployment) = seen.deployment(id) {
        told["status"] = deployment["status"].clone();
        if let Some(message) = deployment.pointer("/errorInformation/message").filter(|text| text.is_string()) {
            told["reason"] = message.clone();
        }
        if deployment["status"] == "Ready" {
            told["waitsFor"] = json!(format!(
                "somebody's word: `aws deploy continue-deployment --deployment-id {id} --deployment-wait-type READY_WAIT`"
            ));
        }
    }
    if sets > 1 && set["status"] == "PRIMARY" {
        told["waitsFor"] = json!("the termination wait: the tasks before are kept until it is over");
    }
    let events = seen.target.get("lifecycleEvents").and_then(Value::as_array);
    let running = events.into_iter().flatten().find(|event| event["status"] == "InProgress");
    if let Some(event) = running {
        told["stage"] = event["lifecycleEventName"].clone();
    }
    let shifted = seen.target.get("taskSetsInfo").and_then(Value::as_array);
    let weights: Map<String, Value> = shifted
        .into_iter()
        .flatten()
        .filter_map(|set| {
            Some((set.pointer("/targetGroup/name")?.as_str()?.to_owned(), set.get("trafficWeight")?.clone()))
        })
        .collect();
    if !weights.is_empty() {
        told["traffic"] = Value::Object(weights);
    }
    Some(told)
}

/// The last rollouts, newest first.
pub fn history(memory: &Memory) -> Vec<Value> {
    let rollouts = memory.history.iter().chain(&memory.rollout).rev();
    rollouts.map(entry).collect()
}

fn tell_commit(rollout: &Rollout, told: &mut Value) {
    let Some(commit) = &rollout.commit else { return };
    told["commit"] = json!(commit.revision);
    for (name, value) in [("author", &commit.author), ("message", &commit.message)] {
        if let Some(value) = value {
            told[name] = json!(value);
        }
    }
}

fn entry(rollout: &Rollout) -> Value {
    let mut told = json!({
        "number": rollout.number,
        "taskDefinition": rollout.task_definition,
        "startedAt": rollout.at,
        "outcome": rollout.end.as_ref().map_or(json!("InProgress"), |end| json!(end.outcome)),
    });
    tell_commit(rollout, &mut told);
    if let Some(images) = rollout.images.as_ref().filter(|images| !images.is_empty()) {
        told["images"] = json!(images);
    }
    if let Some(id) = &rollout.deployment {
        told["deployment"] = json!(id);
    }
    if let Some(end) = &rollout.end {
        told["endedAt"] = json!(end.at);
        if !end.reason.is_empty() {
            told["reason"] = json!(end.reason);
        }
    }
    told
}
