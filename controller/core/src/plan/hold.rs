//! What keeps a plan from being carried out: a suspension, or a policy that only reports.

use super::{Mandate, Plan, Waiting};
use crate::desired::Suspension;
use crate::reason::Reason;
use crate::spec::DriftMode;

impl Suspension {
    /// How it is told.
    pub fn waiting(&self) -> Waiting {
        let through = self.through.as_ref().map_or(String::new(), |above| format!(" through {above}"));
        Waiting::new(Reason::Suspended, format!("suspended{through}: differences are reported and left alone"))
    }
}

impl Mandate {
    /// Takes out of a plan what may not be done now: it is proposed instead, and the plan says why.
    pub(super) fn restrain(&self, plan: &mut Plan) {
        let Some(held) = self.held() else { return };
        if !plan.actions.is_empty() || self.suspended.is_some() {
            plan.waiting.push(held);
        }
        plan.hold();
    }

    /// Why nothing may be changed at all, if that is so.
    fn held(&self) -> Option<Waiting> {
        if let Some(suspension) = &self.suspended {
            return Some(suspension.waiting());
        }
        // What goes with its manifest is the removal's business.
        (self.policy.drift == DriftMode::Report && !self.deleting)
            .then(|| Waiting::new(Reason::DriftReported, "drift mode Report: differences are reported and left alone"))
    }
}
