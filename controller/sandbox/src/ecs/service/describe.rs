//! DescribeServices and ListServices.

use super::{Controller, Service, Status, TYPES, is_fargate};
use crate::{
    arn::{cluster_name, service_key},
    ecs::{
        cluster::{bad_page_size, bad_token},
        rollout::{Deployment, set_status},
        task_definition::with_token,
    },
    error::{Answer, ApiError},
    input::{Input, check_types},
    paging,
    region::Region,
    time::epoch,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Members that a service is not described with: they show in its deployments only.
const HIDDEN: &[&str] = &[
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "monitoring",
    "gatewayConnectors",
];

/// DescribeServices: up to ten of one cluster.
pub(in crate::ecs) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    let cluster_ref = cluster_name(input.str("cluster")?);
    let references = input.strings("services")?;
    cluster_seen(region, cluster_ref, now)?;
    match references.len() {
        0 => return Err(ApiError::parameter("Services cannot be empty.")),
        11.. => return Err(ApiError::parameter("Services cannot have more than 10 elements.")),
        _ => {}
    }
    let tags = input.includes("TAGS")?;
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    let prefix = format!("{cluster_ref}/");
    for reference in references {
        let key = service_key(cluster_ref, reference);
        match region.services.seen(&key, now).filter(|service| !service.is_gone() && key.starts_with(&prefix)) {
            Some(service) => services.push(service.describe(tags)),
            None => {
                let arn = region.arn("ecs", &format!("service/{key}"));
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

/// ListServices: ACTIVE ones; 10 a page unless asked for up to 100.
pub(in crate::ecs) fn list_services(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    let cluster_ref = cluster_name(input.str("cluster")?);
    cluster_seen(region, cluster_ref, now)?;
    let (launch, strategy) = (input.str("launchType")?, input.str("schedulingStrategy")?);
    // Services that ECS manages itself (Express mode) do not exist in the sandbox.
    let express = input.str("resourceManagementType")? == Some("ECS");
    let wanted = |service: &Service| {
        service.is_active()
            && !express
            && launch.is_none_or(|launch| service.member("launchType") == launch)
            && strategy.is_none_or(|strategy| service.member("schedulingStrategy") == strategy)
    };
    let prefix = format!("{cluster_ref}/");
    let services = region.services.all_seen(&prefix, now);
    let arns = services.filter(|(_, service)| wanted(service)).map(|(_, service)| service.arn.clone()).collect();
    let size = paging::size(input.int("maxResults")?, 10, 100, bad_page_size)?;
    let (arns, next) = paging::page(arns, size, input.str("nextToken")?, bad_token)?;
    Ok(with_token(json!({"serviceArns": arns}), next))
}

fn cluster_seen(region: &Region, name: &str, now: Timestamp) -> Result<(), ApiError> {
    let cluster = region.clusters.seen(name, now).filter(|cluster| cluster.active);
    cluster.map(|_| ()).ok_or_else(ApiError::cluster_not_found)
}

impl Service {
    /// The service as DescribeServices has it.
    pub(crate) fn describe(&self, tags: bool) -> Value {
        let shown = self.members.iter().filter(|(name, _)| !HIDDEN.contains(&name.as_str()));
        let mut document: Map<String, Value> = shown.map(|(name, value)| (name.clone(), value.clone())).collect();
        let status = match self.status {
            Status::Active => "ACTIVE",
            Status::Draining => "DRAINING",
            Status::Inactive | Status::Gone => "INACTIVE",
        };
        for (name, value) in [
            ("serviceArn", json!(self.arn)),
            ("serviceName", json!(self.name)),
            ("clusterArn", json!(self.cluster_arn)),
            ("status", json!(status)),
            ("desiredCount", json!(self.desired)),
            ("runningCount", json!(self.running())),
            ("pendingCount", json!(self.pending())),
            ("events", self.events.list()),
            ("createdAt", epoch(self.created)),
        ] {
            document.insert(name.to_owned(), value);
        }
        if is_fargate(&self.members) {
            document.insert("platformFamily".to_owned(), json!("Linux"));
        }
        let (name, rows) = match self.controller() {
            Controller::CodeDeploy => ("taskSets", self.task_sets()),
            _ => ("deployments", self.deployment_rows()),
        };
        document.insert(name.to_owned(), rows);
        if self.controller() == Controller::Ecs && self.is_active() {
            if let Some(newest) = self.history.last() {
                document.insert("currentServiceDeployment".to_owned(), json!(self.service_deployment_arn(newest)));
            }
            document.insert("currentServiceRevisions".to_owned(), self.current_revisions());
        }
        if tags {
            document.insert("tags".to_owned(), self.tags.list());
        }
        Value::Object(document)
    }

    fn deployment_rows(&self) -> Value {
        let classic = super::items(&self.members, "loadBalancers").iter().any(|one| !one["loadBalancerName"].is_null());
        // The API reference has `rolloutState` for rolling updates; blue/green and its like are told by their service
        // deployments.
        let shifts = self.deployment_configuration()["strategy"].as_str().is_some_and(|kind| kind != "ROLLING");
        let rows = self.deployments.iter().enumerate().map(|(place, deployment)| {
            let mut row = self.common_row(deployment, if place == 0 { "PRIMARY" } else { "ACTIVE" });
            row["desiredCount"] = json!(deployment.desired);
            row["failedTasks"] = json!(deployment.failed_tasks);
            if !classic && !shifts {
                row["rolloutState"] = json!(deployment.rollout.name());
                row["rolloutStateReason"] = json!(deployment.reason);
            }
            for name in ["serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"] {
                if let Some(value) = deployment.revision.get(name) {
                    row[name] = value.clone();
                }
            }
            row
        });
        rows.collect()
    }

    /// The same under CODE_DEPLOY: task sets, the PRIMARY one first.
    fn task_sets(&self) -> Value {
        let rows = self.deployments.iter().enumerate().map(|(place, set)| {
            let mut row = self.common_row(set, set_status(place, set));
            let steady = self.is_set_steady(&set.id);
            row["taskSetArn"] = json!(format!("{}/{}", self.arn.replacen(":service/", ":task-set/", 1), set.id));
            row["serviceArn"] = json!(self.arn);
            row["clusterArn"] = json!(self.cluster_arn);
            row["computedDesiredCount"] = json!(if set.ending { 0 } else { self.desired });
            row["startedBy"] = json!("CODE_DEPLOY");
            row["scale"] = json!({"value": if set.ending { 0.0 } else { 100.0 }, "unit": "PERCENT"});
            if let Some(id) = &set.external_id {
                row["externalId"] = json!(id);
            }
            row["stabilityStatus"] = json!(if steady { "STEADY_STATE" } else { "STABILIZING" });
            row["stabilityStatusAt"] = epoch(if self.steady { self.steady_at } else { set.updated });
            row["tags"] = json!([]);
            for name in ["loadBalancers", "serviceRegistries"] {
                row[name] = set.revision.get(name).cloned().unwrap_or_else(|| json!([]));
            }
            row
        });
        rows.collect()
    }

    fn common_row(&self, deployment: &Deployment, status: &str) -> Value {
        let of = |state: fn(&crate::ecs::rollout::Task) -> bool| {
            self.count(|task| task.deployment == deployment.id && state(task))
        };
        let mut row = json!({
            "id": deployment.id,
            "status": status,
            "taskDefinition": deployment.task_definition(),
            "pendingCount": of(|task| task.is_pending()),
            "runningCount": of(|task| task.is_running()),
            "createdAt": epoch(deployment.created),
            "updatedAt": epoch(deployment.updated),
        });
        for name in ["networkConfiguration", "launchType", "capacityProviderStrategy"] {
            if let Some(value) = deployment.revision.get(name) {
                row[name] = value.clone();
            }
        }
        if is_fargate(&deployment.revision) {
            let version = deployment.revision.get("platformVersion").and_then(Value::as_str).unwrap_or("LATEST");
            row["platformVersion"] = json!(if version == "LATEST" { "1.4.0" } else { version });
            row["platformFamily"] = json!("Linux");
        }
        row
    }
}
