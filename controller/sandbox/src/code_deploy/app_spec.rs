//! The AppSpec of a deployment to ECS, as JSON or YAML (CodeDeploy user guide, "AppSpec file structure for Amazon ECS
//! deployments"). Names are read in either case.

use super::refusal;
use crate::error::ApiError;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Lifecycle events at which a hook can run.
const HOOKS: &[&str] =
    &["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"];

/// What a deployment deploys.
#[derive(Clone, Debug)]
pub(super) struct AppSpec {
    pub(super) sha256: String,
    pub(super) task_definition: String,
    container: String,
    port: i64,
    platform_version: Option<String>,
    network: Option<Value>,
    capacity: Option<Value>,
    /// Functions by lifecycle event.
    pub(super) hooks: BTreeMap<String, String>,
}

impl AppSpec {
    /// The AppSpec of a request's `revision`.
    pub(super) fn of(revision: &Value) -> Result<Self, ApiError> {
        let (text, claimed) = content(revision)?;
        let sha256 = Sha256::digest(text).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        if claimed.is_some_and(|claimed| !claimed.eq_ignore_ascii_case(&sha256)) {
            return Err(invalid("The sha256 of the AppSpec content does not match the content"));
        }
        let document: Value = serde_json::from_str(text)
            .or_else(|_| serde_yaml::from_str(text))
            .map_err(|_| invalid("The AppSpec file is neither valid JSON nor valid YAML"))?;
        Self::read(&document, sha256)
    }

    fn read(document: &Value, sha256: String) -> Result<Self, ApiError> {
        if get(document, "version").is_null() {
            return Err(invalid("The AppSpec file must have a version"));
        }
        let resources = get(document, "Resources").as_array().map(Vec::as_slice).unwrap_or_default();
        let [resource] = resources else {
            return Err(invalid("The AppSpec file must have exactly one resource"));
        };
        let service = resource.as_object().and_then(|named| named.values().next()).unwrap_or(&Value::Null);
        if get(service, "Type") != "AWS::ECS::Service" {
            return Err(invalid("The type of the AppSpec file's resource must be AWS::ECS::Service"));
        }
        let properties = get(service, "Properties");
        let text = |of: &Value, name: &str| get(of, name).as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let balancer = get(properties, "LoadBalancerInfo");
        let missing = |name: &str| invalid(&format!("The AppSpec file must have a valid {name}"));
        Ok(Self {
            sha256,
            task_definition: text(properties, "TaskDefinition").ok_or_else(|| missing("TaskDefinition"))?,
            container: text(balancer, "ContainerName").ok_or_else(|| missing("ContainerName"))?,
            port: get(balancer, "ContainerPort").as_i64().ok_or_else(|| missing("ContainerPort"))?,
            platform_version: text(properties, "PlatformVersion"),
            network: network(get(properties, "NetworkConfiguration"))?,
            capacity: capacity(get(properties, "CapacityProviderStrategy")),
            hooks: hooks(get(document, "Hooks"))?,
        })
    }

    /// The revision of the replacement task set: the service's, with what the AppSpec says over it.
    pub(super) fn members(&self, present: &Map<String, Value>, target_group: &str) -> Map<String, Value> {
        let mut members = present.clone();
        let balancer = json!([{
            "targetGroupArn": target_group, "containerName": self.container, "containerPort": self.port,
        }]);
        members.insert("taskDefinition".to_owned(), json!(self.task_definition));
        members.insert("loadBalancers".to_owned(), balancer);
        if let Some(version) = &self.platform_version {
            members.insert("platformVersion".to_owned(), json!(version));
        }
        if let Some(network) = &self.network {
            members.insert("networkConfiguration".to_owned(), network.clone());
        }
        if let Some(capacity) = &self.capacity {
            members.remove("launchType");
            members.insert("capacityProviderStrategy".to_owned(), capacity.clone());
        }
        members
    }
}

/// Text and claimed digest of `appSpecContent`, or of the older `string`.
fn content(revision: &Value) -> Result<(&str, Option<&str>), ApiError> {
    if !revision.is_object() {
        return Err(refusal("RevisionRequiredException", "The revision is required."));
    }
    let holder = match revision["revisionType"].as_str() {
        Some("AppSpecContent") => &revision["appSpecContent"],
        Some("String") => &revision["string"],
        Some(other) => return Err(invalid(&format!("The sandbox reads AppSpecContent only, not {other}"))),
        None => return Err(invalid("The revision has no type")),
    };
    let text = holder["content"].as_str().filter(|text| !text.is_empty());
    Ok((text.ok_or_else(|| invalid("The AppSpec content is empty"))?, holder["sha256"].as_str()))
}

/// All or nothing: subnets, security groups and the public address.
fn network(given: &Value) -> Result<Option<Value>, ApiError> {
    if given.is_null() {
        return Ok(None);
    }
    let vpc = get(given, "AwsvpcConfiguration");
    let list = |name: &str| get(vpc, name).as_array().filter(|list| !list.is_empty()).cloned();
    let Some(subnets) = list("Subnets") else {
        return Err(invalid("The AppSpec file's NetworkConfiguration must have Subnets"));
    };
    Ok(Some(json!({"awsvpcConfiguration": {
        "subnets": subnets,
        "securityGroups": list("SecurityGroups").unwrap_or_default(),
        "assignPublicIp": get(vpc, "AssignPublicIp").as_str().unwrap_or("DISABLED"),
    }})))
}

fn capacity(given: &Value) -> Option<Value> {
    let items = given.as_array().filter(|items| !items.is_empty())?;
    let item = |item: &Value| {
        json!({
            "capacityProvider": get(item, "CapacityProvider"),
            "weight": get(item, "Weight").as_i64().unwrap_or(0),
            "base": get(item, "Base").as_i64().unwrap_or(0),
        })
    };
    Some(items.iter().map(item).collect())
}

fn hooks(given: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut hooks = BTreeMap::new();
    for (event, function) in given.as_array().into_iter().flatten().filter_map(Value::as_object).flatten() {
        let known = HOOKS.iter().find(|known| known.eq_ignore_ascii_case(event));
        let known =
            known.ok_or_else(|| invalid(&format!("The AppSpec file has the unknown lifecycle event {event}")))?;
        hooks.insert((*known).to_owned(), function.as_str().unwrap_or("").to_owned());
    }
    Ok(hooks)
}

/// A member, in whatever case its name is written.
fn get<'a>(object: &'a Value, name: &str) -> &'a Value {
    let members = object.as_object().into_iter().flatten();
    let mut found = members.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    found.next().unwrap_or(&Value::Null)
}

fn invalid(text: &str) -> ApiError {
    refusal("InvalidRevisionException", format!("{text}."))
}
