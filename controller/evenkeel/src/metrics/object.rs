//! Series of each object, computed from its status.
//!
//! They are kept as the labels and values that a scrape shows and not as gauges of the library, which take several
//! times the memory: a pair of strings for each label of each line. And most objects have the same lines, but for values.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_core::object::{Kind, Object, ObjectKey};
use jiff::Timestamp;
use serde_json::Value;

use super::register::Registrar;
use super::rollout::{OUTCOMES, Rollouts};

/// Of one object's paths that differ, so many have a series of their own; all are counted.
pub(super) const PATHS: usize = 20;

/// Where drift can be.
const AREAS: [&str; 6] = ["taskDefinition", "service", "count", "scaling", "tags", "cluster"];

/// The area of a drift path.
pub(super) fn area(path: &str) -> &'static str {
    let mut steps = path.split('/').skip(1);
    let (document, member) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    match (document, member) {
        ("service", "desiredCount") => "count",
        (_, "tags") => "tags",
        _ => AREAS.into_iter().find(|area| *area == document).unwrap_or("service"),
    }
}

/// The gauges that an object has series of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Family {
    Info,
    Condition,
    Drift,
    DriftSince,
    ForeignChange,
    LastSuccess,
    Suspended,
    SuspendedUntil,
    Pinned,
    PinnedUntil,
    RolloutState,
    Desired,
    Running,
    Pending,
    Min,
    Max,
}

/// Name, help and labels besides kind, namespace and name; in the order of [`Family`].
const FAMILIES: [(Family, &str, &str, &[&str]); 16] = [
    (
        Family::Info,
        "evenkeel_object_info",
        "Sync state, health and reason of each object; always 1.",
        &["sync", "health", "reason"],
    ),
    (
        Family::Condition,
        "evenkeel_object_condition",
        "Conditions of each object with their present status (True, False, Unknown); always 1.",
        &["type", "status"],
    ),
    (Family::Drift, "evenkeel_object_drift", "Number of fields that differ, by area.", &["area"]),
    (
        Family::DriftSince,
        "evenkeel_object_drift_since_timestamp_seconds",
        "Since when a field differs; of each object the first 20.",
        &["area", "path"],
    ),
    (
        Family::ForeignChange,
        "evenkeel_object_foreign_change_timestamp_seconds",
        "When somebody else made a field differ, as records of CloudTrail say; of each object those that differ still, and \
         the last.",
        &["area", "path", "by"],
    ),
    (
        Family::LastSuccess,
        "evenkeel_object_last_success_timestamp_seconds",
        "When AWS was last seen to be as declared.",
        &[],
    ),
    (
        Family::Suspended,
        "evenkeel_object_suspended",
        "1 while an object is suspended; `through` names what it is suspended with, unless that is itself.",
        &["through"],
    ),
    (
        Family::SuspendedUntil,
        "evenkeel_object_suspended_until_timestamp_seconds",
        "When a suspension ends; absent: not before somebody ends it.",
        &[],
    ),
    (Family::Pinned, "evenkeel_object_pinned", "1 while an annotation pins a service to a revision.", &[]),
    (
        Family::PinnedUntil,
        "evenkeel_object_pinned_until_timestamp_seconds",
        "When a pin ends; absent: not before somebody ends it.",
        &[],
    ),
    (Family::RolloutState, "evenkeel_service_rollout_state", "State of the newest deployment; always 1.", &["state"]),
    (Family::Desired, "evenkeel_service_desired_tasks", "Tasks that are to run.", &[]),
    (Family::Running, "evenkeel_service_running_tasks", "Tasks that run.", &[]),
    (Family::Pending, "evenkeel_service_pending_tasks", "Tasks that are being started.", &[]),
    (Family::Min, "evenkeel_service_min_tasks", "Lower bound of the scalable target.", &[]),
    (Family::Max, "evenkeel_service_max_tasks", "Upper bound of the scalable target.", &[]),
];

