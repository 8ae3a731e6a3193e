//! Scaling activities: what the autoscaler did, newest first.

use super::{DIMENSION, Target, optional_key};
use crate::{error::Answer, ids::Ids, input::Input, region::Region, time::epoch};
use jiff::Timestamp;
use serde_json::{Value, json};

/// How many are kept for each target (AWS keeps six weeks of them).
const KEPT: usize = 200;

impl Target {
    /// Notes that something was done, and why.
    pub(super) fn note_activity(&mut self, at: Timestamp, ids: &mut Ids, key: &str, description: &str, cause: &str) {
        self.activities.push_front(json!({
            "ActivityId": ids.uuid(),
            "ServiceNamespace": "ecs",
            "ResourceId": format!("service/{key}"),
            "ScalableDimension": DIMENSION,
            "Description": description,
            "Cause": cause,
            "StartTime": epoch(at),
            "EndTime": epoch(at),
            "StatusCode": "Successful",
            "StatusMessage": format!("Successfully {}", description.replacen("Setting", "set", 1)),
        }));
        self.activities.truncate(KEPT);
    }
}

pub(super) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let wanted = optional_key(input)?;
    let mut rows: Vec<&Value> = region
        .targets
        .all_seen(wanted.unwrap_or_default(), now)
        .filter(|(key, _)| wanted.is_none_or(|wanted| wanted == *key))
        .flat_map(|(_, target)| target.activities.iter())
        .collect();
    rows.sort_by(|a, b| {
        b["StartTime"].as_f64().partial_cmp(&a["StartTime"].as_f64()).unwrap_or(std::cmp::Ordering::Equal)
    });
    super::answer(input, "ScalingActivities", rows, Value::clone, 50)
}
