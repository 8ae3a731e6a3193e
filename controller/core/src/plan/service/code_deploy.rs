//! Rollouts of services with the CODE_DEPLOY deployment controller: what goes through a CodeDeploy deployment, and what
//! keeps one from being made.
//!
//! Source: CodeDeploy API reference (CreateDeployment, DeploymentGroupInfo) and user guide (AppSpec file for an Amazon ECS
//! deployment). CreateDeployment takes no client token, so the content's hash stands in the description: by it a deployment
//! is recognised whose answer was lost.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Desired, Waiting};
use crate::operation::{Action, Operation};
use crate::reason::Reason;
use crate::view::{ServiceView, seconds};

/// What CodeDeploy shows of a service's deployment group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeDeploy {
    /// From GetDeploymentGroup.
    pub group: Value,
    /// From GetDeployment: the one that runs or ran last, and the one that was asked about.
    pub deployments: Vec<Value>,
    /// From BatchGetDeploymentTargets: what the newest of them does to the service (`ecsTarget`).
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub target: Value,
}

/// How often a deployment group that is missing or does not fit is looked at again: somebody else has to see to it.
pub(super) const GROUP_POLL: SignedDuration = SignedDuration::from_secs(60);

/// Statuses of a deployment that occupies its group (CodeDeploy API reference, `DeploymentStatus`).
const RUNNING: [&str; 5] = ["Created", "Queued", "InProgress", "Baking", "Ready"];

impl CodeDeploy {
    /// The deployment with this id.
    pub(crate) fn deployment(&self, id: &str) -> Option<&Value> {
        self.deployments.iter().find(|deployment| deployment["deploymentId"] == id)
    }

    /// The deployment that occupies the group.
    pub(crate) fn running(&self) -> Option<&Value> {
        self.deployments.iter().find(|deployment| RUNNING.iter().any(|status| deployment["status"] == *status))
    }

    /// The deployment, made `since` then, that brings this content, by the mark in its description. Older ones with the same
    /// mark are there too, once content is deployed a second time.
    pub(crate) fn bringing(&self, content: &str, since: Timestamp) -> Option<&Value> {
        let marked = |one: &&Value| one["description"].as_str().is_some_and(|text| text.contains(content));
        let recent = |one: &&Value| seconds(&one["createTime"]).is_none_or(|created| created >= since);
        self.deployments.iter().filter(marked).find(recent)
    }

    /// Names of the two target groups.
    pub(crate) fn pair(&self) -> Vec<String> {
        let groups = self.group.pointer("/loadBalancerInfo/targetGroupPairInfoList/0/targetGroups");
        let names = groups.and_then(Value::as_array).into_iter().flatten().filter_map(|group| group["name"].as_str());
        names.map(str::to_owned).collect()
    }

    /// Name of the target group that the newest deployment left production on.
    pub(super) fn production(&self) -> Option<&str> {
        let sets = self.target.get("taskSetsInfo").and_then(Value::as_array)?;
        let primary = sets.iter().find(|set| set["status"] == "PRIMARY")?;
        primary.pointer("/targetGroup/name").and_then(Value::as_str)
    }

    /// Why the group cannot deploy the service, if so.
    fn unfit(&self, desired: &Desired) -> Option<String> {
        let text = |pointer: &str| self.group.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = text("/deploymentGroupName");
        let (cluster, service) = (text("/ecsServices/0/clusterName"), text("/ecsServices/0/serviceName"));
        if (cluster, service) != (&desired.cluster, &desired.service) {
            return Some(format!(
                "CodeDeploy's deployment group {name} is for service {service} in cluster {cluster}, not for this one"
            ));
        }
        let pairs = self.group.pointer("/loadBalancerInfo/targetGroupPairInfoList").and_then(Value::as_array);
        let pair = match pairs.map_or(&[][..], Vec::as_slice) {
            [pair] => pair,
            pairs => {
                let count = pairs.len();
                return Some(format!(
                    "deployment group {name} has {count} pairs of target groups; it takes exactly one"
                ));
            }
        };
        let listeners = pair.pointer("/prodTrafficRoute/listenerArns").and_then(Value::as_array).map_or(0, Vec::len);
        if self.pair().len() != 2 || listeners == 0 {
            return Some(format!("deployment group {name} lacks its two target groups or its production listener"));
        }
        None
    }
}

