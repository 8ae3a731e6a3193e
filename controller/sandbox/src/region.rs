//! What one account has in one region, and how time passes on it.

use crate::{
    caller::Caller,
    code_deploy::{self, CodeDeploy},
    ecs::{Cluster, Family, Moment, Service},
    ids::Ids,
    options::Options,
    scaling::{self, Target},
    shelf::Shelf,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) caller: Caller,
    pub(crate) options: Options,
    pub(crate) ids: Ids,
    /// Clusters by name.
    pub(crate) clusters: Shelf<Cluster>,
    /// Task definition families by name.
    pub(crate) families: Shelf<Family>,
    /// Services by `cluster/name`.
    pub(crate) services: Shelf<Service>,
    /// Scalable targets by the same key as their service.
    pub(crate) targets: Shelf<Target>,
    /// Applications and deployments of AWS CodeDeploy.
    pub(crate) code_deploy: CodeDeploy,
    /// Key of the service that a client token made, by `cluster/token`.
    pub(crate) tokens: BTreeMap<String, String>,
    /// Values of CloudWatch metrics, by service key and predefined metric type.
    pub(crate) metrics: BTreeMap<String, BTreeMap<String, f64>>,
    /// When which service, scalable target or CodeDeploy deployment has something to do. Entries may be out of date: then nothing is done.
    agenda: BTreeSet<(Timestamp, String)>,
}

impl Region {
    pub(crate) fn new(caller: Caller, options: &Options) -> Self {
        let label = format!("{}/{}", caller.account, caller.region);
        Self {
            ids: Ids::labelled(options.seed, &label),
            caller,
            clusters: Shelf::new(options),
            families: Shelf::new(options),
            services: Shelf::new(options),
            targets: Shelf::new(options),
            code_deploy: CodeDeploy::new(options),
            tokens: BTreeMap::new(),
            metrics: BTreeMap::new(),
            agenda: BTreeSet::new(),
            options: options.clone(),
        }
    }

    /// An ARN of this account and region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.caller.region, self.caller.account)
    }

    /// An IAM ARN of this account.
    pub(crate) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:aws:iam::{}:{resource}", self.caller.account)
    }

    /// Notes when the service, the scalable target and the CodeDeploy deployment of this key next have something to do.
    pub(crate) fn note(&mut self, key: &str) {
        let service = self.services.live(key).and_then(Service::next_wake);
        let target = self.targets.live(key).and_then(Target::next_wake);
        let deployment = self.code_deploy.next_wake(key);
        if let Some(next) = [service, target, deployment].into_iter().flatten().min() {
            self.agenda.insert((next, key.to_owned()));
        }
    }

    /// Lets everything happen that is due until `now`, in the order of time.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while self.agenda.first().is_some_and(|(at, _)| *at <= now) {
            let Some((at, key)) = self.agenda.pop_first() else { break };
            scaling::step(self, &key, at);
            self.step_service(&key, at);
            code_deploy::step(self, &key, at);
            self.note(&key);
            // What is due again at the same instant would never let time pass: it waits for the next millisecond.
            while self.agenda.remove(&(at, key.clone())) {
                self.agenda.insert((at + SignedDuration::from_millis(1), key.clone()));
            }
        }
    }

    /// Keys of the services that replace one revision with another.
    pub(crate) fn rolling_out(&self) -> Vec<String> {
        let all = self.services.all_live("").filter(|(_, service)| service.is_deploying());
        all.map(|(key, _)| key.to_owned()).collect()
    }

    /// Lets the scheduler look at a service soon.
    pub(crate) fn look(&mut self, key: &str, now: Timestamp) {
        if let Some(service) = self.services.live_mut(key) {
            service.look_soon(now, &self.options.timing);
        }
        self.note(key);
    }

    fn step_service(&mut self, key: &str, at: Timestamp) {
        let Self { services, families, options, ids, .. } = self;
        if let Some(service) = services.live_mut(key) {
            service.step(&mut Moment { at, options, families, ids });
        }
    }
}
