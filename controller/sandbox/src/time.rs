//! Times on the wire: awsJson1.1 has epoch seconds with a fraction (milliseconds are what ECS shows).

use jiff::Timestamp;
use serde_json::Value;

/// Epoch seconds as a JSON number.
pub(crate) fn epoch(at: Timestamp) -> Value {
    Value::from(at.as_millisecond() as f64 / 1000.0)
}

/// The time that a JSON number of epoch seconds stands for; nothing for what is no such number or out of range.
pub(crate) fn from_epoch(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64()?;
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}
