//! The engine: workers on the queue, what puts objects in it, and the periodic look at all services.

mod look;

pub(crate) use look::aws_name;

use std::collections::{BTreeSet, HashMap};

use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_store::{Change, Selector, Store, WatchError};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::apply::references;
use crate::clock::Clock;
use crate::fleet::Fleet;
use crate::metrics::Metrics;
use crate::observe::{Revisions, Seen};
use crate::reconcile::{Context, Options, reconcile};
use crate::trail::Trail;
use crate::workqueue::{self, Outcome, Priority, Retry, Work, Workqueue};

/// A controller without source and HTTP: what reconciles the objects of a store.
#[derive(Clone, Debug)]
pub struct Engine {
    /// What passes work with.
    pub context: Context,
    /// The queue.
    pub queue: Workqueue<ObjectKey>,
}

impl Engine {
    /// An engine that is not running yet. `rng` seeds the jitter of retries.
    pub fn new(
        store: Store,
        fleet: Fleet,
        clock: Clock,
        metrics: Metrics,
        options: Options,
        rng: fastrand::Rng,
    ) -> Self {
        let fleet = fleet.limited(options.budget_share);
        let queue = Workqueue::observed(rng, metrics.on_queue());
        let revisions = Revisions::new(store.clone(), clock.clone());
        let (seen, trail) = (Seen::default(), Trail::default());
        let context = Context { store, fleet, seen, trail, revisions, clock, metrics, options };
        Self { context, queue }
    }

    /// Runs until the queue is shut down and drained. Dropping the future aborts everything at its next await.
    pub async fn run(&self) {
        let mut background = JoinSet::new();
        background.spawn(Triggers::new(self).run());
        background.spawn(look::at_all(self.context.clone(), self.queue.clone()));
        let (context, queue) = (self.context.clone(), self.queue.clone());
        workqueue::run(self.queue.clone(), context.options.concurrency, move |work| {
            let (context, queue) = (context.clone(), queue.clone());
            async move { one(&context, &queue, work).await }
        })
        .await;
        background.abort_all();
    }
}

async fn one(context: &Context, queue: &Workqueue<ObjectKey>, work: Work<ObjectKey>) -> Outcome {
    let started = tokio::time::Instant::now();
    tracing::debug!(key = %work.key, reason = work.reason, priority = work.priority.label(), attempts = work.attempts, "pass begins");
    let outcome = reconcile(context, &work).await;
    let result = match outcome {
        Outcome::Forget => "success",
        Outcome::RequeueAfter(..) => "requeue_after",
        Outcome::Retry(_) => "error",
    };
    context.metrics.reconciled(&work.key, result, started.elapsed().as_secs_f64());
    if outcome == Outcome::Retry(Retry::Invalid) {
        // Only a change helps, and the change may be in AWS.
        queue.resync(work.key.clone(), context.options.resync);
    }
    outcome
}

/// Watches the store and puts what changed, and what depends on it, in the queue.
struct Triggers {
    context: Context,
    queue: Workqueue<ObjectKey>,
    /// What of each object was last acted upon.
    marks: HashMap<ObjectKey, Mark>,
    /// Who refers to an object.
    dependents: HashMap<ObjectKey, BTreeSet<ObjectKey>>,
    /// To whom an object refers.
    references: HashMap<ObjectKey, Vec<ObjectKey>>,
}

/// What makes a pass over the object itself worth it, and what makes one over its dependents.
#[derive(Debug, Default, PartialEq)]
struct Mark {
    own: (i64, String, bool),
    dependents: Value,
}

impl Triggers {
    fn new(engine: &Engine) -> Self {
        Self {
            context: engine.context.clone(),
            queue: engine.queue.clone(),
            marks: HashMap::new(),
            dependents: HashMap::new(),
            references: HashMap::new(),
        }
    }

