//! What is left of our share of AWS's request rates, for people: the same figures that metrics show.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Served;

/// The buckets of every account and region that were drawn on.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename = "Budget", rename_all = "camelCase")]
pub struct BudgetReport {
    /// The part of AWS's published rates that is used; absent: calls are not limited.
    pub share: Option<f64>,
    /// By account, region and name.
    pub buckets: Vec<BucketReport>,
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketReport {
    /// Number of the account, or how its credentials are called.
    pub account: String,
    /// Region.
    pub region: String,
    /// Name of the bucket, as in metrics.
    pub bucket: String,
    /// Calls that can be made at once; below 0 so many reads wait.
    pub tokens: f64,
    /// Calls a second that are made at most at present.
    pub rate: f64,
    /// Calls a second that AWS grants the whole account.
    pub published: u32,
    /// Objects that wait for their turn.
    pub waiting: usize,
    /// How often an object was told to come back since the start.
    pub waits: u64,
}

pub(super) async fn budget(State(served): State<Served>) -> Json<BudgetReport> {
    let context = &served.engine.context;
    let levels = context.fleet.levels().into_iter();
    let buckets = levels.flat_map(|(place, levels)| {
        levels.into_iter().map(move |level| BucketReport {
            account: place.account.clone(),
            region: place.region.clone(),
            bucket: format!("{:?}", level.bucket),
            tokens: level.tokens,
            rate: level.rate,
            published: level.bucket.limits().1,
            waiting: level.waiting,
            waits: level.waits,
        })
    });
    Json(BudgetReport { share: context.options.budget_share, buckets: buckets.collect() })
}
