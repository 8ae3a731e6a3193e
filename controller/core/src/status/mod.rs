//! Status: what people and programs are told about an object, computed from the pass that just ended.

mod condition;
mod health;
mod rollout;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::plan::Plan;
use crate::reason::{Reason, Weight};

pub use condition::{Condition, condition};
pub use health::{Health, service_health};
pub use rollout::{history, rollout};

/// The members of a status that every kind has and every pass writes anew.
pub const COMMON: [&str; 12] = [
    "observedGeneration",
    "conditions",
    "sync",
    "health",
    "drift",
    "waiting",
    "proposed",
    "lastAppliedRevision",
    "lastAttemptedRevision",
    "lastHandledReconcileAt",
    "suspended",
    "failed",
];

/// Whether observed state is as declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sync {
    /// It is.
    Synced,
    /// It is not.
    OutOfSync,
    /// It cannot be said: AWS could not be read, or what is wanted is not known yet.
    Unknown,
}

impl Sync {
    /// The word for people, metrics and selectors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Synced => "Synced",
            Self::OutOfSync => "OutOfSync",
            Self::Unknown => "Unknown",
        }
    }
}

/// What became of a plan's actions.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// There were none, or none was allowed.
    Nothing,
    /// All were done.
    Done,
    /// One failed, or the reads before it; nothing after it was tried.
    Failed(Reason, String),
}

/// What a status is made of besides the plan.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Generation that the plan was made for.
    pub generation: i64,
    /// Revision of the source that the spec came from.
    pub source_revision: &'a str,
    /// What became of the actions.
    pub outcome: Outcome,
    /// Health, from what was observed.
    pub health: Health,
    /// Members that only this kind has (`taskDefinitionArn`, counts …).
    pub details: Map<String, Value>,
    /// An error in the manifest that keeps the last good spec in force.
    pub source_error: Option<&'a str>,
    /// Token of the last reconcile request that this pass answers.
    pub handled_reconcile_at: Option<&'a str>,
    /// Who suspended it, why and until when; absent: not suspended.
    pub suspended: Option<Value>,
    /// Now.
    pub now: Timestamp,
}

/// Sync state of a pass.
pub fn sync(plan: &Plan, outcome: &Outcome) -> Sync {
    // What is wanted, or what is there, is not known yet, or is not ours to compare.
    let open = |reason| {
        use Reason::{AwaitingWrite, ObservationUnknown, OwnershipConflict, TaskDefinitionNotReady};
        matches!(reason, AwaitingWrite | ObservationUnknown | OwnershipConflict | TaskDefinitionNotReady)
    };
    let unknown = plan.waiting.iter().any(|waiting| open(waiting.reason));
    match outcome {
        _ if !plan.drift.is_empty() => Sync::OutOfSync,
        Outcome::Failed(..) => Sync::Unknown,
        _ if unknown => Sync::Unknown,
        _ => Sync::Synced,
    }
}

