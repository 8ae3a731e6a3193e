//! The task definition, and whether the content that rolls out has failed before.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::field::FIELDS;
use super::{Desired, Observed, TaskDefinition};
use crate::canonical::{DocumentKind, canonical};
use crate::diff::Drift;
use crate::memory::{Failed, Memory};
use crate::plan::{TAG_FAILED, Waiting};
use crate::reason::Reason;
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
    let retry = desired.mandate.retry.is_some() && desired.mandate.retry != memory.handled_retry;
    if retry {
        memory.handled_retry.clone_from(&desired.mandate.retry);
        memory.failed = None;
        // What it failed with before is no evidence any more.
        memory.rollout = None;
        return None;
    }
    if memory.failed.as_ref().is_some_and(|failed| failed.content != content) {
        memory.failed = None;
    }
    if memory.failed.is_none()
        && let Some(reason) = evidence(service, content, memory)
    {
        memory.failed = Some(Failed { content: content.to_owned(), reason, at: now });
    }
    memory.failed.clone()
}

fn evidence(service: ServiceView<'_>, content: &str, memory: &Memory) -> Option<String> {
    // A lost store: the tag remembers for us.
    if memory.applied.is_null() && service.tags().get(TAG_FAILED).is_some_and(|tag| tag == content) {
        return Some("an earlier rollout of this content failed (known from the service's tag)".into());
    }
    let rollout = memory.rollout.as_ref().filter(|rollout| rollout.content == content)?;
    let ours = |deployment: &crate::view::DeploymentView<'_>| match &rollout.deployment {
        Some(id) => deployment.id() == id,
        None => deployment.task_definition() == rollout.task_definition,
    };
    if let Some(failed) = service.deployments().find(|d| ours(d) && d.rollout_state() == Some("FAILED")) {
        return Some(failed.rollout_reason().to_owned());
    }
    // Once the failed deployment has drained, only the new primary's reason tells of it.
    let primary = service.primary()?;
    let rolled_back = !ours(&primary)
        && primary.task_definition() != rollout.task_definition
        && primary.rollout_reason().contains("rolling back");
    rolled_back.then(|| primary.rollout_reason().to_owned())
}
