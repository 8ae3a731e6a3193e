//! The whole controller against the sandbox in one process, in virtual time: hours pass in milliseconds, and a run
//! repeats exactly.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evenkeel::apply::Summary;
use evenkeel::clock::Clock;
use evenkeel::engine::Engine;
use evenkeel::fleet::Fleet;
use evenkeel::follow::apply_load;
use evenkeel::metrics::Metrics;
use evenkeel::reconcile::Options;
use evenkeel::workqueue::Priority;
use evenkeel_core::admission::admit;
use evenkeel_core::manifest::{Content, Files, load};
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::operation::{Access, Operation};
use evenkeel_sandbox::{Caller, Sandbox};
use evenkeel_store::{Batch, Store, Write};
use jiff::Timestamp;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::journal::Journal;
use crate::wire::Wire;

/// A sandbox, a directory of manifests and a running controller.
pub struct World {
    /// AWS.
    pub sandbox: Arc<Mutex<Sandbox>>,
    /// The controller.
    pub engine: Engine,
    /// The directory.
    pub files: Files,
    /// Time.
    pub clock: Clock,
    /// What the controller asks of AWS.
    pub wire: Wire,
    /// What it says of its objects.
    pub journal: Journal,
    /// Who everybody is to AWS: account and region.
    pub caller: Caller,
    running: JoinHandle<()>,
    commits: u32,
    /// Stores so far, each with an id of its own.
    stores: u128,
    recent_changes: usize,
    /// What happens again and again while it [lives](World::live).
    pub(crate) nuisance: Option<(Duration, Nuisance)>,
}

/// What may happen again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Nuisance {
    /// Every object is said to have changed.
    Repeat,
    /// The controller is killed, and another one started.
    Kill,
}

/// Files from paths and texts.
pub fn files(texts: &[(&str, &str)]) -> Files {
    texts.iter().map(|(path, text)| ((*path).to_owned(), Content::Bytes(text.as_bytes().to_vec()))).collect()
}

impl World {
    /// An empty AWS and an engine with the default options. Nothing is declared yet. Must be called under a paused
    /// clock.
    pub async fn new() -> Self {
        Self::with(evenkeel_sandbox::Options::default(), Options::default()).await
    }

    /// The same with other options.
    pub async fn with(sandbox: evenkeel_sandbox::Options, options: Options) -> Self {
        Self::on(sandbox, options, evenkeel_store::Options::default().recent_changes).await
    }

    /// The same with a store whose watches can reach back so many changes.
    pub async fn on(sandbox: evenkeel_sandbox::Options, options: Options, recent_changes: usize) -> Self {
        let start = Timestamp::from_second(1_767_225_600).expect("the first second of 2026");
        let clock = Clock::simulated(start);
        let caller = Caller::new("123456789012", "ap-northeast-1");
        let sandbox = Arc::new(Mutex::new(Sandbox::new(sandbox)));
        let store = empty_store(1, recent_changes).await;
        let journal = Journal::of(&store).await;
        let wire = Wire::default();
        let engine = engine(&sandbox, &wire, store, &clock, options);
        let running = start_engine(&engine);
        Self {
            sandbox,
            engine,
            files: Files::new(),
            clock,
            wire,
            journal,
            caller,
            running,
            commits: 0,
            stores: 1,
            recent_changes,
            nuisance: None,
        }
    }

    /// Writes a file of the directory and applies the directory as a new commit.
    pub async fn push(&mut self, path: &str, text: &str) -> Summary {
        self.files.insert(path.to_owned(), Content::Bytes(text.as_bytes().to_vec()));
        self.commit().await
    }

