//! Deployment groups.

use super::{
    answer, application_name, config,
    deployment::{Deployment, Status},
    group_check, group_name, named_group, no_group, refusal,
};
use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    time::epoch,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Members that a group keeps as they are given.
pub(super) const MEMBERS: &[&str] = &[
    "deploymentConfigName",
    "serviceRoleArn",
    "triggerConfigurations",
    "alarmConfiguration",
    "autoRollbackConfiguration",
    "outdatedInstancesStrategy",
    "deploymentStyle",
    "blueGreenDeploymentConfiguration",
    "loadBalancerInfo",
    "ecsServices",
    "terminationHookEnabled",
];

/// One deployment group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    id: String,
    pub(super) members: Map<String, Value>,
    /// Ids of its deployments, the oldest first.
    pub(super) deployments: Vec<String>,
    /// Digest of the revision that was deployed last.
    pub(super) target_revision: Option<String>,
}

impl Group {
    pub(super) fn member(&self, name: &str) -> &Value {
        self.members.get(name).unwrap_or(&Value::Null)
    }

    /// Key (`cluster/service`) of the service that it deploys to.
    pub(super) fn service(&self) -> String {
        group_check::service_key(&self.members)
    }

    fn describe(&self, region: &Region, application: &str, name: &str, now: Timestamp) -> Value {
        let mut document = self.members.clone();
        for (member, value) in [
            ("applicationName", json!(application)),
            ("deploymentGroupName", json!(name)),
            ("deploymentGroupId", json!(self.id)),
            ("computePlatform", json!("ECS")),
        ] {
            document.insert(member.to_owned(), value);
        }
        if let Some(sha256) = &self.target_revision {
            let revision = json!({"revisionType": "AppSpecContent", "appSpecContent": {"sha256": sha256}});
            document.insert("targetRevision".to_owned(), revision);
        }
        let seen = |id: &String| region.code_deploy.deployments.seen(id, now);
        let newest = || self.deployments.iter().rev().filter_map(seen);
        for (member, found) in [
            ("lastAttemptedDeployment", newest().next()),
            ("lastSuccessfulDeployment", newest().find(|deployment| deployment.status == Status::Succeeded)),
        ] {
            if let Some(deployment) = found {
                document.insert(member.to_owned(), last(deployment));
            }
        }
        Value::Object(document)
    }
}

fn last(deployment: &Deployment) -> Value {
    let mut info = json!({
        "deploymentId": deployment.id,
        "status": deployment.status.name(),
        "createTime": epoch(deployment.created),
    });
    if let Some(at) = deployment.completed {
        info["endTime"] = epoch(at);
    }
    info
}

impl super::CodeDeploy {
    /// A deployment group as it is.
    pub(super) fn group(&self, application: &str, name: &str) -> Result<&Group, ApiError> {
        self.application(application)?.groups.get(name).ok_or_else(|| no_group(name))
    }

    /// As [`group`](Self::group), for time passing on it.
    pub(super) fn group_mut(&mut self, application: &str, name: &str) -> Option<&mut Group> {
        self.applications.live_mut(application)?.groups.get_mut(name)
    }
}

/// CreateDeploymentGroup. The service need not exist yet: its group can be made before it.
pub(super) fn create(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let (application, name) = (application_name(input)?, group_name(input)?);
    let found = region.code_deploy.application(application)?;
    if found.groups.contains_key(name) {
        return Err(refusal(
            "DeploymentGroupAlreadyExistsException",
            format!("Deployment group already exists: {name}"),
        ));
    }
    if !found.is_for_ecs() {
        let text = "The sandbox has deployment groups for the ECS compute platform only.";
        return Err(refusal("InvalidInputException", text));
    }
    if input.str("serviceRoleArn")?.is_none_or(str::is_empty) {
        return Err(refusal("RoleRequiredException", "The service role ARN is required."));
    }
    let mut members = given(input);
    members.entry("deploymentConfigName").or_insert(json!(config::DEFAULT));
    complete(&mut members);
    config::named(input, &members["loadBalancerInfo"])?;
    group_check::check(region, &members, (application, name))?;
    let id = region.ids.uuid();
    let made = Group { id: id.clone(), members, deployments: Vec::new(), target_revision: None };
    if let Some(application) = region.code_deploy.applications.write(application, now) {
        application.groups.insert(name.to_owned(), made);
    }
    Ok(json!({"deploymentGroupId": id}))
}

