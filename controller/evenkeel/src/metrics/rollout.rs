//! Rollouts of services: how they ended and how long they took, as the statuses of one service tell it.

use evenkeel_core::object::ObjectKey;
use prometheus::{HistogramVec, IntCounterVec};
use serde_json::Value;

use super::object::identity;
use super::register::Registrar;

const OUTCOMES: [&str; 2] = ["succeeded", "failed"];

#[derive(Debug)]
pub(super) struct Rollouts {
    ended: IntCounterVec,
    durations: HistogramVec,
}

impl Rollouts {
    pub(super) fn new(register: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        // 15 s to about 2 h: tasks take half a minute to start, and bake times last hours.
        let buckets = (0..10).map(|power| 15.0 * f64::from(1 << power)).collect();
        Ok(Self {
            ended: register.counters(
                "evenkeel_rollouts_total",
                "Rollouts that ended, by outcome: succeeded, failed. One that a newer takes over from counts as neither.",
                &["kind", "namespace", "name", "outcome"],
            )?,
            durations: register.histograms(
                "evenkeel_rollout_duration_seconds",
                "How long rollouts took, from the call that began them until their end was seen.",
                &["outcome"],
                buckets,
            )?,
        })
    }

    /// Compares two statuses that follow each other: what their histories say has ended in between.
    pub(super) fn report(&self, key: &ObjectKey, before: &Value, after: &Value) {
        let known = rollouts(before);
        let ended = |entry: &Value| OUTCOMES.iter().any(|outcome| told(entry) == *outcome);
        let [kind, namespace, name] = &identity(key);
        for entry in rollouts(after).iter().filter(|entry| ended(entry)) {
            if known.iter().any(|before| before["number"] == entry["number"] && ended(before)) {
                continue;
            }
            let outcome = told(entry);
            self.ended.with_label_values(&[kind.as_str(), namespace, name, &outcome]).inc();
            let time = |name: &str| entry[name].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
            if let (Some(started), Some(ended)) = (time("startedAt"), time("endedAt")) {
                self.durations.with_label_values(&[&outcome]).observe(ended.duration_since(started).as_secs_f64());
            }
        }
    }

    pub(super) fn forget(&self, key: &ObjectKey) {
        let [kind, namespace, name] = &identity(key);
        for outcome in OUTCOMES {
            // Most outcomes never were.
            let _ = self.ended.remove_label_values(&[kind.as_str(), namespace, name, outcome]);
        }
    }
}

fn rollouts(status: &Value) -> &[Value] {
    status["history"].as_array().map_or(&[], Vec::as_slice)
}

/// Outcome of a rollout, as labels have it.
fn told(entry: &Value) -> String {
    entry["outcome"].as_str().unwrap_or_default().to_ascii_lowercase()
}
