//! `spec` of a Cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::{ChangeWindow, Defaults, DeletionPolicy, Policy};

/// One ECS cluster in one account and region, and what holds for all that runs in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSpec {
    /// The account, twelve digits in quotes; checked against the credentials before the first call.
    #[serde(default, deserialize_with = "account_id", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub account_id: Option<String>,
    /// The region, such as `ap-northeast-1`.
    #[serde(deserialize_with = "region")]
    pub region: String,
    /// Role to assume for all calls: another account, or narrower rights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_arn: Option<String>,
    /// External id that the role asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Profile of the shared AWS configuration to take credentials from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Another endpoint than AWS's own: an interface endpoint, or an emulator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// What `aws ecs create-cluster` takes. Absent: the cluster is somebody else's, and is only used.
    #[serde(default, deserialize_with = "super::optional_document", skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Value>,
    /// When commits may change what is in this cluster, and the cluster itself; without any, always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub change_windows: Vec<ChangeWindow>,
    /// What the objects in this cluster have where they say nothing.
    #[serde(default)]
    pub defaults: Defaults,
}

impl ClusterSpec {
    /// What holds for the Cluster itself: its own defaults, but always retained. A default that is meant for services
    /// must not delete the cluster under them.
    pub fn policy(&self) -> Policy {
        Policy { deletion_policy: DeletionPolicy::Retain, ..Policy::new(&Defaults::default(), &self.defaults) }
    }
}

fn account_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(deserializer)?;
    if id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(Some(id));
    }
    Err(de::Error::custom(format!("{id:?} is not an account: it has twelve digits, without hyphens")))
}

fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let region = String::deserialize(deserializer)?;
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if region.contains('-') && region.split('-').all(part) {
        return Ok(region);
    }
    Err(de::Error::custom(format!("{region:?} is not a region: write it as in ap-northeast-1")))
}
