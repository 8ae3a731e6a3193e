//! Creating a service that does not exist.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Desired, Observed, Plan, TaskDefinition, Waiting, rollout, scaling};
use crate::diff::Drift;
use crate::memory::{CREATION_SETTLE, Intent, Memory};
use crate::operation::{Action, Operation};
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
        memory =
            Memory { creations: memory.creations, handled_retry: memory.handled_retry.take(), ..Memory::default() };
    }
    let document = Value::Object(desired.document.clone());
    let mut plan = Plan { memory, ..Plan::default() };
    plan.drift.push(missing(desired));
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
    let body = body(desired, observed, revision, token);
    plan.memory.intent =
        Some(Intent { operation: Operation::CreateService, content, generation: desired.generation, at: now });
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
