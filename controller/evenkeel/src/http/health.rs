//! Health: whether the process lives, and whether it can do its work.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use evenkeel_core::object::Kind;

use super::Served;
use crate::reconcile::Context;

/// Whether the source has been read and applied since the start.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<Mutex<Result<(), String>>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Err("it has not been read and applied since the start".into()))))
    }
}

impl Readiness {
    /// The source has been read.
    pub fn source_read(&self) {
        *self.state() = Ok(());
    }

    /// The source cannot be read, and why. What has been read before stays in force, and the controller works with it.
    pub fn source_failed(&self, why: &str) {
        let mut state = self.state();
        if state.is_err() {
            *state = Err(why.to_owned());
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Result<(), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> Result<(), String> {
        self.state().clone()
    }
}

/// One thing that must be so.
type Check = (String, Result<(), String>);

/// Ready: the store takes writes, the source has been read once, and the account of each Cluster answers. As kube's API
/// server has it, `?verbose` names every check; otherwise only what failed is named.
pub(super) async fn ready(State(served): State<Served>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let checks = checks(&served).await;
    let verbose = query.is_some_and(|query| query.split('&').any(|part| part.split('=').next() == Some("verbose")));
    let well = checks.iter().all(|(_, result)| result.is_ok());
    let line = |(name, result): &Check| match result {
        Ok(()) => format!("[+]{name} ok\n"),
        Err(why) => format!("[-]{name} failed: {why}\n"),
    };
    let told: String = checks.iter().filter(|(_, result)| verbose || result.is_err()).map(line).collect();
    let (status, verdict) = match well {
        true if verbose => (StatusCode::OK, "readyz check passed"),
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "readyz check failed"),
    };
    (status, format!("{told}{verdict}\n"))
}

async fn checks(served: &Served) -> Vec<Check> {
    let context = &served.engine.context;
    let store = match context.store.stats().await {
        Ok(stats) if stats.failed => Err("a write failed and it takes no more: see the log, and the volume".into()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    let mut checks = vec![("store".into(), store), ("source".into(), served.readiness.check())];
    checks.extend(accounts(context).await);
    checks
}

async fn accounts(context: &Context) -> Vec<Check> {
    let mut checks = Vec::new();
    let Ok(listing) = context.store.list(Kind::Cluster, None).await else { return checks };
    for key in listing.keys() {
        // What is wrong with a manifest says nothing about AWS: the object tells it.
        if let Ok((_, cluster)) = context.cluster_of(key).await {
            checks.push((format!("aws/{}", key.name), context.fleet.reached(&cluster.spec)));
        }
    }
    checks
}
