//! `spec` of a TaskDefinition.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Adoption, Defaults, DeletionPolicy, DriftPolicy, Policy};

/// A task definition family and the content that its newest revision is to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskDefinitionSpec {
    /// What `aws ecs register-task-definition` takes. Loaded objects always have it.
    #[serde(default, deserialize_with = "super::optional_document", skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<Value>,
    /// In manifests, instead of `taskDefinition`: the path, from the manifest's own directory, of a plain AWS document
    /// (register input, or what describe-task-definition printed). Loading puts its content in `taskDefinition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition_file: Option<String>,
    /// How many of the revisions that we registered stay active; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retain_revisions: Option<std::num::NonZeroU32>,
    /// First contact with a family that has revisions already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption: Option<Adoption>,
    /// Drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftPolicy>,
    /// Removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
}

impl TaskDefinitionSpec {
    /// What holds, with the Cluster's defaults.
    pub fn policy(&self, defaults: &Defaults) -> Policy {
        let own = Defaults {
            adoption: self.adoption,
            drift: self.drift.clone(),
            deletion_policy: self.deletion_policy,
            rollout: None,
        };
        Policy::new(&own, defaults)
    }
}

/// Members that only describe-task-definition gives (ECS API reference, TaskDefinition).
const OUTPUT_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// Takes out of a described task definition what registering does not take, in either initial case.
pub fn strip_output_only(definition: &mut Value) {
    if let Value::Object(members) = definition {
        members.retain(|name, _| !OUTPUT_ONLY.iter().any(|output| same_member(name, output)));
    }
}

fn same_member(written: &str, name: &str) -> bool {
    written.get(1..) == name.get(1..) && written.get(..1).is_some_and(|c| c.eq_ignore_ascii_case(&name[..1]))
}
