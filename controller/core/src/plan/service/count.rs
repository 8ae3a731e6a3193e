//! The number of tasks: whose it is, and what to do about it.
//!
//! Autoscaling owns the count. With a scalable target any count within its range is in sync, and desiredCount is
//! never sent on an update; a count outside the range is brought to the nearest bound by registering the target again
//! (Application Auto Scaling clamps then). Only without a target is a declared count enforced.

use serde_json::{Value, json};

use super::{Desired, Observation, Observed};
use crate::diff::Drift;
use crate::memory::Memory;
use crate::view::ServiceView;

/// What the count asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Count {
    /// In sync, or nobody's business.
    Fine,
    /// Set it with UpdateService.
    Set(Drift, i64),
    /// Let Application Auto Scaling bring it to the nearest bound of this range.
    Clamp(Drift, i64, i64),
    /// Cannot be told: the scalable target, or what may have moved its range, could not be read.
    Unknown,
}

const PATH: &str = "/service/desiredCount";

/// Compares the live count with what is wanted.
pub(super) fn compare(desired: &Desired, observed: &Observed, service: ServiceView<'_>, memory: &Memory) -> Count {
    let live = service.desired_count();
    if desired.mandate.ignore().covers(PATH) || is_daemon(desired, service) {
        return Count::Fine;
    }
    if let Some((min, max)) = desired.range_within(observed) {
        if desired.is_stopped() && live != 0 {
            return Count::Set(drift(json!(0), live, "scaled to zero: min 0, scale-out suspended, count 0"), 0);
        }
        // Between scheduled actions the live target's own range counts, which they may have moved: it is kept.
        let (low, high) = match (&observed.scheduled_actions, &observed.target) {
            (Observation::Unknown, _) | (_, Observation::Unknown) => {
                return if (min..=max).contains(&live) { Count::Fine } else { Count::Unknown };
            }
            (Observation::Present(actions), Observation::Present(target)) if !actions.is_empty() => {
                (bound(target, "MinCapacity").unwrap_or(min), bound(target, "MaxCapacity").unwrap_or(max))
            }
            _ => (min, max),
        };
        if (low..=high).contains(&live) || low > high {
            return Count::Fine;
        }
        let drift = drift(json!(live.clamp(low, high)), live, &format!("any count within [{low}, {high}]"));
        return Count::Clamp(drift, low, high);
    }
    match &observed.target {
        Observation::Unknown => Count::Unknown,
        // Somebody else's target: the count is theirs.
        Observation::Present(_) => Count::Fine,
        Observation::Absent => {
            let declared = desired.declared_count();
            let wanted = match &memory.kept_count {
                Some(kept) if kept.declared == declared => Some(kept.live),
                _ => declared,
            };
            match wanted {
                Some(wanted) if wanted != live => Count::Set(drift(json!(wanted), live, "exact"), wanted),
                _ => Count::Fine,
            }
        }
    }
}

fn drift(desired: Value, live: i64, rule: &str) -> Drift {
    Drift { path: PATH.into(), desired: Some(desired), observed: Some(json!(live)), rule: rule.into() }
}

fn bound(target: &Value, member: &str) -> Option<i64> {
    target.get(member).and_then(Value::as_i64)
}

fn is_daemon(desired: &Desired, service: ServiceView<'_>) -> bool {
    let strategy = |document: Option<&Value>| document.and_then(Value::as_str) == Some("DAEMON");
    strategy(desired.document.get("schedulingStrategy")) || strategy(service.0.get("schedulingStrategy"))
}

impl Desired {
    /// Declared `desiredCount`.
    pub(super) fn declared_count(&self) -> Option<i64> {
        self.document.get("desiredCount").and_then(Value::as_i64)
    }

    /// Declared range of the scalable target.
    pub(super) fn range(&self) -> Option<(i64, i64)> {
        let scaling = self.scaling.as_ref()?;
        let bound = |member: &str| scaling.get(member).and_then(Value::as_i64);
        Some((bound("MinCapacity")?, bound("MaxCapacity")?))
    }

    /// The declared range, with the live target's own bound where the declared one is ignored.
    fn range_within(&self, observed: &Observed) -> Option<(i64, i64)> {
        let (min, max) = self.range()?;
        let ignore = self.mandate.ignore();
        let own =
            |path: &str, member: &str| observed.target.present().filter(|_| ignore.covers(path))?.get(member)?.as_i64();
        Some((
            own("/scaling/minCapacity", "MinCapacity").unwrap_or(min),
            own("/scaling/maxCapacity", "MaxCapacity").unwrap_or(max),
        ))
    }

    /// Stopped for sure although it scales: nothing may scale it out, policies and declared scheduled actions neither,
    /// and the declared count is 0. (With a maximum of 0 the range alone does it.)
    pub(crate) fn is_stopped(&self) -> bool {
        let Some(scaling) = &self.scaling else { return false };
        let suspended = |switch: &str| scaling.get("SuspendedState").is_some_and(|state| state[switch] == true);
        let scheduled = scaling.get("ScheduledActions").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let nothing = suspended("DynamicScalingOutSuspended") && (!scheduled || suspended("ScheduledScalingSuspended"));
        nothing && self.declared_count() == Some(0) && self.range().is_some_and(|(min, _)| min == 0)
    }

    /// The count to create the service with: the declared one, within the declared or found range.
    pub(super) fn initial_count(&self, observed: &Observed) -> Option<i64> {
        let found = observed
            .target
            .present()
            .and_then(|target| Some((bound(target, "MinCapacity")?, bound(target, "MaxCapacity")?)));
        let declared = self.declared_count();
        match self.range().or(found) {
            Some((min, max)) if min <= max => Some(declared.unwrap_or(min).clamp(min, max)),
            _ => declared,
        }
    }
}
