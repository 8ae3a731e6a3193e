//! How a deployment moves: replacement task set, test traffic, hooks, production traffic, termination wait, swap.

use super::{
    config::Routing,
    deployment::{Deployment, EVENTS, EventStatus, Phase, Status},
    outcome::Ending,
};
use crate::{
    ecs::{self, Service},
    ids::Ids,
    options::{Hook, Timing},
    region::Region,
};
use jiff::{SignedDuration, Timestamp};

const INSTALL: usize = 1;
const ALLOW_TEST_TRAFFIC: usize = 3;
const AFTER_TEST_TRAFFIC: usize = 4;
const ALLOW_TRAFFIC: usize = 6;

/// Lets `at` come for the deployment that runs on the service of this key.
pub(crate) fn step(region: &mut Region, key: &str, at: Timestamp) {
    let running = |region: &Region| {
        let deploy = &region.code_deploy;
        deploy.running.get(key).and_then(|id| deploy.deployments.live(id)).cloned()
    };
    while let Some(mut deployment) = running(region) {
        let moved = deployment.advance(region, at);
        deployment.observe(region);
        if deployment.phase == Phase::Over {
            deployment.wake = None;
            if region.code_deploy.running.get(key) == Some(&deployment.id) {
                region.code_deploy.running.remove(key);
            }
        }
        if let Some(place) = region.code_deploy.deployments.live_mut(&deployment.id) {
            *place = deployment;
        }
        if !moved {
            break;
        }
    }
}

impl Deployment {
    /// One step, if it is time for one; false when there is nothing to do now.
    fn advance(&mut self, region: &mut Region, at: Timestamp) -> bool {
        if let Some(trouble) = self.trouble(region) {
            self.end(region, at, trouble, None);
            return true;
        }
        let due = self.wake.is_none_or(|wake| wake <= at);
        match self.phase {
            Phase::Over => return false,
            Phase::Event(place) => return self.pass_event(place, region, at),
            Phase::Terminating => {
                let ending = if self.is_shifted() { &self.blue.id } else { &self.green.id };
                let service = region.services.live(&self.service);
                let left = ending.as_deref().and_then(|id| service?.set_counts(id));
                if left.is_some() {
                    return false;
                }
                (self.phase, self.status, self.completed) = (Phase::Over, Status::Succeeded, Some(at));
            }
            _ if !due => return false,
            Phase::Queued => {
                (self.status, self.started) = (Status::InProgress, Some(at));
                let primary = region.services.live(&self.service).and_then(Service::primary_set);
                self.blue.id = primary.map(str::to_owned);
                self.observe(region);
                self.phase = Phase::Event(0);
            }
            Phase::Ready => {
                let text = "The deployment was stopped because nobody continued it before its wait time was over.";
                self.end(region, at, Ending::stopped("TIMEOUT", text), None);
            }
            Phase::TerminationWait => {
                let blue = self.blue.id.clone().unwrap_or_default();
                self.on_service(region, |service, timing, _| service.end_task_set(&blue, at, timing));
                (self.phase, self.wake) = (Phase::Terminating, None);
            }
            Phase::Returning => {
                self.finish_event(ALLOW_TRAFFIC, at);
                self.give_back(region, at);
                (self.phase, self.wake) = (Phase::Terminating, None);
            }
        }
        self.updated = at;
        true
    }

    /// What ends the deployment whatever it is at.
    fn trouble(&self, region: &Region) -> Option<Ending> {
        if matches!(self.phase, Phase::Over | Phase::Queued) {
            return None;
        }
        let service = region.services.live(&self.service).filter(|service| service.is_active());
        if service.is_none() {
            return Some(Ending::failed(
                "INVALID_ECS_SERVICE",
                "The ECS service is not there any more, or not ACTIVE.",
            ));
        }
        if region.code_deploy.group(&self.application, &self.group).is_err() {
            return Some(Ending::failed("DEPLOYMENT_GROUP_MISSING", "The deployment group was deleted."));
        }
        let rolls_back = self.creator != "user";
        self.alarm(region).filter(|_| !rolls_back).map(|alarm| {
            Ending::stopped(
                "ALARM_ACTIVE",
                &format!(
                    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, \
                     and the affected deployments have been stopped. Activated alarms: <{alarm}>"
                ),
            )
        })
    }

