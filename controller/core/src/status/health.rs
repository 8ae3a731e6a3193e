//! Health of what runs, apart from whether it is as declared.

use crate::plan::Observation;
use crate::reason::Reason;
use crate::view::{Controller, ServiceView};
use serde_json::Value;

/// How what runs is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// Everything that is wanted runs.
    Healthy,
    /// Tasks are being started, stopped or replaced.
    Progressing,
    /// A rollout failed and nothing is being done about it.
    Degraded,
    /// It does not exist.
    Missing,
    /// It could not be read.
    Unknown,
}

impl Health {
    /// The word for people, metrics and selectors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Progressing => "Progressing",
            Self::Degraded => "Degraded",
            Self::Missing => "Missing",
            Self::Unknown => "Unknown",
        }
    }

    /// Status and reason of the `Healthy` condition.
    pub const fn condition(self) -> (&'static str, Reason) {
        match self {
            Self::Healthy => ("True", Reason::Succeeded),
            Self::Progressing => ("False", Reason::RolloutInProgress),
            Self::Degraded => ("False", Reason::RolloutFailed),
            Self::Missing => ("False", Reason::Missing),
            Self::Unknown => ("Unknown", Reason::ObservationUnknown),
        }
    }
}

/// Health of a service: converged means one deployment, completed, with as many running tasks as are desired.
///
/// `rolloutState` is absent behind a Classic Load Balancer; the counts decide then. Right after a write the counts may
/// both be 0 although more are wanted, so the service's own count is what the deployment is held against.
pub fn service_health(service: &Observation<Value>) -> Health {
    let service = match service {
        Observation::Unknown => return Health::Unknown,
        Observation::Absent => return Health::Missing,
        Observation::Present(service) => ServiceView(service),
    };
    if service.status() != "ACTIVE" {
        return Health::Missing;
    }
    let counted = service.running_count() == service.desired_count() && service.pending_count() == 0;
    if service.controller() != Controller::Ecs {
        return if service.is_settled() && counted { Health::Healthy } else { Health::Progressing };
    }
    match service.primary().map(|primary| primary.rollout_state()) {
        Some(Some("FAILED")) => Health::Degraded,
        Some(Some("COMPLETED") | None) if counted && service.deployments().count() == 1 => Health::Healthy,
        _ => Health::Progressing,
    }
}
