//! Reads one service with its scaling, in calls that many readers share.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evenkeel_aws::{AwsError, ErrorClass};
use evenkeel_core::memory::Memory;
use evenkeel_core::operation::{Bucket, Operation};
use evenkeel_core::plan::service::{Desired, Observed, SCALABLE_DIMENSION, resource_id};
use evenkeel_core::plan::{Ask, Observation};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::batch::{Answer, Answers, Batcher};
use super::deployments::{Groups, code_deploy, service_deployment};
use super::tasks::{causes, images};
use crate::budget::Metered;
use crate::clock::Clock;

/// DescribeServices takes ten names of one cluster (ECS API reference).
const SERVICES: usize = 10;
/// DescribeScalableTargets takes fifty resource ids (Application Auto Scaling API reference).
const TARGETS: usize = 50;
/// Requests for policies or scheduled actions that are looked at together, to choose between one call each and a scan.
const SCAN: usize = 10_000;

/// Reads services of one account and region.
#[derive(Debug)]
pub struct Reader {
    gateway: Metered,
    clock: Clock,
    clusters: tokio::sync::Mutex<HashMap<String, Arc<Batcher<Observation<Value>>>>>,
    targets: Batcher<Value>,
    policies: Batcher<Vec<Value>>,
    actions: Batcher<Vec<Value>>,
    groups: Groups,
}

/// What reading one service gave. A part that could not be read is unknown, and the first error says why.
#[derive(Debug)]
pub struct Reading {
    /// What is known.
    pub observed: Observed,
    /// Why something is unknown.
    pub error: Option<AwsError>,
}