    fn pass_event(&mut self, place: usize, region: &mut Region, at: Timestamp) -> bool {
        let Some(started) = self.events[place].started else {
            self.enter_event(place, region, at);
            return true;
        };
        match place {
            INSTALL => {
                let green = self.green.id.as_deref().unwrap_or("");
                let service = region.services.live(&self.service);
                if service.is_none_or(|service| !service.is_set_steady(green)) {
                    let over = self.wake.is_some_and(|wake| wake <= at);
                    if over {
                        let minutes = region.options.timing.install.as_mins();
                        let text = format!(
                            "The deployment timed out while waiting for the replacement task set to become healthy. \
                             This time out period is {minutes} minutes."
                        );
                        self.end(region, at, Ending::failed("TIMEOUT", &text), None);
                    }
                    return over;
                }
            }
            ALLOW_TRAFFIC => {
                if self.wake.is_some_and(|wake| wake > at) {
                    return false;
                }
                if let Routing::Linear(percent, minutes) = self.routing
                    && self.weight + percent < 100
                {
                    self.weight += percent;
                    self.wake = Some(at + SignedDuration::from_mins(minutes));
                    return true;
                }
                self.weight = 100;
                let green = self.green.id.clone().unwrap_or_default();
                self.on_service(region, |service, timing, _| service.make_primary(&green, at, timing));
            }
            ALLOW_TEST_TRAFFIC => {
                if self.wake.is_some_and(|wake| wake > at) {
                    return false;
                }
            }
            _ => {
                let Some(function) = self.spec.hooks.get(EVENTS[place]) else {
                    self.finish_event(place, at);
                    self.after(place, at);
                    return true;
                };
                let hook = region.options.hook(function);
                let timing = &region.options.timing;
                let end = started + if hook == Some(Hook::Waits) { timing.install } else { timing.hook };
                self.wake = Some(end);
                if at < end {
                    return false;
                }
                if hook.is_some() {
                    let text = format!("The lifecycle hook {function} of {} failed or did not answer.", EVENTS[place]);
                    self.end(region, at, Ending::failed("HOOK_EXECUTION_FAILURE", &text), None);
                    return true;
                }
            }
        }
        self.finish_event(place, at);
        self.after(place, at);
        true
    }

    fn enter_event(&mut self, place: usize, region: &mut Region, at: Timestamp) {
        (self.events[place].status, self.events[place].started) = (EventStatus::InProgress, Some(at));
        self.updated = at;
        let timing = region.options.timing;
        self.wake = match place {
            INSTALL => {
                if let Err(trouble) = self.install(region, at) {
                    return self.end(region, at, trouble, None);
                }
                Some(at + timing.install)
            }
            ALLOW_TEST_TRAFFIC if self.listener("testTrafficRoute").is_none() => {
                for skipped in [ALLOW_TEST_TRAFFIC, AFTER_TEST_TRAFFIC] {
                    self.events[skipped].status = EventStatus::Skipped;
                }
                self.events[ALLOW_TEST_TRAFFIC].started = None;
                return self.after(AFTER_TEST_TRAFFIC, at);
            }
            ALLOW_TEST_TRAFFIC => Some(at + timing.shift),
            ALLOW_TRAFFIC => match self.routing {
                Routing::AllAtOnce => Some(at + timing.shift),
                Routing::Canary(percent, minutes) | Routing::Linear(percent, minutes) => {
                    self.weight = percent;
                    Some(at + SignedDuration::from_mins(minutes))
                }
            },
            _ => Some(at),
        };
    }

    pub(super) fn finish_event(&mut self, place: usize, at: Timestamp) {
        (self.events[place].status, self.events[place].ended) = (EventStatus::Succeeded, Some(at));
        self.updated = at;
    }

