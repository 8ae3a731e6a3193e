//! What a reconciler remembers of one object between passes: explicit, crash-safe, and never served, since it may
//! hold what manifests hold.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operation::{Action, Operation};
use crate::tag::TAG_CONTENT;
use crate::view::{ServiceView, tags};

mod fight;
mod rollout;

pub use fight::{FIGHT_WINDOW, Repairs, Yielded};
pub use rollout::{Causes, Commit, End, Ended, Failed, Progress, Rollout};

/// How long a read may lag behind a write before a difference is believed. AWS documents eventual consistency without
/// a figure; observed lags are a few seconds, and other tools allow up to two minutes after a creation only.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(15);

/// How long a service that was just created may be reported MISSING (two minutes is what Terraform allows).
pub const CREATION_SETTLE: SignedDuration = SignedDuration::from_secs(120);

/// How many rollouts are remembered, the last one included.
const HISTORY: usize = 10;

/// One object's memory. Kept under the object's uid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Memory {
    /// The declared document as last applied in full: the third side of the three-way diff.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub applied: Value,
    /// A write that may start a rollout and whose outcome is not known yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Content whose rollout failed: not tried again until it changes or somebody asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// Our last rollout, under way or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// The rollouts before it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Rollout>,
    /// The revision that was last known to run well under the manifest's word: what a rollback goes back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_good: Option<String>,
    /// CODE_DEPLOY: what is known of the two target groups that trade places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_groups: Option<TargetGroups>,
    /// Writes that AWS accepted, by path: held once a read that must show them does not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sent: BTreeMap<String, Sent>,
    /// Paths that were repaired, and how often of late. What is older than a fight's window stays until the next repair.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub repairs: BTreeMap<String, Repairs>,
    /// What our own last writes returned, by resource, merged into reads that are older.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub written: BTreeMap<String, Written>,
    /// Which AWS resource the object manages, as `region/cluster/service` and the like. It does not change: a manifest
    /// that names another one is told so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// How often we created the AWS resource; part of the client token, so that creating anew after a deletion is not
    /// taken for a repetition.
    #[serde(skip_serializing_if = "is_zero")]
    pub creations: u32,
    /// When we last created it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// `createdAt` of the live resource that is known to be ours, so that a lost tag is seen as drift, not as a
    /// stranger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owned: Option<Value>,
    /// The count that stays in force after scaling was removed from the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_count: Option<KeptCount>,
    /// The last retry request that was honoured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handled_retry: Option<String>,
    /// Task definitions: the revisions that we registered.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub registered: BTreeSet<String>,
    /// Task definitions: the revision that holds each content hash, newest knowledge last.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub revisions: BTreeMap<String, String>,
}

// serde's `skip_serializing_if` hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// An open intent: committed before the write, resolved by what AWS shows after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The operation about to be sent.
    pub operation: Operation,
    /// Hash of the content that it brings.
    pub content: String,
    /// Generation of the object that asked for it.
    pub generation: i64,
    /// When it was committed.
    pub at: Timestamp,
    /// The commit that brought the content, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
}

/// The two target groups of a CODE_DEPLOY service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TargetGroups {
    /// ARN of the one that served production when last seen: what a service that is created again must come back on, since
    /// the listener still points there.
    pub primary: String,
    /// Names of both, from the deployment group; empty until that was read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pair: Vec<String>,
}

/// A value that was sent and accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// What was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Value>,
    /// What was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Value>,
    /// When.
    pub at: Timestamp,
}

/// What a write left behind: the document, or nothing after a deletion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// When the write was acknowledged.
    pub at: Timestamp,
    /// The resource as the answer, or the request itself, shows it; `Null` after a deletion.
    pub document: Value,
}

/// The count in force after scaling went from the manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCount {
    /// The live count that is kept.
    pub live: i64,
    /// What the manifest declared then; a change of it ends the keeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<i64>,
}

impl Memory {
    /// The write that a read at `read_at` may not show yet.
    pub fn unsettled(&self, resource: &str, read_at: Timestamp) -> Option<&Written> {
        self.written.get(resource).filter(|written| read_at.duration_since(written.at) < SETTLE)
    }

    /// From when on a read of the scaling shows our own last writes to it for sure; nothing: there is none to wait for.
    pub fn scaling_settles(&self) -> Option<Timestamp> {
        let scaling = |resource: &str| ["target", "policy/", "action/"].iter().any(|own| resource.starts_with(own));
        let written = self.written.iter().filter(|(resource, _)| scaling(resource)).map(|(_, written)| written.at);
        let sent = self.sent.iter().filter(|(path, _)| path.starts_with("/scaling")).map(|(_, sent)| sent.at);
        written.chain(sent).max().map(|at| at + SETTLE)
    }

