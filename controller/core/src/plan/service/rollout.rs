//! The task definition, and whether the content that rolls out has failed before.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::field::FIELDS;
use super::{Desired, Observed, TaskDefinition};
use crate::canonical::{DocumentKind, canonical};
use crate::diff::Drift;
use crate::memory::{Failed, Memory, Progress};
use crate::plan::{TAG_FAILED, Waiting};
use crate::reason::Reason;
use crate::spec::Duration;
use crate::view::{ServiceView, family_and_revision};

/// What is to be done about the task definition.
pub(super) enum Revision {
    /// In sync, or not ours.
    Fine,
    /// Another one is wanted.
    Change(Drift, String),
    /// Nothing may be rolled out until this is known.
    Wait(Waiting),
}

/// Compares the revision that the service is set to with the wanted one. Equal content is in sync, whatever its number.
pub(super) fn compare(desired: &Desired, observed: &Observed, service: ServiceView<'_>) -> Revision {
    let live = service.task_definition();
    let change = |wanted: &str, rule: &str| {
        let drift = Drift {
            path: "/taskDefinition".into(),
            desired: Some(json!(wanted)),
            observed: (!live.is_empty()).then(|| json!(live)),
            rule: rule.into(),
        };
        Revision::Change(drift, wanted.to_owned())
    };
    if desired.mandate.ignore().covers("/taskDefinition") {
        return Revision::Fine;
    }
    match &desired.task_definition {
        TaskDefinition::NotOurs => Revision::Fine,
        TaskDefinition::Pending(why) => Revision::Wait(Waiting::new(Reason::TaskDefinitionNotReady, why.clone())),
        TaskDefinition::Revision(wanted) => {
            let same = family_and_revision(wanted) == family_and_revision(live);
            if same { Revision::Fine } else { change(wanted, "this revision") }
        }
        TaskDefinition::Content { arn, hash } => match &observed.revision_content {
            _ if arn == live => Revision::Fine,
            Some(content) if content == hash => Revision::Fine,
            Some(_) => change(arn, "a revision with this content"),
            None => Revision::Wait(Waiting::new(
                Reason::ObservationUnknown,
                format!("the content of {live}, which the service is set to, has not been read"),
            )),
        },
    }
}

/// Hash of everything that starts a rollout: the revision's content and the members that UpdateService deploys.
pub(super) fn content(desired: &Desired, document: &Map<String, Value>) -> String {
    let rules = DocumentKind::Service.rules();
    let deployed: Map<String, Value> = FIELDS
        .iter()
        .filter(|field| field.rollout)
        .filter_map(|field| {
            Some((field.name.to_owned(), canonical(document.get(field.name)?, rules.member(field.name))?))
        })
        .collect();
    let revision = match &desired.task_definition {
        TaskDefinition::Content { hash, .. } => hash.as_str(),
        TaskDefinition::Revision(reference) => reference.as_str(),
        TaskDefinition::NotOurs | TaskDefinition::Pending(_) => "",
    };
    let digest = Sha256::digest(json!([revision, deployed]).to_string());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Brings the memory of failed content up to date and says whether the wanted content has failed.
pub(super) fn judge(
    desired: &Desired,
    service: ServiceView<'_>,
    content: &str,
    memory: &mut Memory,
    now: Timestamp,
) -> Option<Failed> {
    if desired.mandate.asks_again(memory) {
        memory.failed = None;
        // What it failed with before is no evidence any more.
        memory.rollout = None;
        return None;
    }
    if memory.failed.as_ref().is_some_and(|failed| failed.content != content) {
        memory.failed = None;
    }
    follow(service, content, memory, now);
    if memory.failed.is_none()
        && let Some(reason) = evidence(service, content, memory, desired.mandate.policy.progress_deadline, now)
    {
        memory.failed = Some(Failed { content: content.to_owned(), reason, at: now });
    }
    memory.failed.clone()
}

/// Takes note of how far our rollout has come; one that arrives after all has not failed.
fn follow(service: ServiceView<'_>, content: &str, memory: &mut Memory, now: Timestamp) {
    let Some(rollout) = memory.rollout.as_mut().filter(|rollout| rollout.content == content) else { return };
    let Some(primary) = service.primary().filter(|primary| rollout.is(*primary)) else { return };
    let running = primary.running_count();
    match primary.rollout_state() {
        Some("IN_PROGRESS") if rollout.progress.as_ref().is_none_or(|progress| running > progress.running) => {
            rollout.progress = Some(Progress { running, at: now });
        }
        Some("COMPLETED") => memory.failed = None,
        _ => {}
    }
}

/// Why the wanted content is known to have failed.
fn evidence(
    service: ServiceView<'_>,
    content: &str,
    memory: &Memory,
    deadline: Duration,
    now: Timestamp,
) -> Option<String> {
    // A lost store: the tag remembers for us.
    if memory.applied.is_null() && service.tags().get(TAG_FAILED).is_some_and(|tag| tag == content) {
        return Some("an earlier rollout of this content failed (known from the service's tag)".into());
    }
    let rollout = memory.rollout.as_ref().filter(|rollout| rollout.content == content)?;
    if let Some(failed) = service.deployments().find(|d| rollout.is(*d) && d.rollout_state() == Some("FAILED")) {
        return Some(failed.rollout_reason().to_owned());
    }
    let primary = service.primary()?;
    if rollout.is(primary) {
        // Where all new tasks run, what is left (bake time, traffic, the old ones' termination) takes its time.
        let arriving =
            primary.rollout_state() == Some("IN_PROGRESS") && primary.running_count() < service.desired_count();
        let since = rollout.progress.as_ref().filter(|_| arriving)?.at;
        let late = now.duration_since(since).unsigned_abs() > deadline.get();
        return late.then(|| format!("no further task came up within {deadline}"));
    }
    // Once the failed deployment has drained, only the new primary's reason tells of it.
    let rolled_back =
        primary.task_definition() != rollout.task_definition && primary.rollout_reason().contains("rolling back");
    rolled_back.then(|| primary.rollout_reason().to_owned())
}
