//! Tasks of services, through their states.

use super::Deployment;
use crate::{
    ecs::{Fate, Moment},
    options::Timing,
};
use jiff::Timestamp;

/// One task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    /// The deployment or task set that started it.
    pub(crate) deployment: String,
    /// ARN of its task definition.
    pub(crate) definition: String,
    /// ARN of its target group.
    pub(crate) target_group: Option<String>,
    pub(crate) state: State,
    /// When it leaves its state by itself; the end of time for a healthy RUNNING one.
    pub(crate) until: Timestamp,
    pub(crate) fate: Fate,
    pub(crate) created: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) stopping: Option<Timestamp>,
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) stop: Stop,
}

/// Why a task stops or stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The scheduler wanted fewer.
    Scheduler,
    /// It could not start.
    FailedToStart,
    /// Its health checks failed.
    Unhealthy,
    /// Its essential container ended by itself.
    Exited,
}

/// States of the task life cycle that show in counts (Amazon ECS developer guide, "Task lifecycle").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Provisioning,
    Pending,
    Activating,
    Running,
    /// DEACTIVATING to DEPROVISIONING: counted nowhere.
    Stopping,
    /// Stopped before it ran.
    Failed,
    Stopped,
}

impl Task {
    /// A task that a deployment starts now.
    pub(super) fn new(deployment: &Deployment, fate: Fate, moment: &mut Moment<'_>) -> Self {
        Self {
            id: moment.ids.hex(),
            deployment: deployment.id.clone(),
            definition: deployment.task_definition().to_owned(),
            target_group: deployment.target_group().map(str::to_owned),
            state: State::Provisioning,
            until: moment.at + moment.options.timing.provisioning,
            fate,
            created: moment.at,
            started: None,
            stopping: None,
            stopped: None,
            stop: Stop::Scheduler,
        }
    }

    /// Counted as pending.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Provisioning | State::Pending | State::Activating)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// Running, and passing its health checks.
    pub(crate) fn is_healthy(&self) -> bool {
        self.is_running() && self.fate == Fate::Runs
    }

    /// Pending or running.
    pub(crate) fn is_live(&self) -> bool {
        self.is_pending() || self.is_running()
    }

    pub(crate) fn stop(&mut self, at: Timestamp, timing: &Timing) {
        self.state = State::Stopping;
        self.stopping = Some(at);
        self.until = at + timing.stopping;
    }

    /// Ends at once, as a crash does.
    pub(crate) fn crash(&mut self, at: Timestamp) {
        (self.state, self.until, self.stop) = (State::Stopped, Timestamp::MAX, Stop::Exited);
        (self.stopping, self.stopped) = (Some(at), Some(at));
    }

    /// The state after this one, when its time has come.
    pub(crate) fn pass(&mut self, at: Timestamp, timing: &Timing) {
        while self.until <= at {
            let now = self.until;
            (self.state, self.until) = match (self.state, self.fate) {
                (State::Provisioning, _) => (State::Pending, now + timing.pending),
                (State::Pending, _) => (State::Activating, now + timing.activating),
                (State::Activating, Fate::FailsToStart) => {
                    (self.stop, self.stopping, self.stopped) = (Stop::FailedToStart, Some(now), Some(now));
                    (State::Failed, Timestamp::MAX)
                }
                (State::Activating, fate) => {
                    self.started = Some(now);
                    let end = if let Fate::Unhealthy(after) = fate { now + after } else { Timestamp::MAX };
                    (State::Running, end)
                }
                (State::Running, _) => {
                    (self.stop, self.stopping) = (Stop::Unhealthy, Some(now));
                    (State::Stopping, now + timing.stopping)
                }
                (State::Stopping | State::Failed | State::Stopped, _) => {
                    self.stopped.get_or_insert(now);
                    (State::Stopped, Timestamp::MAX)
                }
            };
        }
    }
}
