//! Our own part of an object's `spec`, typed. AWS documents inside it (`cluster`, `taskDefinition`, `service`,
//! `scaling`) stay JSON: what they may hold is the field catalogue's business.
//!
//! [`read`] turns the JSON of a spec into its type and reports each unknown member with the name that was probably
//! meant; a member that is `null` counts as absent.

mod change_window;
mod cluster;
mod code_deploy;
mod cron;
mod directory;
mod duration;
mod policy;
mod service;
mod strict;
mod task_definition;

pub use change_window::{ChangeWindow, Held, WindowKind, Zone};
pub use cluster::ClusterSpec;
pub use code_deploy::{CodeDeploy, Hook};
pub use cron::Cron;
pub use directory::{DirectorySpec, FileRule};
pub use duration::Duration;
pub use policy::{
    Adoption, Defaults, DeletionPolicy, DriftMode, DriftPolicy, IgnorePointer, OnFailure, Policy, Rollout,
};
pub use service::{DependencyKind, DependsOn, ServiceSpec, TaskDefinitionRef};
pub use strict::{did_you_mean, read, unknown_member};
pub use task_definition::{TaskDefinitionSpec, strip_output_only};

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// For members that hold a whole AWS document: any JSON object.
fn document<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(de::Error::custom("expected a mapping: the document as AWS takes it"))
    }
}

/// As [`document`], for members that may be absent.
fn optional_document<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    document(deserializer).map(Some)
}

#[cfg(test)]
mod tests;
