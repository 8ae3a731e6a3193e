//! Starting and stopping tasks, and what the service's events say about it.

use super::{Rollout, Task};
use crate::ecs::{Moment, Service};

impl Service {
    /// Starts tasks of the deployment at `place` until it has `wanted`, at most `room` of them.
    pub(super) fn start(&mut self, place: usize, wanted: i64, room: i64, moment: &mut Moment<'_>) {
        let at = moment.at;
        let deployment = &mut self.deployments[place];
        deployment.desired = wanted;
        if deployment.rollout == Rollout::Failed || deployment.retry_at.is_some() {
            return;
        }
        let id = deployment.id.clone();
        let fate = moment.fate(deployment.task_definition());
        let missing = wanted - self.count(|task| task.deployment == id && task.is_live());
        let wanted = missing.min(room);
        if missing > 0 && wanted <= 0 && self.tasks.iter().all(Task::is_running) {
            let text = "was unable to stop or start tasks during a deployment because of the service deployment \
                        configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";
            self.event(at, moment.ids, text.to_owned());
        }
        let mut started = Vec::new();
        for _ in 0..wanted {
            let task = Task::new(&self.deployments[place], fate, moment);
            started.push(format!("(task {})", task.id));
            self.tasks.push(task);
        }
        if !started.is_empty() {
            self.steady = false;
            self.event(at, moment.ids, format!("has started {} tasks: {}.", started.len(), started.join(" ")));
        }
    }

    /// Stops up to `count` tasks of those that `which` picks, the newest first.
    pub(super) fn stop_newest(&mut self, count: i64, moment: &mut Moment<'_>, which: impl Fn(&Task) -> bool) {
        let at = moment.at;
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
            task.stop(at, &moment.options.timing);
            self.steady = false;
        }
        if !running.is_empty() {
            let number = running.len();
            self.event(at, moment.ids, format!("has stopped {number} running tasks: {}.", running.join(" ")));
            if self.targets_event(moment, &deployment, &format!("deregistered {number} targets")) {
                self.event(at, moment.ids, format!("has begun draining connections on {number} tasks."));
            }
        }
    }

    /// An event about each target group of a deployment; false when it has none.
    pub(super) fn targets_event(&mut self, moment: &mut Moment<'_>, deployment: &str, what: &str) -> bool {
        let found = self.deployments.iter().find(|other| other.id == deployment);
        let groups = found.map(|found| found.target_groups.as_slice()).unwrap_or_default();
        let groups: Vec<String> = groups.iter().map(|group| format!("{what} in (target-group {group})")).collect();
        let any = !groups.is_empty();
        for group in groups {
            self.event(moment.at, moment.ids, group);
        }
        any
    }
}
