//! The service scheduler: starts and stops tasks so that the PRIMARY deployment replaces the others within maximumPercent
//! and minimumHealthyPercent (Amazon ECS developer guide, "Rolling update").

use super::{Rollout, State, Stop, Task, record::Outcome, stages::Stage};
use crate::{
    ecs::{Controller, Moment, Service, service::Status},
    ids::Ids,
};
use jiff::{SignedDuration, Timestamp};

/// After failures the scheduler waits one second, then twice as long each round, up to 15 minutes (the longest that the
/// developer guide names under "Service throttle logic").
const LONGEST_BACKOFF: i64 = 900;

impl Service {
    /// When something happens next, if nobody calls.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        let tasks = self.tasks.iter().map(|task| task.until).filter(|until| *until < Timestamp::MAX);
        let retries = self.deployments.iter().filter_map(|deployment| deployment.retry_at);
        // A look is nearer than any end of a stage, and deals with it.
        let stage = self.history.last().and_then(|record| record.progress.as_ref()?.wake);
        tasks.chain(retries).chain(self.next_look.or(stage)).chain(self.gone_at).min()
    }

    /// Lets a moment come.
    pub(crate) fn step(&mut self, moment: &mut Moment<'_>) {
        let at = moment.at;
        self.pass_tasks(moment);
        for deployment in &mut self.deployments {
            deployment.retry_at = deployment.retry_at.filter(|retry| *retry > at);
        }
        if self.next_look.is_some_and(|look| look > at) {
            return;
        }
        self.next_look = None;
        match self.status {
            Status::Active => self.schedule(moment),
            Status::Draining if self.tasks.is_empty() => self.become_inactive(at, moment.timing()),
            Status::Draining => {}
            Status::Inactive | Status::Gone => self.forget(at),
        }
    }

    /// Moves every task on, and counts what failed and what came up.
    fn pass_tasks(&mut self, moment: &mut Moment<'_>) {
        let at = moment.at;
        let resets = self.resets_on_healthy_task();
        let mut up: Vec<(String, usize)> = Vec::new();
        let mut sick: Vec<(String, Option<String>)> = Vec::new();
        for task in &mut self.tasks {
            let before = task.state;
            task.pass(at, &moment.options.timing);
            if task.state == before {
                continue;
            }
            self.steady = self.steady && before == State::Stopping;
            let Some(deployment) = self.deployments.iter_mut().find(|deployment| deployment.id == task.deployment)
            else {
                continue;
            };
            match task.state {
                State::Running => {
                    deployment.rounds = 0;
                    deployment.updated = at;
                    if resets && task.is_healthy() {
                        deployment.failed_tasks = 0;
                    }
                    match up.iter_mut().find(|(id, _)| *id == task.deployment) {
                        Some((_, count)) => *count += 1,
                        None => up.push((task.deployment.clone(), 1)),
                    }
                }
                State::Failed => {
                    deployment.failed_tasks += 1;
                    if deployment.retry_at.is_none_or(|retry| retry <= at) {
                        let wait = (1_i64 << deployment.rounds.min(10)).min(LONGEST_BACKOFF);
                        deployment.retry_at = Some(at + SignedDuration::from_secs(wait));
                        deployment.rounds += 1;
                    }
                }
                State::Stopping if task.stop == Stop::Unhealthy => {
                    deployment.failed_tasks += 1;
                    sick.push((task.id.clone(), task.target_group.clone()));
                }
                _ => {}
            }
        }
        self.keep_stopped(at);
        for (deployment, count) in up {
            self.targets_event(moment, &deployment, &format!("registered {count} targets"));
        }
        for (task, group) in sick {
            let place = group.map(|group| format!(" in (target-group {group})")).unwrap_or_default();
            let why = "due to (reason Health checks failed)";
            self.event(at, moment.ids, format!("(task {task}) is unhealthy{place} {why}."));
        }
    }

    fn schedule(&mut self, moment: &mut Moment<'_>) {
        if self.deployments.is_empty() {
            return;
        }
        if self.controller() == Controller::CodeDeploy {
            return self.schedule_task_sets(moment);
        }
        self.watch_rollout(moment);
        if self.is_shifting() {
            self.pass_stages(moment);
        }
        // It may have failed on the way.
        if !self.is_shifting() {
            self.make_room(moment);
            self.start(0, self.desired, self.max_tasks() - self.live(), moment);
        }
        self.settle(moment.at, moment.ids);
    }

    /// Stops what is no longer wanted, and what must go so that new tasks find room.
    fn make_room(&mut self, moment: &mut Moment<'_>) {
        let primary = self.deployments[0].id.clone();
        let primary_halted = self.deployments[0].rollout == Rollout::Failed;
        let mine = self.count(|task| task.deployment == primary && task.is_live());
        self.stop_newest(mine - self.desired, moment, |task| task.deployment == primary);
        if !primary_halted {
            self.stop_newest(i64::MAX, moment, |task| task.deployment != primary && !task.is_healthy());
        }
        // Tasks that fail their health checks replace nobody.
        let running = self.count(Task::is_healthy);
        let replaced = running - self.desired;
        let missing = if primary_halted { 0 } else { self.desired - mine - (self.max_tasks() - self.live()) };
        let spare = running - self.min_healthy();
        let stop = replaced.max(missing.min(spare));
        self.stop_newest(stop, moment, |task| task.deployment != primary && task.is_running());
    }

    /// Drops deployments that are over, and says when the PRIMARY one has completed and all is steady.
    fn settle(&mut self, at: Timestamp, ids: &mut Ids) {
        let primary = self.deployments[0].id.clone();
        let running = self.count(|task| task.deployment == primary && task.is_healthy());
        let tasks = &self.tasks;
        let alone = tasks.iter().all(|task| task.deployment == primary);
        let arrived = running == self.desired && tasks.iter().all(|task| !task.is_pending()) && alone;
        let last_stage = self.history.last().is_none_or(|record| {
            record.progress.as_ref().is_none_or(|progress| progress.stage == Stage::CleanUp) || !self.is_shifting()
        });
        if arrived && last_stage && self.deployments[0].rollout == Rollout::InProgress {
            let first = &mut self.deployments[0];
            first.rollout = Rollout::Completed;
            first.reason = format!("ECS deployment {primary} completed.");
            first.updated = at;
            self.last_completed = Some(self.deployments[0].clone());
            self.event(at, ids, format!("(deployment {primary}) deployment completed."));
            self.deployments.truncate(1);
        }
        if arrived && self.deployments[0].rollout == Rollout::Completed {
            self.finish_record(at);
        }
        // A failed deployment stays to be seen until its successor has completed.
        let tasks = &self.tasks;
        let over = |old: &super::Deployment| tasks.iter().all(|task| task.deployment != old.id);
        self.deployments.retain(|old| old.id == primary || old.rollout == Rollout::Failed || !over(old));
        for old in self.deployments.iter_mut().skip(1) {
            old.desired = tasks.iter().filter(|task| task.deployment == old.id && task.is_live()).count() as i64;
        }
        if arrived && !self.steady && self.deployments[0].rollout == Rollout::Completed {
            self.steady = true;
            self.steady_at = at;
            self.event(at, ids, "has reached a steady state.".to_owned());
        }
    }

    /// Ends the record of the rollout that has arrived, at its target or where it went back to.
    fn finish_record(&mut self, at: Timestamp) {
        let primary = self.deployments[0].id.clone();
        let Some(record) = self.record() else { return };
        let status = match record.status {
            Outcome::RollbackInProgress => Outcome::RollbackSuccessful,
            _ if record.deployment == primary => Outcome::Successful,
            _ => return,
        };
        if let Some(progress) = record.progress.as_mut() {
            progress.wake = None;
        }
        record.become_(status, at);
        self.deployments.truncate(1);
    }

    fn max_tasks(&self) -> i64 {
        let percent = self.deployment_configuration()["maximumPercent"].as_i64().unwrap_or(200);
        // Outside a deployment maximumPercent does not keep a service from its desired count.
        if self.deployments.len() > 1 { self.desired * percent / 100 } else { self.desired.max(self.live()) }
    }

    fn min_healthy(&self) -> i64 {
        let percent = self.deployment_configuration()["minimumHealthyPercent"].as_i64().unwrap_or(100);
        (self.desired * percent + 99) / 100
    }
}
