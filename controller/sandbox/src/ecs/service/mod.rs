//! Services: what they are and how they change on request. How they move by themselves is in [`super::rollout`].

mod allowed;
mod check;
mod create;
mod defaults;
mod delete;
mod describe;
mod task_set;
mod update;

#[cfg(test)]
mod tests;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use describe::{describe, list_services as list};
pub(crate) use task_set::task_set_members;
pub(super) use update::update;

use super::rollout::{Deployment, Events, ServiceDeployment, ServiceRevision, State, Task};
use crate::{ids::Ids, input::Type, options::Timing, tags::Tags};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

/// Types of the members that CreateService and UpdateService take (API reference).
const TYPES: &[(Type, &[&str])] = &[
    (
        Type::String,
        &[
            "cluster",
            "service",
            "serviceName",
            "taskDefinition",
            "launchType",
            "platformVersion",
            "schedulingStrategy",
            "availabilityZoneRebalancing",
            "propagateTags",
            "role",
            "clientToken",
        ],
    ),
    (Type::Integer, &["desiredCount", "healthCheckGracePeriodSeconds"]),
    (Type::Boolean, &["enableECSManagedTags", "enableExecuteCommand", "forceNewDeployment", "force"]),
    (
        Type::List,
        &[
            "loadBalancers",
            "serviceRegistries",
            "capacityProviderStrategy",
            "placementConstraints",
            "placementStrategy",
            "volumeConfigurations",
            "vpcLatticeConfigurations",
            "tags",
        ],
    ),
    (
        Type::Structure,
        &["deploymentController", "deploymentConfiguration", "networkConfiguration", "serviceConnectConfiguration"],
    ),
];

/// `status`, and GONE for what is no longer described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    Draining,
    Inactive,
    Gone,
}

/// `deploymentController.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Controller {
    Ecs,
    CodeDeploy,
    External,
}

/// One service.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(super) cluster_arn: String,
    pub(super) status: Status,
    pub(crate) desired: i64,
    /// Everything else that was set or filled in, as described.
    pub(super) members: Map<String, Value>,
    /// PRIMARY first. Under CODE_DEPLOY these are the task sets; under EXTERNAL there are none.
    pub(super) deployments: Vec<Deployment>,
    pub(super) tasks: Vec<Task>,
    /// Tasks that stopped within the last hour, the newest last.
    pub(super) stopped: Vec<Task>,
    pub(super) events: Events,
    pub(crate) tags: Tags,
    pub(super) created: Timestamp,
    /// The creating request, to tell a repeated one from another.
    pub(super) request: Value,
    /// The deployment that completed last: what a rollback goes to.
    pub(super) last_completed: Option<Deployment>,
    /// Service deployments, the newest last.
    pub(super) history: Vec<ServiceDeployment>,
    /// Service revisions, the newest last.
    pub(super) revisions: Vec<ServiceRevision>,
    /// The scheduler does not look before.
    pub(super) next_look: Option<Timestamp>,
    pub(super) steady: bool,
    pub(super) steady_at: Timestamp,
    /// When an INACTIVE service is described no longer.
    pub(super) gone_at: Option<Timestamp>,
}

impl Service {
    pub(crate) fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    /// INACTIVE or gone: the name is free.
    pub(crate) fn is_inactive(&self) -> bool {
        matches!(self.status, Status::Inactive | Status::Gone)
    }

    pub(super) fn member(&self, name: &str) -> &Value {
        self.members.get(name).unwrap_or(&Value::Null)
    }

    pub(crate) fn controller(&self) -> Controller {
        controller(&self.members)
    }

    pub(super) fn deployment_configuration(&self) -> &Value {
        self.member("deploymentConfiguration")
    }

    pub(super) fn count(&self, which: impl Fn(&Task) -> bool) -> i64 {
        self.tasks.iter().filter(|task| which(task)).count() as i64
    }

    pub(crate) fn running(&self) -> i64 {
        self.count(Task::is_running)
    }

    pub(crate) fn pending(&self) -> i64 {
        self.count(Task::is_pending)
    }

    pub(super) fn live(&self) -> i64 {
        self.count(Task::is_live)
    }

    /// Whether one deployment is still replacing another.
    pub(crate) fn is_deploying(&self) -> bool {
        self.deployments.iter().any(|deployment| deployment.rollout == super::rollout::Rollout::InProgress)
    }

    /// Sets the desired count; the scheduler acts on it a moment later.
    pub(crate) fn set_desired(&mut self, desired: i64, now: Timestamp, timing: &Timing) {
        self.desired = desired;
        self.steady = false;
        self.look_soon(now, timing);
    }

