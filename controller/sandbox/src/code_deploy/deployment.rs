//! One deployment.

use super::{app_spec::AppSpec, config::Routing, target_group_name};
use crate::{ecs::SetCounts, region::Region};
use jiff::Timestamp;
use serde_json::Value;

/// Lifecycle events of a deployment to ECS, in order (CodeDeploy user guide, "Lifecycle event hooks").
pub(super) const EVENTS: [&str; 8] = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
];

/// `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Created,
    InProgress,
    /// Waits for somebody to let traffic shift.
    Ready,
    Succeeded,
    Failed,
    Stopped,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::InProgress => "InProgress",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

/// What a deployment is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Queued,
    /// A lifecycle event, by its place in [`EVENTS`].
    Event(usize),
    /// Waits for ContinueDeployment before production traffic shifts.
    Ready,
    /// Production traffic is on the replacement; the original set is kept for a while.
    TerminationWait,
    /// A rollback gives the original set its traffic back.
    Returning,
    /// Waits until the set that is no longer needed is gone.
    Terminating,
    Over,
}

/// Status of a lifecycle event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventStatus {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    Skipped,
}

impl EventStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

/// One lifecycle event of one deployment.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) status: EventStatus,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
}

/// Why a deployment rolls back, or was rolled back.
#[derive(Clone, Debug)]
pub(super) struct Rollback {
    /// The deployment that rolls back.
    pub(super) by: String,
    /// The deployment that is rolled back.
    pub(super) of: String,
    pub(super) message: String,
}

/// A task set of a deployment, as it was when it was last looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    pub(super) id: Option<String>,
    /// Name of its target group.
    pub(super) target_group: String,
    pub(super) counts: SetCounts,
}

/// One deployment.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) application: String,
    pub(super) group: String,
    /// Key (`cluster/service`) of the service.
    pub(super) service: String,
    pub(super) spec: AppSpec,
    pub(super) previous_sha256: Option<String>,
    pub(super) description: Option<String>,
    pub(super) creator: &'static str,
    pub(super) config: String,
    pub(super) routing: Routing,
    /// The group's members when the deployment began, with what the request overrides.
    pub(super) load_balancers: Value,
    pub(super) blue_green: Value,
    pub(super) auto_rollback: Value,
    pub(super) alarms: Value,
    pub(super) status: Status,
    pub(super) phase: Phase,
    /// When it has something to do by itself.
    pub(super) wake: Option<Timestamp>,
    pub(super) events: [Event; 8],
    pub(super) created: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) completed: Option<Timestamp>,
    pub(super) error: Option<(&'static str, String)>,
    pub(super) rollback: Option<Rollback>,
    pub(super) blue: Set,
    pub(super) green: Set,
    /// Percentage of production traffic that the replacement has.
    pub(super) weight: i64,
    pub(super) termination_wait_started: bool,
    pub(super) updated: Timestamp,
}

impl Deployment {
    /// Names of the two target groups.
    pub(super) fn pair(&self) -> [&str; 2] {
        let groups = &self.load_balancers["targetGroupPairInfoList"][0]["targetGroups"];
        [0, 1].map(|place| groups[place]["name"].as_str().unwrap_or(""))
    }

    pub(super) fn listener(&self, route: &str) -> Option<&str> {
        self.load_balancers["targetGroupPairInfoList"][0][route]["listenerArns"][0].as_str()
    }

    /// Whether the replacement has all production traffic, and the PRIMARY role with it.
    pub(super) fn is_shifted(&self) -> bool {
        self.weight >= 100
    }

    /// Minutes between the shift of traffic and the end of the original set.
    pub(super) fn termination_wait(&self) -> i64 {
        self.blue_green["terminateBlueInstancesOnDeploymentSuccess"]["terminationWaitTimeInMinutes"]
            .as_i64()
            .unwrap_or(0)
    }

    /// Minutes that somebody has to let traffic shift; nothing: it shifts by itself.
    pub(super) fn ready_wait(&self) -> Option<i64> {
        let option = &self.blue_green["deploymentReadyOption"];
        option["waitTimeInMinutes"].as_i64().filter(|_| option["actionOnTimeout"] == "STOP_DEPLOYMENT")
    }

    /// The first of its alarms that is in ALARM.
    pub(super) fn alarm<'a>(&'a self, region: &Region) -> Option<&'a str> {
        let alarms = self.alarms["alarms"].as_array().filter(|_| self.alarms["enabled"] == true);
        let mut names = alarms.into_iter().flatten().filter_map(|alarm| alarm["name"].as_str());
        names.find(|name| region.options.alarms.contains(*name))
    }

    /// Takes down what the task sets are like now.
    pub(super) fn observe(&mut self, region: &Region) {
        let Some(service) = region.services.live(&self.service) else { return };
        for set in [&mut self.blue, &mut self.green] {
            let Some(id) = &set.id else { continue };
            match service.set_counts(id) {
                Some(counts) => {
                    target_group_name(&counts.target_group).clone_into(&mut set.target_group);
                    set.counts = counts;
                }
                None => {
                    let target_group = std::mem::take(&mut set.counts.target_group);
                    set.counts = SetCounts { status: "DRAINING", target_group, ..SetCounts::default() };
                }
            }
        }
    }
}

pub(super) fn pending_events() -> [Event; 8] {
    std::array::from_fn(|_| Event { status: EventStatus::Pending, started: None, ended: None })
}
