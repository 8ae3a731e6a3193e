//! Scalars: numbers, text, enumerations and times against their shapes.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Number, Value};

use super::near::nearest;
use super::{Bounds, Shape, ShapeKind, found};

/// A rule that was broken, and the message.
type Broken = (&'static str, String);

/// The wire form of a scalar, with a warning if there is reason for one. Messages hold a written value only where it is
/// a number, a time or a member of an enumeration: no secret is.
pub(super) fn convert(written: &Value, shape: &Shape) -> Result<(Value, Option<Broken>), Broken> {
    match (&shape.kind, written) {
        (ShapeKind::String { .. }, Value::String(value)) => Ok((written.clone(), text(value, shape)?)),
        (ShapeKind::String { .. }, Value::Number(_) | Value::Bool(_)) => {
            Err(wrong("a string", written, "; put it in quotes"))
        }
        (ShapeKind::Blob, Value::String(_)) | (ShapeKind::Boolean, Value::Bool(_)) => Ok((written.clone(), None)),
        (ShapeKind::Integer(bounds), Value::Number(number)) => {
            whole(number, i64::from(i32::MIN), i64::from(i32::MAX))?;
            within(number, *bounds).map(|()| (written.clone(), None))
        }
        (ShapeKind::Long(bounds), Value::Number(number)) => {
            whole(number, i64::MIN, i64::MAX)?;
            within(number, *bounds).map(|()| (written.clone(), None))
        }
        (ShapeKind::Double(bounds), Value::Number(number)) => within(number, *bounds).map(|()| (written.clone(), None)),
        (ShapeKind::Timestamp, Value::Number(_)) => Ok((written.clone(), None)),
        (ShapeKind::Timestamp, Value::String(time)) => timestamp(time),
        (kind, _) => {
            let expected = expected(kind);
            Err(wrong(expected, written, &unquoted(kind, written)))
        }
    }
}

/// Checks text against length and enumeration; a value that AWS may have added is only worth a warning.
pub(super) fn text(value: &str, shape: &Shape) -> Result<Option<Broken>, Broken> {
    let ShapeKind::String { values, bounds } = &shape.kind else { return Ok(None) };
    let length = value.chars().count();
    if !bounds.contains(length as f64) {
        return Err(("wrong-length", format!("has {length} characters; AWS takes {bounds}")));
    }
    if values.is_empty() || values.iter().any(|known| known == value) {
        return Ok(None);
    }
    if let Some(near) = nearest(value, values.iter().map(String::as_str)) {
        return Err(("misspelled-value", format!("AWS has no {value:?} here; did you mean {near:?}?")));
    }
    let message = match values.len() {
        1..=10 => format!("{value:?} is not known here (known: {}); it is sent to AWS as it stands", values.join(", ")),
        _ => format!("{value:?} is not known here; it is sent to AWS as it stands"),
    };
    Ok(Some(("unknown-value", message)))
}

fn whole(number: &Number, least: i64, most: i64) -> Result<(), Broken> {
    if number.is_f64() {
        return Err(("wrong-type", format!("expected a whole number, found {number}")));
    }
    match number.as_i64() {
        Some(value) if (least..=most).contains(&value) => Ok(()),
        _ => Err(("out-of-range", format!("{number} is out of range; AWS takes {least} to {most}"))),
    }
}

fn within(number: &Number, bounds: Bounds) -> Result<(), Broken> {
    match number.as_f64() {
        Some(value) if bounds.contains(value) => Ok(()),
        _ => Err(("out-of-range", format!("{number} is out of range; AWS takes {bounds}"))),
    }
}

fn wrong(expected: &str, written: &Value, hint: &str) -> Broken {
    ("wrong-type", format!("expected {expected}, found {}{hint}", found(written)))
}

fn expected(kind: &ShapeKind) -> &'static str {
    match kind {
        ShapeKind::Integer(_) | ShapeKind::Long(_) => "a whole number",
        ShapeKind::Double(_) => "a number",
        ShapeKind::Boolean => "true or false",
        ShapeKind::Timestamp => "a time such as 2030-01-31T09:00:00Z",
        _ => "a string",
    }
}

/// What to write instead, where a number or boolean was written as a string.
fn unquoted(kind: &ShapeKind, written: &Value) -> String {
    let Value::String(text) = written else { return String::new() };
    let meant = match kind {
        ShapeKind::Integer(_) | ShapeKind::Long(_) => text.trim().parse::<i64>().ok().map(|number| number.to_string()),
        ShapeKind::Double(_) => text.trim().parse::<f64>().ok().map(|number| number.to_string()),
        ShapeKind::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some("true".to_owned()),
            "false" | "no" | "off" => Some("false".to_owned()),
            _ => None,
        },
        _ => None,
    };
    meant.map(|meant| format!(" {text:?}; write {meant}")).unwrap_or_default()
}

/// Epoch seconds of an ISO 8601 time. One without an offset is UTC, as Application Auto Scaling documents its times.
fn timestamp(text: &str) -> Result<(Value, Option<Broken>), Broken> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok((seconds(time), None));
    }
    let civil = text.parse::<civil::DateTime>().ok().and_then(|time| TimeZone::UTC.to_timestamp(time).ok());
    let Some(time) = civil else {
        return Err(("bad-time", format!("{text:?} is not a time; write one such as 2030-01-31T09:00:00Z")));
    };
    Ok((seconds(time), Some(("time-without-offset", format!("{text:?} has no offset; it is read as UTC ({time})")))))
}

/// Whole seconds as an integer, as AWS's own tools send them; only a fraction makes it a float.
fn seconds(time: Timestamp) -> Value {
    match time.subsec_nanosecond() {
        0 => time.as_second().into(),
        _ => (time.as_millisecond() as f64 / 1000.0).into(),
    }
}
