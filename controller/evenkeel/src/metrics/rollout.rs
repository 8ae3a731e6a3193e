//! Rollouts of services: how they ended and how long they took, as the statuses of one service tell it.

use prometheus::HistogramVec;
use serde_json::Value;

use super::register::Registrar;

/// How a rollout ends that counts.
pub(super) const OUTCOMES: [&str; 2] = ["failed", "succeeded"];

#[derive(Debug)]
pub(super) struct Rollouts {
    durations: HistogramVec,
}

impl Rollouts {
    pub(super) fn new(register: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        // 15 s to about 2 h: tasks take half a minute to start, and bake times last hours.
        let buckets = (0..10).map(|power| 15.0 * f64::from(1 << power)).collect();
        Ok(Self {
            durations: register.histograms(
                "evenkeel_rollout_duration_seconds",
                "How long rollouts took, from the call that began them until their end was seen.",
                &["outcome"],
                buckets,
            )?,
        })
    }

    /// Compares two statuses that follow each other: what their histories say has ended in between, by outcome.
    pub(super) fn report(&self, before: &Value, after: &Value) -> [u32; OUTCOMES.len()] {
        let known = rollouts(before);
        let mut counts = [0; OUTCOMES.len()];
        for entry in rollouts(after) {
            let Some(nth) = outcome(entry) else { continue };
            if known.iter().any(|before| before["number"] == entry["number"] && outcome(before).is_some()) {
                continue;
            }
            counts[nth] += 1;
            let time = |name: &str| entry[name].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
            if let (Some(started), Some(ended)) = (time("startedAt"), time("endedAt")) {
                self.durations.with_label_values(&[OUTCOMES[nth]]).observe(ended.duration_since(started).as_secs_f64());
            }
        }
        counts
    }
}

fn rollouts(status: &Value) -> &[Value] {
    status["history"].as_array().map_or(&[], Vec::as_slice)
}

/// Which of the outcomes a rollout had, if it has ended so.
fn outcome(entry: &Value) -> Option<usize> {
    let told = entry["outcome"].as_str()?;
    OUTCOMES.iter().position(|outcome| told.eq_ignore_ascii_case(outcome))
}
