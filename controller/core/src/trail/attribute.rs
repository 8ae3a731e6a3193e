//! Who made a difference, as a status tells it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Notice;
use crate::diff::Drift;

/// Stands for who made a difference where no record names anybody.
pub const UNKNOWN: &str = "unknown";

/// Stands for a difference that came with the source: what is wanted changed, and AWS did not.
pub const SOURCE: &str = "source";

/// Longest name of who made a difference: it becomes a label of metrics. ARNs of roles with a long path are longer.
const LONGEST: usize = 256;

/// Says in a status, for each difference, `by` whom it was made and `at` what time, as far as that is known; and in
/// `lastForeignChange` who was the last to make one, also when it has been repaired since. What `previous` knew of the
/// same difference stays known. `gone` are differences that were repaired before a record named anybody.
///
/// Gives those of `gone` that are explained now, by their paths.
pub fn attribute(status: &mut Value, previous: &Value, notices: &[Notice], gone: &[Drift]) -> Vec<String> {
    let latest = |drift: &Drift| {
        let explaining = notices.iter().filter(|notice| notice.explains(drift));
        let notice = explaining.max_by_key(|notice| notice.at)?;
        let by: String = notice.author.iter().flat_map(|author| author.chars()).take(LONGEST).collect();
        Some(json!({"path": drift.path, "by": by, "at": notice.at}))
    };
    let mut last = previous.get("lastForeignChange").cloned().unwrap_or_default();
    let time = |change: &Value| change["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let mut keep = |change: &Value| {
        if time(change) >= time(&last) {
            last = change.clone();
        }
    };
    let new = previous["observedGeneration"] != status["observedGeneration"];
    let live = previous.get("taskDefinition").cloned();
    for entry in status.get_mut("drift").and_then(Value::as_array_mut).into_iter().flatten() {
        let Ok(drift) = serde_json::from_value::<Drift>(entry.clone()) else { continue };
        if let Some(change) = latest(&drift) {
            keep(&change);
            (entry["by"], entry["at"]) = (change["by"].clone(), change["at"].clone());
            continue;
        }
        let before =
            list(previous).find(|before| before["path"] == entry["path"] && before["observed"] == entry["observed"]);
        match before.filter(|before| before["by"].is_string()) {
            Some(before) => {
                entry["by"] = before["by"].clone();
                if let Some(at) = before.get("at") {
                    entry["at"] = at.clone();
                }
            }
            // The revision that a service is to have may change without the service's own manifest.
            None if new || drift.path == "/taskDefinition" && live.is_some() && live == drift.observed => {
                entry["by"] = SOURCE.into()
            }
            None => entry["by"] = UNKNOWN.into(),
        }
    }
    let late: Vec<Value> = gone.iter().filter_map(latest).collect();
    late.iter().for_each(&mut keep);
    if !last.is_null() {
        status["lastForeignChange"] = last;
    }
    let path = |change: &Value| change["path"].as_str().unwrap_or_default().to_owned();
    late.iter().map(path).collect()
}

/// Who made the differences of a status, as a sentence that ends what says which they are; empty where they came with
/// the source.
pub fn told(status: &Value) -> String {
    let mut who: Vec<String> = Vec::new();
    for entry in list(status) {
        let told = match (entry["by"].as_str(), entry["at"].as_str()) {
            (None | Some(SOURCE), _) => continue,
            (Some(UNKNOWN), _) => "somebody unknown".to_owned(),
            (Some(by), Some(at)) => format!("{by} at {at}"),
            (Some(by), None) => by.to_owned(),
        };
        if !who.contains(&told) {
            who.push(told);
        }
    }
    if who.is_empty() { String::new() } else { format!("; changed by {}", who.join(", ")) }
}

fn list(status: &Value) -> impl Iterator<Item = &Value> {
    status["drift"].as_array().into_iter().flatten()
}