    pub(crate) fn look_soon(&mut self, now: Timestamp, timing: &Timing) {
        self.next_look.get_or_insert(now + timing.scheduling);
    }

    /// Starts a deployment of what the members say now.
    pub(crate) fn deploy(&mut self, now: Timestamp, timing: &Timing, ids: &mut Ids) {
        let mut deployment = Deployment::new(&self.members, now, ids);
        self.alternate(&mut deployment);
        self.deployments.insert(0, deployment);
        self.begin_record(now);
        self.steady = false;
        self.look_soon(now, timing);
    }

    /// Under blue/green and its like, the target groups of a new deployment are the ones that do not serve now (API
    /// reference, `AdvancedConfiguration.alternateTargetGroupArn`).
    fn alternate(&self, deployment: &mut Deployment) {
        let strategy = self.deployment_configuration()["strategy"].as_str().unwrap_or("ROLLING");
        let serving = self.last_completed.as_ref().map(|last| &last.target_groups);
        let balancers = items(&self.members, "loadBalancers").iter().filter(|one| one["targetGroupArn"].is_string());
        for (group, balancer) in deployment.target_groups.iter_mut().zip(balancers).filter(|_| strategy != "ROLLING") {
            let alternate = balancer["advancedConfiguration"]["alternateTargetGroupArn"].as_str();
            if let Some(alternate) = alternate.filter(|_| serving.is_some_and(|serving| serving.contains(group))) {
                alternate.clone_into(group);
            }
        }
    }

    /// The members that a deployment of the service as it is would keep.
    pub(crate) fn revision(&self) -> Map<String, Value> {
        super::rollout::revision_of(&self.members)
    }

    /// Takes the members of a revision as the service's own.
    pub(super) fn adopt_revision(&mut self, revision: &Map<String, Value>) {
        let kept = |name: &String| super::rollout::is_of_revision(name) && !revision.contains_key(name);
        self.members.retain(|name, _| !kept(name));
        self.members.extend(revision.clone());
    }

    /// Takes up to `count` running tasks away at once, as a crash does.
    pub(crate) fn crash(&mut self, count: usize, now: Timestamp, timing: &Timing) {
        for task in self.tasks.iter_mut().filter(|task| task.is_running()).take(count) {
            task.crash(now);
        }
        self.keep_stopped(now);
        self.steady = false;
        self.look_soon(now, timing);
    }

    /// Puts tasks that have stopped aside, to be described for an hour (API reference, DescribeTasks).
    pub(super) fn keep_stopped(&mut self, at: Timestamp) {
        let over = |task: &mut Task| matches!(task.state, State::Failed | State::Stopped);
        self.stopped.extend(self.tasks.extract_if(.., over));
        let hour = SignedDuration::from_hours(1);
        self.stopped.retain(|task| task.stopped.is_none_or(|stopped| stopped + hour > at));
    }

    pub(super) fn event(&mut self, at: Timestamp, ids: &mut Ids, message: String) {
        self.events.push(at, ids, format!("(service {}) {message}", self.name));
    }

    pub(super) fn become_inactive(&mut self, at: Timestamp, timing: &Timing) {
        self.status = Status::Inactive;
        self.deployments.clear();
        self.gone_at = Some(at + timing.inactive);
    }

    pub(super) fn forget(&mut self, at: Timestamp) {
        if self.gone_at.is_some_and(|gone| gone <= at) {
            self.gone_at = None;
            self.status = Status::Gone;
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.status == Status::Gone
    }
}

/// The deployment controller that members name; ECS when they name none.
fn controller(members: &Map<String, Value>) -> Controller {
    match members.get("deploymentController").and_then(|controller| controller["type"].as_str()) {
        Some("CODE_DEPLOY") => Controller::CodeDeploy,
        Some("EXTERNAL") => Controller::External,
        _ => Controller::Ecs,
    }
}

/// Whether tasks run on Fargate, by launch type or by capacity providers.
fn is_fargate(members: &Map<String, Value>) -> bool {
    let strategy = members.get("capacityProviderStrategy").and_then(Value::as_array).map(Vec::as_slice);
    match strategy.and_then(<[Value]>::first) {
        Some(item) => item["capacityProvider"].as_str().is_some_and(|name| name.starts_with("FARGATE")),
        None => members.get("launchType").is_some_and(|kind| kind == "FARGATE"),
    }
}

fn items<'a>(members: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    members.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
