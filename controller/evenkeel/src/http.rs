//! The HTTP side of a running controller: health, metrics, and the kube-style API over the store.

mod admission;
mod budget;
mod connections;
mod health;
mod tls;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, extract::State};
use evenkeel_api::ApiState;
use evenkeel_core::object::{Object, ObjectKey};
use tokio::net::TcpListener;

use admission::Admission;
pub use admission::Guarding;
pub use budget::{BucketReport, BudgetReport};

use crate::clock::Clock;
use crate::engine::Engine;
use crate::metrics::Format;
use crate::preview::preview;
use crate::provenance::SourceRecord;
use crate::shutdown::Shutdown;

pub use health::Readiness;

#[derive(Clone)]
struct Served {
    engine: Engine,
    readiness: Readiness,
}

/// A listener that is bound and not served yet, so that a port in use is told before anything starts.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    admission: Admission,
}

impl Listening {
    /// Binds the address.
    ///
    /// # Errors
    /// The system's, with the address; what is wrong with the files that guard the API.
    pub async fn bind(address: &str, guarding: Guarding) -> Result<Self, String> {
        let admission = Admission::read(guarding)?;
        let failed = |error: std::io::Error| format!("failed to listen on {address}: {error}");
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if !address.ip().is_loopback() && !admission.admits_others() {
            tracing::warn!(
                listen = %address,
                "others than this machine get health and metrics only: the API needs --tokens, --tls-cert and --tls-key"
            );
        }
        Ok(Self { listener, address, admission })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the shutdown begins to drain. `hosts` are names, besides `localhost` and IP addresses, by which
    /// clients reach the API.
    pub async fn serve(
        self,
        engine: Engine,
        readiness: Readiness,
        clock: Clock,
        hosts: Vec<String>,
        shutdown: Shutdown,
    ) {
        let mut api = api(&engine, clock, hosts);
        api.admit = self.admission.clone().admit();
        let own = Router::new()
            .route("/livez", get(|| async { "ok" }))
            .route("/healthz", get(|| async { "ok" }))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(metrics))
            .route("/budget", get(budget::budget))
            .with_state(Served { engine, readiness });
        let crowded = own.clone().fallback(|| async {
            let after = [(header::RETRY_AFTER, "10"), (header::CONNECTION, "close")];
            (StatusCode::TOO_MANY_REQUESTS, after, "too many connections: try again later")
        });
        let router = own.merge(evenkeel_api::router(api));
        let limits = connections::Limits::default();
        let draining = async move { shutdown.draining().await };
        let following = tokio::spawn(self.admission.clone().follow());
        connections::serve(self.listener, router, crowded, limits, self.admission, draining).await;
        following.abort();
    }
}

/// The API over the engine's store, with where objects come from and what would come of them.
fn api(engine: &Engine, clock: Clock, hosts: Vec<String>) -> ApiState {
    let (store, context) = (engine.context.store.clone(), engine.context.clone());
    let mut api = ApiState::of(store.clone(), Arc::new(move || clock.now()));
    api.origin = Arc::new(move |key: ObjectKey| {
        let store = store.clone();
        Box::pin(async move { Ok(SourceRecord::read(&store, &key).await?.origin()) })
    });
    api.preview = Arc::new(move |object: Object| {
        let context = context.clone();
        Box::pin(async move { preview(&context, object).await })
    });
    api.hosts = hosts;
    api
}

async fn metrics(State(served): State<Served>, headers: HeaderMap) -> impl IntoResponse {
    let format = Format::accepted(headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()));
    let context = &served.engine.context;
    // Closed during a shutdown: the rest is worth a scrape all the same.
    let store = context.store.stats().await.ok();
    context.metrics.budgets(context.options.budget_share, &context.fleet.levels());
    let text = context.metrics.render(&served.engine.queue.stats(), store.as_ref(), format);
    ([(header::CONTENT_TYPE, format.content_type())], text)
}
