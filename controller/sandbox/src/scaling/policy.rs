//! Scaling policies: upserts by name, which keep their ARN and creation time.

use super::{DIMENSION, no_target, null_member, object_not_found, optional_key, required_key, watch_metrics};
use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    time::epoch,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const TRACKING: &str = "TargetTrackingScalingPolicyConfiguration";
const STEP: &str = "StepScalingPolicyConfiguration";
const PREDICTIVE: &str = "PredictiveScalingPolicyConfiguration";

/// Policies that one scalable target can have (Application Auto Scaling quotas).
const MOST: usize = 50;

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    kind: String,
    /// The configuration of its kind.
    configuration: Value,
    arn: String,
    alarms: Value,
    created: Timestamp,
}

impl Policy {
    /// The configuration of a target tracking policy.
    pub(super) fn tracking(&self) -> Option<&Value> {
        (self.kind == "TargetTrackingScaling").then_some(&self.configuration)
    }

    fn describe(&self, key: &str, name: &str) -> Value {
        let mut row = json!({
            "PolicyARN": self.arn,
            "PolicyName": name,
            "ServiceNamespace": "ecs",
            "ResourceId": format!("service/{key}"),
            "ScalableDimension": DIMENSION,
            "PolicyType": self.kind,
            "Alarms": self.alarms,
            "CreationTime": epoch(self.created),
        });
        row[configuration_member(&self.kind).unwrap_or(STEP)] = self.configuration.clone();
        row
    }
}

fn configuration_member(kind: &str) -> Option<&'static str> {
    match kind {
        "TargetTrackingScaling" => Some(TRACKING),
        "StepScaling" => Some(STEP),
        "PredictiveScaling" => Some(PREDICTIVE),
        _ => None,
    }
}

pub(super) fn put(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let key = required_key(input)?;
    let name = input.str("PolicyName")?.ok_or_else(|| null_member("policyName"))?;
    let target = region.targets.live(key).ok_or_else(|| no_target(key))?;
    let present = target.policies.get(name);
    let kind = match (input.str("PolicyType")?, present) {
        (Some(kind), Some(present)) if kind != present.kind => {
            return Err(ApiError::validation(format!(
                "The policy type can not be changed: {name} is a {} policy.",
                present.kind
            )));
        }
        (Some(kind), _) => kind,
        (None, Some(present)) => present.kind.as_str(),
        // The API reference: required when a policy is created; step scaling is what older callers meant.
        (None, None) => return Err(null_member("policyType")),
    };
    let member =
        configuration_member(kind).ok_or_else(|| ApiError::validation(format!("Unknown policy type {kind}")))?;
    let given = input.object(member)?;
    let Some(given) = given.or_else(|| present.and_then(|present| present.configuration.as_object())) else {
        return Err(ApiError::validation(format!("{member} is required for policies of type {kind}.")));
    };
    let configuration = described(kind, given);
    match member {
        TRACKING => check_tracking(&configuration)?,
        STEP => check_step(&configuration)?,
        _ => check_predictive(&configuration)?,
    }
    let same_metric = |other: &Policy| other.tracking().is_some_and(|other| metric(other) == metric(&configuration));
    let rivals = target.policies.iter().filter(|(other, _)| *other != name);
    if kind == "TargetTrackingScaling" && rivals.map(|(_, policy)| policy).any(same_metric) {
        return Err(ApiError::validation(
            "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
        ));
    }
    if present.is_none() && target.policies.len() >= MOST {
        return Err(ApiError::new(
            400,
            "LimitExceededException",
            format!("A scalable target can have {MOST} policies."),
        ));
    }
    let (present, kind) = (present.cloned(), kind.to_owned());
    let mut policy = present.unwrap_or_else(|| new_policy(region, now, key, name, &kind));
    policy.configuration = configuration;
    let answer = json!({"PolicyARN": policy.arn, "Alarms": policy.alarms});
    if let Some(target) = region.targets.write(key, now) {
        target.policies.insert(name.to_owned(), policy);
    }
    watch_metrics(region, key, now);
    Ok(answer)
}

fn new_policy(region: &mut Region, now: Timestamp, key: &str, name: &str, kind: &str) -> Policy {
    let id = region.ids.uuid();
    let resource = format!("scalingPolicy:{id}:resource/ecs/service/{key}:policyName/{name}");
    let mut alarms = Vec::new();
    if kind == "TargetTrackingScaling" {
        for side in ["AlarmHigh", "AlarmLow"] {
            let alarm = format!("TargetTracking-service/{key}-{side}-{}", region.ids.uuid());
            alarms.push(json!({"AlarmARN": region.arn("cloudwatch", &format!("alarm:{alarm}")), "AlarmName": alarm}));
        }
    }
    Policy {
        kind: kind.to_owned(),
        configuration: Value::Null,
        arn: region.arn("autoscaling", &resource),
        alarms: Value::Array(alarms),
        created: now,
    }
}

