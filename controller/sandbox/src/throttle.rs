//! Token buckets, one of each kind for each account and region.

use crate::caller::Caller;
use evenkeel_core::operation::Bucket;
use jiff::Timestamp;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// Tokens left, and when that was counted.
    levels: BTreeMap<(Caller, Bucket), (f64, Timestamp)>,
}

impl Throttle {
    /// Takes one token; false when there is none. A time before the last one refills nothing.
    pub(crate) fn take(&mut self, caller: &Caller, bucket: Bucket, now: Timestamp) -> bool {
        let (burst, rate) = bucket.limits();
        let (level, counted) = self.levels.entry((caller.clone(), bucket)).or_insert((f64::from(burst), now));
        let elapsed = now.duration_since(*counted).as_secs_f64().max(0.0);
        *level = (*level + elapsed * f64::from(rate)).min(f64::from(burst));
        *counted = now.max(*counted);
        let granted = *level >= 1.0;
        if granted {
            *level -= 1.0;
        }
        granted
    }
}