    /// Takes note of a write that AWS acknowledged.
    pub fn record(&mut self, action: &Action, answer: &Value, now: Timestamp) {
        let body = &action.body;
        let name = |member: &str| body.get(member).and_then(Value::as_str).unwrap_or_default();
        let written = &mut self.written;
        let mut wrote = |resource: String, document: Value| {
            written.insert(resource, Written { at: now, document });
        };
        match action.operation {
            Operation::CreateService => {
                wrote("service".into(), without_events(&answer["service"]));
                self.creations += 1;
                self.created_at = Some(now);
                self.owned = answer["service"].get("createdAt").cloned();
            }
            Operation::UpdateService | Operation::DeleteService => {
                wrote("service".into(), without_events(&answer["service"]));
            }
            Operation::CreateCluster | Operation::UpdateCluster | Operation::PutClusterCapacityProviders => {
                wrote("cluster".into(), answer["cluster"].clone());
            }
            Operation::RegisterScalableTarget => wrote("target".into(), body.clone()),
            Operation::DeregisterScalableTarget => wrote("target".into(), Value::Null),
            Operation::PutScalingPolicy => wrote(format!("policy/{}", name("PolicyName")), body.clone()),
            Operation::DeleteScalingPolicy => wrote(format!("policy/{}", name("PolicyName")), Value::Null),
            Operation::PutScheduledAction => {
                wrote(format!("action/{}", name("ScheduledActionName")), body.clone());
            }
            Operation::DeleteScheduledAction => {
                wrote(format!("action/{}", name("ScheduledActionName")), Value::Null);
            }
            Operation::RegisterTaskDefinition => {
                let arn = answer["taskDefinition"]["taskDefinitionArn"].clone();
                if let (Some(text), Some(content)) = (arn.as_str(), tags(body.get("tags")).get(TAG_CONTENT)) {
                    self.revisions.insert(content.clone(), text.to_owned());
                    self.registered.insert(text.to_owned());
                }
                self.written.insert("revision".into(), Written { at: now, document: arn });
            }
            Operation::DeregisterTaskDefinition => {
                let arn = name("taskDefinition");
                self.registered.remove(arn);
                self.revisions.retain(|_, known| known != arn);
            }
            Operation::TagResource => wrote("tags".into(), body["tags"].clone()),
            _ => {}
        }
        if self.intent.as_ref().is_some_and(|intent| intent.operation == action.operation)
            && let Some(intent) = self.intent.take()
        {
            if let Some(service) = answer.get("service").map(ServiceView) {
                let sent = body.get("taskDefinition").and_then(Value::as_str);
                self.started(Rollout::of(intent, service, sent, now), now);
            } else if let Some(id) = answer.get("deploymentId").and_then(Value::as_str) {
                self.started(Rollout::by_code_deploy(intent, id, now), now);
            }
        }
    }

    /// Takes note of a rollout that has begun. One that was under way is superseded by it.
    pub fn started(&mut self, rollout: Rollout, now: Timestamp) {
        self.close_rollout(now);
        let number = self.history.last().map_or(1, |before| before.number + 1);
        self.rollout = Some(Rollout { number, ..rollout });
    }

    /// Puts the last rollout with those before it; what becomes of it is of no interest any more.
    pub(crate) fn close_rollout(&mut self, now: Timestamp) {
        if let Some(mut before) = self.rollout.take() {
            before.end.get_or_insert_with(|| End { outcome: Ended::Superseded, reason: String::new(), at: now });
            self.history.push(before);
            let surplus = self.history.len().saturating_sub(HISTORY - 1);
            self.history.drain(..surplus);
        }
    }

    /// Whether nothing of the object was ever applied, or seen to be in line, for all that is known.
    pub fn knows_nothing_applied(&self) -> bool {
        self.applied.is_null() && self.creations == 0 && self.revisions.is_empty()
    }

    /// The resource that the object managed before, if its manifest now names another.
    pub fn moved_from(&self, identity: &str) -> Option<&str> {
        self.identity.as_deref().filter(|before| *before != identity)
    }

    /// Forgets writes that every later read shows anyway.
    pub fn forget_settled(&mut self, read_at: Timestamp) {
        self.written.retain(|_, written| read_at.duration_since(written.at) < SETTLE);
    }
}

/// A service document without its events: about 30 KB each that nothing decides on.
fn without_events(service: &Value) -> Value {
    let mut service = service.clone();
    if let Some(members) = service.as_object_mut() {
        members.remove("events");
    }
    service
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_writes_to_the_scaling_make_its_reads_wait_and_only_for_a_moment() {
        let at = Timestamp::UNIX_EPOCH;
        let written = |seconds| Written { at: at + SignedDuration::from_secs(seconds), document: json!({}) };
        let mut memory = Memory::default();
        memory.written.insert("service".into(), written(90));
        assert_eq!(memory.scaling_settles(), None);
        memory.written.insert("policy/cpu".into(), written(30));
        memory.written.insert("target".into(), written(20));
        assert_eq!(memory.scaling_settles(), Some(at + SignedDuration::from_secs(30) + SETTLE));
        let sent = Sent { desired: None, observed: None, at: at + SignedDuration::from_secs(40) };
        memory.sent.insert("/scaling/maxCapacity".into(), sent);
        assert_eq!(memory.scaling_settles(), Some(at + SignedDuration::from_secs(40) + SETTLE));
    }
}
