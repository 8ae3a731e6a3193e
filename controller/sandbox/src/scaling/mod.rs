//! Application Auto Scaling for ECS services: scalable targets, policies, scheduled actions, and the autoscaler that
//! acts on them. Member names are PascalCase, as in its API reference.

mod activity;
mod autoscaler;
mod policy;
mod schedule;
mod scheduled;
mod target;

#[cfg(test)]
mod tests;

pub(crate) use autoscaler::{step, watch_metrics};
pub(crate) use target::Target;

use crate::{
    error::{Answer, ApiError},
    input::{Input, Type, check_types},
    region::Region,
};
use evenkeel_core::operation::Operation;
use jiff::Timestamp;
use serde_json::Value;

/// The only scalable dimension of ECS services.
const DIMENSION: &str = "ecs:service:DesiredCount";

const TYPES: &[(Type, &[&str])] = &[
    (
        Type::String,
        &[
            "ServiceNamespace",
            "ResourceId",
            "ScalableDimension",
            "RoleARN",
            "PolicyName",
            "PolicyType",
            "ScheduledActionName",
            "Schedule",
            "Timezone",
            "NextToken",
        ],
    ),
    (Type::Integer, &["MinCapacity", "MaxCapacity", "MaxResults"]),
    (Type::List, &["ResourceIds", "PolicyNames", "ScheduledActionNames"]),
    (
        Type::Structure,
        &[
            "SuspendedState",
            "Tags",
            "ScalableTargetAction",
            "TargetTrackingScalingPolicyConfiguration",
            "StepScalingPolicyConfiguration",
            "PredictiveScalingPolicyConfiguration",
        ],
    ),
    (Type::Timestamp, &["StartTime", "EndTime"]),
];

pub(crate) fn call(region: &mut Region, now: Timestamp, operation: Operation, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    match input.str("ServiceNamespace")? {
        Some("ecs") => {}
        Some(other) => return Err(ApiError::validation(format!("Unsupported service namespace: {other}"))),
        None => return Err(null_member("serviceNamespace")),
    }
    if let Some(other) = input.str("ScalableDimension")?.filter(|dimension| *dimension != DIMENSION) {
        return Err(ApiError::validation(format!(
            "Unsupported service namespace, resource type or scalable dimension: {other}"
        )));
    }
    match operation {
        Operation::RegisterScalableTarget => target::register(region, now, input),
        Operation::DeregisterScalableTarget => target::deregister(region, now, input),
        Operation::DescribeScalableTargets => target::describe(region, now, input),
        Operation::PutScalingPolicy => policy::put(region, now, input),
        Operation::DeleteScalingPolicy => policy::delete(region, now, input),
        Operation::DescribeScalingPolicies => policy::describe(region, now, input),
        Operation::PutScheduledAction => scheduled::put(region, now, input),
        Operation::DeleteScheduledAction => scheduled::delete(region, now, input),
        Operation::DescribeScheduledActions => scheduled::describe(region, now, input),
        Operation::DescribeScalingActivities => activity::describe(region, now, input),
        other => Err(ApiError::new(
            400,
            "UnknownOperationException",
            format!("{other} is no operation of Application Auto Scaling"),
        )),
    }
}

/// Key (`cluster/service`) of the resource that a request names; the dimension is needed with it.
fn required_key<'a>(input: Input<'a>) -> Result<&'a str, ApiError> {
    let resource = input.str("ResourceId")?.ok_or_else(|| null_member("resourceId"))?;
    if input.get("ScalableDimension").is_none() {
        return Err(null_member("scalableDimension"));
    }
    key_of(resource)
}

fn key_of(resource: &str) -> Result<&str, ApiError> {
    let key =
        resource.strip_prefix("service/").filter(|key| key.split('/').filter(|part| !part.is_empty()).count() == 2);
    key.ok_or_else(|| ApiError::validation(format!("Unsupported resource id: {resource}")))
}

/// An optional `ResourceId` as a key.
fn optional_key<'a>(input: Input<'a>) -> Result<Option<&'a str>, ApiError> {
    input.str("ResourceId")?.map(key_of).transpose()
}

fn null_member(name: &str) -> ApiError {
    ApiError::validation(format!(
        "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
    ))
}

fn no_target(key: &str) -> ApiError {
    object_not_found(format!(
        "No scalable target registered for service namespace: ecs, resource ID: service/{key}, scalable dimension: \
         {DIMENSION}"
    ))
}

fn object_not_found(message: String) -> ApiError {
    ApiError::new(400, "ObjectNotFoundException", message)
}

/// One page of `rows` as an answer: `{member: rows, NextToken?}`. Only what is on the page is described: a fleet has
/// thousands of pages.
fn answer<T>(input: Input<'_>, member: &str, rows: Vec<T>, describe: impl Fn(T) -> Value, most: usize) -> Answer {
    let bad_size = || ApiError::validation(format!("MaxResults must be between 1 and {most}."));
    let bad_token = || ApiError::new(400, "InvalidNextTokenException", "The next token is invalid.");
    let size = crate::paging::size(input.int("MaxResults")?, most, most, bad_size)?;
    let (rows, next) = crate::paging::page(rows, size, input.str("NextToken")?, bad_token)?;
    let rows: Vec<Value> = rows.into_iter().map(describe).collect();
    let mut answer = serde_json::json!({ member: rows });
    if let Some(next) = next {
        answer["NextToken"] = Value::from(next);
    }
    Ok(answer)
}
