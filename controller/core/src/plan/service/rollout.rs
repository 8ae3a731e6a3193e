//! The content that rolls out: the task definition and whatever else starts a deployment.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::field::FIELDS;
use super::{Desired, Observed, TaskDefinition};
use crate::canonical::{DocumentKind, canonical};
use crate::diff::Drift;
use crate::plan::Waiting;
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
