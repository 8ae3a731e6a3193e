//! Health: whether the process lives, and whether it can do its work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use evenkeel_core::object::Kind;

use super::Served;
use crate::reconcile::Context;

/// Whether the source has been read and applied since the start.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// The source has been read.
    pub fn source_read(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn check(&self) -> Result<(), String> {
        let read = self.0.load(Ordering::Acquire);
        read.then_some(()).ok_or_else(|| "it has not been read and applied since the start".into())
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
