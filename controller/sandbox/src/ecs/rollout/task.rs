//! Tasks of services, through their states.

use crate::options::Timing;
use jiff::Timestamp;

/// One task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    /// The deployment or task set that started it.
    pub(crate) deployment: String,
    pub(crate) state: State,
    /// When it leaves its state by itself; the end of time for RUNNING.
    pub(crate) until: Timestamp,
    /// Stops instead of reaching RUNNING.
    pub(crate) fails: bool,
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
    /// Counted as pending.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Provisioning | State::Pending | State::Activating)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// Pending or running.
    pub(crate) fn is_live(&self) -> bool {
        self.is_pending() || self.is_running()
    }

    pub(crate) fn stop(&mut self, at: Timestamp, timing: &Timing) {
        self.state = State::Stopping;
        self.until = at + timing.stopping;
    }

    /// The state after this one, when its time has come.
    pub(crate) fn pass(&mut self, at: Timestamp, timing: &Timing) {
        while self.until <= at {
            (self.state, self.until) = match self.state {
                State::Provisioning => (State::Pending, self.until + timing.pending),
                State::Pending => (State::Activating, self.until + timing.activating),
                State::Activating if self.fails => (State::Failed, Timestamp::MAX),
                State::Activating | State::Running => (State::Running, Timestamp::MAX),
                State::Stopping | State::Failed | State::Stopped => (State::Stopped, Timestamp::MAX),
            };
        }
    }
}