    async fn run(mut self) {
        loop {
            match self.follow().await {
                // The watch fell behind: everything is looked at again.
                Ok(()) | Err(WatchError::Expired { .. }) => {}
                Err(error) => {
                    tracing::error!(%error, "the store cannot be watched");
                    return;
                }
            }
        }
    }

    async fn follow(&mut self) -> Result<(), WatchError> {
        let mut version = None;
        for kind in [Kind::Cluster, Kind::TaskDefinition, Kind::Service] {
            let listing = match self.context.store.list(kind, None).await {
                Ok(listing) => listing,
                Err(error) => {
                    tracing::error!(%error, "the store cannot be read");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    return Ok(());
                }
            };
            // The oldest of the three, so that nothing between them is missed.
            version = version.or(Some(listing.resource_version));
            for object in listing.into_iter().flatten() {
                self.changed(&object).await;
            }
        }
        let mut watch = self.context.store.watch(Selector::all(), version.unwrap_or_default())?;
        loop {
            let event = watch.next().await?;
            match event.change {
                Change::Added | Change::Modified => self.changed(&event.object).await,
                Change::Deleted => self.gone(&event.object.key()),
            }
        }
    }

    async fn changed(&mut self, object: &Object) {
        let key = object.key();
        if key.kind == Kind::Event {
            return;
        }
        self.refer(object);
        let mark = mark(object);
        let before = self.marks.insert(key.clone(), mark);
        let now = &self.marks[&key];
        if before.as_ref().is_none_or(|before| before.own != now.own) {
            self.queue.add(key.clone(), Priority::NewCommit, "the object changed");
        }
        if before.as_ref().is_none_or(|before| before.dependents != now.dependents) {
            self.wake_dependents(&key).await;
        }
    }

    async fn wake_dependents(&self, key: &ObjectKey) {
        if key.kind == Kind::Cluster {
            for kind in [Kind::TaskDefinition, Kind::Service] {
                let Ok(listing) = self.context.store.list(kind, Some(&key.name)).await else { continue };
                for other in listing.keys() {
                    self.queue.add(other.clone(), Priority::NewCommit, "its Cluster changed");
                }
            }
        }
        for other in self.dependents.get(key).into_iter().flatten() {
            self.queue.add(other.clone(), Priority::NewCommit, "what it refers to changed");
        }
    }

    fn refer(&mut self, object: &Object) {
        let key = object.key();
        if key.kind != Kind::Service {
            return;
        }
        let others = references(object);
        if self.references.get(&key) == Some(&others) {
            return;
        }
        self.unrefer(&key);
        for other in &others {
            self.dependents.entry(other.clone()).or_default().insert(key.clone());
        }
        self.references.insert(key, others);
    }

    fn unrefer(&mut self, key: &ObjectKey) {
        for other in self.references.remove(key).unwrap_or_default() {
            if let Some(dependents) = self.dependents.get_mut(&other) {
                dependents.remove(key);
            }
        }
    }

    fn gone(&mut self, key: &ObjectKey) {
        if key.kind == Kind::Event {
            return;
        }
        self.marks.remove(key);
        self.unrefer(key);
        self.queue.add(key.clone(), Priority::NewCommit, "the object is gone");
        self.queue.add(key.cluster_of(), Priority::NewCommit, "an object of its namespace is gone");
    }
}

fn mark(object: &Object) -> Mark {
    let metadata = &object.metadata;
    let annotations = serde_json::to_string(&metadata.annotations).unwrap_or_default();
    let own = (metadata.generation, annotations, metadata.deletion_timestamp.is_some());
    let status = &object.status;
    let current = status["observedGeneration"].as_i64() == Some(metadata.generation);
    let ready = || {
        let conditions = status["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    let dependents = match object.kind {
        Kind::Cluster => serde_json::json!([metadata.generation, status["clusterArn"]]),
        Kind::TaskDefinition => {
            serde_json::json!([current, status["taskDefinitionArn"], status["contentHash"], ready()])
        }
        _ => serde_json::json!([current, ready()]),
    };
    Mark { own, dependents }
}
