//! Served documents: what clients see of stored objects. Nothing that may be a secret leaves here.

use std::borrow::Cow;

use evenkeel_core::canonical::{DocumentKind, Rule};
use evenkeel_core::diff::MASK;
use evenkeel_core::object::Object;
use serde_json::{Map, Value, json};

/// The members of a spec that are AWS documents, with the rules that tell which of their values may be secrets. A
/// Service's `taskDefinition` is a name, and masking leaves a name as it is.
const DOCUMENTS: [(&str, DocumentKind); 3] = [
    ("taskDefinition", DocumentKind::TaskDefinition),
    ("service", DocumentKind::Service),
    ("cluster", DocumentKind::Cluster),
];

/// kubectl keeps whole manifests in this annotation, environment values and all.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A Cluster, TaskDefinition or Service.
pub(crate) fn own(object: Object) -> Value {
    masked(object).0
}

/// A Cluster, TaskDefinition or Service, and whether it is served otherwise than it is stored: most have nothing that
/// is to be masked.
pub(crate) fn masked(object: Object) -> (Value, bool) {
    let mut differs = object.metadata.annotations.contains_key(LAST_APPLIED);
    let mut document = whole(&object, object.kind.api_version(), object.kind.name());
    let Object { mut spec, status, .. } = object;
    for (member, kind) in DOCUMENTS {
        if let Some(document) = spec.get_mut(member) {
            differs |= mask(document, kind.rules());
        }
    }
    for (member, value) in [("spec", spec), ("status", status)] {
        if !value.is_null() {
            document.insert(member.into(), value);
        }
    }
    (document.into(), differs)
}

/// The namespace that bears a Cluster's name.
pub(crate) fn namespace(cluster: Object) -> Value {
    let mut document = whole(&cluster, "v1", "Namespace");
    if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
        // These are the Cluster's own, and would let a client of namespaces think that it may act on them.
        metadata.remove("finalizers");
        metadata.remove("annotations");
    }
    let phase = if cluster.metadata.deletion_timestamp.is_some() { "Terminating" } else { "Active" };
    document.insert("spec".into(), json!({}));
    document.insert("status".into(), json!({"phase": phase}));
    document.into()
}

/// The members of an event that events.k8s.io/v1 and core/v1 name differently, in this order (Kubernetes API reference).
const RENAMED: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

/// An event: stored under `spec`, served as kube's core/v1 has it.
pub(crate) fn event(event: Object) -> Value {
    let mut document = event_members(event, "v1");
    // Where kubectl describe reads who said so.
    if let Some(component) = document.get("reportingComponent").cloned() {
        document.entry("source").or_insert_with(|| json!({"component": component}));
    }
    document.into()
}

/// The same event, as kube's events.k8s.io/v1 has it.
pub(crate) fn event_v1(event: Object) -> Value {
    let mut document = event_members(event, "events.k8s.io/v1");
    for (new, old) in RENAMED {
        if let Some(value) = document.remove(old) {
            document.insert(new.into(), value);
        }
    }
    document.entry("eventTime").or_insert(Value::Null);
    document.into()
}

/// What is stored of an event that a client wrote in either form. Times are given in both forms' members, since
/// clients read one or the other for an age.
pub(crate) fn stored_event(document: &Value) -> Value {
    let mut members = document.as_object().cloned().unwrap_or_default();
    members.retain(|name, value| !ENVELOPE.contains(&name.as_str()) && !value.is_null());
    for (new, old) in RENAMED {
        if let Some(value) = members.remove(new) {
            members.entry(old).or_insert(value);
        }
    }
    let series = members.get("series").cloned().unwrap_or_default();
    if let Some(time) = members.get("eventTime").cloned() {
        members.entry("firstTimestamp").or_insert_with(|| time.clone());
        members.entry("lastTimestamp").or_insert(time);
    }
    for (member, of_series) in [("lastTimestamp", "lastObservedTime"), ("count", "count")] {
        if let Some(value) = series.get(of_series) {
            members.insert(member.into(), value.clone());
        }
    }
    members.into()
}

fn event_members(event: Object, api_version: &str) -> Map<String, Value> {
    let mut document = whole(&event, api_version, "Event");
    let Value::Object(members) = event.spec else { return document };
    document.extend(members.into_iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str())));
    document
}

/// What is of the object and not of what is told in it.
const ENVELOPE: [&str; 3] = ["apiVersion", "kind", "metadata"];

fn whole(object: &Object, api_version: &str, kind: &str) -> Map<String, Value> {
    let mut metadata = json!(object.metadata);
    mask_applied(&mut metadata);
    Map::from_iter([
        ("apiVersion".to_owned(), api_version.into()),
        ("kind".to_owned(), kind.into()),
        ("metadata".to_owned(), metadata),
    ])
}

/// Masks the manifest that kubectl left.
pub(crate) fn mask_applied(metadata: &mut Value) {
    if let Some(applied) = metadata.get_mut("annotations").and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
        *applied = MASK.into();
    }
}

/// Masks values that may be secrets, and spells each member that has a rule as the rule does: AWS's own tools write
/// members with an upper-case initial as well, and a value must not slip through for its spelling.
/// Says whether it changed anything.
fn mask(value: &mut Value, rule: &Rule) -> bool {
    // Most of a document has no rules: nothing in it is a secret.
    if std::ptr::eq(rule, Rule::none()) {
        return false;
    }
    match value {
        value if rule.secret && !value.is_null() => {
            *value = MASK.into();
            true
        }
        Value::Object(members) => {
            let known = |name: &str| !std::ptr::eq(rule.member(name), Rule::none());
            let other = |written: &String| match lower_initial(written) {
                Cow::Owned(lower) if known(&lower) => Some((written.clone(), lower)),
                _ => None,
            };
            let respelled: Vec<(String, String)> = members.keys().filter_map(other).collect();
            let mut changed = !respelled.is_empty();
            for (written, lower) in respelled {
                if let Some(member) = members.remove(&written) {
                    members.insert(lower, member);
                }
            }
            for (name, member) in members {
                changed |= mask(member, rule.member(name));
            }
            changed
        }
        Value::Array(elements) => {
            elements.iter_mut().fold(false, |changed, element| mask(element, rule.element()) | changed)
        }
        _ => false,
    }
}

fn lower_initial(name: &str) -> Cow<'_, str> {
    match name.split_at_checked(1) {
        Some((initial, rest)) if initial.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(initial.to_ascii_lowercase() + rest)
        }
        _ => Cow::Borrowed(name),
    }
}
