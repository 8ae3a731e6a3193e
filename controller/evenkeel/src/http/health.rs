//! Health: whether the process lives, and whether it can do its work.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use evenkeel_core::object::Kind;
use tokio::sync::watch;

use super::Served;
use crate::reconcile::Context;

/// What is known of the source since the start.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<Source>>);

/// How it went with the source so far.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// Nobody has looked yet.
    Unknown,
    /// It cannot be read, and has not been since the start; why.
    Broken(String),
    /// It has been read and applied.
    Read,
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Source::Unknown)))
    }
}

impl Readiness {
    /// The source has been read and applied.
    pub fn source_read(&self) {
        self.0.send_replace(Source::Read);
    }

    /// The source cannot be read, and why. What has been read before stays in force, and the controller works with it.
    pub fn source_failed(&self, why: &str) {
        self.0.send_if_modified(|source| {
            let matters = *source != Source::Read;
            if matters {
                *source = Source::Broken(why.to_owned());
            }
            matters
        });
    }

    /// Waits until the store says what is wanted: since evenkeel last ran, git may have gone on, and AWS with it. Where
    /// the source cannot be read, what was applied last is what is wanted, unless the store is `restored` and may be
    /// older than that.
    pub async fn wanted_is_known(&self, restored: bool) {
        let known = |source: &Source| match source {
            Source::Unknown => false,
            Source::Broken(_) => !restored,
            Source::Read => true,
        };
        // It cannot close: the sender is here.
        let _ = self.0.subscribe().wait_for(known).await;
    }

    fn check(&self) -> Result<(), String> {
        match &*self.0.borrow() {
            Source::Read => Ok(()),
            Source::Broken(why) => Err(why.clone()),
            Source::Unknown => Err("it has not been read and applied since the start".into()),
        }
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