/// One line of a scrape, but for what all lines of the object have in common, and its value.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Line {
    family: Family,
    /// Labels besides kind, name and namespace, in the form in which they are shown.
    labels: Box<str>,
    /// How much of them stands before kind, name and namespace: labels are sorted.
    before: usize,
}

/// What is shown of one object.
#[derive(Debug, Default)]
struct Shown {
    lines: Arc<[Line]>,
    /// Of each line.
    values: Box<[f64]>,
    since: BTreeMap<String, f64>,
    last_success: Option<f64>,
    /// Whether a pass has told of it since the start.
    reported: bool,
    /// Repaired fields, by area.
    repaired: [u32; AREAS.len()],
    /// Rollouts that ended, by outcome.
    rollouts: [u32; OUTCOMES.len()],
}

/// All objects.
#[derive(Debug)]
pub(super) struct Objects {
    rollouts: Rollouts,
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    shown: HashMap<ObjectKey, Shown>,
    /// What any of them has, each once.
    lines: HashSet<Arc<[Line]>>,
}

impl All {
    /// The same lines as others have them.
    fn shared(&mut self, lines: Vec<Line>) -> Arc<[Line]> {
        if let Some(known) = self.lines.get(lines.as_slice()) {
            return known.clone();
        }
        let lines: Arc<[Line]> = lines.into();
        self.lines.insert(lines.clone());
        lines
    }

    /// An object has other lines now, or is gone. With the last that had them they go.
    fn left(&mut self, lines: &Arc<[Line]>) {
        if Arc::strong_count(lines) == 2 {
            self.lines.remove(lines);
        }
    }
}

