//! The plan for a task definition: find the revision with the wanted content, or register it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Mandate, Observation, Owner, Plan, TAG_CONTENT, Waiting, gone_tags, hold_unreflected};
use crate::canonical::{DocumentKind, content_hash};
use crate::catalogue::pointer::join;
use crate::diff::{Drift, Ignore, Scope, diff};
use crate::memory::{Intent, Memory, SETTLE};
use crate::operation::{Action, Operation};
use crate::reason::Reason;
use crate::spec::{DeletionPolicy, DriftMode};
use crate::view::{family_and_revision, tag_list};

/// A task definition as wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Family.
    pub family: String,
    /// Who manages it.
    pub owner: Owner,
    /// Generation of the object.
    pub generation: i64,
    /// RegisterTaskDefinition input in wire form, without tags.
    pub document: Value,
    /// Declared tags.
    pub tags: BTreeMap<String, String>,
    /// How many of the revisions that we registered stay active; absent: all.
    pub retain: Option<u32>,
    /// What may be done.
    pub mandate: Mandate,
}

impl Desired {
    /// Hash of the wanted content.
    pub fn content(&self) -> String {
        content_hash(DocumentKind::TaskDefinition, &self.document)
    }
}

/// A revision as AWS described it. Its content never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The `taskDefinition` document.
    pub document: Value,
    /// Hash of its content.
    pub content: String,
    /// Tags, as far as they were read.
    pub tags: BTreeMap<String, String>,
}

/// A family as AWS shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// ARNs of ACTIVE revisions, newest first (ListTaskDefinitions).
    pub active: Observation<Vec<String>>,
    /// What is known of revisions, by ARN: at least of the newest ones.
    pub revisions: BTreeMap<String, Revision>,
    /// Revisions that services run, are rolled out to, or would go back to; nothing is deregistered while that is not known.
    pub needed: Option<BTreeSet<String>>,
    /// When the list was read.
    pub read_at: Timestamp,
}

/// The revision that holds the wanted content, if there is one: the one remembered, else the newest. A newer revision
/// with the same content is no reason to roll out.
pub fn resolve(desired: &Desired, observed: &Observed, memory: &Memory) -> Option<String> {
    let content = desired.content();
    let active = observed.active.present()?;
    if let Some(arn) = memory.revisions.get(&content) {
        let unsettled =
            memory.unsettled("revision", observed.read_at).is_some_and(|written| written.document == json!(arn));
        if active.contains(arn) || unsettled {
            return Some(arn.clone());
        }
    }
    active.iter().find(|arn| observed.revisions.get(*arn).is_some_and(|revision| revision.content == content)).cloned()
}

/// Plans what to do about a family.
pub fn plan(desired: &Desired, observed: &Observed, before: &Memory, now: Timestamp) -> Plan {
    let mut memory = before.clone();
    if desired.mandate.policy.drift == DriftMode::Ignore && !desired.mandate.deleting {
        return Plan::waiting(&memory, Waiting::new(Reason::DriftIgnored, "drift mode Ignore: nothing is compared"));
    }
    let Some(active) = observed.active.present() else {
        return Plan::waiting(
            &memory,
            Waiting::new(Reason::ObservationUnknown, "the family has not been read from AWS"),
        );
    };
    if desired.mandate.deleting {
        let mut plan = remove(desired, active, memory);
        desired.mandate.restrain(&mut plan, before, now);
        return plan;
    }
    let content = desired.content();
    // One that a crash hid from us bears our tags.
    let of_ours = observed.revisions.iter().filter(|(_, revision)| desired.owner.has_tagged(&revision.tags));
    memory.registered.extend(of_ours.map(|(arn, _)| arn.clone()));
    memory.registered.retain(|arn| active.contains(arn) || memory.written.contains_key("revision"));
    let target = resolve(desired, observed, &memory);
    memory.forget_settled(observed.read_at);
    let mut plan = match target {
        Some(arn) => {
            memory.intent = None;
            memory.revisions.retain(|_, known| active.contains(known) || *known == arn);
            memory.revisions.insert(content, arn.clone());
            let mut plan = keep(desired, observed, &arn, memory);
            retire(desired, observed, active, &arn, &mut plan);
            plan
        }
        None => register(desired, observed, active, content, memory, now),
    };
    desired.mandate.restrain(&mut plan, before, now);
    plan.remember_in_line();
    plan
}

/// The content is there: only declared tags can differ.
fn keep(desired: &Desired, observed: &Observed, arn: &str, memory: Memory) -> Plan {
    let mut plan = Plan { memory, ..Plan::default() };
    let Some(revision) = observed.revisions.get(arn) else { return plan };
    plan.applied = json!({"tags": desired.tags.keys().collect::<Vec<_>>()});
    let ignore = desired.mandate.ignore();
    let mut set = BTreeMap::new();
    for (key, value) in &desired.tags {
        let (path, live) = (join("/tags", key), revision.tags.get(key));
        if live == Some(value) || ignore.covers(&path) {
            continue;
        }
        plan.drift.push(Drift {
            path,
            desired: Some(json!(value)),
            observed: live.map(|live| json!(live)),
            rule: "declared tag keys only".into(),
        });
        set.insert(key.clone(), value.clone());
    }
    let (gone, removal) = gone_tags(&json!(arn), &plan.memory.applied, &desired.tags, &revision.tags, &ignore);
    plan.drift.extend(gone);
    desired.mandate.asks_again(&mut plan.memory);
    let (held, waiting) = hold_unreflected(&plan.drift, &[], &mut plan.memory, observed.read_at);
    plan.waiting = waiting;
    if plan.drift.iter().all(|drift| held.contains(&drift.path)) {
        return plan;
    }
    if !set.is_empty() {
        let body = json!({"resourceArn": arn, "tags": tag_list(&set)});
        plan.actions.push(Action { operation: Operation::TagResource, body, reason: "correct tags".into() });
    }
    plan.actions.extend(removal);
    plan.acting = plan.drift.iter().map(|drift| drift.path.clone()).collect();
    if !revision.tags.contains_key(super::TAG_INSTALLATION) && !desired.mandate.adopts() {
        plan.hold();
        plan.waiting.push(adoption(&desired.family));
    }
    plan
}

