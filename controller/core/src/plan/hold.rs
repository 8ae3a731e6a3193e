//! What keeps a plan from being carried out: a suspension, closed change windows, or a policy that only reports.

use jiff::Timestamp;

use super::{Mandate, Plan, Waiting};
use crate::desired::Suspension;
use crate::memory::Memory;
use crate::reason::Reason;
use crate::spec::DriftMode;
use crate::window::Closed;

/// What holds an object from outside of its manifest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holds {
    /// Suspended, by itself or with what it is part of: differences are reported, nothing is changed.
    pub suspension: Option<Suspension>,
    /// The change windows of its Cluster are closed.
    pub closed: Option<Closed>,
}

impl Suspension {
    /// How it is told.
    pub fn waiting(&self) -> Waiting {
        let through = self.through.as_ref().map_or(String::new(), |above| format!(" through {above}"));
        Waiting::new(Reason::Suspended, format!("suspended{through}: differences are reported and left alone"))
    }
}

impl Mandate {
    /// Takes out of a plan what may not be done now: it is proposed instead, and the plan says why. `before` is what was
    /// remembered before the plan.
    pub(super) fn restrain(&self, plan: &mut Plan, before: &Memory, now: Timestamp) {
        let Some(held) = self.held(before, now) else { return };
        if !plan.actions.is_empty() || self.holds.suspension.is_some() {
            plan.waiting.push(held);
        }
        plan.hold();
    }

    /// Why nothing may be changed at all, if that is so.
    fn held(&self, before: &Memory, now: Timestamp) -> Option<Waiting> {
        if let Some(suspension) = &self.holds.suspension {
            return Some(suspension.waiting());
        }
        if let Some(closed) = &self.holds.closed {
            // A commit is held before it gets here. But of what was never seen to be applied nobody can say whether it is a
            // commit or drift.
            let what = match (closed.everything, before.knows_nothing_applied()) {
                (true, _) => Some("nothing is changed until then"),
                (false, true) if !self.deleting => Some("it is new, or not known to have been applied"),
                _ => None,
            };
            if let Some(what) = what {
                let waiting = Waiting::new(Reason::OutsideChangeWindow, format!("the change window {closed}; {what}"));
                return Some(closed.left(now).map_or(waiting.clone(), |left| waiting.retry_in(left)));
            }
        }
        // What goes with its manifest is the removal's business.
        (self.policy.drift == DriftMode::Report && !self.deleting)
            .then(|| Waiting::new(Reason::DriftReported, "drift mode Report: differences are reported and left alone"))
    }
}
