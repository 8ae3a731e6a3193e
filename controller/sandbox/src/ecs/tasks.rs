//! ListTasks and DescribeTasks: tasks of services, those that stopped within the last hour too.

use super::{
    Family, Service,
    cluster::{bad_page_size, bad_token},
    rollout::{State, Stop, Task},
    task_definition::{Revision, with_token},
};
use crate::{
    arn::{cluster_name, resource, service_key},
    error::{Answer, ApiError},
    ids::Ids,
    input::Input,
    paging,
    region::Region,
    time::epoch,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Stopped tasks are described for this long (API reference, DescribeTasks: "at least one hour").
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// ListTasks: those that are to run, or those that are to stop or have stopped (`desiredStatus` STOPPED).
pub(super) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let cluster = cluster_name(input.str("cluster")?);
    cluster_seen(region, cluster, now)?;
    let only = input.str("serviceName")?.map(|reference| service_key(cluster, reference));
    if let Some(key) = &only
        && region.services.seen(key, now).is_none_or(Service::is_gone)
    {
        return Err(ApiError::service_not_found());
    }
    let (started_by, family) = (input.str("startedBy")?, input.str("family")?);
    let launch = input.str("launchType")?;
    let stopped = match input.str("desiredStatus")?.unwrap_or("RUNNING") {
        "RUNNING" => Some(false),
        "STOPPED" => Some(true),
        // ECS never wants a task to be PENDING.
        "PENDING" => None,
        other => return Err(ApiError::parameter(format!("{other} is no desired status."))),
    };
    let wanted = |task: &&Task| {
        stopped.is_some_and(|stopped| stopped != task.is_live())
            && started_by.is_none_or(|by| task.deployment == by)
            && family
                .is_none_or(|family| crate::arn::task_definition(&task.definition).is_some_and(|(f, _)| f == family))
    };
    let prefix = format!("{cluster}/");
    let services = region.services.all_seen(&prefix, now).filter(|(key, service)| {
        only.as_ref().is_none_or(|only| only == key)
            && launch.is_none_or(|launch| service.member("launchType") == launch)
    });
    let tasks = services.flat_map(|(_, service)| service.all_tasks(now).filter(wanted));
    let arns: Vec<String> = tasks.map(|task| arn(region, cluster, task)).collect();
    let size = paging::size(input.int("maxResults")?, 100, 100, bad_page_size)?;
    let (arns, next) = paging::page(arns, size, input.str("nextToken")?, bad_token)?;
    Ok(with_token(json!({"taskArns": arns}), next))
}

/// DescribeTasks: up to a hundred of one cluster, by id or ARN.
pub(super) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let cluster = cluster_name(input.str("cluster")?);
    cluster_seen(region, cluster, now)?;
    let references = input.strings("tasks")?;
    match references.len() {
        0 => return Err(ApiError::parameter("Tasks cannot be empty.")),
        101.. => return Err(ApiError::parameter("Tasks cannot have more than 100 elements.")),
        _ => {}
    }
    let prefix = format!("{cluster}/");
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for reference in references {
        let id = resource(reference).and_then(|path| path.rsplit('/').next()).unwrap_or(reference);
        let mut services = region.services.all_seen(&prefix, now).map(|(_, service)| service);
        let found = services.find_map(|service| Some((service, service.all_tasks(now).find(|task| task.id == id)?)));
        match found {
            Some((service, task)) => tasks.push(document(region, cluster, service, task)),
            None => failures.push(json!({
                "arn": region.arn("ecs", &format!("task/{cluster}/{id}")), "reason": "MISSING",
            })),
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

fn cluster_seen(region: &Region, name: &str, now: Timestamp) -> Result<(), ApiError> {
    let cluster = region.clusters.seen(name, now).filter(|cluster| cluster.active);
    cluster.map(|_| ()).ok_or_else(ApiError::cluster_not_found)
}

fn arn(region: &Region, cluster: &str, task: &Task) -> String {
    region.arn("ecs", &format!("task/{cluster}/{}", task.id))
}

impl Service {
    /// Tasks that are described at `now`, the oldest first.
    fn all_tasks(&self, now: Timestamp) -> impl Iterator<Item = &Task> {
        let kept = move |task: &&Task| task.stopped.is_none_or(|stopped| stopped + KEPT > now);
        self.stopped.iter().filter(kept).chain(&self.tasks)
    }
}

fn document(region: &Region, cluster: &str, service: &Service, task: &Task) -> Value {
    let revision = Family::find(&region.families, &task.definition);
    let arn = arn(region, cluster, task);
    let mut document = json!({
        "taskArn": arn,
        "clusterArn": service.cluster_arn,
        "taskDefinitionArn": task.definition,
        "group": format!("service:{}", service.name),
        "startedBy": task.deployment,
        "desiredStatus": if task.is_live() { "RUNNING" } else { "STOPPED" },
        "lastStatus": last_status(task),
        "healthStatus": "UNKNOWN",
        "createdAt": epoch(task.created),
        "containers": containers(region, cluster, revision, task),
        "overrides": {"containerOverrides": []},
        "attachments": [],
        "enableExecuteCommand": service.member("enableExecuteCommand") == true,
        "version": task.state as u8 + 1,
        "tags": [],
    });
    for (name, value) in [
        ("cpu", revision.map(|revision| revision.member("cpu"))),
        ("memory", revision.map(|revision| revision.member("memory"))),
        ("launchType", Some(service.member("launchType"))),
        ("capacityProviderName", service.member("capacityProviderStrategy").pointer("/0/capacityProvider")),
    ] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            document[name] = value.clone();
        }
    }
    for (name, at) in [("startedAt", task.started), ("stoppingAt", task.stopping), ("stoppedAt", task.stopped)] {
        if let Some(at) = at {
            document[name] = epoch(at);
        }
    }
    if !task.is_live() {
        let (code, reason) = stop_reason(region, revision, task);
        document["stopCode"] = json!(code);
        document["stoppedReason"] = json!(reason);
    }
    document
}

