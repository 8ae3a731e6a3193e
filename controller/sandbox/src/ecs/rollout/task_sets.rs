//! Task sets of services with the CODE_DEPLOY controller. CodeDeploy makes them, gives them traffic and ends them; the
//! scheduler keeps each at the desired count until then. The first of a service is its PRIMARY.

use super::{Deployment, Rollout};
use crate::{
    ecs::{Moment, Service},
    ids::Ids,
    options::Timing,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// One task set in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SetCounts {
    pub(crate) status: &'static str,
    pub(crate) desired: i64,
    pub(crate) pending: i64,
    pub(crate) running: i64,
    pub(crate) target_group: String,
}

impl Service {
    /// Makes a task set beside the others; gives its id.
    pub(crate) fn add_task_set(
        &mut self,
        members: &Map<String, Value>,
        external_id: &str,
        now: Timestamp,
        timing: &Timing,
        ids: &mut Ids,
    ) -> String {
        let mut set = Deployment::new(members, now, ids);
        set.external_id = Some(external_id.to_owned());
        let id = set.id.clone();
        self.deployments.push(set);
        self.steady = false;
        self.look_soon(now, timing);
        id
    }

    /// Gives the PRIMARY role to a task set, and its revision to the service.
    pub(crate) fn make_primary(&mut self, id: &str, now: Timestamp, timing: &Timing) {
        let Some(place) = self.deployments.iter().position(|set| set.id == id) else { return };
        let mut set = self.deployments.remove(place);
        set.updated = now;
        self.adopt_revision(&set.revision.clone());
        self.last_completed = Some(set.clone());
        self.deployments.insert(0, set);
        self.look_soon(now, timing);
    }

    /// Lets the tasks of a set stop, and the set with them. The PRIMARY set stays.
    pub(crate) fn end_task_set(&mut self, id: &str, now: Timestamp, timing: &Timing) {
        if let Some(set) = self.deployments.iter_mut().skip(1).find(|set| set.id == id) {
            set.ending = true;
            set.updated = now;
            self.look_soon(now, timing);
        }
    }

    /// Id of the PRIMARY task set.
    pub(crate) fn primary_set(&self) -> Option<&str> {
        self.deployments.first().map(|set| set.id.as_str())
    }

    pub(crate) fn set_counts(&self, id: &str) -> Option<SetCounts> {
        let place = self.deployments.iter().position(|set| set.id == id)?;
        let set = &self.deployments[place];
        Some(SetCounts {
            status: set_status(place, set),
            desired: if set.ending { 0 } else { self.desired },
            pending: self.count(|task| task.deployment == id && task.is_pending()),
            running: self.count(|task| task.deployment == id && task.is_running()),
            target_group: set.target_group().unwrap_or("").to_owned(),
        })
    }

    /// Whether as many tasks of a set as are wanted run and are healthy, and no others.
    pub(crate) fn is_set_steady(&self, id: &str) -> bool {
        let ending = self.deployments.iter().any(|set| set.id == id && set.ending);
        let wanted = if ending { 0 } else { self.desired };
        self.count(|task| task.deployment == id && task.is_healthy()) == wanted
            && self.count(|task| task.deployment == id && task.is_live()) == wanted
    }

    pub(super) fn schedule_task_sets(&mut self, moment: &mut Moment<'_>) {
        for place in 0..self.deployments.len() {
            let (id, ending) = (self.deployments[place].id.clone(), self.deployments[place].ending);
            let wanted = if ending { 0 } else { self.desired };
            let live = self.count(|task| task.deployment == id && task.is_live());
            self.stop_newest(live - wanted, moment, |task| task.deployment == id);
            self.start(place, wanted, i64::MAX, moment);
        }
        self.settle_task_sets(moment);
    }

    fn settle_task_sets(&mut self, moment: &mut Moment<'_>) {
        let at = moment.at;
        for place in 0..self.deployments.len() {
            let id = self.deployments[place].id.clone();
            if self.deployments[place].rollout == Rollout::InProgress && self.is_set_steady(&id) {
                self.deployments[place].rollout = Rollout::Completed;
                self.deployments[place].updated = at;
                self.event(at, moment.ids, format!("(taskSet {id}) updated state to STEADY_STATE."));
            }
        }
        let tasks = &self.tasks;
        self.deployments.retain(|set| !set.ending || tasks.iter().any(|task| task.deployment == set.id));
        let primary = self.deployments.first().map(|set| set.id.clone()).unwrap_or_default();
        let settled = self.deployments.iter().all(|set| set.rollout == Rollout::Completed && !set.ending);
        let arrived = settled && self.deployments.iter().all(|set| self.is_set_steady(&set.id));
        if arrived && self.deployments.len() == 1 && self.last_completed.as_ref().is_none_or(|last| last.id != primary)
        {
            self.last_completed = Some(self.deployments[0].clone());
        }
        if arrived && !self.steady {
            self.steady = true;
            self.steady_at = at;
            self.event(at, moment.ids, "has reached a steady state.".to_owned());
        }
    }
}

/// `status` of the task set at a place.
pub(crate) fn set_status(place: usize, set: &Deployment) -> &'static str {
    match place {
        0 => "PRIMARY",
        _ if set.ending => "DRAINING",
        _ => "ACTIVE",
    }
}