    /// Goes on after a lifecycle event.
    fn after(&mut self, place: usize, at: Timestamp) {
        match (place, self.ready_wait()) {
            (AFTER_TEST_TRAFFIC, Some(minutes)) => {
                (self.phase, self.status) = (Phase::Ready, Status::Ready);
                self.wake = Some(at + SignedDuration::from_mins(minutes));
            }
            _ if place + 1 < EVENTS.len() => (self.phase, self.wake) = (Phase::Event(place + 1), None),
            _ => {
                (self.phase, self.termination_wait_started) = (Phase::TerminationWait, true);
                self.wake = Some(at + SignedDuration::from_mins(self.termination_wait()));
            }
        }
    }

    /// Goes on after ContinueDeployment.
    pub(super) fn go_on(&mut self) {
        (self.phase, self.status, self.wake) = (Phase::Event(AFTER_TEST_TRAFFIC + 1), Status::InProgress, None);
    }

    /// Makes the replacement task set on the other target group of the pair.
    fn install(&mut self, region: &mut Region, at: Timestamp) -> Result<(), Ending> {
        let Some(service) = region.services.live(&self.service) else { return Ok(()) };
        let present = service.revision();
        let serving = present.get("loadBalancers").and_then(|list| list[0]["targetGroupArn"].as_str()).unwrap_or("");
        let serving_name = super::target_group_name(serving);
        let pair = self.pair();
        if !pair.contains(&serving_name) {
            let text = format!(
                "The target group {serving_name} of the primary task set is none of the deployment group's: {}.",
                pair.join(", ")
            );
            return Err(Ending::failed("INVALID_ECS_SERVICE", &text));
        }
        let other = if pair[0] == serving_name { pair[1] } else { pair[0] };
        let known = region.code_deploy.target_groups.get(other).cloned();
        let arn = known.unwrap_or_else(|| sibling(serving, serving_name, other));
        let members = ecs::task_set_members(region, &self.service, self.spec.members(&present, &arn));
        let members = members.map_err(|error| {
            let text = format!(
                "The ECS service cannot be updated due to an unexpected error: {} (Service: AmazonECS; Status Code: \
                 {}; Error Code: {})",
                error.message, error.status, error.code
            );
            Ending::failed("ECS_UPDATE_ERROR", &text)
        })?;
        let serving = serving.to_owned();
        region.code_deploy.learn_target_group(&serving);
        region.code_deploy.learn_target_group(&arn);
        let id = self.id.clone();
        self.green.id =
            self.on_service(region, |service, timing, ids| service.add_task_set(&members, &id, at, timing, ids));
        Ok(())
    }

    /// Gives the original task set its traffic back, and ends the replacement.
    pub(super) fn give_back(&mut self, region: &mut Region, at: Timestamp) {
        self.weight = 0;
        let (Some(blue), Some(green)) = (self.blue.id.clone(), self.green.id.clone()) else { return };
        self.on_service(region, |service, timing, _| {
            service.make_primary(&blue, at, timing);
            service.end_task_set(&green, at, timing);
        });
    }

    pub(super) fn on_service<T>(
        &self,
        region: &mut Region,
        act: impl FnOnce(&mut Service, &Timing, &mut Ids) -> T,
    ) -> Option<T> {
        let Region { services, options, ids, .. } = region;
        let service = services.live_mut(&self.service).filter(|service| service.is_active())?;
        Some(act(service, &options.timing, ids))
    }
}

/// The ARN of a target group that nobody told of, beside one that is known: its name, and an id that follows from it.
fn sibling(known: &str, known_name: &str, name: &str) -> String {
    match known.split_once(&format!(":targetgroup/{known_name}/")) {
        Some((prefix, _)) => {
            let id = Ids::labelled(0, name).next();
            format!("{prefix}:targetgroup/{name}/{id:016x}")
        }
        None => name.to_owned(),
    }
}
