//! StopServiceDeployment and ContinueServiceDeployment.

use super::found;
use crate::{
    ecs::rollout::Outcome,
    error::{Answer, ApiError},
    input::Input,
    region::Region,
};
use jiff::Timestamp;
use serde_json::json;

/// StopServiceDeployment: back to the revision that completed last.
pub(in crate::ecs) fn stop(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let arn = input.required("serviceDeploymentArn", ApiError::parameter)?;
    if let Some(other) = input.str("stopType")?.filter(|kind| *kind != "ROLLBACK") {
        return Err(ApiError::parameter(format!("The stop type {other} is not supported: use ROLLBACK.")));
    }
    let (key, record) = found(region, arn)?;
    let conflict = |text: &str| Err(ApiError::new(400, "ConflictException", text));
    if !matches!(record.status, Outcome::Pending | Outcome::InProgress) {
        return conflict(&format!("The service deployment is {} and cannot be stopped.", record.status.name()));
    }
    let service = region.services.live(key);
    let last = service.and_then(|service| service.last_completed.as_ref());
    if last.is_none_or(|last| last.id == record.deployment) {
        return conflict("There is no service revision to roll back to.");
    }
    let Region { services, options, .. } = region;
    if let Some(service) = services.write(key, now) {
        if let Some(record) = service.history.last_mut() {
            record.become_(Outcome::RollbackRequested, now);
        }
        service.look_soon(now, &options.timing);
    }
    region.note(key);
    Ok(json!({"serviceDeploymentArn": arn}))
}

/// ContinueServiceDeployment: ends a pause.
pub(in crate::ecs) fn proceed(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let arn = input.required("serviceDeploymentArn", ApiError::parameter)?;
    let hook = input.required("hookId", ApiError::parameter)?;
    let goes_on = match input.str("action")?.unwrap_or("CONTINUE") {
        "CONTINUE" => true,
        "ROLLBACK" => false,
        other => return Err(ApiError::parameter(format!("Invalid action: {other}"))),
    };
    let (key, record) = found(region, arn)?;
    let waits = record.hooks.iter().any(|run| run.id == hook && run.awaits_action());
    if record.status != Outcome::InProgress || !waits {
        return Err(ApiError::parameter("The lifecycle hook does not wait for an action."));
    }
    let Region { services, options, .. } = region;
    if let Some(service) = services.write(key, now) {
        let runs = service.history.last_mut().into_iter().flat_map(|record| &mut record.hooks);
        for run in runs.filter(|run| run.id == hook) {
            run.answer(goes_on);
        }
        service.look_soon(now, &options.timing);
    }
    region.note(key);
    Ok(json!({"serviceDeploymentArn": arn}))
}
