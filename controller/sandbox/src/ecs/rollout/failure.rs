//! How a rollout fails: circuit breaker, alarm, hook, somebody's stop; and what it goes back to.

use super::{Deployment, Rollout, record::Outcome};
use crate::ecs::{Moment, Service};
use serde_json::Value;

/// Why a rollout fails.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// `rolloutStateReason` of the failed deployment.
    reason: String,
    /// Beginning of the reason of the deployment that rolls back.
    what: &'static str,
    /// What the service's event says.
    event: String,
    /// `statusReason` of the service deployment.
    status: String,
    rolls_back: bool,
    broke_circuit: bool,
    alarm: Option<String>,
}

impl Failure {
    fn circuit_breaker(rolls_back: bool) -> Self {
        Self {
            reason: "ECS deployment circuit breaker: tasks failed to start.".to_owned(),
            what: "ECS deployment circuit breaker",
            event: "tasks failed to start.".to_owned(),
            status: "the circuit breaker threshold was exceeded.".to_owned(),
            rolls_back,
            broke_circuit: true,
            alarm: None,
        }
    }

    fn alarm(name: &str, rolls_back: bool) -> Self {
        Self {
            reason: format!("ECS deployment alarm: alarm detected: {name}."),
            what: "ECS deployment alarm",
            event: "alarm detected.".to_owned(),
            status: format!("the alarm {name} was detected."),
            rolls_back,
            broke_circuit: false,
            alarm: Some(name.to_owned()),
        }
    }

    pub(super) fn hook(reason: &str) -> Self {
        Self::told("ECS deployment lifecycle hook", &format!("a lifecycle hook failed: {reason}."))
    }

    fn request() -> Self {
        Self::told("ECS deployment stop", "a rollback was requested.")
    }

    fn told(what: &'static str, text: &str) -> Self {
        Self {
            reason: format!("{what}: {text}"),
            what,
            event: text.to_owned(),
            status: text.to_owned(),
            rolls_back: true,
            broke_circuit: false,
            alarm: None,
        }
    }
}

impl Service {
    /// Ends the newest rollout if it is time for that.
    pub(super) fn watch_rollout(&mut self, moment: &mut Moment<'_>) {
        let threshold = self.failure_threshold();
        let breaker = self.breaker();
        let (breaks, rolls_back) = (breaker["enable"] == true, breaker["rollback"] == true);
        let mut alarm = self.alarm(moment);
        let failures = self.deployments[0].failed_tasks;
        let in_progress = self.deployments[0].rollout == Rollout::InProgress;
        let id = self.deployments[0].id.clone();
        if let Some(record) = self.record() {
            if record.deployment == id {
                record.failures = failures;
            }
            match record.status {
                Outcome::Pending => {
                    record.started = Some(moment.at);
                    record.ignores_alarms = alarm.is_some();
                    record.become_(Outcome::InProgress, moment.at);
                }
                Outcome::RollbackRequested => return self.fail_rollout(Failure::request(), moment),
                _ => {}
            }
            // A rollback is not watched.
            alarm = alarm.filter(|_| record.status == Outcome::InProgress && !record.ignores_alarms);
        }
        if !in_progress {
        } else if breaks && failures >= threshold {
            self.fail_rollout(Failure::circuit_breaker(rolls_back), moment);
        } else if let Some((name, rolls_back)) = alarm {
            self.fail_rollout(Failure::alarm(&name, rolls_back), moment);
        }
    }

    /// The first of the service's alarms that is in ALARM, and whether it rolls back.
    fn alarm(&self, moment: &Moment<'_>) -> Option<(String, bool)> {
        let alarms = &self.deployment_configuration()["alarms"];
        let names = alarms["alarmNames"].as_array().filter(|_| alarms["enable"] == true)?;
        let mut names = names.iter().filter_map(Value::as_str);
        let name = names.find(|name| moment.options.alarms.contains(*name))?;
        Some((name.to_owned(), alarms["rollback"] == true))
    }

    /// FAILED; and back to the revision that completed last, where there is one and rollback is on.
    pub(super) fn fail_rollout(&mut self, failure: Failure, moment: &mut Moment<'_>) {
        let at = moment.at;
        let shifting = self.is_shifting();
        let primary = &mut self.deployments[0];
        primary.rollout = Rollout::Failed;
        primary.reason = failure.reason;
        primary.updated = at;
        let (id, again) = (primary.id.clone(), !primary.is_rollback);
        self.event(at, moment.ids, format!("(deployment {id}) deployment failed: {}", failure.event));
        let last = self.last_completed.clone().filter(|last| failure.rolls_back && again && last.id != id);
        if let Some(record) = self.record() {
            let verb = if last.is_some() { "rolled back" } else { "stopped" };
            record.reason = Some(format!("Service deployment {verb} because {}", failure.status));
            record.broke_circuit |= failure.broke_circuit;
            record.alarms.extend(failure.alarm);
            match &last {
                Some(last) => {
                    record.rollback = Some((failure.status, at, last.revision_id.clone()));
                    record.become_(Outcome::RollbackInProgress, at);
                    if let Some(progress) = record.progress.as_mut() {
                        (progress.production, progress.test, progress.wake) = (0.0, 0.0, None);
                    }
                }
                None if again => record.become_(Outcome::Stopped, at),
                None => record.become_(Outcome::RollbackFailed, at),
            }
        }
        let Some(last) = last else { return };
        self.event(at, moment.ids, format!("rolling back to deployment {}.", last.id));
        self.adopt_revision(&last.revision);
        let back = self.deployments.iter().position(|old| old.id == last.id).filter(|_| shifting);
        match back {
            // Its tasks still run: it only takes its traffic and its place again.
            Some(place) => {
                let source = self.deployments.remove(place);
                self.deployments.insert(0, source);
            }
            None => {
                let mut rollback = Deployment::new(&last.revision, at, moment.ids);
                rollback.reason = format!("{}: rolling back to deploymentId {}.", failure.what, last.id);
                rollback.is_rollback = true;
                rollback.revision_id.clone_from(&last.revision_id);
                rollback.target_groups.clone_from(&last.target_groups);
                self.deployments.insert(0, rollback);
            }
        }
    }
}
