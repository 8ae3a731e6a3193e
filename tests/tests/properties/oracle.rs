//! What "in line" means, on one page and apart from the planner.

use std::cmp::Ordering;

use evenkeel_core::plan::service::{Desired, Observed, TaskDefinition};
use serde_json::{Map, Value};

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
    for (name, want) in desired.document.iter().filter(|(name, _)| !["desiredCount", "monitoring"].contains(&name.as_str())) {
        let resolved = want == "LATEST" && desired.document["deploymentController"]["type"] == "CODE_DEPLOY";
        let have = service.get(name).or_else(|| deployment?.get(name));
        contains(Some(want).filter(|_| !resolved), have, name, &mut found);
    }
    count_and_scaling(&desired, &observed, &mut found);
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

fn count_and_scaling(desired: &Desired, observed: &Observed, found: &mut Vec<String>) {
    let live = observed.service.present().and_then(|service| service["desiredCount"].as_i64()).unwrap_or(-1);
    let target = observed.target.present().cloned().unwrap_or_default();
    let Some(scaling) = &desired.scaling else {
        let declared = desired.document.get("desiredCount").and_then(Value::as_i64);
        found.extend(declared.filter(|count| *count != live && target.is_null()).map(|count| format!("count {count} is {live}")));
        return;
    };
    let number = |document: &Value, bound: &str| document[bound].as_i64().unwrap_or(-1);
    let actions = observed.scheduled_actions.present().cloned().unwrap_or_default();
    let mut bounds: Map<String, Value> = scaling.clone();
    if !actions.is_empty() {
        // Scheduled actions move them at run time.
        bounds.retain(|name, _| name != "MinCapacity" && name != "MaxCapacity");
    }
    bounds.retain(|name, _| name != "Policies" && name != "ScheduledActions");
    contains(Some(&Value::Object(bounds)), Some(&target), "scaling", found);
    let stopped = desired.document.get("desiredCount") == Some(&0.into()) && live == 0;
    if !stopped && !(number(&target, "MinCapacity")..=number(&target, "MaxCapacity")).contains(&live) {
        found.push(format!("count {live} is out of range"));
    }
    let live = [("Policies", observed.policies.present().cloned().unwrap_or_default()), ("ScheduledActions", actions)];
    for (name, live) in live {
        contains(scaling.get(name), Some(&Value::Array(live)), name, found);
    }
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
            let ordered = ["command", "entryPoint", "placementStrategy", "loadBalancers", "environmentFiles", "dnsServers"];
            want.len() == have.len() && if ordered.iter().any(|name| path.ends_with(name)) { pairs() } else { anyhow() }
        }
        (Some(Value::Number(want)), Some(Value::Number(have))) => {
            want.as_f64().partial_cmp(&have.as_f64()) == Some(Ordering::Equal)
        }
        (Some(Value::String(want)), Some(Value::String(have))) if path.ends_with(".field") => {
            let field = |text: &str| text.to_lowercase().replace("instanceid", "host");
            field(want) == field(have)
        }
        (Some(Value::String(want)), Some(Value::String(have))) => want == have || path.contains(".capabilities") && want.eq_ignore_ascii_case(have),
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
