//! Plans: what to do about the difference between desired and observed state.
//!
//! One pure function a kind. A plan is complete and printable; whoever executes it decides nothing. Actions name only
//! values that exist: a plan that registers a task definition ends there, and a later pass plans what needs its ARN.

pub mod check;
pub mod cluster;
mod fight;
mod hold;
pub mod service;
pub mod task_definition;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::catalogue::pointer::join;
use crate::diff::{Drift, Ignore};
use crate::memory::{Memory, SETTLE, Sent};
use crate::operation::{Action, Operation};
use crate::reason::Reason;
use crate::spec::{Adoption, Policy};

pub use fight::FIGHT_REPAIRS;
pub use hold::Holds;

pub use crate::tag::{TAG_CONTENT, TAG_FAILED, TAG_INSTALLATION, TAG_OBJECT};

/// What a read of AWS gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Observation<T> {
    /// Nothing is known: not read yet, or the read failed. Never drift, never "missing".
    #[default]
    Unknown,
    /// AWS says that it does not exist.
    Absent,
    /// AWS shows this.
    Present(T),
}

impl<T> Observation<T> {
    /// What is there, if anything is known to be.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            _ => None,
        }
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// What may be done about an object: its policy with what the operating annotations say.
#[derive(Clone, Debug, PartialEq)]
pub struct Mandate {
    /// The manifest's policy, with its Cluster's defaults.
    pub policy: Policy,
    /// What holds the object from outside of its manifest.
    pub holds: Holds,
    /// Tokens of what has been approved; each names one exact change.
    pub approvals: BTreeSet<String>,
    /// The last request to try failed content again.
    pub retry: Option<String>,
    /// The object is being deleted.
    pub deleting: bool,
}

impl Mandate {
    /// The paths that are left alone.
    pub fn ignore(&self) -> Ignore {
        Ignore::new(self.policy.ignore.iter().map(|pointer| pointer.as_str().to_owned()))
    }

    /// Whether somebody has asked, since the last plan, to try again what failed. What AWS did not show, and
    /// what was fought over, is then forgotten.
    fn asks_again(&self, memory: &mut Memory) -> bool {
        let asks = self.retry.is_some() && self.retry != memory.handled_retry;
        if asks {
            memory.handled_retry.clone_from(&self.retry);
            memory.sent.clear();
            memory.repairs.clear();
        }
        asks
    }

    /// Whether a live resource without our tag may be taken over.
    fn adopts(&self) -> bool {
        self.policy.adoption == Adoption::Adopt
    }
}

/// Who manages: goes into the tags of what is created or adopted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Owner {
    /// The installation.
    pub installation: String,
    /// `namespace/name` of the object.
    pub object: String,
    /// The object's uid, part of client tokens.
    pub uid: String,
}

impl Owner {
    /// Whether tags say that a resource is this owner's.
    pub fn has_tagged(&self, tags: &BTreeMap<String, String>) -> bool {
        self.tags().iter().all(|(key, value)| tags.get(key) == Some(value))
    }

    /// The tags that mark a resource as this owner's.
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (TAG_INSTALLATION.to_owned(), self.installation.clone()),
            (TAG_OBJECT.to_owned(), self.object.clone()),
        ])
    }
}

/// Something that a plan waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Why.
    pub reason: Reason,
    /// The same for people, with what to do where they can do something.
    pub message: String,
    /// When it is worth looking again, where that is known.
    #[serde(skip)]
    pub retry_in: Option<SignedDuration>,
}

impl Waiting {
    /// Waiting for something that ends by itself or by a change elsewhere.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), retry_in: None }
    }

    /// Waiting for a person's word about one exact change.
    pub fn approval(path: &str, what: &str, token: &str) -> Self {
        let message =
            format!("{path}: {what} waits for approval: annotate the object with evenkeel.dev/approve={token}");
        Self::new(Reason::AwaitingApproval, message)
    }

    /// The same, worth another look after `retry_in`.
    pub fn retry_in(mut self, retry_in: SignedDuration) -> Self {
        self.retry_in = Some(retry_in);
        self
    }
}

/// Something that is read only when a plan needs it, since it costs calls of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// The deployment group of a CODE_DEPLOY service with its deployments.
    CodeDeploy,
    /// The newest service deployment of a service with the ECS controller.
    ServiceDeployment,
    /// What ECS says of the last rollout, which failed: why its tasks stopped, and events.
    Causes,
    /// Which images the tasks of the last rollout run.
    Images,
}

/// What is to be done about one object, and why the rest is not.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Every difference between declared and observed state.
    pub drift: Vec<Drift>,
    /// What to do now, in order.
    pub actions: Vec<Action>,
    /// What would be done if the policy (report mode, adoption, suspension) allowed it.
    pub proposed: Vec<Action>,
    /// Paths of the differences that the actions are to repair.
    pub acting: Vec<String>,
    /// Paths of the differences that are gone once a deployment that the actions begin has arrived.
    pub deploying: Vec<String>,
    /// What is waited for.
    pub waiting: Vec<Waiting>,
    /// What else it takes to know: whoever can, reads it and plans again.
    pub asks: BTreeSet<Ask>,
    /// What is known now; committed before the actions where one of them may start a rollout.
    pub memory: Memory,
    /// The declared document, remembered as applied once all actions have succeeded.
    pub applied: Value,
    /// The finalizer may go: AWS holds nothing more of the object.
    pub finalized: bool,
}