fn last_status(task: &Task) -> &'static str {
    match task.state {
        State::Provisioning => "PROVISIONING",
        State::Pending => "PENDING",
        State::Activating => "ACTIVATING",
        State::Running => "RUNNING",
        State::Stopping => "STOPPING",
        State::Failed | State::Stopped => "STOPPED",
    }
}

/// `stopCode` and `stoppedReason` (Amazon ECS developer guide, "Stopped tasks error messages").
fn stop_reason(region: &Region, revision: Option<&Revision>, task: &Task) -> (&'static str, String) {
    match (task.stop, &task.target_group) {
        (Stop::Scheduler, _) => {
            ("ServiceSchedulerInitiated", format!("Scaling activity initiated by (deployment {})", task.deployment))
        }
        (Stop::FailedToStart, _) => ("TaskFailedToStart", pull_error(failing_image(region, revision))),
        (Stop::Unhealthy, Some(group)) => {
            ("ServiceSchedulerInitiated", format!("Task failed ELB health checks in (target-group {group})"))
        }
        (Stop::Unhealthy, None) => ("ServiceSchedulerInitiated", "Task failed container health checks".to_owned()),
        (Stop::Exited, _) => ("EssentialContainerExited", "Essential container in task exited".to_owned()),
    }
}

fn pull_error(image: &str) -> String {
    format!(
        "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref {image}: not found"
    )
}

/// The image that keeps a task from starting: one that the options name, else the first.
fn failing_image<'a>(region: &Region, revision: Option<&'a Revision>) -> &'a str {
    let mut images = images(revision);
    let failing = |image: &&str| region.options.failing_images.iter().any(|text| image.contains(text.as_str()));
    images.clone().find(failing).or_else(|| images.next()).unwrap_or("")
}

fn images(revision: Option<&Revision>) -> impl Iterator<Item = &str> + Clone {
    revision.map(Revision::containers).unwrap_or_default().iter().filter_map(|one| one["image"].as_str())
}

fn containers(region: &Region, cluster: &str, revision: Option<&Revision>, task: &Task) -> Value {
    let failing = (task.stop == Stop::FailedToStart).then(|| failing_image(region, revision));
    let task_arn = arn(region, cluster, task);
    let rows = revision.map(Revision::containers).unwrap_or_default().iter().map(|container| {
        let name = container["name"].as_str().unwrap_or("");
        let image = container["image"].as_str().unwrap_or("");
        let id = Ids::labelled(0, &format!("{}/{name}", task.id)).uuid();
        let mut row = json!({
            "containerArn": region.arn("ecs", &format!("container/{cluster}/{}/{id}", task.id)),
            "taskArn": task_arn,
            "name": name,
            "image": image,
            "lastStatus": last_status(task),
            "healthStatus": if task.stop == Stop::Unhealthy { "UNHEALTHY" } else { "UNKNOWN" },
            "networkBindings": [],
            "networkInterfaces": [],
            "cpu": container["cpu"].as_i64().unwrap_or(0).to_string(),
        });
        if failing == Some(image) {
            row["reason"] = json!(pull_error(image));
        } else if task.started.is_some() {
            row["imageDigest"] = json!(image_digest(image));
        }
        if task.stopped.is_some() && task.started.is_some() {
            row["exitCode"] = json!(exit_code(task.stop));
        }
        row
    });
    rows.collect()
}

/// What the containers of the sandbox end with: 0 after SIGTERM, 1 when they crash.
fn exit_code(stop: Stop) -> i64 {
    i64::from(stop == Stop::Exited)
}

/// The digest of an image: the one that it names, else one that follows from its name.
pub(super) fn image_digest(image: &str) -> String {
    match image.split_once('@') {
        Some((_, digest)) => digest.to_owned(),
        None => Sha256::digest(image).iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}")),
    }
}
