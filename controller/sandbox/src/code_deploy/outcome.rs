//! How a deployment ends other than well, and what becomes of traffic and task sets then.
//!
//! With a rollback, a deployment of its own (creator `codeDeployRollback`) gives the original task set its traffic back
//! and removes the replacement. Without one the same happens at once, except when somebody stops a deployment that has
//! shifted all traffic already: then the replacement stays and the original set goes. (AWS documents the first; of the
//! second, only that instances that were updated are not rolled back.)

use super::{
    create::{begin, deployment_id},
    deployment::{Deployment, EventStatus, Phase, Rollback, Status, pending_events},
};
use crate::region::Region;
use jiff::Timestamp;

/// How a deployment ends.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    status: Status,
    code: &'static str,
    message: String,
}

impl Ending {
    pub(super) fn failed(code: &'static str, message: &str) -> Self {
        Self { status: Status::Failed, code, message: message.to_owned() }
    }

    pub(super) fn stopped(code: &'static str, message: &str) -> Self {
        Self { status: Status::Stopped, code, message: message.to_owned() }
    }

    /// The event that `autoRollbackConfiguration` names it by.
    fn event(&self) -> &'static str {
        match (self.code, self.status) {
            ("ALARM_ACTIVE", _) => "DEPLOYMENT_STOP_ON_ALARM",
            (_, Status::Stopped) => "DEPLOYMENT_STOP_ON_REQUEST",
            _ => "DEPLOYMENT_FAILURE",
        }
    }
}

impl Deployment {
    /// Ends it. `rollback` overrides what its configuration says.
    pub(super) fn end(&mut self, region: &mut Region, at: Timestamp, ending: Ending, rollback: Option<bool>) {
        let configured = || {
            let events = self.auto_rollback["events"].as_array().filter(|_| self.auto_rollback["enabled"] == true);
            events.is_some_and(|events| events.iter().any(|event| event == ending.event()))
        };
        let rolls_back = rollback.unwrap_or_else(configured) && self.creator == "user";
        for event in &mut self.events {
            match event.status {
                EventStatus::InProgress => (event.status, event.ended) = (EventStatus::Failed, Some(at)),
                EventStatus::Pending => event.status = EventStatus::Skipped,
                _ => {}
            }
        }
        self.error = Some((ending.code, ending.message));
        (self.status, self.phase, self.wake) = (ending.status, Phase::Over, None);
        (self.completed, self.updated) = (Some(at), at);
        if region.code_deploy.running.get(&self.service) == Some(&self.id) {
            region.code_deploy.running.remove(&self.service);
        }
        if rolls_back {
            self.roll_back(region, at);
        } else if self.status == Status::Stopped && self.is_shifted() {
            let blue = self.blue.id.clone().unwrap_or_default();
            self.on_service(region, |service, timing, _| service.end_task_set(&blue, at, timing));
        } else {
            self.give_back(region, at);
        }
    }

    /// Begins the deployment that rolls this one back.
    fn roll_back(&mut self, region: &mut Region, at: Timestamp) {
        let id = deployment_id(&mut region.ids);
        let info = Rollback {
            by: id.clone(),
            of: self.id.clone(),
            message: format!(
                "Deployment {} rolls back deployment {}: traffic returns to the original task set.",
                id, self.id
            ),
        };
        self.rollback = Some(info.clone());
        let mut events = pending_events();
        for event in &mut events {
            event.status = EventStatus::Skipped;
        }
        (events[6].status, events[6].started) = (EventStatus::InProgress, Some(at));
        let made = Self {
            id,
            description: None,
            creator: "codeDeployRollback",
            status: Status::InProgress,
            phase: Phase::Returning,
            wake: Some(at + region.options.timing.shift),
            events,
            created: at,
            started: Some(at),
            completed: None,
            error: None,
            rollback: Some(info),
            termination_wait_started: false,
            previous_sha256: Some(self.spec.sha256.clone()),
            ..self.clone()
        };
        begin(region, at, made);
    }
}
