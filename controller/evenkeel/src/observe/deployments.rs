//! Reads what a plan asks for beyond the service itself: CodeDeploy's deployment group with its deployments, and ECS's
//! newest service deployment. Only services whose tasks are being replaced cost these calls.

use std::collections::HashMap;

use evenkeel_aws::{AwsError, ErrorClass};
use evenkeel_core::operation::Operation;
use evenkeel_core::plan::Observation;
use evenkeel_core::plan::service::{CodeDeploy, Desired, Observed};
use evenkeel_core::view::{Controller, ServiceView};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::budget::Metered;
use crate::clock::Clock;

/// How long a service without a deployment group is believed to have none. Looking costs a call for each application, and
/// many services may look at once.
const NONE_LIFE: SignedDuration = SignedDuration::from_secs(10);

/// BatchGetDeploymentGroups takes this many names (CodeDeploy API reference).
const GROUPS: usize = 100;

/// Application and group.
type Place = (String, String);

/// When all were read, and the group for each cluster and service.
type Known = (Timestamp, HashMap<(String, String), Place>);

/// Finds the deployment groups of one account and region by their services.
#[derive(Debug, Default)]
pub(super) struct Groups(tokio::sync::Mutex<Option<Known>>);

/// What CodeDeploy shows of the deployment group of a service. `deployment` is one that is followed.
pub(super) async fn code_deploy(
    gateway: &Metered,
    groups: &Groups,
    clock: &Clock,
    desired: &Desired,
    deployment: Option<&str>,
) -> Result<Observation<CodeDeploy>, AwsError> {
    let named = (&desired.code_deploy.application_name, &desired.code_deploy.deployment_group_name);
    let place = match named {
        (Some(application), Some(group)) => Some((application.clone(), group.clone())),
        _ => groups.find(gateway, clock, desired).await?,
    };
    let Some((application, group)) = place else { return Ok(Observation::Absent) };
    let names = json!({"applicationName": application, "deploymentGroupName": group});
    let group = match gateway.call(Operation::GetDeploymentGroup, &names).await {
        Ok(answer) => answer["deploymentGroupInfo"].clone(),
        Err(error) if error.class == ErrorClass::NotFound => {
            groups.forget().await;
            return Ok(Observation::Absent);
        }
        Err(error) => return Err(error),
    };
    // Whatever occupies the group now, what ran last, and what is followed.
    let mut running = names;
    running["includeOnlyStatuses"] = json!(["Created", "Queued", "InProgress", "Baking", "Ready"]);
    let answer = gateway.call(Operation::ListDeployments, &running).await?;
    let mut ids: Vec<String> = texts(&answer["deployments"]).collect();
    let last = ["lastAttemptedDeployment", "lastSuccessfulDeployment"].map(|last| &group[last]["deploymentId"]);
    let last_attempted = last[0].as_str().or(last[1].as_str()).map(str::to_owned);
    for id in deployment.map(str::to_owned).into_iter().chain(last_attempted) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let mut deployments = Vec::with_capacity(ids.len());
    for id in &ids {
        let answer = gateway.call(Operation::GetDeployment, &json!({"deploymentId": id})).await;
        match answer {
            Ok(answer) => deployments.push(answer["deploymentInfo"].clone()),
            // Deployments are kept for a while only.
            Err(error) if error.class == ErrorClass::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let mut seen = CodeDeploy { group, deployments, target: Value::Null };
    if let Some(newest) = seen.deployments.first() {
        let ids = [format!("{}:{}", desired.cluster, desired.service)];
        let body = json!({"deploymentId": newest["deploymentId"], "targetIds": ids});
        match gateway.call(Operation::BatchGetDeploymentTargets, &body).await {
            Ok(answer) => seen.target = answer.pointer("/deploymentTargets/0/ecsTarget").cloned().unwrap_or_default(),
            // One that has not begun, or ended before it did, has none.
            Err(error) if matches!(error.class, ErrorClass::NotFound | ErrorClass::Invalid) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Observation::Present(seen))
}

/// The newest service deployment of a service; absent where it never had one.
pub(super) async fn service_deployment(
    gateway: &Metered,
    desired: &Desired,
    observed: &Observed,
) -> Result<Observation<Value>, AwsError> {
    let Some(service) = observed.service.present() else { return Ok(Observation::Unknown) };
    if ServiceView(service).controller() != Controller::Ecs {
        return Ok(Observation::Absent);
    }
    // The service names the one that is under way; else the list does, newest first.
    let current = service["currentServiceDeployment"].as_str().filter(|arn| !arn.is_empty()).map(str::to_owned);
    let arn = match current {
        Some(arn) => Some(arn),
        None => {
            let body = json!({"cluster": desired.cluster, "service": desired.service});
            let answer = gateway.call(Operation::ListServiceDeployments, &body).await?;
            let briefs = answer["serviceDeployments"].as_array().into_iter().flatten();
            let created = |brief: &&Value| brief["createdAt"].as_f64().unwrap_or_default();
            let newest = briefs.max_by(|a, b| created(a).total_cmp(&created(b)));
            newest.and_then(|brief| brief["serviceDeploymentArn"].as_str()).map(str::to_owned)
        }
    };
    let Some(arn) = arn else { return Ok(Observation::Absent) };
    let answer = gateway.call(Operation::DescribeServiceDeployments, &json!({"serviceDeploymentArns": [arn]})).await?;
    Ok(match answer.pointer("/serviceDeployments/0") {
        Some(deployment) => Observation::Present(deployment.clone()),
        None => Observation::Absent,
    })
}

impl Groups {
    /// What is known is out of date.
    async fn forget(&self) {
        *self.0.lock().await = None;
    }

    /// The group for the service, among all of the account.
    async fn find(&self, gateway: &Metered, clock: &Clock, desired: &Desired) -> Result<Option<Place>, AwsError> {
        let key = (desired.cluster.clone(), desired.service.clone());
        let mut known = self.0.lock().await;
        if let Some((read_at, groups)) = &*known {
            // What was found is looked at again anyway, by its name.
            let found = groups.get(&key).filter(|place| fits(desired, place));
            if found.is_some() || clock.now().duration_since(*read_at) < NONE_LIFE {
                return Ok(found.cloned());
            }
        }
        let read_at = clock.now();
        let mut groups = HashMap::new();
        for application in pages(gateway, Operation::ListApplications, json!({}), "applications").await? {
            let body = json!({"applicationName": application});
            let names = pages(gateway, Operation::ListDeploymentGroups, body, "deploymentGroups").await?;
            for names in names.chunks(GROUPS) {
                let body = json!({"applicationName": application, "deploymentGroupNames": names});
                let answer = gateway.call(Operation::BatchGetDeploymentGroups, &body).await?;
                for group in answer["deploymentGroupsInfo"].as_array().into_iter().flatten() {
                    let Some(name) = group["deploymentGroupName"].as_str() else { continue };
                    for service in group["ecsServices"].as_array().into_iter().flatten() {
                        let [cluster, service] = ["clusterName", "serviceName"].map(|name| service[name].as_str());
                        if let (Some(cluster), Some(service)) = (cluster, service) {
                            let place = (application.clone(), name.to_owned());
                            groups.insert((cluster.to_owned(), service.to_owned()), place);
                        }
                    }
                }
            }
        }
        let found = groups.get(&key).filter(|place| fits(desired, place)).cloned();
        *known = Some((read_at, groups));
        Ok(found)
    }
}

/// Whether a group that was found is the one that the manifest half names.
fn fits(desired: &Desired, (application, group): &Place) -> bool {
    let wanted = &desired.code_deploy;
    wanted.application_name.as_ref().is_none_or(|name| name == application)
        && wanted.deployment_group_name.as_ref().is_none_or(|name| name == group)
}

/// All names of a listing of CodeDeploy's.
async fn pages(
    gateway: &Metered,
    operation: Operation,
    mut body: Value,
    member: &str,
) -> Result<Vec<String>, AwsError> {
    let mut names = Vec::new();
    loop {
        let answer = gateway.call(operation, &body).await?;
        names.extend(texts(&answer[member]));
        match answer.get("nextToken").filter(|token| token.is_string()) {
            Some(token) => body["nextToken"] = token.clone(),
            None => return Ok(names),
        }
    }
}

fn texts(list: &Value) -> impl Iterator<Item = String> + '_ {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned))
}