/// Deregistrations of one plan: they draw on the slowest of AWS's buckets, one a second.
const RETIRED: usize = 5;

/// `retainRevisions`: revisions that we registered go, the oldest first, but for the newest and those that are needed.
fn retire(desired: &Desired, observed: &Observed, active: &[String], target: &str, plan: &mut Plan) {
    let (Some(retain), Some(needed)) = (desired.retain, &observed.needed) else { return };
    let ours = active.iter().filter(|arn| plan.memory.registered.contains(*arn));
    let surplus = ours.skip(retain as usize).filter(|arn| *arn != target && !needed.contains(*arn));
    let mut surplus: Vec<&String> = surplus.collect();
    surplus.reverse();
    plan.actions.extend(surplus.into_iter().take(RETIRED).map(|arn| Action {
        operation: Operation::DeregisterTaskDefinition,
        body: json!({"taskDefinition": arn}),
        reason: format!("retainRevisions is {retain}"),
    }));
}

fn adoption(family: &str) -> Waiting {
    Waiting::new(
        Reason::AwaitingAdoption,
        format!(
            "family {family} has revisions that are not of this installation, none with this content: set spec.adoption \
             to Adopt, here or in the Cluster's defaults, to register one"
        ),
    )
}

fn register(
    desired: &Desired,
    observed: &Observed,
    active: &[String],
    content: String,
    mut memory: Memory,
    now: Timestamp,
) -> Plan {
    if let Some(intent) = memory.intent.as_ref().filter(|intent| intent.content == content) {
        // RegisterTaskDefinition takes no token: look long enough before repeating it.
        let age = observed.read_at.duration_since(intent.at);
        if age < SETTLE {
            let message = "a registration was under way when the controller stopped; its outcome is not visible yet";
            return Plan::waiting(&memory, Waiting::new(Reason::AwaitingWrite, message).retry_in(SETTLE - age));
        }
    }
    let known = active.iter().find_map(|arn| observed.revisions.get(arn));
    let ours = active.iter().any(|arn| {
        memory.revisions.values().any(|known| known == arn)
            || observed.revisions.get(arn).is_some_and(|known| known.tags.contains_key(super::TAG_INSTALLATION))
    });
    let drift = match known {
        // Content is a whole: what somebody added is a difference as well.
        Some(newest) => diff(
            DocumentKind::TaskDefinition,
            &desired.document,
            &newest.document,
            Scope::Whole,
            "/taskDefinition",
            &Ignore::default(),
        ),
        None => vec![Drift {
            path: "/taskDefinition".into(),
            desired: Some(json!(desired.family)),
            observed: None,
            rule: "a revision with this content exists".into(),
        }],
    };
    memory.intent = Some(Intent {
        operation: Operation::RegisterTaskDefinition,
        content: content.clone(),
        generation: desired.generation,
        at: now,
        commit: None,
    });
    let reason = match drift.first() {
        Some(first) if known.is_some() => format!(
            "no revision has the declared content; the newest differs in {} places, the first is {}",
            drift.len(),
            first.path
        ),
        _ => "the family has no revision".to_owned(),
    };
    let mut plan = Plan {
        drift,
        actions: vec![Action { operation: Operation::RegisterTaskDefinition, body: body(desired, content), reason }],
        memory,
        ..Plan::default()
    };
    if !active.is_empty() && !ours && !desired.mandate.adopts() {
        plan.hold();
        plan.waiting.push(adoption(&desired.family));
    }
    plan
}

fn body(desired: &Desired, content: String) -> Value {
    let mut body: Map<String, Value> = desired.document.as_object().cloned().unwrap_or_default();
    body.insert("family".into(), json!(desired.family));
    let mut tags = desired.tags.clone();
    tags.extend(desired.owner.tags());
    tags.insert(TAG_CONTENT.to_owned(), content);
    body.insert("tags".into(), tag_list(&tags));
    Value::Object(body)
}

/// Removal: with `Delete` the revisions that we registered are deregistered (services that still run on one go on),
/// oldest first; anything else stays.
fn remove(desired: &Desired, active: &[String], memory: Memory) -> Plan {
    let mut ours: Vec<String> = memory.revisions.values().filter(|arn| active.contains(*arn)).cloned().collect();
    ours.sort_by_key(|arn| family_and_revision(arn).map(|(_, revision)| revision));
    if desired.mandate.policy.deletion_policy == DeletionPolicy::Retain || ours.is_empty() {
        return Plan { memory, finalized: true, ..Plan::default() };
    }
    let actions = ours.into_iter().map(|arn| Action {
        operation: Operation::DeregisterTaskDefinition,
        body: json!({"taskDefinition": arn}),
        reason: "the manifest is gone and deletionPolicy is Delete".into(),
    });
    Plan { actions: actions.collect(), memory, ..Plan::default() }
}

#[cfg(test)]
mod tests;