/// A configuration as it is described: without nulls, with what is filled in.
fn described(kind: &str, given: &Map<String, Value>) -> Value {
    let mut configuration = given.clone();
    configuration.retain(|_, value| !value.is_null());
    if kind == "TargetTrackingScaling" {
        configuration.entry("DisableScaleIn").or_insert(json!(false));
        if let Some(value) = configuration.get("TargetValue").and_then(Value::as_f64) {
            configuration.insert("TargetValue".to_owned(), json!(value));
        }
    }
    if kind == "PredictiveScaling" {
        for (name, value) in [("Mode", json!("ForecastOnly")), ("SchedulingBufferTime", json!(300))] {
            configuration.entry(name).or_insert(value);
        }
    }
    Value::Object(configuration)
}

/// What a target tracking policy tracks.
fn metric(configuration: &Value) -> (&Value, &Value) {
    (&configuration["PredefinedMetricSpecification"], &configuration["CustomizedMetricSpecification"])
}

fn check_tracking(configuration: &Value) -> Result<(), ApiError> {
    let refuse = |message: &str| Err(ApiError::validation(message));
    if configuration["TargetValue"].as_f64().is_none_or(|value| value <= 0.0) {
        return refuse("TargetValue must be a number above zero.");
    }
    let (predefined, customized) = metric(configuration);
    match (predefined["PredefinedMetricType"].as_str(), predefined.is_null(), customized.is_null()) {
        (_, true, true) | (_, false, false) => {
            refuse("Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification is required.")
        }
        (None, false, true) => refuse("PredefinedMetricType is required."),
        (Some("ALBRequestCountPerTarget"), ..) if predefined["ResourceLabel"].as_str().is_none_or(str::is_empty) => {
            refuse("ResourceLabel is required for the metric type ALBRequestCountPerTarget.")
        }
        (Some(name), ..) if !name.starts_with("ECSService") && name != "ALBRequestCountPerTarget" => {
            refuse("Unsupported predefined metric type for ECS services.")
        }
        _ => Ok(()),
    }
}

fn check_step(configuration: &Value) -> Result<(), ApiError> {
    let steps = configuration["StepAdjustments"].as_array().map(Vec::as_slice).unwrap_or_default();
    if steps.is_empty() || steps.len() > 20 {
        return Err(ApiError::validation("StepAdjustments must have 1 to 20 items."));
    }
    let kind = configuration["AdjustmentType"].as_str().unwrap_or("");
    if !["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"].contains(&kind) {
        return Err(ApiError::validation(format!("Unknown adjustment type: {kind:?}")));
    }
    if !configuration["MinAdjustmentMagnitude"].is_null() && kind != "PercentChangeInCapacity" {
        return Err(ApiError::validation("MinAdjustmentMagnitude is only valid with PercentChangeInCapacity."));
    }
    Ok(())
}

fn check_predictive(configuration: &Value) -> Result<(), ApiError> {
    match configuration["MetricSpecifications"].as_array().map(Vec::len) {
        Some(1) => Ok(()),
        _ => Err(ApiError::validation("MetricSpecifications must have exactly one item.")),
    }
}

pub(super) fn delete(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let key = required_key(input)?;
    let name = input.str("PolicyName")?.ok_or_else(|| null_member("policyName"))?;
    if !region.targets.live(key).is_some_and(|target| target.policies.contains_key(name)) {
        return Err(object_not_found(format!(
            "No scaling policy found for service namespace: ecs, resource ID: service/{key}, scalable dimension: \
             {DIMENSION}, policy name: {name}"
        )));
    }
    if let Some(target) = region.targets.write(key, now) {
        target.policies.remove(name);
    }
    Ok(json!({}))
}

/// DescribeScalingPolicies: ten a page.
pub(super) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let wanted = optional_key(input)?;
    let names = input.strings("PolicyNames")?;
    let rows = region
        .targets
        .all_seen(wanted.unwrap_or_default(), now)
        .filter(|(key, _)| wanted.is_none_or(|wanted| wanted == *key))
        .flat_map(|(key, target)| target.policies.iter().map(move |(name, policy)| (key, name, policy)))
        .filter(|(_, name, _)| names.is_empty() || names.contains(&name.as_str()))
        .collect();
    super::answer(input, "ScalingPolicies", rows, |(key, name, policy)| policy.describe(key, name), 10)
}
