//! How evenkeel treats an object: adoption, drift, deletion and rollout. A Cluster's `defaults` give what its objects
//! leave open.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::Duration;

/// What happens on first contact with a live resource that does not bear our installation's tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Adoption {
    /// It is only reported, with what would be changed.
    #[default]
    Report,
    /// It is tagged as ours and reconciled.
    Adopt,
}

/// What happens in AWS when a manifest is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The resource stays; only our tag is taken off.
    #[default]
    Retain,
    /// The resource is deleted, once the guards against accidents let it pass.
    Delete,
}

/// What happens when the observed state differs from the desired one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DriftMode {
    /// Reported and repaired.
    #[default]
    Correct,
    /// Reported only.
    Report,
    /// Not looked at.
    Ignore,
}

/// How drift is treated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DriftPolicy {
    /// What to do about it; absent: what the Cluster's defaults say, else `Correct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<DriftMode>,
    /// Paths that are neither compared, nor updated, nor reset, in addition to those in the Cluster's defaults.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<IgnorePointer>,
}

/// How a rollout is watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rollout {
    /// A rollout without progress for so long has failed. Bake time, pauses and the termination wait do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline: Option<Duration>,
    /// What to do about a rollout that failed and that AWS itself did not roll back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// What happens to a rollout that failed, where AWS does nothing about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnFailure {
    /// It stays as it is, reported and alerted on.
    #[default]
    Hold,
    /// The service goes back to the last revision that was rolled out well.
    Rollback,
}

/// `spec.defaults` of a Cluster: what its objects have where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Defaults {
    /// Default for `adoption`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adoption: Option<Adoption>,
    /// Default for `drift`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftPolicy>,
    /// Default for `deletionPolicy` of TaskDefinitions and Services. The Cluster itself is always retained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Default for `rollout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
}

/// What holds for one object, once the Cluster's defaults have filled what it leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// First contact.
    pub adoption: Adoption,
    /// Drift.
    pub drift: DriftMode,
    /// Paths that are not ours to compare or change: the defaults' first, then the object's own.
    pub ignore: Vec<IgnorePointer>,
    /// Removal.
    pub deletion_policy: DeletionPolicy,
    /// Longest time without progress before a rollout counts as failed.
    pub progress_deadline: Duration,
    /// What to do about a rollout that failed.
    pub on_failure: OnFailure,
}

impl Policy {
    /// Where nobody says otherwise: 15 minutes, more than ECS needs to replace a task that is slow to start and to
    /// drain (deregistration delay 300 s by default, stop time-out at most 120 s on Fargate).
    pub const PROGRESS_DEADLINE: Duration = Duration::from_secs(15 * 60);

    pub(super) fn new(own: &Defaults, defaults: &Defaults) -> Self {
        let drift = |of: &Defaults| of.drift.clone().unwrap_or_default();
        let deadline = |of: &Defaults| of.rollout.as_ref().and_then(|rollout| rollout.progress_deadline);
        let on_failure = |of: &Defaults| of.rollout.as_ref().and_then(|rollout| rollout.on_failure);
        let mut ignore = drift(defaults).ignore;
        for pointer in drift(own).ignore {
            if !ignore.contains(&pointer) {
                ignore.push(pointer);
            }
        }
        Self {
            adoption: own.adoption.or(defaults.adoption).unwrap_or_default(),
            drift: drift(own).mode.or(drift(defaults).mode).unwrap_or_default(),
            ignore,
            deletion_policy: own.deletion_policy.or(defaults.deletion_policy).unwrap_or_default(),
            progress_deadline: deadline(own).or(deadline(defaults)).unwrap_or(Self::PROGRESS_DEADLINE),
            on_failure: on_failure(own).or(on_failure(defaults)).unwrap_or_default(),
        }
    }
}

/// A JSON pointer (RFC 6901) to what is not ours: below `/service`, `/scaling`, `/taskDefinition`, `/cluster` or
/// `/tags`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct IgnorePointer(String);

const IGNORABLE: [&str; 5] = ["service", "scaling", "taskDefinition", "cluster", "tags"];

impl IgnorePointer {
    /// The pointer as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for IgnorePointer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix('/') else {
            return Err(format!(
                "{text:?} is not a JSON pointer: it starts with /, as in /service/enableExecuteCommand"
            ));
        };
        let mut rest = path;
        while let Some((_, after)) = rest.split_once('~') {
            if !after.starts_with(['0', '1']) {
                return Err(format!(
                    "{text:?} is not a JSON pointer: ~ is written ~0, and / inside a name ~1 (RFC 6901)"
                ));
            }
            rest = after;
        }
        let first = path.split('/').next().unwrap_or_default();
        if !IGNORABLE.contains(&first) {
            let hint = super::did_you_mean(first, IGNORABLE).map(|name| format!("; did you mean /{name}?"));
            return Err(format!(
                "{text:?} points nowhere: it starts with one of /{}{}",
                IGNORABLE.join(", /"),
                hint.unwrap_or_default()
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for IgnorePointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for IgnorePointer {
    fn schema_name() -> Cow<'static, str> {
        "IgnorePointer".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "JSON pointer (RFC 6901) such as /service/enableExecuteCommand.",
            "pattern": format!("^/({})(/([^~]|~[01])*)?$", IGNORABLE.join("|")),
        })
    }
}