impl Objects {
    pub(super) fn new(register: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self { rollouts: Rollouts::new(register)?, all: Mutex::default() })
    }

    pub(super) fn repaired(&self, key: &ObjectKey, path: &str) {
        let nth = AREAS.iter().position(|known| *known == area(path)).unwrap_or_default();
        self.lock().shown.entry(key.clone()).or_default().repaired[nth] += 1;
    }

    #[allow(clippy::cast_precision_loss)] // seconds fit
    pub(super) fn report(&self, before: &Object, status: &Value, now: Timestamp) {
        let key = before.key();
        let now = now.as_second() as f64;
        let mut all = self.lock();
        let shown = all.shown.entry(key.clone()).or_default();
        if !std::mem::replace(&mut shown.reported, true) {
            // The first look since the start: what differed before it is known from the status that was stored.
            shown.since.extend(stored_since(&before.status));
        }
        if status["sync"] == "Synced" {
            shown.last_success = Some(now);
        }
        // What could not be read is not in line: what differed before keeps its age until a read says otherwise.
        if status["sync"] != "Unknown" {
            let paths: BTreeSet<&str> = paths(status).collect();
            shown.since.retain(|path, _| paths.contains(path.as_str()));
            for path in &paths {
                shown.since.entry((*path).to_owned()).or_insert(now);
            }
        }
        if key.kind == Kind::Service {
            for (count, ended) in shown.rollouts.iter_mut().zip(self.rollouts.report(&before.status, status)) {
                *count += ended;
            }
        }
        let (lines, values): (Vec<Line>, Vec<f64>) = series(status, shown).into_iter().unzip();
        if *shown.lines == *lines {
            shown.values = values.into();
            return;
        }
        let lines = all.shared(lines);
        let Some(shown) = all.shown.get_mut(&key) else { return };
        shown.values = values.into();
        let before = std::mem::replace(&mut shown.lines, lines);
        all.left(&before);
    }

    /// Writes the series of all objects, in Prometheus' text format.
    pub(super) fn show(&self, text: &mut String) {
        let all = self.lock();
        let mut objects: Vec<(String, &Shown)> = all.shown.iter().map(|(key, shown)| (common(key), shown)).collect();
        objects.sort_by(|one, next| one.0.cmp(&next.0));
        for (family, name, help, _) in FAMILIES {
            if !all.lines.iter().any(|lines| lines.iter().any(|line| line.family == family)) {
                continue;
            }
            // Writing to memory does not fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
            for (common, shown) in &objects {
                let series = shown.lines.iter().zip(&shown.values);
                for (Line { labels, before, .. }, value) in series.filter(|(line, _)| line.family == family) {
                    let (before, after) = labels.split_at(*before);
                    let _ = writeln!(text, "{name}{{{before}{common}{after}}} {value}");
                }
            }
        }
        let repaired = |shown: &Shown| shown.repaired.to_vec();
        let help = "Fields that were repaired, by area.";
        counters(text, &objects, "evenkeel_drift_repaired_total", help, ("area", &AREAS), repaired);
        let rollouts = |shown: &Shown| shown.rollouts.to_vec();
        let help =
            "Rollouts that ended, by outcome: succeeded, failed. One that a newer takes over from counts as neither.";
        counters(text, &objects, "evenkeel_rollouts_total", help, ("outcome", &OUTCOMES), rollouts);
    }

    pub(super) fn forget(&self, key: &ObjectKey) {
        let mut all = self.lock();
        if let Some(shown) = all.shown.remove(key) {
            all.left(&shown.lines);
        }
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        // A panic elsewhere leaves at most lines that nobody has.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a counter with one label of its own, which either comes before all others by name or after them. What never
/// happened has no series.
fn counters(
    text: &mut String,
    objects: &[(String, &Shown)],
    name: &str,
    help: &str,
    (own, values): (&str, &[&str]),
    counts: impl Fn(&Shown) -> Vec<u32>,
) {
    if objects.iter().all(|(_, shown)| counts(shown).iter().all(|count| *count == 0)) {
        return;
    }
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
    for (common, shown) in objects {
        for (value, count) in values.iter().zip(counts(shown)).filter(|(_, count)| *count > 0) {
            let own_label = label(own, value);
            let labels = if own < "kind" { [&own_label, common.as_str()] } else { [common.as_str(), &own_label] };
            let _ = writeln!(text, "{name}{{{}}} {count}", labels.join(","));
        }
    }
}

/// Every series of an object with its value.
#[allow(clippy::cast_precision_loss)] // counts and seconds fit
fn series(status: &Value, shown: &Shown) -> Vec<(Line, f64)> {
    let mut series = Vec::new();
    let mut put = |family: Family, extra: &[&str], value: f64| {
        let mut labels: Vec<_> = FAMILIES[family as usize].3.iter().zip(extra).collect();
        labels.sort();
        let (before, after) = labels.split_at(labels.partition_point(|(name, _)| **name < "kind"));
        let before: String = before.iter().map(|(name, value)| format!("{},", label(name, value))).collect();
        let after: String = after.iter().map(|(name, value)| format!(",{}", label(name, value))).collect();
        let labels = [before.as_str(), &after].concat().into_boxed_str();
        series.push((Line { family, labels, before: before.len() }, value));
    };
    let text = |value: &'_ Value| value.as_str().unwrap_or_default().to_owned();
    for condition in conditions(status) {
        put(Family::Condition, &[&text(&condition["type"]), &text(&condition["status"])], 1.0);
        if condition["type"] == "Ready" {
            let info = [&text(&status["sync"]), &text(&status["health"]), &text(&condition["reason"])];
            put(Family::Info, &info.map(String::as_str), 1.0);
        }
    }
    let mut areas: BTreeMap<&str, f64> = BTreeMap::new();
    for path in shown.since.keys() {
        *areas.entry(area(path)).or_default() += 1.0;
    }
    for (area, count) in areas {
        put(Family::Drift, &[area], count);
    }
    for (path, since) in shown.since.iter().take(PATHS) {
        put(Family::DriftSince, &[area(path), path], *since);
    }
    let changes = status["drift"].as_array().into_iter().flatten().take(PATHS).chain(status.get("lastForeignChange"));
    for change in changes {
        if let (Some(path), Some(at)) = (change["path"].as_str(), timestamp(&change["at"])) {
            put(Family::ForeignChange, &[area(path), path, &text(&change["by"])], at);
        }
    }
    if let Some(time) = shown.last_success {
        put(Family::LastSuccess, &[], time);
    }
    if let Some(suspended) = status.get("suspended") {
        let through: Vec<&str> = suspended["through"].as_str().into_iter().collect();
        put(Family::Suspended, &through, 1.0);
        if let Some(until) = timestamp(&suspended["until"]) {
            put(Family::SuspendedUntil, &[], until);
        }
    }
    if let Some(pinned) = status.get("pinned") {
        put(Family::Pinned, &[], 1.0);
        if let Some(until) = timestamp(&pinned["until"]) {
            put(Family::PinnedUntil, &[], until);
        }
    }
    if let Some(state) = status["rollout"]["state"].as_str() {
        put(Family::RolloutState, &[state], 1.0);
    }
    for (family, pointer) in [
        (Family::Desired, "/desiredCount"),
        (Family::Running, "/runningCount"),
        (Family::Pending, "/pendingCount"),
        (Family::Min, "/range/min"),
        (Family::Max, "/range/max"),
    ] {
        if let Some(count) = status.pointer(pointer).and_then(Value::as_f64) {
            put(family, &[], count);
        }
    }
    series.sort_by(|(one, _), (next, _)| one.cmp(next));
    series
}

/// Since when the fields of a stored status differ: of each one only that it is not later than the whole.
fn stored_since(status: &Value) -> BTreeMap<String, f64> {
    let drifted = conditions(status).find(|condition| condition["type"] == "Drifted" && condition["status"] == "True");
    let since = drifted.and_then(|condition| timestamp(&condition["lastTransitionTime"]));
    let Some(since) = since else { return BTreeMap::new() };
    paths(status).map(|path| (path.to_owned(), since)).collect()
}

fn paths(status: &Value) -> impl Iterator<Item = &str> {
    status["drift"].as_array().into_iter().flatten().filter_map(|drift| drift["path"].as_str())
}

fn conditions(status: &Value) -> impl Iterator<Item = &Value> {
    status["conditions"].as_array().into_iter().flatten()
}

#[allow(clippy::cast_precision_loss)] // seconds fit
fn timestamp(value: &Value) -> Option<f64> {
    Some(value.as_str()?.parse::<Timestamp>().ok()?.as_second() as f64)
}

/// Kind, namespace and name of an object as labels.
fn identity(key: &ObjectKey) -> [String; 3] {
    [key.kind.name().to_owned(), key.cluster_of().name, key.name.clone()]
}

/// The labels that all series of an object have.
fn common(key: &ObjectKey) -> String {
    let [kind, namespace, name] = &identity(key);
    [label("kind", kind), label("name", name), label("namespace", namespace)].join(",")
}

/// A label as it is shown (Prometheus, "Text-based format").
fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"");
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn objects_have_their_lines_in_common_and_those_that_nobody_has_any_more_go() {
        let registry = prometheus::Registry::new();
        let objects = Objects::new(&Registrar(&registry)).unwrap();
        let report = |name: &str, sync: &str| {
            let object = Object::new(&ObjectKey::new(Kind::Service, "shop", name), json!({}));
            let condition = json!({"type": "Ready", "status": "True", "reason": "Ready"});
            let status = json!({"sync": sync, "health": "Healthy", "conditions": [condition]});
            objects.report(&object, &status, Timestamp::UNIX_EPOCH);
            objects.lock().lines.len()
        };
        assert_eq!(["a", "b", "c"].map(|name| report(name, "Synced")), [1; 3]);
        assert_eq!(["a", "b", "c"].map(|name| report(name, "OutOfSync")), [2, 2, 1]);
        for (name, left) in [("a", 1), ("b", 1), ("c", 0)] {
            objects.forget(&ObjectKey::new(Kind::Service, "shop", name));
            assert_eq!(objects.lock().lines.len(), left);
        }
    }
}
