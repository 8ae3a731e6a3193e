//! What is remembered of repairs, so that nobody is fought for ever.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Memory;
use crate::diff::Drift;

/// So long ago a repair is no part of a fight any more, and so long must be quiet before one is over.
pub const FIGHT_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// How often one path was repaired of late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repairs {
    /// What it was brought back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Value>,
    /// When, oldest first.
    pub at: Vec<Timestamp>,
    /// It is left to the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yielded: Option<Yielded>,
}

/// A path that is left to whoever keeps setting it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Yielded {
    /// What the other side set last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Value>,
    /// When that was first seen.
    pub at: Timestamp,
}

impl Repairs {
    /// How many of them lie within the window before `now`.
    pub fn recent(&self, now: Timestamp) -> usize {
        self.at.iter().filter(|at| now.duration_since(**at) < FIGHT_WINDOW).count()
    }
}

impl Memory {
    /// Takes note of a repair that AWS accepted. Another wanted value begins anew.
    pub(crate) fn repaired(&mut self, drift: &Drift, now: Timestamp) {
        self.repairs.retain(|_, repairs| repairs.recent(now) > 0);
        let none = || Repairs { desired: drift.desired.clone(), at: Vec::new(), yielded: None };
        let repairs = self.repairs.entry(drift.path.clone()).or_insert_with(none);
        if repairs.desired != drift.desired {
            *repairs = none();
        }
        repairs.yielded = None;
        repairs.at.retain(|at| now.duration_since(*at) < FIGHT_WINDOW);
        repairs.at.push(now);
    }
}
