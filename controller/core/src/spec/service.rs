//! `spec` of a Service.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{Adoption, CodeDeploy, Defaults, DeletionPolicy, DriftPolicy, Policy, Rollout};

/// An ECS service with its scaling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceSpec {
    /// The revision it runs. Absent: whoever deploys decides, and only the rest is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<TaskDefinitionRef>,
    /// What `aws ecs create-service` takes, without `cluster` and `taskDefinition`.
    #[serde(deserialize_with = "super::document")]
    pub service: Value,
    /// Scalable target, scaling policies and scheduled actions.
    #[serde(default, deserialize_with = "super::optional_document", skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Value>,
    /// Application, group and hooks, for services under the CODE_DEPLOY deployment controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_deploy: Option<CodeDeploy>,
    /// How a rollout is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// First contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption: Option<Adoption>,
    /// Drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftPolicy>,
    /// Objects in the same namespace that must be ready before this one rolls out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<DependsOn>,
    /// Removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
}

impl ServiceSpec {
    /// What holds, with the Cluster's defaults.
    pub fn policy(&self, defaults: &Defaults) -> Policy {
        let own = Defaults {
            adoption: self.adoption,
            drift: self.drift.clone(),
            deletion_policy: self.deletion_policy,
            rollout: self.rollout.clone(),
        };
        Policy::new(&own, defaults)
    }
}

/// An object that must be ready first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DependsOn {
    /// Its kind.
    pub kind: DependencyKind,
    /// Its `metadata.name`, in the same namespace.
    pub name: String,
}

/// Kinds that a Service can depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DependencyKind {
    /// A Service.
    Service,
    /// A TaskDefinition.
    TaskDefinition,
}

/// What `spec.taskDefinition` of a Service names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskDefinitionRef {
    /// A TaskDefinition object in the same namespace, by `metadata.name`.
    Object(String),
    /// A revision, pinned: `family:revision` or the revision's ARN.
    Revision(String),
}

impl TaskDefinitionRef {
    /// The reference as written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Object(text) | Self::Revision(text) => text,
        }
    }
}

impl std::str::FromStr for TaskDefinitionRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((before, revision)) = text.rsplit_once(':') else {
            return match text.is_empty() || text.contains('/') {
                true => Err(format!(
                    "{text:?} names no task definition: write a TaskDefinition's name, family:revision or an ARN"
                )),
                false => Ok(Self::Object(text.to_owned())),
            };
        };
        let family = match before.starts_with("arn:") {
            true => before.split_once(":task-definition/").map(|(_, family)| family),
            false => Some(before),
        };
        let family = family.filter(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
        match (family, revision.parse::<u32>()) {
            (Some(_), Ok(1..)) => Ok(Self::Revision(text.to_owned())),
            _ => Err(format!(
                "{text:?} is no revision of a task definition: write family:revision, as in web:12, or its ARN"
            )),
        }
    }
}

impl Serialize for TaskDefinitionRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TaskDefinitionRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for TaskDefinitionRef {
    fn schema_name() -> Cow<'static, str> {
        "TaskDefinitionRef".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Name of a TaskDefinition in the same namespace; or family:revision, or an ARN, to pin one.",
            "minLength": 1,
        })
    }
}
