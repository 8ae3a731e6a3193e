//! `spec.codeDeploy` of a Service.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where and how CodeDeploy deploys a service with the CODE_DEPLOY deployment controller. Application and group are
/// found by the service that they deploy where they are not named; they are never made or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CodeDeploy {
    /// The application. Absent: the one with a deployment group for this service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_name: Option<String>,
    /// The deployment group. Absent: the one for this service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_group_name: Option<String>,
    /// How traffic shifts, such as `CodeDeployDefault.ECSAllAtOnce`. Absent: as the group says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_config_name: Option<String>,
    /// Lambda functions to call on the way, as in an AppSpec file: `- AfterAllowTestTraffic: check-orders`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<BTreeMap<Hook, String>>,
}

/// When a hook runs, in the order in which CodeDeploy comes to them (CodeDeploy user guide, AppSpec `Hooks` section for an
/// Amazon ECS deployment).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Hook {
    /// Before the replacement task set is made.
    BeforeInstall,
    /// Once it runs.
    AfterInstall,
    /// Once the test listener serves it.
    AfterAllowTestTraffic,
    /// Before the production listener serves it.
    BeforeAllowTraffic,
    /// Once the production listener serves it.
    AfterAllowTraffic,
}
