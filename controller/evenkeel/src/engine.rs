//! The engine: workers on the queue, what puts objects in it, and the periodic look at all services.

mod look;

pub(crate) use look::aws_name;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use evenkeel_core::desired::{SUSPEND, SUSPEND_BY, SUSPEND_REASON, SUSPEND_UNTIL};
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_store::{Change, Selector, Store, WatchError};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::apply::references;
use crate::clock::Clock;
use crate::fleet::Fleet;
use crate::metrics::Metrics;
use crate::observe::{Part, Revisions, Seen};
use crate::reconcile::{Context, Options, installation, reconcile};
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
        let context = Context { store, fleet, seen, look: Arc::default(), trail, revisions, clock, metrics, options };
        Self { context, queue }
    }

    /// Runs until the queue is shut down and drained. Dropping the future aborts everything at its next await.
    pub async fn run(&self) {
        installation::ensure(&self.context).await;
        let mut background = JoinSet::new();
        background.spawn(Triggers::new(self).run());
        for part in [Part::Service, Part::Scaling] {
            background.spawn(look::at_all(self.context.clone(), self.queue.clone(), part));
        }
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
    /// Who refers to an object: mostly one, so a set would take more than it holds.
    dependents: HashMap<ObjectKey, Vec<ObjectKey>>,
}

/// What makes a pass over the object itself worth it, what makes one over its dependents, and to whom it refers: to nobody,
/// if that is 0.
#[derive(Debug, Default, PartialEq)]
struct Mark {
    own: u64,
    dependents: u64,
    references: u64,
}

impl Triggers {
    fn new(engine: &Engine) -> Self {
        Self {
            context: engine.context.clone(),
            queue: engine.queue.clone(),
            marks: HashMap::new(),
            dependents: HashMap::new(),
        }
    }

    async fn run(mut self) {
        let mut starting = true;
        loop {
            match self.follow(std::mem::take(&mut starting)).await {
                // The watch fell behind: everything is looked at again.
                Ok(()) | Err(WatchError::Expired { .. }) => {}
                Err(error) => {
                    tracing::error!(%error, "the store cannot be watched");
                    return;
                }
            }
        }
    }