    /// Applies the directory as it is, as a new commit.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn commit(&mut self) -> Summary {
        self.commits += 1;
        self.apply().await
    }

    /// Applies the directory as the present commit, as the controller does again and again while something is held.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn apply(&self) -> Summary {
        let mut load = load(&self.files);
        admit(&mut load);
        let revision = format!("sha1:{:040x}", self.commits);
        apply_load(&self.engine, &load, &revision).await.expect("the store takes the load")
    }

    /// Lets time pass.
    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Lets time pass; a controller that dies meanwhile is followed by another one on the same store.
    pub async fn live(&mut self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            let wire = self.wire.clone();
            let next = self.nuisance.map(|(period, nuisance)| (Instant::now() + period, nuisance));
            let next = next.filter(|(at, _)| *at < end);
            tokio::select! {
                biased;
                () = wire.crashed() => self.restart().await,
                () = tokio::time::sleep_until(next.map_or(end, |(at, _)| at)) => match next {
                    None => return,
                    Some((_, Nuisance::Kill)) => self.restart().await,
                    Some((_, Nuisance::Repeat)) => self.say_all_changed().await,
                },
            }
        }
    }

    async fn say_all_changed(&self) {
        for kind in [Kind::Cluster, Kind::TaskDefinition, Kind::Service] {
            let listing = self.engine.context.store.list(kind, None).await.expect("the store can be read");
            for key in listing.keys() {
                self.engine.queue.add(key.clone(), Priority::NewCommit, "it is said to have changed");
            }
        }
    }

    /// Applies the directory as the present commit once more, as after an event that came twice.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn repeat(&self) {
        self.apply().await;
    }

    /// Calls AWS as somebody else would.
    ///
    /// # Panics
    /// When AWS refuses.
    pub fn aws(&self, operation: Operation, body: &Value) -> Value {
        self.sandbox()
            .call(self.clock.now(), &self.caller, operation, body)
            .unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// The sandbox, for knobs and counters.
    pub fn sandbox(&self) -> std::sync::MutexGuard<'_, Sandbox> {
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object of the store.
    ///
    /// # Panics
    /// When there is none.
    pub async fn object(&self, kind: Kind, namespace: &str, name: &str) -> Object {
        let key = ObjectKey::new(kind, namespace, name);
        self.find(&key).await.unwrap_or_else(|| panic!("there is no {key}"))
    }

    /// An object of the store, if there is one.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn find(&self, key: &ObjectKey) -> Option<Object> {
        self.engine.context.store.get(key).await.expect("the store can be read")
    }

    /// A service as AWS describes it.
    pub fn service(&self, cluster: &str, name: &str) -> Value {
        let body = serde_json::json!({"cluster": cluster, "services": [name], "include": ["TAGS"]});
        self.aws(Operation::DescribeServices, &body)["services"][0].clone()
    }

    /// Paths on which an object is known to differ.
    pub async fn drift(&self, kind: Kind, namespace: &str, name: &str) -> Vec<String> {
        let object = self.object(kind, namespace, name).await;
        let drift = object.status["drift"].as_array().cloned().unwrap_or_default();
        drift.iter().map(|drift| drift["path"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Status and reason of an object's Ready condition.
    pub async fn ready(&self, kind: Kind, namespace: &str, name: &str) -> (String, String) {
        let object = self.object(kind, namespace, name).await;
        let conditions = object.status["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.into_iter().find(|condition| condition["type"] == "Ready").unwrap_or_default();
        let text = |member: &str| ready[member].as_str().unwrap_or_default().to_owned();
        (text("status"), text("reason"))
    }

    /// Sets an annotation as a person does with the API or the command line; an empty value takes it off.
    ///
    /// # Panics
    /// When there is no such object, or the store fails.
    pub async fn annotate(&self, key: &ObjectKey, name: &str, value: &str) {
        let mut object = self.find(key).await.unwrap_or_else(|| panic!("there is no {key}"));
        match value {
            "" => object.metadata.annotations.remove(name),
            _ => object.metadata.annotations.insert(name.to_owned(), value.to_owned()),
        };
        let batch = Batch::new(self.clock.now(), vec![Write::Apply(object)]);
        self.engine.context.store.commit(batch).await.expect("the store takes the annotation");
    }

    /// The fixpoint: every object is ready and in sync, and an hour later nothing has been written, to AWS or the store.
    ///
    /// # Panics
    /// When that is not so.
    pub async fn assert_stable(&self) {
        self.ready_and_quiet().await.unwrap_or_else(|why| panic!("{why}"));
    }

    /// The same, with what is not so as the error.
    ///
    /// # Errors
    /// A sentence with the object or the calls.
    pub async fn ready_and_quiet(&self) -> Result<(), String> {
        self.all_ready().await?;
        self.quiet().await
    }

    /// An hour passes without a write, to AWS or to the store.
    ///
    /// # Errors
    /// What was written.
    pub async fn quiet(&self) -> Result<(), String> {
        self.quiet_for(Duration::from_secs(3600)).await
    }

    /// The same for another time.
    ///
    /// # Errors
    /// What was written.
    pub async fn quiet_for(&self, time: Duration) -> Result<(), String> {
        let (before, version) = (self.wire.calls().len(), self.version().await);
        self.journal.take();
        tokio::time::sleep(time).await;
        let written = self.wire.calls().split_off(before);
        let written: Vec<_> = written.iter().filter(|call| call.operation.access() == Access::Write).collect();
        if !written.is_empty() {
            return Err(format!("nothing was to be written any more: {written:?}"));
        }
        if version != self.version().await {
            return Err(format!("the store was written although nothing changed: {:?}", self.journal.take()));
        }
        Ok(())
    }

    async fn version(&self) -> String {
        let listing = self.engine.context.store.list(Kind::Service, None).await.expect("the store can be read");
        listing.resource_version.to_string()
    }

    /// Every object is ready and in sync.
    ///
    /// # Errors
    /// The first that is not, with its status.
    pub async fn all_ready(&self) -> Result<(), String> {
        for kind in [Kind::Cluster, Kind::TaskDefinition, Kind::Service] {
            let listing = self.engine.context.store.list(kind, None).await.expect("the store can be read");
            for object in listing {
                let object = object.expect("the store can be read");
                let conditions = object.status["conditions"].as_array().cloned().unwrap_or_default();
                let ready = conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
                if !ready || object.status["sync"] != "Synced" {
                    return Err(format!("{} is not ready: {:#}", object.key(), object.status));
                }
            }
        }
        Ok(())
    }

    /// Kills the controller at whatever await it stands and starts another on the same store.
    pub async fn restart(&mut self) {
        let store = self.engine.context.store.clone();
        self.start_on(store).await;
    }

    /// Kills the controller at whatever await it stands, throws its store away, and starts another on an empty one with
    /// the same commit: all that is known is in AWS and in the directory.
    pub async fn lose_store(&mut self) {
        self.stores += 1;
        let store = empty_store(self.stores, self.recent_changes).await;
        self.journal = Journal::of(&store).await;
        self.start_on(store).await;
        self.apply().await;
    }

    async fn start_on(&mut self, store: Store) {
        self.running.abort();
        // The only result of an aborted task is that it was aborted.
        let _ = (&mut self.running).await;
        let options = self.engine.context.options.clone();
        self.engine = engine(&self.sandbox, &self.wire, store, &self.clock, options);
        self.running = start_engine(&self.engine);
    }
}

impl Drop for World {
    /// A world that is over does not go on beside the next one.
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn empty_store(id: u128, recent_changes: usize) -> Store {
    let options = evenkeel_store::Options { store_id: Some(id), inline: true, recent_changes };
    Store::temporary(options).await.expect("a temporary store opens")
}

fn engine(sandbox: &Arc<Mutex<Sandbox>>, wire: &Wire, store: Store, clock: &Clock, options: Options) -> Engine {
    let metrics = Metrics::new().expect("names and labels are constants");
    let transport = wire.transport(sandbox.clone(), clock.clone());
    let fleet = Fleet::new(transport, clock.clone(), Some(metrics.on_call()), None);
    Engine::new(store, fleet, clock.clone(), metrics, options, fastrand::Rng::with_seed(7))
}

fn start_engine(engine: &Engine) -> JoinHandle<()> {
    let engine = engine.clone();
    tokio::spawn(async move { engine.run().await })
}
