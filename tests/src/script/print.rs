//! How a script prints what it saw: short lines without anything that differs from run to run.

use evenkeel_core::operation::Access;
use serde_json::Value;

use crate::journal::Entry;
use crate::wire::Call;

/// Members of every request that say about whom it is, or only tell it from others.
const ABOUT: [&str; 7] =
    ["cluster", "service", "ServiceNamespace", "ResourceId", "ScalableDimension", "clientToken", "resourceArn"];

/// A value on one line; absent values as `-`.
pub(super) fn value(value: Option<&Value>) -> String {
    value.map_or_else(|| "-".to_owned(), Value::to_string)
}

/// What somebody picked of a document: all of it, or one line a pointer.
pub(super) fn picked(document: &Value, pointers: &[&str]) -> String {
    if pointers.is_empty() {
        return format!("{document:#}");
    }
    let rows = pointers.iter().map(|pointer| format!("{pointer}: {}\n", value(document.pointer(pointer))));
    rows.collect()
}

/// The writes among some calls, in order, with what they asked for.
pub(super) fn writes(calls: &[Call]) -> String {
    let writes = calls.iter().filter(|call| call.operation.access() == Access::Write);
    let rows: Vec<String> = writes.map(write).collect();
    if rows.is_empty() { "no writes".to_owned() } else { rows.join("\n") }
}

fn write(call: &Call) -> String {
    let members = call.body.as_object().into_iter().flatten().filter(|(name, _)| !ABOUT.contains(&name.as_str()));
    let members: Vec<String> = members.map(|(name, value)| format!("{name}={}", shortened(value))).collect();
    let about = ["service", "ResourceId", "resourceArn", "cluster"].iter().find_map(|name| call.body[*name].as_str());
    let about = about.and_then(|text| text.rsplit('/').next()).filter(|_| call.body["serviceName"].is_null());
    let refused = if call.accepted { "" } else { "(refused)" };
    let words = [call.operation.name(), refused, about.unwrap_or_default(), &members.join(" ")];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What is longer than a line is worth: by its names only.
fn shortened(value: &Value) -> String {
    const LONG: usize = 160;
    let text = value.to_string();
    match value {
        Value::Object(members) if text.len() > LONG => {
            format!("{{{}}}", members.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
        Value::Array(elements) if text.len() > LONG => format!("[{} elements]", elements.len()),
        _ => text,
    }
}

/// A status: the Ready condition, both words for people, and what differs, waits and would be done.
pub(super) fn status(status: &Value) -> String {
    let text = |name: &str| status[name].as_str().unwrap_or("-");
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let ready = conditions.clone().find(|condition| condition["type"] == "Ready");
    let Some(ready) = ready else { return "no status yet".to_owned() };
    let word = |name: &str| ready[name].as_str().unwrap_or("-");
    let stalled = conditions.clone().any(|condition| condition["type"] == "Stalled");
    let kind = match (word("status"), stalled) {
        ("True", _) => "Ready",
        (_, true) => "Stalled",
        _ => "Reconciling",
    };
    let suspended = if status["suspended"].is_null() { "" } else { ", suspended" };
    let (reason, sync, health) = (word("reason"), text("sync"), text("health"));
    let mut rows = vec![format!("{kind} {reason}, {sync}, {health}{suspended}: {}", word("message"))];
    let list = |name: &str| status[name].as_array().cloned().unwrap_or_default();
    for drift in list("drift") {
        let (desired, observed) = (value(drift.get("desired")), value(drift.get("observed")));
        rows.push(format!("  {}: {desired} <- {observed}", drift["path"].as_str().unwrap_or_default()));
    }
    for waiting in list("waiting").iter().filter(|waiting| waiting["message"] != ready["message"]) {
        let text = |name: &str| waiting[name].as_str().unwrap_or_default();
        rows.push(format!("  waits, {}: {}", text("reason"), text("message")));
    }
    for proposed in list("proposed") {
        let text = |name: &str| proposed[name].as_str().unwrap_or_default();
        rows.push(format!("  would {}: {}", text("operation"), text("reason")));
    }
    rows.join("\n")
}

/// What was said of each object, one after the other, without repetitions.
pub(super) fn journal(entries: &[Entry]) -> String {
    let mut keys: Vec<_> = entries.iter().map(|entry| &entry.key).collect();
    keys.sort();
    keys.dedup();
    let mut rows: Vec<String> = Vec::new();
    for key in keys {
        rows.push(key.to_string());
        let said = entries.iter().filter(|entry| entry.key == *key).map(|entry| match &entry.status {
            None => "gone".to_owned(),
            Some(document) => status(document),
        });
        let mut said: Vec<String> = said.filter(|text| text != "no status yet").collect();
        said.dedup();
        rows.extend(said.iter().flat_map(|text| text.lines()).map(|row| format!("  {row}")));
    }
    rows.join("\n")
}
