//! Operating intent: annotations on the object, whether git, the API or the command line set them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::object::Metadata;
use crate::plan::service::TaskDefinition;
use crate::plan::{Holds, Mandate};
use crate::spec::Policy;

/// `"true"`: differences are reported and left alone.
pub const SUSPEND: &str = "evenkeel.dev/suspend";
/// Why it is suspended.
pub const SUSPEND_REASON: &str = "evenkeel.dev/suspend-reason";
/// Who suspended it.
pub const SUSPEND_BY: &str = "evenkeel.dev/suspended-by";
/// Until when (RFC 3339); after that the suspension has no effect.
pub const SUSPEND_UNTIL: &str = "evenkeel.dev/suspended-until";
/// Any change of its value asks for a pass now; the value is answered in `status.lastHandledReconcileAt`.
pub const RECONCILE: &str = "evenkeel.dev/reconcile-requested-at";
/// Tokens of approved changes, separated by commas.
pub const APPROVE: &str = "evenkeel.dev/approve";
/// Any change of its value asks to try failed content again.
pub const RETRY: &str = "evenkeel.dev/retry";
/// A revision to stay on for now, in place of the declared one: `family:revision` or an ARN.
pub const PIN: &str = "evenkeel.dev/pin";
/// Until when it stays pinned (RFC 3339); after that the pin has no effect.
pub const PIN_UNTIL: &str = "evenkeel.dev/pinned-until";
/// Why it is pinned.
pub const PIN_REASON: &str = "evenkeel.dev/pin-reason";
/// Who pinned it.
pub const PIN_BY: &str = "evenkeel.dev/pinned-by";
/// What the pin stands in for, as `status.wanted` said then: once a commit asks for something else, the pin is over.
pub const PIN_INSTEAD_OF: &str = "evenkeel.dev/pinned-instead-of";

/// On a Cluster, or on what is in it: change windows count as open until then (RFC 3339).
pub const OPEN_UNTIL: &str = "evenkeel.dev/open-until";
/// Why they were opened.
pub const OPEN_REASON: &str = "evenkeel.dev/open-reason";
/// Who opened them.
pub const OPEN_BY: &str = "evenkeel.dev/opened-by";

/// Why, by whom and until when something that operates is in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Term {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Until when; absent: until somebody ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Term {
    /// The term that these annotations set, unless it is over at `now`. An end that cannot be read counts as none: what was
    /// asked for stays in force, which is the careful reading.
    pub(crate) fn of(metadata: &Metadata, [reason, by, until]: [&str; 3], now: Timestamp) -> Option<Self> {
        let annotation = |name: &str| metadata.annotations.get(name).cloned();
        let until = annotation(until).and_then(|text| text.parse::<Timestamp>().ok());
        let over = until.is_some_and(|until| until <= now);
        (!over).then(|| Self { reason: annotation(reason), by: annotation(by), until })
    }
}

/// A pin in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pin {
    /// The revision: `family:revision` or an ARN.
    pub revision: String,
    /// Why, by whom and until when.
    #[serde(flatten)]
    pub term: Term,
}

/// What a manifest asks for, as far as a pin is concerned: the object's generation and the wanted revision or content.
/// Empty while that is not known.
pub fn wanted(metadata: &Metadata, task_definition: &TaskDefinition) -> Option<String> {
    let content = match task_definition {
        TaskDefinition::Content { hash, .. } => hash.as_str(),
        TaskDefinition::Revision(reference) => reference.as_str(),
        TaskDefinition::NotOurs => "",
        TaskDefinition::Pending(_) => return None,
    };
    Some(format!("{}/{content}", metadata.generation))
}

/// The pin that is in force at `now`.
pub fn pin(metadata: &Metadata, task_definition: &TaskDefinition, now: Timestamp) -> Option<Pin> {
    let revision = metadata.annotations.get(PIN)?.clone();
    // While it is not known what is wanted, nothing says that it has changed.
    let wanted = wanted(metadata, task_definition);
    let before = metadata.annotations.get(PIN_INSTEAD_OF);
    if before.is_some_and(|before| wanted.is_some_and(|wanted| wanted != *before)) {
        return None;
    }
    Some(Pin { revision, term: Term::of(metadata, [PIN_REASON, PIN_BY, PIN_UNTIL], now)? })
}

/// What may be done about an object: its policy with what its annotations say, and with what holds it from outside.
pub fn mandate(policy: Policy, metadata: &Metadata, holds: &Holds) -> Mandate {
    let approvals = metadata.annotations.get(APPROVE).map(String::as_str).unwrap_or_default();
    let approvals: BTreeSet<String> =
        approvals.split(',').map(str::trim).filter(|token| !token.is_empty()).map(str::to_owned).collect();
    Mandate {
        policy,
        holds: holds.clone(),
        approvals,
        retry: metadata.annotations.get(RETRY).cloned(),
        deleting: metadata.deletion_timestamp.is_some(),
    }
}