impl Plan {
    /// A plan that only waits.
    pub fn waiting(memory: &Memory, waiting: Waiting) -> Self {
        Self { waiting: vec![waiting], memory: memory.clone(), ..Self::default() }
    }

    /// Holds every action back and shows it as proposed.
    fn hold(&mut self) {
        self.proposed.append(&mut self.actions);
        self.acting.clear();
        self.deploying.clear();
        self.memory.intent = None;
    }

    /// In line without a write: what is declared counts as applied, so that what is taken out of the manifest later is
    /// known to have been there, and what went before is nobody's from now on.
    fn remember_in_line(&mut self) {
        if self.drift.is_empty() && self.actions.is_empty() && self.proposed.is_empty() && !self.applied.is_null() {
            self.memory.applied = self.applied.clone();
        }
    }

    /// Nothing to do and nothing to wait for.
    pub fn is_quiet(&self) -> bool {
        self.actions.is_empty() && self.waiting.is_empty()
    }

    /// Completes a memory that all actions have been recorded into: what was declared has been applied, and what was
    /// sent is watched until it shows.
    pub fn remember_applied(&self, memory: &mut Memory, now: Timestamp) {
        if !self.applied.is_null() {
            memory.applied = self.applied.clone();
        }
        for drift in self.drift.iter().filter(|drift| self.acting.contains(&drift.path)) {
            let (desired, observed) = (drift.desired.clone(), drift.observed.clone());
            memory.sent.insert(drift.path.clone(), Sent { desired, observed, at: now });
        }
        // A deployment that somebody else answers with another is a fight as well.
        let repaired = |drift: &&Drift| self.acting.contains(&drift.path) || self.deploying.contains(&drift.path);
        for drift in self.drift.iter().filter(repaired) {
            memory.repaired(drift, now);
        }
    }
}

/// What is taken away of tags: live ones that were declared when last applied and are declared no longer. An action to
/// remove them from `arn`, and the drift behind it.
fn gone_tags(
    arn: &Value,
    applied: &Value,
    declared: &BTreeMap<String, String>,
    live: &BTreeMap<String, String>,
    ignore: &Ignore,
) -> (Vec<Drift>, Option<Action>) {
    let once_declared = applied["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let gone: Vec<&str> = once_declared
        .filter(|key| !declared.contains_key(*key) && live.contains_key(*key))
        .filter(|key| !ignore.covers(&join("/tags", key)))
        .collect();
    let drift = |key: &&str| Drift {
        path: join("/tags", key),
        desired: None,
        observed: live.get(*key).map(|value| Value::from(value.as_str())),
        rule: "declared when last applied, no longer declared".into(),
    };
    let action = || Action {
        operation: Operation::UntagResource,
        body: serde_json::json!({"resourceArn": arn, "tagKeys": gone}),
        reason: "remove tags that are no longer declared".into(),
    };
    (gone.iter().map(drift).collect(), (!gone.is_empty()).then(action))
}

/// A short token that names exactly this change: it changes with path, desired and observed value.
pub fn approval_token(path: &str, desired: Option<&Value>, observed: Option<&Value>) -> String {
    let text = serde_json::json!([path, desired, observed]).to_string();
    Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Splits drift into what may be acted on and what AWS accepted before without showing it, or somebody keeps setting back. A path leaves the memory
/// once desired, observed or the difference itself changes. `hidden` is what the bare read shows under our own writes.
fn hold_unreflected(
    drift: &[Drift],
    hidden: &[Drift],
    memory: &mut Memory,
    read_at: Timestamp,
) -> (BTreeSet<String>, Vec<Waiting>) {
    let all = hidden.iter().chain(drift);
    let differing: BTreeMap<&str, &Drift> = all.map(|drift| (drift.path.as_str(), drift)).collect();
    memory.sent.retain(|path, sent| {
        differing
            .get(path.as_str())
            .is_some_and(|drift| drift.desired == sent.desired && drift.observed == sent.observed)
            || read_at.duration_since(sent.at) < SETTLE && differing.contains_key(path.as_str())
    });
    let (mut held, mut waiting) = fight::hold(drift, memory, read_at);
    for (path, sent) in &memory.sent {
        if !held.insert(path.clone()) {
            continue;
        }
        let age = read_at.duration_since(sent.at);
        waiting.push(if age < SETTLE {
            Waiting::new(Reason::AwaitingWrite, format!("{path} was written and is not visible yet"))
                .retry_in(SETTLE - age)
        } else {
            Waiting::new(
                Reason::NotReflected,
                format!(
                    "AWS accepted a value for {path} and does not show it; it is not sent again until the manifest \
                     or the observed value changes, or a retry is asked for (annotation evenkeel.dev/retry; add the path \
                     to spec.drift.ignore to accept it as it is)"
                ),
            )
        });
    }
    (held, waiting)
}
