//! What "in line" means, on one page and apart from the planner.

use std::cmp::Ordering;

use evenkeel_core::plan::service::{Desired, Observed, TaskDefinition};
use serde_json::Value;

use crate::world::World;

/// Everything in which AWS is not as wanted.
pub(crate) fn differences(world: &mut World) -> Vec<String> {
    let desired = world.wanted_service(TaskDefinition::NotOurs);
    let observed = world.observe(&desired);
    let mut found = Vec::new();
    let service = observed.service.present().cloned().unwrap_or_default();
    if service["status"] != "ACTIVE" {
        return vec!["there is no live service".into()];
    }
    let deployment = service["deployments"].as_array().into_iter().flatten().find(|one| one["status"] == "PRIMARY");
    for (name, want) in
        desired.document.iter().filter(|(name, _)| !["desiredCount", "monitoring"].contains(&name.as_str()))
    {
        let resolved = want == "LATEST" && service["deploymentController"]["type"] == "CODE_DEPLOY";
        let have = service.get(name).or_else(|| deployment?.get(name));
        contains(Some(want).filter(|_| !resolved), have, name, &mut found);
    }
    if world.memory.kept_count.is_none() {
        // After scaling was removed the count of that moment stays.
        count(&desired, &observed, &mut found);
    }
    scaling(&desired, &observed, &mut found);
    for (key, value) in &desired.tags {
        let tag = serde_json::json!({"key": key, "value": value});
        found.extend((!list(&service["tags"]).contains(&tag)).then(|| format!("tag {key}")));
    }
    let wanted = world.wanted_definition();
    let live = world.revision(service["taskDefinition"].as_str().unwrap_or_default()).document;
    let mut wanted = wanted.document;
    for size in ["cpu", "memory"] {
        // Written with units; the tables of units have their own tests.
        wanted.as_object_mut().and_then(|members| members.remove(size));
    }
    contains(Some(&wanted), Some(&live), "taskDefinition", &mut found);
    found
}

fn count(desired: &Desired, observed: &Observed, found: &mut Vec<String>) {
    let live = observed.service.present().and_then(|service| service["desiredCount"].as_i64());
    let declared = desired.document.get("desiredCount").and_then(Value::as_i64);
    let fits = match observed.target.present() {
        // A target that somebody else made: the count is theirs.
        Some(_) if desired.scaling.is_none() => true,
        Some(target) => live >= target["MinCapacity"].as_i64() && live <= target["MaxCapacity"].as_i64(),
        None => declared.is_none() || declared == live,
    };
    found.extend((!fits).then(|| format!("count {declared:?} is {live:?}")));
}

fn scaling(desired: &Desired, observed: &Observed, found: &mut Vec<String>) {
    let Some(mut wanted) = desired.scaling.clone() else { return };
    let target = observed.target.present().cloned().unwrap_or_default();
    for (name, live) in [("Policies", &observed.policies), ("ScheduledActions", &observed.scheduled_actions)] {
        let live = live.present().cloned().unwrap_or_default();
        if name == "ScheduledActions" && !live.is_empty() {
            // They move the bounds at run time.
            wanted.retain(|name, _| name != "MinCapacity" && name != "MaxCapacity");
        }
        contains(wanted.remove(name).as_ref(), Some(&Value::Array(live)), name, found);
    }
    contains(Some(&Value::Object(wanted)), Some(&target), "scaling", found);
}

