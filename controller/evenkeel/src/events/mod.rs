//! Events: what happened to an object, as kube tells it, written in the same commit as the status that says so.
//!
//! Of each object and reason there is one event; when it happens again, its count grows and its message is the newest.
//! So there are never more events than objects times reasons. An event is counted afresh when the last time was longer
//! ago than [`TTL`], is removed when its object has another event after that time, and goes with the object. Nothing
//! removes events otherwise: where nothing happens, nothing is written.

use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::reason::{Reason, Weight};
use evenkeel_core::trail::told;
use evenkeel_store::{Store, StoreError, Write};
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How long an event is kept at least, and counted on: an hour, as kube's API server keeps events by default.
pub const TTL: SignedDuration = SignedDuration::from_hours(1);

/// Most bytes of a message; kube allows 1,024.
const MESSAGE: usize = 1_024;

/// Something worth an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Why, from the closed list.
    pub reason: Reason,
    /// The same for people.
    pub message: String,
}

impl Note {
    /// kube's two types: `Warning` for what somebody should look at.
    pub fn kind(&self) -> &'static str {
        match self.reason {
            Reason::DriftDetected => "Warning",
            reason if reason.weight() == Weight::Stuck => "Warning",
            _ => "Normal",
        }
    }
}

/// What is worth telling of a new status: that the reason or its message changed, that other fields differ now, and who
/// made them differ. `late` are the paths of which that has become known after their repair.
pub fn notes(before: &Value, after: &Value, late: &[String]) -> Vec<Note> {
    let mut notes = Vec::new();
    let said = |status: &Value, kind: &str| {
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let condition = conditions.into_iter().find(|condition| condition["type"] == kind)?;
        let reason = serde_json::from_value(condition["reason"].clone()).ok()?;
        Some(Note { reason, message: condition["message"].as_str().unwrap_or_default().to_owned() })
    };
    let drift = |status: &Value, member: &str| -> Vec<Value> {
        status["drift"].as_array().into_iter().flatten().map(|drift| drift[member].clone()).collect()
    };
    let (differed, differs) = (drift(before, "path"), drift(after, "path"));
    if !differs.is_empty() && (&differs, drift(after, "by")) != (&differed, drift(before, "by")) {
        let note = said(after, "Drifted");
        notes.extend(note.map(|note| Note { message: note.message + &told(after), ..note }));
    } else if !late.is_empty() {
        let (by, at) = (text(&after["lastForeignChange"]["by"]), text(&after["lastForeignChange"]["at"]));
        let message = format!("{}: was changed by {by} at {at}, and is in line again", late.join(", "));
        notes.push(Note { reason: Reason::DriftDetected, message });
    }
    if said(before, "Ready") != said(after, "Ready") {
        let note = said(after, "Ready").map(|mut note| {
            if note.reason == Reason::Succeeded && differs.is_empty() && !differed.is_empty() {
                let paths: Vec<&str> = differed.iter().map(text).collect();
                note.message = format!("{}; in line again: {}", note.message, paths.join(", "));
            }
            note
        });
        notes.extend(note.filter(|note| notes.iter().all(|other| other.reason != note.reason)));
    }
    notes
}

/// The writes that tell notes of an object, and remove what is too old of its events.
///
/// # Errors
/// The store's.
pub async fn writes(
    store: &Store,
    object: &Object,
    notes: &[Note],
    installation: &str,
    now: Timestamp,
) -> Result<Vec<Write>, StoreError> {
    let mut writes = Vec::new();
    if notes.is_empty() {
        return Ok(writes);
    }
    for reason in Reason::ALL {
        let key = key(object, *reason);
        let before = store.get(&key).await?;
        match (notes.iter().find(|note| note.reason == *reason), &before) {
            (Some(note), before) => {
                let before = before.as_ref().filter(|event| !is_old(event, now));
                writes.push(Write::Apply(event(&key, object, note, before, installation, now)));
            }
            (None, Some(event)) if is_old(event, now) => writes.push(Write::Delete { key }),
            (None, _) => {}
        }
    }
    Ok(writes)
}

/// The writes that remove all events of an object.
///
/// # Errors
/// The store's.
pub async fn removal(store: &Store, object: &Object) -> Result<Vec<Write>, StoreError> {
    let mut writes = Vec::new();
    for reason in Reason::ALL {
        let key = key(object, *reason);
        if store.get(&key).await?.is_some() {
            writes.push(Write::Delete { key });
        }
    }
    Ok(writes)
}

/// Whether the same was already told of an object within [`TTL`].
///
/// # Errors
/// The store's.
pub async fn is_told(store: &Store, object: &Object, note: &Note, now: Timestamp) -> Result<bool, StoreError> {
    let told = store.get(&key(object, note.reason)).await?;
    Ok(told.is_some_and(|event| !is_old(&event, now) && event.spec["message"] == json!(bounded(&note.message))))
}

/// One event an object (by uid) and reason. Events of a Cluster live in the namespace that it stands for, those of the
/// Installation where kube has those of its own objects without a namespace.
fn key(object: &Object, reason: Reason) -> ObjectKey {
    let digest = Sha256::digest(format!("{}/{reason}", object.metadata.uid));
    let suffix: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    // Names have at most 253 bytes, and are ASCII.
    let name: String = object.metadata.name.chars().take(253 - 1 - suffix.len()).collect();
    let cluster = object.key().cluster_of().name;
    let namespace = if object.kind == Kind::Installation { "default" } else { &cluster };
    ObjectKey::new(Kind::Event, namespace, &format!("{name}.{suffix}"))
}

fn is_old(event: &Object, now: Timestamp) -> bool {
    let last = event.spec["lastTimestamp"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    last.is_none_or(|last| now.duration_since(last) > TTL)
}

fn event(
    key: &ObjectKey,
    object: &Object,
    note: &Note,
    before: Option<&Object>,
    installation: &str,
    now: Timestamp,
) -> Object {
    let now = now.round(Unit::Second).unwrap_or(now);
    let count = before.and_then(|event| event.spec["count"].as_i64()).unwrap_or(0) + 1;
    let first = before.map_or(json!(now), |event| event.spec["firstTimestamp"].clone());
    let mut involved = json!({
        "apiVersion": object.kind.api_version(),
        "kind": object.kind.name(),
        "name": object.metadata.name,
        "uid": object.metadata.uid,
    });
    if let Some(namespace) = &object.metadata.namespace {
        involved["namespace"] = json!(namespace);
    }
    let spec = json!({
        "involvedObject": involved,
        "type": note.kind(),
        "reason": note.reason,
        "message": bounded(&note.message),
        "count": count,
        "firstTimestamp": first,
        "lastTimestamp": now,
        "reportingComponent": "evenkeel",
        "reportingInstance": installation,
    });
    Object::new(key, spec)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn bounded(message: &str) -> &str {
    let mut end = message.len().min(MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

#[cfg(test)]
mod tests;
