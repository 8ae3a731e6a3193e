//! Reads one service with its scaling, in calls that many readers share.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evenkeel_aws::{AwsError, ErrorClass};
use evenkeel_core::memory::Memory;
use evenkeel_core::operation::{Bucket, Operation};
use evenkeel_core::plan::service::{Desired, Observed, resource_id};
use evenkeel_core::plan::{Ask, Observation};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::batch::{Answer, Answers, Batcher};
use super::deployments::{Groups, code_deploy, service_deployment};
use super::scaling::{Scaling, Scalings};
use super::seen::Part;
use super::sent::{Described, Failure, Sent, named};
use super::tasks::{causes, images};
use crate::budget::{Metered, Pace};
use crate::clock::Clock;

/// DescribeServices takes ten names of one cluster (ECS API reference).
const SERVICES: usize = 10;

/// Reads services of one account and region.
#[derive(Debug)]
pub struct Reader {
    gateway: Metered,
    clock: Clock,
    clusters: tokio::sync::Mutex<HashMap<String, Arc<Batcher<Observation<Sent>>>>>,
    scalings: Scalings,
    groups: Groups,
    /// The looks at all, at services and at their scaling.
    looks: Mutex<[Look; 2]>,
}

/// How long a look takes.
#[derive(Debug, Default)]
struct Look {
    /// The last one took so long.
    last: Duration,
    /// Since when there is another.
    running: Option<Instant>,
}

/// One read: what it gave, and when it began.
#[derive(Debug)]
pub struct Read<T> {
    /// What is known. A part that could not be read is unknown.
    pub found: T,
    /// Why something is unknown.
    pub error: Option<AwsError>,
    /// When it was asked for.
    pub at: Timestamp,
}

/// What an observation says of the service alone, and of its scaling.
pub(crate) fn observed(service: Observation<Value>, scaling: Scaling, read_at: Timestamp) -> Observed {
    let Scaling { target, policies, scheduled_actions } = scaling;
    Observed { service, target, policies, scheduled_actions, read_at, ..Observed::default() }
}

impl Reader {
    /// A reader through this gateway. Must be made within a runtime.
    pub fn new(gateway: Metered, clock: Clock) -> Self {
        let scalings = Scalings::new(gateway.clone());
        Self {
            gateway,
            clock,
            clusters: tokio::sync::Mutex::default(),
            scalings,
            groups: Groups::default(),
            looks: Default::default(),
        }
    }

    /// The gateway that it reads through.
    pub fn gateway(&self) -> &Metered {
        &self.gateway
    }

    /// How long a look at all services takes, with their scaling: the last one, or the one that is under way.
    pub fn look(&self) -> Duration {
        let takes = |look: &Look| look.last.max(look.running.map(|since| since.elapsed()).unwrap_or_default());
        self.looks().iter().map(takes).max().unwrap_or_default()
    }

    /// Reads one service, without its scaling.
    pub async fn service(&self, cluster: &str, service: &str) -> Read<Observation<Sent>> {
        let at = self.clock.now();
        described(self.cluster(cluster).await.get(service.to_owned()).await, at)
    }

    /// Reads the scaling of one service.
    pub async fn scaling(&self, cluster: &str, service: &str) -> Read<Scaling<Sent>> {
        let at = self.clock.now();
        let (found, error) = self.scalings.one(&resource_id(cluster, service)).await;
        Read { found, error, at }
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

    /// Reads many services, given as cluster and name, without their scaling, and tells each in its turn as soon as it is
    /// known. The calls are spread over a time, as far as the budget allows it: a look at all has time, and passes go first.
    pub async fn services(
        &self,
        names: &[(String, String)],
        spread: Duration,
        mut tell: impl FnMut(usize, Read<Observation<Sent>>),
    ) {
        self.begins(Part::Service);
        let (asked, mut answers) = mpsc::unbounded_channel();
        let batches: Vec<_> =
            names.chunk_by(|one, next| one.0 == next.0).flat_map(|cluster| cluster.chunks(SERVICES)).collect();
        let mut pace = Pace::new(self.gateway.budget(), Bucket::ServiceRead, batches.len(), spread);
        let asking = async move {
            for batch in batches {
                pace.turn().await;
                let at = self.clock.now();
                for (cluster, service) in batch {
                    // The receiver lives as long as this.
                    let _ = asked.send((self.cluster(cluster).await.ask(service.clone()), at));
                }
            }
        };
        let telling = async move {
            let mut nth = 0;
            while let Some((asked, at)) = answers.recv().await {
                tell(nth, described(asked.answer().await, at));
                nth += 1;
            }
        };
        tokio::join!(asking, telling);
        self.ends(Part::Service);
    }

    /// Reads the scaling of many services, and tells each in its turn once all is read.
    pub async fn scalings(
        &self,
        names: &[(String, String)],
        spread: Duration,
        mut tell: impl FnMut(usize, Read<Scaling<Sent>>),
    ) {
        let at = self.clock.now();
        let ids: Vec<String> = names.iter().map(|(cluster, service)| resource_id(cluster, service)).collect();
        let tell = |nth, found, error: Option<&AwsError>| tell(nth, Read { found, error: error.cloned(), at });
        self.begins(Part::Scaling);
        self.scalings.all(&ids, spread, tell).await;
        self.ends(Part::Scaling);
    }

    fn begins(&self, part: Part) {
        self.looks()[part as usize].running = Some(Instant::now());
    }

    fn ends(&self, part: Part) {
        let look = &mut self.looks()[part as usize];
        if let Some(since) = look.running.take() {
            look.last = since.elapsed();
        }
    }

    fn looks(&self) -> MutexGuard<'_, [Look; 2]> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn cluster(&self, cluster: &str) -> Arc<Batcher<Observation<Sent>>> {
        let mut clusters = self.clusters.lock().await;
        let batcher = clusters.entry(cluster.to_owned()).or_insert_with(|| {
            let (gateway, cluster) = (self.gateway.clone(), cluster.to_owned());
            Arc::new(Batcher::new(SERVICES, move |names| read_services(gateway.clone(), cluster.clone(), names)))
        });
        batcher.clone()
    }
}

fn described(answer: Answer<Observation<Sent>>, at: Timestamp) -> Read<Observation<Sent>> {
    match answer {
        Ok(found) => Read { found: found.unwrap_or_default(), error: None, at },
        Err(error) => Read { found: Observation::Unknown, error: Some(error), at },
    }
}

async fn read_services(gateway: Metered, cluster: String, names: Vec<String>) -> Answers<Observation<Sent>> {
    let body = json!({"cluster": cluster, "services": names, "include": ["TAGS"]});
    let answer: Described = match gateway.read(Operation::DescribeServices, &body).await {
        Ok(answer) => answer,
        // Without the cluster there is no service in it.
        Err(error) if error.class == ErrorClass::NotFound => {
            return Ok(names.into_iter().map(|name| (name, Observation::Absent)).collect());
        }
        Err(error) => return Err(error),
    };
    let mut found = HashMap::new();
    for service in answer.services.into_iter().flatten() {
        if let Some(name) = named(&service) {
            found.insert(name, Observation::Present(service));
        }
    }
    for Failure { arn, reason } in answer.failures.into_iter().flatten() {
        let name = arn.as_deref().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
        // Any other reason says that AWS could not tell, not that the service is gone.
        if reason.as_deref() == Some("MISSING") {
            found.insert(name.to_owned(), Observation::Absent);
        }
    }
    Ok(found)
}
