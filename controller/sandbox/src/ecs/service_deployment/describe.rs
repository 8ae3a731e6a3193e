//! ListServiceDeployments and DescribeServiceDeployments.

use super::parts;
use crate::{
    arn::{cluster_name, service_key},
    ecs::{
        Service,
        cluster::{bad_page_size, bad_token},
        rollout::{Outcome, ServiceDeployment, Task},
        task_definition::with_token,
    },
    error::{Answer, ApiError},
    input::Input,
    paging,
    region::Region,
    time::{epoch, from_epoch},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// ListServiceDeployments: the newest first, 20 a page unless asked for up to 100. Services of other controllers than
/// ECS have none.
pub(in crate::ecs) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let cluster = cluster_name(input.str("cluster")?);
    let key = service_key(cluster, input.required("service", ApiError::parameter)?);
    let active = region.clusters.seen(cluster, now).is_some_and(|cluster| cluster.active);
    if !active {
        return Err(ApiError::cluster_not_found());
    }
    let service = region.services.seen(&key, now).filter(|service| !service.is_gone());
    let service = service.ok_or_else(ApiError::service_not_found)?;
    let statuses = input.strings("status")?;
    let range = input.object("createdAt")?;
    let bound = |name: &str| range.and_then(|range| from_epoch(range.get(name)?));
    let (after, before) = (bound("after"), bound("before"));
    let wanted = |record: &&ServiceDeployment| {
        (statuses.is_empty() || statuses.contains(&record.status.name()))
            && after.is_none_or(|after| record.created >= after)
            && before.is_none_or(|before| record.created <= before)
    };
    let rows = service.history.iter().rev().filter(wanted).map(|record| brief(service, record)).collect();
    let size = paging::size(input.int("maxResults")?, 20, 100, bad_page_size)?;
    let (rows, next) = paging::page(rows, size, input.str("nextToken")?, bad_token)?;
    Ok(with_token(json!({"serviceDeployments": Value::Array(rows)}), next))
}

fn brief(service: &Service, record: &ServiceDeployment) -> Value {
    let mut row = json!({
        "serviceDeploymentArn": service.service_deployment_arn(record),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": epoch(record.created),
        "targetServiceRevisionArn": service.service_revision_arn(&record.target),
        "status": record.status.name(),
    });
    for (name, at) in [("startedAt", record.started), ("finishedAt", record.finished)] {
        if let Some(at) = at {
            row[name] = epoch(at);
        }
    }
    if let Some(reason) = &record.reason {
        row["statusReason"] = json!(reason);
    }
    row
}

/// DescribeServiceDeployments: up to twenty.
pub(in crate::ecs) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let arns = input.strings("serviceDeploymentArns")?;
    match arns.len() {
        0 => return Err(ApiError::parameter("serviceDeploymentArns cannot be empty.")),
        21.. => return Err(ApiError::parameter("serviceDeploymentArns cannot have more than 20 elements.")),
        _ => {}
    }
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for arn in arns {
        let found = parts(arn, "service-deployment").and_then(|(key, id)| {
            let service = region.services.seen(key, now).filter(|service| !service.is_gone())?;
            Some((service, service.history.iter().find(|record| record.id == id)?))
        });
        match found {
            Some((service, record)) => rows.push(document(service, record)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": rows, "failures": failures}))
}

fn document(service: &Service, record: &ServiceDeployment) -> Value {
    let mut row = brief(service, record);
    if let Some(row) = row.as_object_mut() {
        row.remove("targetServiceRevisionArn");
    }
    row["updatedAt"] = epoch(record.updated);
    row["deploymentConfiguration"] = record.configuration.clone();
    let shares = record.progress.as_ref().map(|progress| (progress.production, progress.test));
    row["targetServiceRevision"] = revision(service, &record.target, shares);
    let rest = shares.map(|(production, test)| (100.0 - production, 100.0 - test));
    row["sourceServiceRevisions"] = record.sources.iter().map(|id| revision(service, id, rest)).collect();
    if let Some(at) = record.stopped {
        row["stoppedAt"] = epoch(at);
    }
    if let Some(progress) = &record.progress {
        row["lifecycleStage"] = json!(progress.stage.shown());
        row["lifecycleHookDetails"] = record.hooks.iter().map(|run| run.describe()).collect();
    }
    if let Some((reason, at, target)) = &record.rollback {
        let arn = service.service_revision_arn(target);
        row["rollback"] = json!({"reason": reason, "startedAt": epoch(*at), "serviceRevisionArn": arn});
    }
    row["deploymentCircuitBreaker"] = json!({
        "status": watch_status(record, record.configuration["deploymentCircuitBreaker"]["enable"] == true, record.broke_circuit),
        "failureCount": record.failures,
        "threshold": service.failure_threshold(),
    });
    let alarms = &record.configuration["alarms"];
    if alarms.is_object() {
        row["alarms"] = json!({
            "status": watch_status(record, alarms["enable"] == true, !record.alarms.is_empty()),
            "alarmNames": alarms["alarmNames"],
            "triggeredAlarmNames": record.alarms,
        });
    }
    row
}

/// `status` of what watches a rollout.
fn watch_status(record: &ServiceDeployment, enabled: bool, triggered: bool) -> &'static str {
    match record.status {
        _ if !enabled => "DISABLED",
        _ if triggered => "TRIGGERED",
        Outcome::Pending | Outcome::InProgress => "MONITORING",
        _ => "MONITORING_COMPLETE",
    }
}

/// A service revision with the counts of its tasks, and its shares of production and test traffic.
fn revision(service: &Service, id: &str, shares: Option<(f64, f64)>) -> Value {
    let of = |which: fn(&Task) -> bool| -> i64 {
        let mine = service.deployments.iter().filter(|deployment| deployment.revision_id == id);
        mine.map(|mine| service.count(|task| task.deployment == mine.id && which(task))).sum()
    };
    let mine = service.deployments.iter().filter(|deployment| deployment.revision_id == id);
    let requested: i64 = mine.map(|deployment| deployment.desired).sum();
    let mut row = json!({
        "arn": service.service_revision_arn(id),
        "requestedTaskCount": requested,
        "runningTaskCount": of(Task::is_running),
        "pendingTaskCount": of(Task::is_pending),
    });
    if let Some((production, test)) = shares {
        row["requestedProductionTrafficWeight"] = json!(production);
        row["requestedTestTrafficWeight"] = json!(test);
    }
    row
}

impl Service {
    /// `currentServiceRevisions` of the service.
    pub(in crate::ecs) fn current_revisions(&self) -> Value {
        self.deployments.iter().map(|deployment| revision(self, &deployment.revision_id, None)).collect()
    }
}
