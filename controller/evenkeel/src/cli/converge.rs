//! One-shot reconciling for `sync` and `plan`: an engine on a store, one load, and waiting until nothing moves.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evenkeel_aws::Transport;
use evenkeel_core::catalogue::Severity;
use evenkeel_core::manifest::Load;
use evenkeel_core::object::{Kind, Object};
use evenkeel_core::reason::Reason;
use evenkeel_sandbox::Sandbox;
use evenkeel_store::Store;

use super::config::Config;
use crate::clock::Clock;
use crate::commits;
use crate::embedded;
use crate::engine::Engine;
use crate::fleet::Fleet;
use crate::follow;
use crate::metrics::Metrics;
use crate::reconcile::Options;

/// How an engine is put together from the configuration.
pub(super) struct Assembly {
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    /// The embedded AWS, where it is used.
    pub(super) sandbox: Option<Arc<Mutex<Sandbox>>>,
}

/// Opens the store: the configured directory, or a temporary one.
pub(super) async fn open_store(config: &Config, temporary: bool) -> Result<Store, String> {
    let options = evenkeel_store::Options::default();
    let opened = match (&config.data, temporary) {
        (None, true) => Store::temporary(options).await,
        (data, _) => Store::open(data.as_deref().unwrap_or(Path::new("state")), options).await,
    };
    opened.map_err(|error| error.to_string())
}

/// Puts an engine together.
pub(super) fn assemble(config: &Config, store: Store, options: Options) -> Result<Assembly, String> {
    let clock = Clock::system();
    let metrics = Metrics::new().map_err(|error| format!("failed to set up metrics: {error}"))?;
    let sandbox = config.is_sandboxed().then(|| {
        // Infrastructure that other tools make in a real account.
        let options = evenkeel_sandbox::Options { deployment_groups: true, ..evenkeel_sandbox::Options::default() };
        Arc::new(Mutex::new(Sandbox::new(options)))
    });
    let transport = match &sandbox {
        Some(sandbox) => embedded::transport(sandbox.clone(), clock.clone()),
        None => Transport::Network,
    };
    let fleet = Fleet::new(transport, clock.clone(), Some(metrics.on_call()), config.endpoint_url.clone());
    let fleet = fleet.read_only(options.read_only);
    metrics.read_only(options.read_only);
    let engine = Engine::new(store, fleet, clock.clone(), metrics, options, fastrand::Rng::new());
    Ok(Assembly { engine, clock, sandbox })
}

/// Reads the source once and applies it. Problems go to standard error.
pub(super) async fn load_once(engine: &Engine, config: &Config) -> Result<Load, String> {
    let signers = config.signers()?;
    let snapshot = follow::read_once(config.source(), signers.as_deref()).await.map_err(|error| error.to_string())?;
    let revision = snapshot.revision.clone();
    let commit = snapshot.commit.clone();
    commits::remember(&engine.context.store, &commit, engine.context.clock.now())
        .await
        .map_err(|error| error.to_string())?;
    let checked = follow::checked(Arc::new(snapshot), Some(&engine.context.store)).await;
    let load = checked.map_err(|error| error.to_string())?;
    for problem in &load.problems {
        eprintln!("{problem}");
    }
    follow::apply_load(engine, &load, &revision).await.map_err(|error| error.to_string())?;
    Ok(load)
}

/// Whether any problem of a load is an error.
pub(super) fn has_errors(load: &Load) -> bool {
    load.problems.iter().any(|problem| problem.severity == Severity::Error)
}

/// All objects but events, in the order in which they are applied.
pub(super) async fn objects(store: &Store) -> Result<Vec<Object>, String> {
    let mut objects = Vec::new();
    for kind in [Kind::Cluster, Kind::TaskDefinition, Kind::Service] {
        for object in store.list(kind, None).await.map_err(|error| error.to_string())? {
            objects.push(object.map_err(|error| error.to_string())?);
        }
    }
    Ok(objects)
}

/// Runs the engine until `done` says so about all objects, or the time is up. Says whether it was done.
pub(super) async fn until(engine: &Engine, timeout: Duration, done: impl Fn(&Object) -> bool) -> Result<bool, String> {
    let running = engine.clone();
    let running = tokio::spawn(async move { running.run().await });
    let deadline = tokio::time::Instant::now() + timeout;
    let result = loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let objects = objects(&engine.context.store).await?;
        if objects.iter().all(&done) {
            break true;
        }
        if tokio::time::Instant::now() >= deadline {
            break false;
        }
    };
    engine.queue.shut_down();
    // Passes in progress end by themselves; whatever is left after that is stopped.
    let _ = tokio::time::timeout(Duration::from_secs(10), running).await;
    Ok(result)
}

/// Whether the last pass looked at the present generation, and did not end for want of calls.
pub(super) fn is_current(object: &Object) -> bool {
    object.status["observedGeneration"].as_i64() == Some(object.metadata.generation)
        && condition(object, "Ready").is_none_or(|(_, reason)| reason != Reason::WaitingForBudget.name())
}

/// The status of a condition, and its reason.
pub(super) fn condition<'a>(object: &'a Object, kind: &str) -> Option<(&'a str, &'a str)> {
    let conditions = object.status["conditions"].as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == kind)?;
    Some((found["status"].as_str()?, found["reason"].as_str()?))
}