impl Reader {
    /// A reader through this gateway. Must be made within a runtime.
    pub fn new(gateway: Metered, clock: Clock) -> Self {
        let targets = {
            let gateway = gateway.clone();
            Batcher::new(TARGETS, move |ids| read_targets(gateway.clone(), ids))
        };
        let list = |operation, member: &'static str, page| {
            let (gateway, pages) = (gateway.clone(), Arc::new(AtomicUsize::new(0)));
            Batcher::new(SCAN, move |ids| read_list(gateway.clone(), operation, member, page, ids, pages.clone()))
        };
        // Page sizes are the largest that the API takes.
        let policies = list(Operation::DescribeScalingPolicies, "ScalingPolicies", 10);
        let actions = list(Operation::DescribeScheduledActions, "ScheduledActions", 50);
        Self {
            gateway,
            clock,
            clusters: tokio::sync::Mutex::default(),
            targets,
            policies,
            actions,
            groups: Groups::default(),
        }
    }

    /// The gateway that it reads through.
    pub fn gateway(&self) -> &Metered {
        &self.gateway
    }

    /// Reads one service with its scaling.
    pub async fn service(&self, cluster: &str, service: &str) -> Reading {
        let read_at = self.clock.now();
        let batcher = self.cluster(cluster).await;
        let ids = vec![resource_id(cluster, service)];
        let (found, mut scaling) = tokio::join!(batcher.get(service.to_owned()), self.scaling(ids));
        reading(found, scaling.pop().unwrap_or_default(), read_at)
    }

    /// Reads what a plan asks for into `observed`. What cannot be read stays unknown, and the error says why.
    pub async fn answer(
        &self,
        asks: &BTreeSet<Ask>,
        desired: &Desired,
        memory: &Memory,
        observed: &mut Observed,
    ) -> Result<(), AwsError> {
        for ask in asks {
            match ask {
                Ask::CodeDeploy => {
                    let followed = memory.rollout.as_ref().and_then(|rollout| rollout.deployment.as_deref());
                    let (groups, clock) = (&self.groups, &self.clock);
                    observed.code_deploy = code_deploy(&self.gateway, groups, clock, desired, followed).await?;
                }
                Ask::Causes => {
                    observed.causes = causes(&self.gateway, desired, memory.rollout.as_ref()).await?;
                }
                Ask::Images => {
                    observed.images = images(&self.gateway, desired, memory.rollout.as_ref()).await?;
                }
                Ask::ServiceDeployment => {
                    observed.deployment = service_deployment(&self.gateway, desired, observed).await?;
                }
            }
        }
        Ok(())
    }

    /// Reads many services, given as cluster and name, and tells each in its turn as soon as it is known.
    ///
    /// The scaling of all comes first: policies and scheduled actions can be had of one resource or of all, so they
    /// are cheap only when they are asked for together. Within a budget the services follow batch by batch, a little
    /// slower than it allows and not before those who wait already: a look at all has time, and passes go first.
    pub async fn services(&self, names: &[(String, String)], mut tell: impl FnMut(usize, Reading)) {
        let read_at = self.clock.now();
        let ids = names.iter().map(|(cluster, service)| resource_id(cluster, service)).collect();
        let scaling = self.scaling(ids).await;
        let (asked, mut answers) = mpsc::unbounded_channel();
        let asking = async move {
            for batch in names.chunk_by(|one, next| one.0 == next.0).flat_map(|cluster| cluster.chunks(SERVICES)) {
                for (cluster, service) in batch {
                    // The receiver lives as long as this.
                    let _ = asked.send(self.cluster(cluster).await.ask(service.clone()));
                }
                if let Some(budget) = self.gateway.budget() {
                    tokio::time::sleep(budget.pace(Instant::now(), Bucket::ServiceRead)).await;
                }
            }
        };
        let telling = async move {
            for (nth, scaling) in scaling.into_iter().enumerate() {
                let Some(asked) = answers.recv().await else { return };
                tell(nth, reading(asked.answer().await, scaling, read_at));
            }
        };
        tokio::join!(asking, telling);
    }

    /// The scaling of resources, in their order.
    async fn scaling(&self, ids: Vec<String>) -> Vec<Scaling> {
        let asked: Vec<_> = ids.iter().map(|id| self.targets.ask(id.clone())).collect();
        let mut all = Vec::with_capacity(ids.len());
        for asked in asked {
            all.push(Scaling::of(asked.answer().await));
        }
        // Policies and scheduled actions exist only on a target, so without one there is nothing to ask for.
        let with_target = all.iter_mut().zip(ids).filter(|(scaling, _)| scaling.target.present().is_some());
        let asked: Vec<_> =
            with_target.map(|(scaling, id)| (scaling, self.policies.ask(id.clone()), self.actions.ask(id))).collect();
        for (scaling, policies, actions) in asked {
            scaling.policies = scaling.list(policies.answer().await);
            scaling.scheduled_actions = scaling.list(actions.answer().await);
        }
        all
    }

    async fn cluster(&self, cluster: &str) -> Arc<Batcher<Observation<Value>>> {
        let mut clusters = self.clusters.lock().await;
        let batcher = clusters.entry(cluster.to_owned()).or_insert_with(|| {
            let (gateway, cluster) = (self.gateway.clone(), cluster.to_owned());
            Arc::new(Batcher::new(SERVICES, move |names| read_services(gateway.clone(), cluster.clone(), names)))
        });
        batcher.clone()
    }
}

/// What is known of a resource's scaling.
#[derive(Debug, Default)]
struct Scaling {
    target: Observation<Value>,
    policies: Observation<Vec<Value>>,
    scheduled_actions: Observation<Vec<Value>>,
    /// Why something is unknown.
    error: Option<AwsError>,
}

impl Scaling {
    /// What an answer about its target says.
    fn of(target: Answer<Value>) -> Self {
        let none = || Observation::Present(Vec::new());
        match target {
            // The rest is read next.
            Ok(Some(target)) => Self { target: Observation::Present(target), ..Self::default() },
            Ok(None) => Self { target: Observation::Absent, policies: none(), scheduled_actions: none(), error: None },
            Err(error) => Self { error: Some(error), ..Self::default() },
        }
    }

    fn list(&mut self, answer: Answer<Vec<Value>>) -> Observation<Vec<Value>> {
        match answer {
            Ok(found) => Observation::Present(found.unwrap_or_default()),
            Err(error) => {
                self.error.get_or_insert(error);
                Observation::Unknown
            }
        }
    }
}

