//! A TaskDefinition, checked.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Checked, Document, mandate, owner, take_tags, text};
use crate::catalogue::{Catalogue, Problem};
use crate::object::Object;
use crate::operation::Operation;
use crate::plan::{self, Holds};
use crate::spec::{self, Defaults, TaskDefinitionSpec};
use crate::validate;

/// A TaskDefinition whose spec has been read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDefinition {
    /// The spec.
    pub spec: TaskDefinitionSpec,
    /// Family: `family`, else the object's name.
    pub family: String,
    /// RegisterTaskDefinition input without tags.
    pub document: Value,
    /// Declared tags.
    pub tags: BTreeMap<String, String>,
}

impl TaskDefinition {
    /// Reads and checks the spec of a TaskDefinition.
    pub fn check(name: &str, spec: &Value) -> Checked<Self> {
        let spec: TaskDefinitionSpec = match spec::read(spec, "/spec") {
            Ok(spec) => spec,
            Err(problems) => return Checked::broken(problems),
        };
        let Some(written) = &spec.task_definition else {
            let message =
                "spec.taskDefinition is missing: give the document, or a file with it in spec.taskDefinitionFile";
            return Checked::broken(vec![Problem::error("/spec", "missing-member", message)]);
        };
        let mut document = Document::new(written, "/spec/taskDefinition").default("family", name);
        let Some(wire) = document.wire(Catalogue::get().input(Operation::RegisterTaskDefinition)) else {
            return Checked::broken(document.problems);
        };
        document.found(validate::task_definition(&wire));
        let ignored = spec.drift.iter().flat_map(|drift| drift.ignore.iter().enumerate());
        document.problems.extend(ignored.filter(|(_, pointer)| pointer.as_str().starts_with("/taskDefinition")).map(
            |(index, _)| {
                let message = "the content of a revision is one whole, so no part of it can be ignored: leave \
                               spec.taskDefinition out of the Service if something else deploys its revisions";
                Problem::error(format!("/spec/drift/ignore/{index}"), "ignored-content", message)
            },
        ));
        let mut members = wire.as_object().cloned().unwrap_or_default();
        let tags = take_tags(&mut members);
        let family = text(&members, "family");
        Checked::new(Self { family, document: Value::Object(members), tags, spec }, document.problems)
    }

    /// What its plan works on.
    pub fn desired(
        &self,
        object: &Object,
        defaults: &Defaults,
        installation: &str,
        holds: &Holds,
    ) -> plan::task_definition::Desired {
        plan::task_definition::Desired {
            family: self.family.clone(),
            owner: owner(object, installation),
            generation: object.metadata.generation,
            document: self.document.clone(),
            tags: self.tags.clone(),
            retain: self.spec.retain_revisions.map(std::num::NonZero::get),
            mandate: mandate(self.spec.policy(defaults), &object.metadata, holds),
        }
    }
}
