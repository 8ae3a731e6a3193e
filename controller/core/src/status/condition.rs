//! Conditions, as kube has them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::reason::Reason;

/// One condition of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `Ready`, `Reconciling`, `Stalled`, `Drifted` or `Healthy`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// A word from the closed list of reasons.
    pub reason: Reason,
    /// The same for people.
    pub message: String,
    /// When `status` last changed.
    pub last_transition_time: Timestamp,
    /// Generation that it speaks of.
    pub observed_generation: i64,
}

/// A condition, with the time of the last change of its status taken from the previous object status.
pub fn condition(
    previous: &Value,
    kind: &str,
    status: &str,
    reason: Reason,
    message: &str,
    generation: i64,
    now: Timestamp,
) -> Condition {
    let before = previous
        .get("conditions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == kind && condition["status"] == status);
    let since = before.and_then(|before| before["lastTransitionTime"].as_str()?.parse().ok());
    Condition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        reason,
        message: message.to_owned(),
        last_transition_time: since.unwrap_or(now),
        observed_generation: generation,
    }
}
