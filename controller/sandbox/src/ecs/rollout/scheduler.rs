//! The service scheduler: starts and stops tasks so that the PRIMARY deployment replaces the others within maximumPercent
//! and minimumHealthyPercent (Amazon ECS developer guide, "Rolling update").

use super::{Rollout, State, Task};
use crate::{
    ecs::{Controller, Service, service::Status},
    ids::Ids,
    options::Timing,
};
use jiff::{SignedDuration, Timestamp};

/// After failures the scheduler waits one second, then twice as long each round, up to 15 minutes (the longest that the
/// developer guide names under "Service throttle logic").
const LONGEST_BACKOFF: i64 = 900;

impl Service {
    /// When something happens next, if nobody calls.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        let tasks = self.tasks.iter().map(|task| task.until).filter(|until| *until < Timestamp::MAX);
        let primary = self.deployments.first();
        let retry = primary.and_then(|primary| primary.retry_at);
        // A look is nearer than any bake time's end, and deals with it.
        let wait = self.next_look.or_else(|| primary.and_then(|primary| primary.bake_until));
        tasks.chain(retry).chain(wait).chain(self.gone_at).min()
    }

    /// Lets `at` come.
    pub(crate) fn step(&mut self, at: Timestamp, timing: &Timing, ids: &mut Ids, fails: &dyn Fn(&str) -> bool) {
        self.pass_tasks(at, timing, ids);
        if let Some(primary) = self.deployments.first_mut() {
            primary.retry_at = primary.retry_at.filter(|retry| *retry > at);
        }
        if self.next_look.is_some_and(|look| look > at) {
            return;
        }
        self.next_look = None;
        match self.status {
            Status::Active => self.schedule(at, timing, ids, fails),
            Status::Draining if self.tasks.is_empty() => self.become_inactive(at, timing),
            Status::Draining => {}
            Status::Inactive | Status::Gone => self.forget(at),
        }
    }

    /// Moves every task on, and counts what failed and what came up.
    fn pass_tasks(&mut self, at: Timestamp, timing: &Timing, ids: &mut Ids) {
        let resets = self.resets_on_healthy_task();
        let mut up: Vec<(String, usize)> = Vec::new();
        for task in &mut self.tasks {
            let before = task.state;
            task.pass(at, timing);
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
                    if resets {
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
                _ => {}
            }
        }
        self.tasks.retain(|task| !matches!(task.state, State::Failed | State::Stopped));
        for (deployment, count) in up {
            self.targets_event(at, ids, &deployment, &format!("registered {count} targets"));
        }
    }

    fn schedule(&mut self, at: Timestamp, timing: &Timing, ids: &mut Ids, fails: &dyn Fn(&str) -> bool) {
        if self.deployments.is_empty() {
            return;
        }
        self.break_circuit(at, ids);
        if self.replaces_at_once() {
            self.swap_when_baked(at, timing, ids);
        } else {
            self.deployments[0].bake_until = None;
            self.make_room(at, timing, ids);
        }
        self.start(at, timing, ids, fails);
        self.settle(at, ids);
    }

    /// Whether all new tasks come up beside the old ones before any of those stops: blue/green and its like, and
    /// CODE_DEPLOY.
    fn replaces_at_once(&self) -> bool {
        let strategy = self.deployment_configuration()["strategy"].as_str().unwrap_or("ROLLING");
        self.deployments.len() > 1 && (strategy != "ROLLING" || self.controller() == Controller::CodeDeploy)
    }

    /// Stops what is no longer wanted, and what must go so that new tasks find room.
    fn make_room(&mut self, at: Timestamp, timing: &Timing, ids: &mut Ids) {
        let primary = self.deployments[0].id.clone();
        let primary_halted = self.deployments[0].rollout == Rollout::Failed;
        let mine = self.count(|task| task.deployment == primary && task.is_live());
        self.stop_newest(mine - self.desired, at, timing, ids, |task| task.deployment == primary);
        if !primary_halted {
            self.stop_newest(i64::MAX, at, timing, ids, |task| task.deployment != primary && task.is_pending());
        }
        let running = self.running();
        let replaced = running - self.desired;
        let missing = if primary_halted { 0 } else { self.desired - mine - (self.max_tasks() - self.live()) };
        let spare = running - self.min_healthy();
        let stop = replaced.max(missing.min(spare));
        self.stop_newest(stop, at, timing, ids, |task| task.deployment != primary && task.is_running());
    }

    /// Blue/green: once all new tasks run and have baked, traffic is theirs and the old ones stop.
    fn swap_when_baked(&mut self, at: Timestamp, timing: &Timing, ids: &mut Ids) {
        let primary = self.deployments[0].id.clone();
        let mine = self.count(|task| task.deployment == primary && task.is_live());
        self.stop_newest(mine - self.desired, at, timing, ids, |task| task.deployment == primary);
        if self.count(|task| task.deployment == primary && task.is_running()) < self.desired {
            self.deployments[0].bake_until = None;
            return;
        }
        let minutes = self.deployment_configuration()["bakeTimeInMinutes"].as_i64().unwrap_or(0);
        let baked = *self.deployments[0].bake_until.get_or_insert(at + SignedDuration::from_mins(minutes));
        if baked <= at {
            self.deployments[0].bake_until = None;
            let revision = self.deployments[0].revision.clone();
            self.adopt_revision(&revision);
            self.stop_newest(i64::MAX, at, timing, ids, |task| task.deployment != primary && task.is_live());
        }
    }

    /// Starts tasks of the PRIMARY deployment, as many as are missing and find room.
    fn start(&mut self, at: Timestamp, timing: &Timing, ids: &mut Ids, fails: &dyn Fn(&str) -> bool) {
        let room = if self.replaces_at_once() { i64::MAX } else { self.max_tasks() - self.live() };
        let desired = self.desired;
        let primary = &mut self.deployments[0];
        primary.desired = desired;
        if primary.rollout == Rollout::Failed || primary.retry_at.is_some() {
            return;
        }
        let id = primary.id.clone();
        let fails = fails(primary.task_definition());
        let missing = desired - self.count(|task| task.deployment == id && task.is_live());
        let wanted = missing.min(room);
        if missing > 0 && wanted <= 0 && self.tasks.iter().all(Task::is_running) {
            self.event(
                at,
                ids,
                "was unable to stop or start tasks during a deployment because of the service deployment \
                 configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
                    .to_owned(),
            );
        }
        let mut started = Vec::new();
        for _ in 0..wanted {
            let task = Task {
                id: ids.hex(),
                deployment: id.clone(),
                state: State::Provisioning,
                until: at + timing.provisioning,
                fails,
            };
            started.push(format!("(task {})", task.id));
            self.tasks.push(task);
        }
        if !started.is_empty() {
            self.steady = false;
            self.event(at, ids, format!("has started {} tasks: {}.", started.len(), started.join(" ")));
        }
    }

    /// Drops deployments that are over, and says when the PRIMARY one has completed and all is steady.
    fn settle(&mut self, at: Timestamp, ids: &mut Ids) {
        let primary = self.deployments[0].id.clone();
        let running = self.count(|task| task.deployment == primary && task.is_running());
        let tasks = &self.tasks;
        let alone = tasks.iter().all(|task| task.deployment == primary);
        let arrived = running == self.desired && tasks.iter().all(|task| !task.is_pending()) && alone;
        if arrived && self.deployments[0].rollout == Rollout::InProgress {
            let first = &mut self.deployments[0];
            first.rollout = Rollout::Completed;
            first.reason = format!("ECS deployment {primary} completed.");
            first.updated = at;
            self.last_completed = Some((primary.clone(), self.deployments[0].revision.clone()));
            if self.controller() == Controller::Ecs {
                self.event(at, ids, format!("(deployment {primary}) deployment completed."));
            }
            self.deployments.truncate(1);
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
            if self.controller() == Controller::CodeDeploy {
                self.event(at, ids, format!("(taskSet {primary}) updated state to STEADY_STATE."));
            }
            self.event(at, ids, "has reached a steady state.".to_owned());
        }
    }

    /// Stops up to `count` tasks of those that `which` picks, the newest first.
    fn stop_newest(
        &mut self,
        count: i64,
        at: Timestamp,
        timing: &Timing,
        ids: &mut Ids,
        which: impl Fn(&Task) -> bool,
    ) {
        let (mut running, mut deployment) = (Vec::new(), String::new());
        let mut left = count;
        for task in self.tasks.iter_mut().rev().filter(|task| task.is_live() && which(task)) {
            if left <= 0 {
                break;
            }
            left -= 1;
            if task.is_running() {
                running.push(format!("(task {})", task.id));
                deployment.clone_from(&task.deployment);
            }
            task.stop(at, timing);
            self.steady = false;
        }
        if !running.is_empty() {
            let number = running.len();
            self.event(at, ids, format!("has stopped {number} running tasks: {}.", running.join(" ")));
            if self.targets_event(at, ids, &deployment, &format!("deregistered {number} targets")) {
                self.event(at, ids, format!("has begun draining connections on {number} tasks."));
            }
        }
    }

    /// An event about each target group of a deployment; false when it has none.
    fn targets_event(&mut self, at: Timestamp, ids: &mut Ids, deployment: &str, what: &str) -> bool {
        let revision = self.deployments.iter().find(|other| other.id == deployment).map(|found| &found.revision);
        let balancers = revision.and_then(|revision| revision.get("loadBalancers")).and_then(|list| list.as_array());
        let groups: Vec<String> = balancers
            .into_iter()
            .flatten()
            .filter_map(|balancer| Some(format!("{what} in (target-group {})", balancer["targetGroupArn"].as_str()?)))
            .collect();
        let any = !groups.is_empty();
        for group in groups {
            self.event(at, ids, group);
        }
        any
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
