//! Creating a service that does not exist.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::code_deploy::target_group_name;
use super::{Desired, Observation, Observed, Plan, TaskDefinition, Waiting, rollout, scaling};
use crate::diff::Drift;
use crate::memory::{CREATION_SETTLE, Intent, Memory};
use crate::operation::{Action, Operation};
use crate::plan::Ask;
use crate::reason::Reason;
use crate::view::{Controller, tag_list};

/// Plans the creation: service, target, policies and scheduled actions in one go, since none needs a value that only
/// the one before makes known.
pub(super) fn plan(desired: &Desired, observed: &Observed, mut memory: Memory, now: Timestamp) -> Plan {
    if let Some(created) = memory.created_at.filter(|_| !is_ours(observed, &memory)) {
        let age = now.duration_since(created);
        if age < CREATION_SETTLE {
            // Right after a creation MISSING means "not visible yet": creating again would make a second one.
            let waiting = Waiting::new(Reason::AwaitingWrite, "the service was created and is not visible yet");
            return Plan::waiting(&memory, waiting.retry_in(SignedDuration::from_secs(5)));
        }
    }
    if memory.created_at.is_some() || memory.owned.is_some() {
        // It was there and is gone: nothing that was said of the old one holds for the new one.
        memory.close_rollout(now);
        memory = Memory {
            creations: memory.creations,
            handled_retry: memory.handled_retry.take(),
            target_groups: memory.target_groups.take(),
            history: std::mem::take(&mut memory.history),
            ..Memory::default()
        };
    }
    let document = Value::Object(desired.document.clone());
    let mut plan = Plan { memory, ..Plan::default() };
    plan.drift.push(missing(desired));
    let target_group = match Controller::of(&document) {
        Controller::CodeDeploy => production(desired, observed, &mut plan),
        _ => None,
    };
    plan.waiting.extend(desired.blocked.iter().cloned());
    let revision = match &desired.task_definition {
        TaskDefinition::Content { arn, .. } => Some(arn.clone()),
        TaskDefinition::Revision(reference) => Some(reference.clone()),
        TaskDefinition::Pending(why) => {
            plan.waiting.push(Waiting::new(Reason::TaskDefinitionNotReady, why.clone()));
            None
        }
        TaskDefinition::NotOurs => {
            if Controller::of(&document) != Controller::External {
                let message = "the service does not exist and its manifest names no task definition to create it with: \
                               create it with a first revision, or give spec.taskDefinition";
                plan.waiting.push(Waiting::new(Reason::TaskDefinitionNotReady, message));
            }
            None
        }
    };
    if !plan.waiting.is_empty() {
        return plan;
    }
    let content = rollout::content(desired, &desired.document);
    let token = client_token(desired, &content, plan.memory.creations);
    let mut body = body(desired, observed, revision, token);
    if let Some(arn) = target_group {
        body["loadBalancers"][0]["targetGroupArn"] = arn.into();
    }
    plan.memory.intent = Some(Intent {
        operation: Operation::CreateService,
        content,
        generation: desired.generation,
        at: now,
        commit: None,
    });
    plan.acting.push("/service".into());
    let reason = "the service does not exist".to_owned();
    plan.actions.push(Action { operation: Operation::CreateService, body, reason });
    let scaling = scaling::compare(
        desired,
        &Observed { service: observed.service.clone(), ..observed.clone() },
        &plan.memory.applied,
    );
    plan.actions.extend(scaling.before.into_iter().chain(scaling.after));
    plan.applied = desired.applied();
    plan
}

/// Whether the service that is gone is the one that we created, and not one before it.
fn is_ours(gone: &Observed, memory: &Memory) -> bool {
    let created = gone.service.present().and_then(|service| service.get("createdAt"));
    created.is_some() && created == memory.owned.as_ref()
}

/// The target group on which a CODE_DEPLOY service has to come up: the one that the production listener points at, which
/// is another one than declared after every second deployment. It is remembered, or what the last deployment left behind
/// shows it; and where neither tells, that is waited for, since a service on the wrong one gets no traffic.
fn production(desired: &Desired, observed: &Observed, plan: &mut Plan) -> Option<String> {
    if let Some(groups) = &plan.memory.target_groups {
        return Some(groups.primary.clone()).filter(|arn| !arn.is_empty());
    }
    let seen = match &observed.code_deploy {
        Observation::Unknown => {
            plan.asks.insert(Ask::CodeDeploy);
            let message = "which target group CodeDeploy left production on has not been read";
            plan.waiting.push(Waiting::new(Reason::ObservationUnknown, message));
            return None;
        }
        // The service comes first, then its deployment group.
        Observation::Absent => return None,
        Observation::Present(seen) => seen,
    };
    let declared = desired.document.get("loadBalancers").and_then(|list| list.pointer("/0/targetGroupArn"));
    let declared = target_group_name(declared.and_then(Value::as_str).unwrap_or_default());
    match seen.production() {
        // Never deployed: the listener is where it was set up to be.
        None if seen.group.get("lastSuccessfulDeployment").is_none_or(Value::is_null) => {}
        Some(name) if name == declared => {}
        found => plan.waiting.push(Waiting::new(
            Reason::CodeDeployNotReady,
            format!(
                "the service was deployed before, and production is on {}; declare its ARN in service.loadBalancers, so \
                 that the service comes up where the listener sends its traffic",
                found.map_or("one of the pair that cannot be told".to_owned(), |name| format!("target group {name}"))
            ),
        )),
    }
    None
}

/// The difference that a service makes by not being there.
pub(super) fn missing(desired: &Desired) -> Drift {
    let rule = "the service exists".to_owned();
    Drift { path: "/service".into(), desired: Some(json!(desired.service)), observed: None, rule }
}

fn body(desired: &Desired, observed: &Observed, revision: Option<String>, token: String) -> Value {
    let mut body = desired.document.clone();
    body.insert("cluster".into(), json!(desired.cluster));
    body.insert("serviceName".into(), json!(desired.service));
    if let Some(revision) = revision {
        body.insert("taskDefinition".into(), json!(revision));
    }
    let daemon = desired.document.get("schedulingStrategy").and_then(Value::as_str) == Some("DAEMON");
    match desired.initial_count(observed) {
        Some(count) if !daemon => body.insert("desiredCount".into(), json!(count)),
        _ => body.remove("desiredCount"),
    };
    body.insert("tags".into(), tag_list(&desired.all_tags()));
    body.insert("clientToken".into(), json!(token));
    Value::Object(body)
}

/// The client token: the same for a repetition after a crash, another one for other content or after a deletion. At
/// most 36 characters (ECS API reference, CreateService).
fn client_token(desired: &Desired, content: &str, creations: u32) -> String {
    let text = json!([desired.owner.uid, desired.generation, content, creations]).to_string();
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