/// The status after a pass. Times of conditions are kept from `previous` where nothing but the time would change, so
/// that an unchanged status is equal to the one before and is not written again.
pub fn status(plan: &Plan, facts: &Facts<'_>, previous: &Value) -> Value {
    let sync = sync(plan, &facts.outcome);
    let (reason, message) = verdict(plan, facts);
    let mut conditions = Vec::new();
    let mut push = |kind: &str, value: &str, reason: Reason, message: &str| {
        conditions.push(condition(previous, kind, value, reason, message, facts.generation, facts.now));
    };
    match reason.weight() {
        // What is only reported may be missing altogether, and what is not there is not ready.
        Weight::Fine if facts.health == Health::Missing => push("Ready", "False", reason, &message),
        Weight::Fine => push("Ready", "True", reason, &message),
        Weight::Progress => {
            // kstatus takes the first of Reconciling and Stalled that it meets: never both.
            push("Reconciling", "True", reason, &message);
            let value = if sync == Sync::Unknown { "Unknown" } else { "False" };
            push("Ready", value, reason, &message);
        }
        Weight::Stuck => {
            push("Stalled", "True", reason, &message);
            push("Ready", "False", reason, &message);
        }
    }
    match sync {
        Sync::Unknown => push("Drifted", "Unknown", Reason::ObservationUnknown, &message),
        Sync::Synced => push("Drifted", "False", Reason::Succeeded, "no drift"),
        Sync::OutOfSync => push("Drifted", "True", Reason::DriftDetected, &drift_summary(plan)),
    }
    let (value, reason) = facts.health.condition();
    push("Healthy", value, reason, facts.health.name());
    let mut status = facts.details.clone();
    status.insert("observedGeneration".into(), json!(facts.generation));
    status.insert("conditions".into(), json!(conditions));
    status.insert("sync".into(), json!(sync.name()));
    status.insert("health".into(), json!(facts.health.name()));
    let list = |status: &mut Map<String, Value>, name: &str, value: Value| {
        if value.as_array().is_some_and(|list| !list.is_empty()) {
            status.insert(name.into(), value);
        }
    };
    list(&mut status, "drift", json!(plan.drift));
    list(&mut status, "waiting", json!(plan.waiting));
    let proposed = plan.proposed.iter().map(|action| json!({"operation": action.operation, "reason": action.reason}));
    list(&mut status, "proposed", proposed.collect());
    if !facts.source_revision.is_empty() {
        status.insert("lastAttemptedRevision".into(), json!(facts.source_revision));
        let applied = match sync {
            Sync::Synced => json!(facts.source_revision),
            _ => previous.get("lastAppliedRevision").cloned().unwrap_or_default(),
        };
        if !applied.is_null() {
            status.insert("lastAppliedRevision".into(), applied);
        }
    }
    let handled = facts.handled_reconcile_at.map(|token| json!(token));
    if let Some(token) = handled.or_else(|| previous.get("lastHandledReconcileAt").cloned()) {
        status.insert("lastHandledReconcileAt".into(), token);
    }
    if let Some(suspended) = &facts.suspended {
        status.insert("suspended".into(), suspended.clone());
    }
    Value::Object(status)
}

/// The one reason that sums the pass up: what is stuck before what goes on, both before what is fine.
pub fn verdict(plan: &Plan, facts: &Facts<'_>) -> (Reason, String) {
    if let Some(error) = facts.source_error {
        return (Reason::SourceInvalid, error.to_owned());
    }
    let first = |weight: Weight| {
        let failed = match &facts.outcome {
            Outcome::Failed(reason, message) if reason.weight() == weight => Some((*reason, message.clone())),
            _ => None,
        };
        failed.or_else(|| {
            let waiting = plan.waiting.iter().find(|waiting| waiting.reason.weight() == weight)?;
            Some((waiting.reason, waiting.message.clone()))
        })
    };
    if let Some(stuck) = first(Weight::Stuck) {
        return stuck;
    }
    if facts.health == Health::Degraded {
        return (Reason::RolloutFailed, "the rollout failed".into());
    }
    if let Some(progress) = first(Weight::Progress) {
        return progress;
    }
    if facts.outcome == Outcome::Done {
        let reasons: Vec<&str> = plan.actions.iter().map(|action| action.reason.as_str()).collect();
        return (Reason::Progressing, reasons.join("; "));
    }
    match facts.health {
        Health::Progressing => return (Reason::RolloutInProgress, "tasks are being started or replaced".into()),
        Health::Missing if plan.proposed.is_empty() => return (Reason::Missing, "it does not exist in AWS".into()),
        _ => {}
    }
    first(Weight::Fine).unwrap_or((Reason::Succeeded, "observed state is as declared".into()))
}

/// One line that names what differs: the first paths and how many more.
fn drift_summary(plan: &Plan) -> String {
    let paths: Vec<&str> = plan.drift.iter().map(|drift| drift.path.as_str()).collect();
    match paths.len() {
        0..=5 => paths.join(", "),
        more => format!("{} and {} more", paths[..5].join(", "), more - 5),
    }
}

#[cfg(test)]
mod tests;
