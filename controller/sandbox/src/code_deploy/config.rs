//! Deployment configurations: how production traffic shifts. Only those that AWS has made for ECS exist.

use super::{refusal, required};
use crate::{
    error::{Answer, ApiError},
    input::Input,
};
use serde_json::{Value, json};

/// How production traffic shifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Routing {
    AllAtOnce,
    /// A share in percent, and minutes until the rest follows.
    Canary(i64, i64),
    /// Percent a step, and minutes between steps.
    Linear(i64, i64),
}

pub(super) const DEFAULT: &str = "CodeDeployDefault.ECSAllAtOnce";

/// The configurations of the CodeDeploy user guide, "Deployment configurations on an Amazon ECS compute platform".
const CONFIGS: &[(&str, Routing)] = &[
    (DEFAULT, Routing::AllAtOnce),
    ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", Routing::Linear(10, 1)),
    ("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", Routing::Linear(10, 3)),
    ("CodeDeployDefault.ECSCanary10Percent5Minutes", Routing::Canary(10, 5)),
    ("CodeDeployDefault.ECSCanary10Percent15Minutes", Routing::Canary(10, 15)),
];

/// How a configuration shifts traffic.
pub(super) fn routing(name: &str) -> Result<Routing, ApiError> {
    let found = CONFIGS.iter().find(|(known, _)| *known == name).map(|(_, routing)| *routing);
    found.ok_or_else(|| {
        refusal("DeploymentConfigDoesNotExistException", format!("No Deployment Configuration found for name: {name}"))
    })
}

/// The configuration that a request names, if any; it must exist, and shift at once behind a Network Load Balancer
/// (CodeDeploy user guide, as above).
pub(super) fn named<'a>(input: Input<'a>, listeners: &Value) -> Result<Option<&'a str>, ApiError> {
    let Some(name) = input.str("deploymentConfigName")? else { return Ok(None) };
    let network = listeners.to_string().contains(":listener/net/");
    if routing(name)? != Routing::AllAtOnce && network {
        return Err(refusal(
            "InvalidTrafficRoutingConfigurationException",
            format!("A Network Load Balancer shifts traffic with {DEFAULT} only."),
        ));
    }
    Ok(Some(name))
}

pub(super) fn get(input: Input<'_>) -> Answer {
    let name = required(input, "deploymentConfigName", "DeploymentConfigNameRequiredException")?;
    let traffic = match routing(name)? {
        Routing::AllAtOnce => json!({"type": "AllAtOnce"}),
        Routing::Canary(percent, minutes) => json!({
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": percent, "canaryInterval": minutes},
        }),
        Routing::Linear(percent, minutes) => json!({
            "type": "TimeBasedLinear",
            "timeBasedLinear": {"linearPercentage": percent, "linearInterval": minutes},
        }),
    };
    Ok(json!({"deploymentConfigInfo": {
        "deploymentConfigId": "00000000-0000-0000-0000-000000000000",
        "deploymentConfigName": name,
        "computePlatform": "ECS",
        "trafficRoutingConfig": traffic,
    }}))
}
