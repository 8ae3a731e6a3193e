//! A controller and its AWS, in this process and virtual time.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evenkeel::apply::apply;
use evenkeel::clock::Clock;
use evenkeel::embedded;
use evenkeel::engine::Engine;
use evenkeel::fleet::Fleet as Connections;
use evenkeel::metrics::Metrics;
use evenkeel::observe::Part;
use evenkeel::reconcile::Options;
use evenkeel_aws::Transport;
use evenkeel_core::admission::admit;
use evenkeel_core::manifest::load;
use evenkeel_core::object::Kind;
use evenkeel_sandbox::Sandbox;
use evenkeel_store::Store;
use evenkeel_tests::fleet::Fleet;
use jiff::Timestamp;

/// A running controller with a fleet, and the AWS that it works on.
pub(crate) struct Controller {
    pub(crate) engine: Engine,
    pub(crate) sandbox: Arc<Mutex<Sandbox>>,
    pub(crate) clock: Clock,
}

impl Controller {
    /// Starts one and brings a fleet up with it. AWS takes `latency` for each answer.
    pub(crate) async fn of(fleet: &Fleet, latency: Duration) -> Self {
        let start = Timestamp::from_second(1_767_225_600).unwrap();
        let clock = Clock::simulated(start);
        let aws = evenkeel_sandbox::Options { latency, ..evenkeel_sandbox::Options::default() };
        let sandbox = Arc::new(Mutex::new(Sandbox::new(aws)));
        let transport = embedded::transport(sandbox.clone(), clock.clone());
        let store = Store::temporary(evenkeel_store::Options::default()).await.unwrap();
        let engine = engine(store, transport, &clock, Options::default(), None);
        let controller = Self { engine, sandbox, clock };
        controller.declare(fleet).await;
        let running = controller.engine.clone();
        tokio::spawn(async move { running.run().await });
        ready(&controller.engine, fleet).await;
        // The last rollouts end, and each look sees the same from now on.
        tokio::time::sleep(Duration::from_secs(900)).await;
        controller
    }

    async fn declare(&self, fleet: &Fleet) {
        let mut load = load(&fleet.files());
        admit(&mut load);
        assert!(load.whole(), "{:?}", load.problems.first());
        let store = &self.engine.context.store;
        apply(store, &load, "sha1:0000000000000000000000000000000000000001", self.clock.now()).await.unwrap();
    }
}

/// An engine as the program puts it together.
pub(crate) fn engine(
    store: Store,
    transport: Transport,
    clock: &Clock,
    options: Options,
    endpoint_url: Option<String>,
) -> Engine {
    let metrics = Metrics::new().unwrap();
    let fleet = Connections::new(transport, clock.clone(), Some(metrics.on_call()), endpoint_url);
    Engine::new(store, fleet, clock.clone(), metrics, options, fastrand::Rng::with_seed(7))
}

/// Waits until every service of a fleet was read, with its scaling.
pub(crate) async fn seen(engine: &Engine, fleet: &Fleet) {
    loop {
        let services = engine.context.store.list(Kind::Service, None).await.unwrap();
        let all = |part| services.keys().all(|key| engine.context.seen.knows(key, part));
        if services.len() == fleet.services && all(Part::Service) && all(Part::Scaling) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until every service of a fleet is ready and in sync.
pub(crate) async fn ready(engine: &Engine, fleet: &Fleet) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let services = engine.context.store.list(Kind::Service, None).await.unwrap();
        let is_ready = |object: &evenkeel_core::object::Object| {
            let conditions = object.status["conditions"].as_array().into_iter().flatten();
            object.status["sync"] == "Synced"
                && conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        };
        if services.len() == fleet.services && services.into_iter().all(|object| is_ready(&object.unwrap())) {
            return;
        }
    }
}

/// Runs in virtual time: waiting takes none, and what happens does not depend on this machine.
pub(crate) fn virtually<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(run)
}