fn reading(service: Answer<Observation<Value>>, scaling: Scaling, read_at: Timestamp) -> Reading {
    let Scaling { target, policies, scheduled_actions, error } = scaling;
    let (service, error) = match service {
        Ok(service) => (service.unwrap_or_default(), error),
        Err(failed) => (Observation::Unknown, Some(failed)),
    };
    let observed = Observed { service, target, policies, scheduled_actions, read_at, ..Observed::default() };
    Reading { observed, error }
}

async fn read_services(gateway: Metered, cluster: String, names: Vec<String>) -> Answers<Observation<Value>> {
    let body = json!({"cluster": cluster, "services": names, "include": ["TAGS"]});
    let answer = match gateway.call(Operation::DescribeServices, &body).await {
        Ok(answer) => answer,
        // Without the cluster there is no service in it.
        Err(error) if error.class == ErrorClass::NotFound => {
            return Ok(names.into_iter().map(|name| (name, Observation::Absent)).collect());
        }
        Err(error) => return Err(error),
    };
    let mut found = HashMap::new();
    for mut service in list(&answer, "services") {
        let Some(name) = service["serviceName"].as_str().map(str::to_owned) else { continue };
        // About 30 KB a service that nothing decides on.
        if let Some(members) = service.as_object_mut() {
            members.remove("events");
        }
        found.insert(name, Observation::Present(service));
    }
    for failure in list(&answer, "failures") {
        let name = failure["arn"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
        // Any other reason says that AWS could not tell, not that the service is gone.
        if failure["reason"] == "MISSING" {
            found.insert(name.to_owned(), Observation::Absent);
        }
    }
    Ok(found)
}

async fn read_targets(gateway: Metered, ids: Vec<String>) -> Answers<Value> {
    let mut body = json!({"ServiceNamespace": "ecs", "ResourceIds": ids, "ScalableDimension": SCALABLE_DIMENSION});
    let mut found = HashMap::new();
    loop {
        let answer = gateway.call(Operation::DescribeScalableTargets, &body).await?;
        found.extend(list(&answer, "ScalableTargets").filter_map(by_id));
        match answer.get("NextToken").filter(|token| token.is_string()) {
            Some(token) => body["NextToken"] = token.clone(),
            None => return Ok(found),
        }
    }
}

/// Policies or scheduled actions of many resources: the API filters by one resource only, so the choice is between a
/// call each and a scan of the namespace. The scan's length is known from the last one.
async fn read_list(
    gateway: Metered,
    operation: Operation,
    member: &'static str,
    page: usize,
    ids: Vec<String>,
    pages: Arc<AtomicUsize>,
) -> Answers<Vec<Value>> {
    let mut found: HashMap<String, Vec<Value>> = ids.iter().map(|id| (id.clone(), Vec::new())).collect();
    let scan = ids.len() > 1 && pages.load(Ordering::Relaxed) <= ids.len();
    let filters: Vec<Option<&String>> = if scan { vec![None] } else { ids.iter().map(Some).collect() };
    for filter in filters {
        let mut body = json!({"ServiceNamespace": "ecs", "MaxResults": page});
        if let Some(id) = filter {
            body["ResourceId"] = json!(id);
            body["ScalableDimension"] = json!(SCALABLE_DIMENSION);
        }
        let mut read = 0;
        loop {
            let answer = gateway.call(operation, &body).await?;
            read += 1;
            for (id, element) in list(&answer, member).filter_map(by_id) {
                if let Some(elements) = found.get_mut(&id) {
                    elements.push(element);
                }
            }
            match answer.get("NextToken").filter(|token| token.is_string()) {
                Some(token) => body["NextToken"] = token.clone(),
                None => break,
            }
        }
        if scan {
            pages.store(read, Ordering::Relaxed);
        }
    }
    Ok(found)
}

fn list<'a>(answer: &'a Value, member: &str) -> impl Iterator<Item = Value> + 'a {
    answer.get(member).and_then(Value::as_array).into_iter().flatten().cloned()
}

fn by_id(element: Value) -> Option<(String, Value)> {
    // Spot fleets and the like live in other namespaces; the dimension tells a service's target from other ECS ones.
    let service = element["ScalableDimension"] == SCALABLE_DIMENSION;
    let id = element["ResourceId"].as_str()?.to_owned();
    service.then_some((id, element))
}
