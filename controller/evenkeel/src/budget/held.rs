//! What a pass holds of a budget: tokens for its writes, and its place among those who read.

use std::collections::BTreeMap;

use evenkeel_core::operation::Bucket;
use tokio::time::Instant;

use super::Budget;

/// Tokens for the writes of a plan. Dropped before they are [spent](Held::spent), as when nothing is to be done after all,
/// they go back.
#[derive(Debug)]
pub struct Held {
    budget: Budget,
    tokens: BTreeMap<Bucket, f64>,
}

impl Held {
    pub(super) fn new(budget: Budget, tokens: BTreeMap<Bucket, f64>) -> Self {
        Self { budget, tokens }
    }

    /// The calls are made now; which tokens these were.
    pub fn spent(mut self) -> BTreeMap<Bucket, f64> {
        std::mem::take(&mut self.tokens)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.tokens.is_empty() {
            let mut buckets = self.budget.buckets();
            self.budget.put_back(&mut buckets, Instant::now(), std::mem::take(&mut self.tokens));
        }
    }
}

/// A read that was admitted, until it is answered.
#[derive(Debug)]
pub struct Admitted {
    pub(super) budget: Budget,
    pub(super) bucket: Bucket,
    pub(super) tokens: f64,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut buckets = self.budget.buckets();
        let entry = self.budget.entry(&mut buckets, self.bucket, Instant::now());
        entry.admitted = (entry.admitted - self.tokens).max(0.0);
    }
}