/// UpdateDeploymentGroup: members that are left out stay. The service cannot be changed to one of another group.
pub(super) fn update(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let application = application_name(input)?;
    let name = named_group(input, "currentDeploymentGroupName")?;
    let mut group = region.code_deploy.group(application, name)?.clone();
    group.members.extend(given(input));
    complete(&mut group.members);
    config::named(input, group.member("loadBalancerInfo"))?;
    group_check::check(region, &group.members, (application, name))?;
    let new = input.str("newDeploymentGroupName")?.unwrap_or(name);
    if new != name && region.code_deploy.group(application, new).is_ok() {
        return Err(refusal(
            "DeploymentGroupAlreadyExistsException",
            format!("Deployment group already exists: {new}"),
        ));
    }
    if let Some(found) = region.code_deploy.applications.write(application, now) {
        found.groups.remove(name);
        found.groups.insert(new.to_owned(), group);
    }
    Ok(json!({"hooksNotCleanedUp": []}))
}

/// DeleteDeploymentGroup: that it was not there is no error.
pub(super) fn delete(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let (application, name) = (application_name(input)?, group_name(input)?);
    if let Some(application) = region.code_deploy.applications.write(application, now) {
        application.groups.remove(name);
    }
    Ok(json!({"hooksNotCleanedUp": []}))
}

pub(super) fn get(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let (application, name) = (application_name(input)?, group_name(input)?);
    let group =
        region.code_deploy.application_seen(application, now)?.groups.get(name).ok_or_else(|| no_group(name))?;
    Ok(json!({"deploymentGroupInfo": group.describe(region, application, name, now)}))
}

pub(super) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let application = application_name(input)?;
    let names = region.code_deploy.application_seen(application, now)?.groups.keys().cloned().collect();
    let mut page = answer(input, "deploymentGroups", names)?;
    page["applicationName"] = json!(application);
    Ok(page)
}

/// BatchGetDeploymentGroups: a hundred at most; those that do not exist are named in `errorMessage`.
pub(super) fn batch_get(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let application = application_name(input)?;
    let names = input.strings("deploymentGroupNames")?;
    match names.len() {
        0 => {
            return Err(refusal("DeploymentGroupNameRequiredException", "The deploymentGroupNames are required."));
        }
        101.. => {
            return Err(refusal("BatchLimitExceededException", "At most 100 deployment groups can be got at once."));
        }
        _ => {}
    }
    let groups = &region.code_deploy.application_seen(application, now)?.groups;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match groups.get(name) {
            Some(group) => found.push(group.describe(region, application, name, now)),
            None => missing.push(name),
        }
    }
    let mut answer = json!({"deploymentGroupsInfo": found});
    if !missing.is_empty() {
        answer["errorMessage"] = json!(format!("Deployment groups not found: {}", missing.join(", ")));
    }
    Ok(answer)
}

fn given(input: Input<'_>) -> Map<String, Value> {
    let kept = MEMBERS.iter().filter_map(|name| Some(((*name).to_owned(), input.get(name)?.clone())));
    kept.collect()
}

/// Fills in what AWS describes although it was not given.
fn complete(members: &mut Map<String, Value>) {
    for (name, value) in [
        ("autoRollbackConfiguration", json!({"enabled": false, "events": []})),
        ("alarmConfiguration", json!({"enabled": false, "alarms": []})),
        ("triggerConfigurations", json!([])),
        ("blueGreenDeploymentConfiguration", json!({})),
        ("loadBalancerInfo", json!({})),
    ] {
        members.entry(name).or_insert(value);
    }
    if let Some(configuration) = members["blueGreenDeploymentConfiguration"].as_object_mut() {
        let terminate = json!({"action": "TERMINATE", "terminationWaitTimeInMinutes": 0});
        configuration.entry("terminateBlueInstancesOnDeploymentSuccess").or_insert(terminate);
        let ready = json!({"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0});
        configuration.entry("deploymentReadyOption").or_insert(ready);
    }
}