/// Name of the target group that an ARN names: `…:targetgroup/NAME/ID`.
pub(super) fn target_group_name(arn: &str) -> &str {
    arn.rsplit_once(":targetgroup/").and_then(|(_, rest)| rest.split('/').next()).unwrap_or(arn)
}

/// The deployment to make, or what is waited for. `revision` is what it is to bring, `document` what the manifest declares.
pub(super) fn deploy(
    desired: &Desired,
    document: &Map<String, Value>,
    seen: &CodeDeploy,
    service: ServiceView<'_>,
    revision: &str,
    content: &str,
) -> Result<Action, Waiting> {
    if let Some(unfit) = seen.unfit(desired) {
        return Err(Waiting::new(Reason::CodeDeployNotReady, unfit).retry_in(GROUP_POLL));
    }
    if let Some(running) = seen.running() {
        let (id, status) = (&running["deploymentId"], &running["status"]);
        let (id, status) = (id.as_str().unwrap_or_default(), status.as_str().unwrap_or_default());
        let message = match running["description"].as_str() {
            Some(text) if text.contains(content) => format!("CodeDeploy's deployment {id} brings it: {status}"),
            _ => format!("CodeDeploy's deployment {id} is {status}; a deployment group takes one at a time"),
        };
        return Err(Waiting::new(Reason::RolloutInProgress, message));
    }
    let app_spec = app_spec(desired, document, service, revision).to_string();
    let digest: String = Sha256::digest(&app_spec).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut body = json!({
        "applicationName": seen.group["applicationName"],
        "deploymentGroupName": seen.group["deploymentGroupName"],
        "description": format!("evenkeel {} content {content}", desired.owner.object),
        "revision": {
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": app_spec, "sha256": digest},
        },
    });
    if let Some(name) = desired.code_deploy.deployment_config_name.as_deref() {
        body["deploymentConfigName"] = json!(name);
    }
    let reason = format!("deploy {revision}");
    Ok(Action { operation: Operation::CreateDeployment, body, reason })
}

/// The AppSpec of a deployment: all that a CODE_DEPLOY service can only be given this way. What is not declared stays as it
/// is.
fn app_spec(desired: &Desired, document: &Map<String, Value>, service: ServiceView<'_>, revision: &str) -> Value {
    let declared = |name: &str| document.get(name).filter(|value| !value.is_null());
    let balancer = declared("loadBalancers").or(service.0.get("loadBalancers")).map_or(&Value::Null, |list| &list[0]);
    let mut properties = json!({
        "TaskDefinition": revision,
        "LoadBalancerInfo": {
            "ContainerName": balancer["containerName"],
            "ContainerPort": balancer["containerPort"],
        },
    });
    for (member, name) in [
        ("platformVersion", "PlatformVersion"),
        ("networkConfiguration", "NetworkConfiguration"),
        ("capacityProviderStrategy", "CapacityProviderStrategy"),
    ] {
        if let Some(value) = declared(member).filter(|value| **value != json!([])) {
            properties[name] = capitals(value);
        }
    }
    let mut spec = json!({
        "version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}],
    });
    if !desired.code_deploy.hooks.is_empty() {
        spec["Hooks"] = json!(desired.code_deploy.hooks);
    }
    spec
}

/// The same document with the initials of its members in upper case, as an AppSpec has them.
fn capitals(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name[..1].to_ascii_uppercase() + &name[1..], capitals(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(elements) => elements.iter().map(capitals).collect(),
        other => other.clone(),
    }
}
