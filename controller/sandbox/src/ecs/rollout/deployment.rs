//! Deployments (and, under CODE_DEPLOY, task sets: the same thing shown in another way).

use crate::ids::Ids;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Members of a service whose change makes a deployment, and which a deployment keeps (API reference, UpdateService).
pub(crate) const REVISION: &[&str] = &[
    "taskDefinition",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// Members that a deployment keeps as well, but whose change alone makes none.
pub(crate) const CAPACITY: &[&str] = &["launchType", "capacityProviderStrategy"];

/// One deployment. The first of a service is its PRIMARY.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    /// What it deploys: the members of [`REVISION`] and [`CAPACITY`] as they were.
    pub(crate) revision: Map<String, Value>,
    /// Number of the service revision that this is: its own, or for a rollback the one that it goes back to.
    pub(crate) revision_id: String,
    /// The target groups that serve it, one for each load balancer.
    pub(crate) target_groups: Vec<String>,
    pub(crate) rollout: Rollout,
    pub(crate) reason: String,
    /// Consecutive tasks that stopped before they ran.
    pub(crate) failed_tasks: i64,
    /// What the scheduler last aimed at; 0 until it has looked.
    pub(crate) desired: i64,
    /// After failures, no task is started before.
    pub(crate) retry_at: Option<Timestamp>,
    /// Rounds of failures in a row, for the backoff.
    pub(crate) rounds: u32,
    /// Started by the circuit breaker: a second failure is not rolled back again.
    pub(crate) is_rollback: bool,
    /// The CodeDeploy deployment that made it (task sets only).
    pub(crate) external_id: Option<String>,
    /// Its tasks are to stop, and it with them (task sets only).
    pub(crate) ending: bool,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// `rolloutState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

impl Deployment {
    /// A deployment of what `members` say now.
    pub(crate) fn new(members: &Map<String, Value>, at: Timestamp, ids: &mut Ids) -> Self {
        let id = ids.deployment();
        Self {
            revision: revision_of(members),
            revision_id: id.rsplit('/').next().unwrap_or(&id).to_owned(),
            target_groups: target_groups(members),
            rollout: Rollout::InProgress,
            reason: format!("ECS deployment {id} in progress."),
            failed_tasks: 0,
            desired: 0,
            retry_at: None,
            rounds: 0,
            is_rollback: false,
            external_id: None,
            ending: false,
            created: at,
            updated: at,
            id,
        }
    }

    /// The target group behind its first load balancer.
    pub(crate) fn target_group(&self) -> Option<&str> {
        self.target_groups.first().map(String::as_str)
    }

    pub(crate) fn task_definition(&self) -> &str {
        self.revision.get("taskDefinition").and_then(Value::as_str).unwrap_or("")
    }
}

fn target_groups(members: &Map<String, Value>) -> Vec<String> {
    let balancers = members.get("loadBalancers").and_then(Value::as_array).into_iter().flatten();
    balancers.filter_map(|balancer| balancer["targetGroupArn"].as_str().map(str::to_owned)).collect()
}

/// The part of a service's members that a deployment keeps.
pub(crate) fn revision_of(members: &Map<String, Value>) -> Map<String, Value> {
    members.iter().filter(|(name, _)| is_of_revision(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether a member belongs to the revision that a deployment keeps.
pub(crate) fn is_of_revision(name: &str) -> bool {
    REVISION.contains(&name) || CAPACITY.contains(&name)
}
