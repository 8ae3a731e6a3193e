//! What a test turns while the sandbox runs: images that fail, alarms, functions of lifecycle hooks. Each holds for all
//! accounts and regions, until it is turned back.

use crate::{
    code_deploy,
    options::{Hook, Options},
    sandbox::Sandbox,
    throttle::Throttle,
};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

impl Sandbox {
    /// From now on, calls through the wire draw on AWS's token buckets, which are full, or do not.
    pub fn set_throttling(&mut self, on: bool) {
        self.throttle = Throttle::default();
        self.turn(|options| options.throttling = on);
    }

    /// From now on, every answer on the wire takes so long.
    pub fn set_latency(&mut self, latency: Duration) {
        self.turn(|options| options.latency = latency);
    }

    /// From now on, tasks stop before they run when an image of theirs contains `pattern`, or when `pattern` is their
    /// task definition's ARN.
    pub fn fail_tasks_of(&mut self, pattern: &str) {
        self.turn(|options| options.failing_images.push(pattern.to_owned()));
    }

    /// Tasks started from now on with such an image (as for [`fail_tasks_of`](Self::fail_tasks_of)) run but never pass
    /// their health checks, and are stopped for that after `after`.
    pub fn fail_health_checks_of(&mut self, pattern: &str, after: SignedDuration) {
        self.turn(|options| options.unhealthy_images.push((pattern.to_owned(), after)));
    }

    /// Takes [`fail_tasks_of`](Self::fail_tasks_of) and [`fail_health_checks_of`](Self::fail_health_checks_of) back:
    /// tasks started from now on run.
    pub fn heal_tasks_of(&mut self, pattern: &str) {
        self.turn(|options| {
            options.failing_images.retain(|failing| failing != pattern);
            options.unhealthy_images.retain(|(failing, _)| failing != pattern);
        });
    }

    /// Puts the CloudWatch alarm of this name into ALARM, or takes it out of it. Deployments that watch it end.
    pub fn set_alarm(&mut self, now: Timestamp, name: &str, in_alarm: bool) {
        self.turn_at(now, |options| {
            if in_alarm {
                options.alarms.insert(name.to_owned())
            } else {
                options.alarms.remove(name)
            };
        });
    }

    /// Says what lifecycle hooks do whose function's name or ARN contains `pattern`; nothing: they succeed again.
    pub fn set_hook(&mut self, now: Timestamp, pattern: &str, hook: Option<Hook>) {
        self.turn_at(now, |options| {
            match hook {
                Some(hook) => options.hooks.insert(pattern.to_owned(), hook),
                None => options.hooks.remove(pattern),
            };
        });
    }

    fn turn(&mut self, change: impl Fn(&mut Options)) {
        change(&mut self.options);
        for region in self.regions.values_mut() {
            change(&mut region.options);
        }
    }

    /// As [`turn`](Self::turn), with time passed until `now` before, and its effect on what runs.
    fn turn_at(&mut self, now: Timestamp, change: impl Fn(&mut Options)) {
        for region in self.regions.values_mut() {
            region.advance(now);
        }
        self.turn(change);
        for region in self.regions.values_mut() {
            for key in region.rolling_out() {
                region.look(&key, now);
            }
            for key in region.code_deploy.running_on() {
                code_deploy::step(region, &key, now);
                region.note(&key);
            }
        }
    }
}
