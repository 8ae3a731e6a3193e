//! Rollouts of services: how they ended and how long they took, as the statuses of one service tell it.

use evenkeel_core::object::ObjectKey;
use prometheus::{HistogramVec, IntCounterVec};
use serde_json::Value;

use super::object::identity;
use super::register::Registrar;

const OUTCOMES: [&str; 2] = ["succeeded", "failed"];

/// A rollout in progress.
#[derive(Debug)]
pub(super) struct Watched {
    deployment: String,
    since: f64,
}

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
                "How long rollouts took, from when they were first seen.",
                &["outcome"],
                buckets,
            )?,
        })
    }

    /// Compares two statuses that follow each other.
    pub(super) fn report(
        &self,
        key: &ObjectKey,
        watched: &mut Option<Watched>,
        before: &Value,
        after: &Value,
        now: f64,
    ) {
        // After a failure AWS may bring the old content back, as a deployment of its own: that is no rollout of ours.
        if !after["failed"].is_null() {
            if before["failed"] != after["failed"] {
                self.end(key, watched.take(), "failed", now);
            }
            *watched = None;
            return;
        }
        let Some(deployment) = after["rollout"]["deployment"].as_str() else { return };
        let is_watched = watched.as_ref().is_some_and(|watched| watched.deployment == deployment);
        match after["rollout"]["state"].as_str() {
            Some("IN_PROGRESS") if !is_watched => {
                *watched = Some(Watched { deployment: deployment.to_owned(), since: now });
            }
            // What had ended when it was first seen was not ours to watch.
            Some("COMPLETED") if is_watched => self.end(key, watched.take(), "succeeded", now),
            _ => {}
        }
    }

    fn end(&self, key: &ObjectKey, watched: Option<Watched>, outcome: &str, now: f64) {
        let [kind, namespace, name] = &identity(key);
        self.ended.with_label_values(&[kind.as_str(), namespace, name, outcome]).inc();
        if let Some(watched) = watched {
            self.durations.with_label_values(&[outcome]).observe(now - watched.since);
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
