//! One row a rule: what Application Auto Scaling describes of what was asked for.

use serde_json::{Value, json};

use crate::canonical::DocumentKind;
use crate::diff::{Ignore, Scope, diff};

fn in_line(declared: &Value, described: &Value) -> bool {
    diff(DocumentKind::Scaling, declared, described, Scope::Declared, "", &Ignore::default()).is_empty()
}

fn policy(configuration: Value) -> Value {
    let mut policy = json!({"PolicyName": "p"});
    policy.as_object_mut().unwrap().extend(configuration.as_object().unwrap().clone());
    json!({"Policies": [policy]})
}

#[test]
fn three_explicit_switches_that_are_off_equal_none() {
    let off = json!({"SuspendedState": {"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false}});
    assert!(in_line(&off, &json!({})));
    for switch in ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"] {
        assert!(!in_line(&json!({"SuspendedState": {switch: true}}), &off), "{switch}");
        assert!(!in_line(&off, &json!({"SuspendedState": {switch: true}})), "{switch}");
    }
}

#[test]
fn what_is_filled_into_a_policy_is_no_drift_and_another_value_is() {
    let tracking = |members: Value| {
        policy(json!({"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": members}))
    };
    let step = |members: Value| policy(json!({"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": members}));
    let predictive = |members: Value| {
        policy(json!({"PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration": members}))
    };
    let rows = [
        (
            tracking(json!({"TargetValue": 60})),
            tracking(json!({"TargetValue": 60.0, "DisableScaleIn": false, "ScaleInCooldown": 300})),
        ),
        (tracking(json!({"DisableScaleIn": false})), tracking(json!({}))),
        (
            step(json!({"StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]})),
            step(
                json!({"StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}], "MetricAggregationType": "Average", "Cooldown": 300}),
            ),
        ),
        (policy(json!({})), policy(json!({"PolicyType": "StepScaling", "PolicyARN": "arn", "Alarms": []}))),
        (
            predictive(
                json!({"Mode": "ForecastOnly", "SchedulingBufferTime": 300, "MaxCapacityBreachBehavior": "HonorMaxCapacity"}),
            ),
            predictive(json!({})),
        ),
    ];
    for (declared, described) in rows {
        assert!(in_line(&declared, &described), "{declared}");
    }
    let different = [
        (tracking(json!({"TargetValue": 60})), tracking(json!({"TargetValue": 60.5}))),
        (tracking(json!({"DisableScaleIn": true})), tracking(json!({}))),
        (tracking(json!({"ScaleInCooldown": 300})), tracking(json!({}))),
        (step(json!({"MetricAggregationType": "Maximum"})), step(json!({}))),
        (predictive(json!({"Mode": "ForecastAndScale"})), predictive(json!({}))),
    ];
    for (declared, described) in different {
        assert!(!in_line(&declared, &described), "{declared}");
    }
}

#[test]
fn steps_dimensions_metrics_policies_and_actions_have_no_order() {
    let turned = |list: &Value| -> Value { list.as_array().unwrap().iter().rev().cloned().collect() };
    let steps = json!([{"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2}, {"MetricIntervalUpperBound": 10, "ScalingAdjustment": 1}]);
    let of = |list: &Value| policy(json!({"StepScalingPolicyConfiguration": {"StepAdjustments": list}}));
    assert!(in_line(&of(&steps), &of(&turned(&steps))));
    let dimensions = json!([{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]);
    let of = |list: &Value| {
        policy(
            json!({"TargetTrackingScalingPolicyConfiguration": {"CustomizedMetricSpecification": {"Dimensions": list}}}),
        )
    };
    assert!(in_line(&of(&dimensions), &of(&turned(&dimensions))));
    let metrics = json!([{"Id": "m1", "Expression": "m2 / 2"}, {"Id": "m2", "ReturnData": false}]);
    let of = |list: &Value| {
        policy(
            json!({"TargetTrackingScalingPolicyConfiguration": {"CustomizedMetricSpecification": {"Metrics": list}}}),
        )
    };
    assert!(in_line(&of(&metrics), &of(&turned(&metrics))));
    for (list, name) in [("Policies", "PolicyName"), ("ScheduledActions", "ScheduledActionName")] {
        let elements = json!([{name: "a"}, {name: "b"}]);
        assert!(in_line(&json!({list: elements}), &json!({list: turned(&elements)})), "{list}");
    }
}

#[test]
fn a_scheduled_actions_zone_is_utc_when_none_is_given() {
    let action = |zone: Value| json!({"ScheduledActions": [{"ScheduledActionName": "a", "Timezone": zone}]});
    assert!(in_line(&action(json!("UTC")), &action(json!(null))));
    assert!(!in_line(&action(json!("Asia/Tokyo")), &action(json!("UTC"))));
}