/// Whether all that is wanted is there; what else is there does not matter, except in lists.
fn contains(want: Option<&Value>, have: Option<&Value>, path: &str, found: &mut Vec<String>) {
    let agrees = match (want, have) {
        (None, _) => true,
        (Some(Value::Object(want)), Some(Value::Object(have))) => {
            for (name, value) in want {
                contains(Some(value), have.get(name), &format!("{path}.{name}"), found);
            }
            true
        }
        (Some(Value::Array(want)), Some(Value::Array(have))) => {
            let fits = |want: &Value, have: &Value| {
                let mut inside = Vec::new();
                contains(Some(want), Some(have), path, &mut inside);
                inside.is_empty()
            };
            let pairs = || want.iter().zip(have).all(|(want, have)| fits(want, have));
            let anyhow = || want.iter().all(|want| have.iter().any(|have| fits(want, have)));
            let ordered =
                ["command", "entryPoint", "placementStrategy", "loadBalancers", "environmentFiles", "dnsServers"];
            want.len() == have.len() && if ordered.iter().any(|name| path.ends_with(name)) { pairs() } else { anyhow() }
        }
        (Some(Value::Number(want)), Some(Value::Number(have))) => {
            want.as_f64().partial_cmp(&have.as_f64()) == Some(Ordering::Equal)
        }
        (Some(Value::String(want)), Some(Value::String(have))) if path.ends_with(".field") => {
            let field = |text: &str| text.to_lowercase().replace("instanceid", "host");
            field(want) == field(have)
        }
        (Some(Value::String(want)), Some(Value::String(have))) => {
            want == have || path.contains(".capabilities") && want.eq_ignore_ascii_case(have)
        }
        (Some(want), None) => is_nothing(want),
        (Some(want), Some(have)) => want == have,
    };
    if !agrees {
        found.push(format!("{path}: {} is {}", want.unwrap_or(&Value::Null), have.unwrap_or(&Value::Null)));
    }
}

/// What AWS does not show when it is so.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(text) => ["", "LATEST", "NONE", "DISABLED", "UTC"].contains(&text.as_str()),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What AWS keeps of everything that a manifest can take back: the same whatever was declared before.
pub(crate) fn footprint(world: &mut World) -> Value {
    let observed = world.live();
    let service = observed.service.present().cloned().unwrap_or_default();
    let primary =
        service["deployments"].as_array().into_iter().flatten().find(|one| one["status"] == "PRIMARY").cloned();
    let mut shown = serde_json::json!({
        "connect": primary.as_ref().is_some_and(|one| one["serviceConnectConfiguration"]["enabled"] == true),
        "lattice": primary.as_ref().map(|one| &one["vpcLatticeConfigurations"]).filter(|list| **list != serde_json::json!([])),
        "tags": service["tags"],
        "suspended": observed.target.present().map(|target| &target["SuspendedState"]),
    });
    for name in [
        "loadBalancers",
        "serviceRegistries",
        "placementConstraints",
        "placementStrategy",
        "enableExecuteCommand",
        "healthCheckGracePeriodSeconds",
        "propagateTags",
        "platformVersion",
        "capacityProviderStrategy",
        "launchType",
    ] {
        shown[name] = service[name].clone();
    }
    let configuration = &service["deploymentConfiguration"];
    for (part, switch) in
        [("deploymentCircuitBreaker", "enable"), ("alarms", "enable"), ("earlySuccessCriteria", "enable")]
    {
        shown[part] = (configuration[part][switch] == true).into();
    }
    let strip = |list: Option<&Vec<Value>>| -> Vec<Value> {
        let mut list = list.cloned().unwrap_or_default();
        for element in list.iter_mut().filter_map(Value::as_object_mut) {
            let made_by_aws = ["PolicyARN", "Alarms", "CreationTime", "ScheduledActionARN"];
            element
                .retain(|name, value| !(made_by_aws.contains(&name.as_str()) || name == "Timezone" && value == "UTC"));
        }
        list
    };
    shown["policies"] = strip(observed.policies.present()).into();
    shown["actions"] = strip(observed.scheduled_actions.present()).into();
    for name in ["policies", "placementConstraints", "lattice"] {
        sort(&mut shown[name]);
    }
    shown
}

/// Sorts a list and the lists inside it.
fn sort(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.iter_mut().for_each(sort);
            elements.sort_by_key(Value::to_string);
        }
        Value::Object(members) => members.values_mut().for_each(sort),
        _ => {}
    }
}