    async fn follow(&mut self, starting: bool) -> Result<(), WatchError> {
        let mut version = None;
        for kind in [Kind::Installation, Kind::Cluster, Kind::TaskDefinition, Kind::Service] {
            let listing = match self.context.store.list(kind, None).await {
                Ok(listing) => listing,
                Err(error) => {
                    tracing::error!(%error, "the store cannot be read");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    return Ok(());
                }
            };
            // The oldest of them, so that nothing between them is missed.
            version = version.or(Some(listing.resource_version));
            for object in listing.into_iter().flatten() {
                if starting {
                    self.found(&object);
                } else {
                    self.changed(&object).await;
                }
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

    /// An object that the start finds in the store. What needed nothing when the program ended has time: services come once
    /// the first look at all has seen them, and revisions never change. So a start reads hardly more than a look does.
    fn found(&mut self, object: &Object) {
        let key = object.key();
        self.mark(object);
        if settled(object) {
            self.queue.add_after(key.clone(), self.context.phase_of(&key), Priority::Resync, "resync");
        } else {
            self.queue.add(key, Priority::NewCommit, "the start");
        }
    }

    async fn changed(&mut self, object: &Object) {
        let key = object.key();
        if key.kind == Kind::Event {
            return;
        }
        let before = self.mark(object);
        let now = &self.marks[&key];
        if before.as_ref().is_none_or(|before| before.own != now.own) {
            self.queue.add(key.clone(), Priority::NewCommit, "the object changed");
        }
        if before.as_ref().is_none_or(|before| before.dependents != now.dependents) {
            self.wake_dependents(&key).await;
        }
    }

    async fn wake_dependents(&self, key: &ObjectKey) {
        let (kinds, namespace, reason): (&[Kind], _, _) = match key.kind {
            Kind::Installation => {
                (&[Kind::Cluster, Kind::TaskDefinition, Kind::Service], None, "the installation changed")
            }
            Kind::Cluster => (&[Kind::TaskDefinition, Kind::Service], Some(key.name.as_str()), "its Cluster changed"),
            _ => (&[], None, ""),
        };
        for kind in kinds {
            let Ok(listing) = self.context.store.list(*kind, namespace).await else { continue };
            for other in listing.keys() {
                self.queue.add(other.clone(), Priority::NewCommit, reason);
            }
        }
        for other in self.dependents.get(key).into_iter().flatten() {
            self.queue.add(other.clone(), Priority::NewCommit, "what it refers to changed");
        }
    }

    /// Marks an object as it is now, and to whom it refers; what its mark was.
    fn mark(&mut self, object: &Object) -> Option<Mark> {
        let key = object.key();
        let others = references(object);
        let mark = mark(object, &others);
        let before = self.marks.get(&key).map_or(0, |before| before.references);
        if before != mark.references {
            if before != 0 {
                self.unrefer(&key);
            }
            for other in others {
                let dependents = self.dependents.entry(other).or_default();
                if !dependents.contains(&key) {
                    dependents.push(key.clone());
                    dependents.shrink_to_fit();
                }
            }
        }
        self.marks.insert(key, mark)
    }

    /// Takes an object out of all dependents. It seldom refers to another one than before, so nobody keeps to whom it did.
    fn unrefer(&mut self, key: &ObjectKey) {
        self.dependents.retain(|_, dependents| {
            dependents.retain(|dependent| dependent != key);
            !dependents.is_empty()
        });
    }

    fn gone(&mut self, key: &ObjectKey) {
        if key.kind == Kind::Event {
            return;
        }
        if self.marks.remove(key).is_some_and(|mark| mark.references != 0) {
            self.unrefer(key);
        }
        self.queue.add(key.clone(), Priority::NewCommit, "the object is gone");
        if key.kind.namespaced() {
            self.queue.add(key.cluster_of(), Priority::NewCommit, "an object of its namespace is gone");
        }
    }
}

/// Whether an object was as declared at its last pass, and nobody has asked for anything since. Clusters and the
/// installation are always looked at: all else rests on them.
fn settled(object: &Object) -> bool {
    let (metadata, status) = (&object.metadata, &object.status);
    let asked = metadata.annotations.keys().any(|name| name.starts_with("evenkeel.dev/"));
    matches!(object.kind, Kind::TaskDefinition | Kind::Service)
        && !asked
        && metadata.deletion_timestamp.is_none()
        // What was suspended then, with its Cluster or with everything, may not be any more.
        && status.get("suspended").is_none()
        && status["observedGeneration"].as_i64() == Some(metadata.generation)
        && status["sync"] == "Synced"
        && is_ready(status)
}

fn is_ready(status: &Value) -> bool {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

fn mark(object: &Object, others: &[ObjectKey]) -> Mark {
    let metadata = &object.metadata;
    let own = hash(&(metadata.generation, &metadata.annotations, metadata.deletion_timestamp.is_some()));
    let status = &object.status;
    let current = status["observedGeneration"].as_i64() == Some(metadata.generation);
    let suspended = || {
        let annotations = &metadata.annotations;
        [SUSPEND, SUSPEND_REASON, SUSPEND_BY, SUSPEND_UNTIL].map(|name| annotations.get(name))
    };
    let dependents = match object.kind {
        Kind::Installation => serde_json::json!(suspended()),
        Kind::Cluster => serde_json::json!([metadata.generation, status["clusterArn"], suspended()]),
        Kind::TaskDefinition => {
            serde_json::json!([current, status["taskDefinitionArn"], status["contentHash"], is_ready(status)])
        }
        _ => serde_json::json!([current, is_ready(status)]),
    };
    let references = if others.is_empty() { 0 } else { hash(&others) };
    Mark { own, dependents: hash(&dependents.to_string()), references }
}

/// Ten thousand services have a mark each, so it is kept as short as this.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
