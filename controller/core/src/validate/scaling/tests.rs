#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{scaling, scaling_to_wire};
use crate::catalogue::original_path;
use crate::validate::testing::{rules, with};

const TRACKING: &str = "/Policies/0/TargetTrackingScalingPolicyConfiguration";
const STEP: &str = "/Policies/1/StepScalingPolicyConfiguration";

/// One sound policy of each type and one scheduled action.
fn base() -> Value {
    json!({
        "MinCapacity": 2,
        "MaxCapacity": 4,
        "Policies": [
            {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration":
                {"TargetValue": 60, "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}},
            {"PolicyName": "step", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration":
                {"AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 1, "StepAdjustments": [
                    {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -10},
                    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 15.5, "ScalingAdjustment": 10},
                    {"MetricIntervalLowerBound": 15.5, "ScalingAdjustment": 30}]}},
            {"PolicyName": "predict", "PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration":
                {"MetricSpecifications": [{"TargetValue": 40}],
                    "MaxCapacityBreachBehavior": "IncreaseMaxCapacity", "MaxCapacityBuffer": 10}},
        ],
        "ScheduledActions": [{"ScheduledActionName": "night", "Schedule": "cron(0 20 * * ? *)",
            "StartTime": 1, "EndTime": 2, "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 1}}],
        "Tags": {"team": "shop"},
    })
}

fn told(pointer: &str, value: Value) -> String {
    rules(&scaling(&with(base(), pointer, value)))
}

#[test]
fn sound_scaling_is_left_alone() {
    assert_eq!(rules(&scaling(&base())), "");
    assert_eq!(rules(&scaling(&json!({"MinCapacity": 0, "MaxCapacity": 0}))), "");
    scaling(&json!({"Policies": [1], "ScheduledActions": [null]}));
}

#[test]
fn capacities_are_in_order() {
    assert_eq!(told("/MinCapacity", json!(5)), "error capacity /MinCapacity");
    assert_eq!(told("/MinCapacity", json!(-1)), "error capacity /MinCapacity");
    assert_eq!(
        told("/ScheduledActions/0/ScalableTargetAction/MinCapacity", json!(2)),
        "error capacity /ScheduledActions/0/ScalableTargetAction/MinCapacity"
    );
}

#[test]
fn tags_and_lengths_are_bounded() {
    assert_eq!(told("/Tags", json!({"aws:x": "y"})), "error reserved-tag /Tags/aws:x");
    let many: serde_json::Map<_, _> = (0..51).map(|n| (n.to_string(), json!("x"))).collect();
    assert_eq!(told("/Tags", json!(many)), "error too-many-tags /Tags");
    let policies: Vec<_> = (0..51).map(|n| json!({"PolicyName": n.to_string(), "PolicyType": "New"})).collect();
    assert_eq!(told("/Policies", json!(policies)), "error wrong-length /Policies");
}

#[test]
fn a_policy_has_a_type_and_what_configures_it() {
    assert_eq!(told("/Policies/0/PolicyType", json!(null)), "error missing-member /Policies/0");
    assert_eq!(told(STEP, json!(null)), "error policy-configuration /Policies/1");
    assert_eq!(
        told("/Policies/0/PredictiveScalingPolicyConfiguration", json!({"MetricSpecifications": [{}]})),
        "error policy-configuration /Policies/0/PredictiveScalingPolicyConfiguration"
    );
    assert_eq!(told("/Policies/1/PolicyName", json!("cpu")), "error duplicate-policy /Policies/1/PolicyName");
}

#[test]
fn target_tracking_has_one_metric_of_its_own() {
    assert_eq!(
        told(&format!("{TRACKING}/CustomizedMetricSpecification"), json!({"MetricName": "x"})),
        format!("error metric-specification {TRACKING}")
    );
    assert_eq!(
        told(&format!("{TRACKING}/PredefinedMetricSpecification"), json!(null)),
        format!("error metric-specification {TRACKING}")
    );
    let twin = with(base()["Policies"][0].clone(), "/PolicyName", json!("cpu2"));
    assert_eq!(
        told("/Policies/-", twin),
        "error duplicate-metric /Policies/3/TargetTrackingScalingPolicyConfiguration"
    );
}

#[test]
fn requests_per_target_need_a_resource_label() {
    let metric = format!("{TRACKING}/PredefinedMetricSpecification");
    let labelled = |label: Value| {
        told(&metric, json!({"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}))
    };
    assert_eq!(labelled(json!("app/shop/0123/targetgroup/front/4567")), "");
    assert_eq!(labelled(json!("shop")), format!("error resource-label {metric}/ResourceLabel"));
    assert_eq!(labelled(json!(null)), format!("error resource-label {metric}"));
}

#[test]
fn steps_do_not_overlap() {
    assert_eq!(
        told(&format!("{STEP}/AdjustmentType"), json!("ChangeInCapacity")),
        format!("error minimum-magnitude {STEP}/MinAdjustmentMagnitude")
    );
    let bound = |value: f64| told(&format!("{STEP}/StepAdjustments/2/MetricIntervalLowerBound"), json!(value));
    assert_eq!(bound(15.0), format!("error step-bounds {STEP}/StepAdjustments/2"));
    assert_eq!(bound(16.0), "");
    assert_eq!(
        told(&format!("{STEP}/StepAdjustments/1/MetricIntervalUpperBound"), json!(0)),
        format!("error step-bounds {STEP}/StepAdjustments/1")
    );
    let steps: Vec<_> =
        (0..21).map(|n| json!({"MetricIntervalLowerBound": n, "MetricIntervalUpperBound": n + 1})).collect();
    assert_eq!(
        told(&format!("{STEP}/StepAdjustments"), json!(steps)),
        format!("error wrong-length {STEP}/StepAdjustments")
    );
}

#[test]
fn a_predictive_policy_has_one_metric_and_a_buffer_only_to_grow() {
    let predictive = "/Policies/2/PredictiveScalingPolicyConfiguration";
    assert_eq!(
        told(&format!("{predictive}/MetricSpecifications/-"), json!({})),
        format!("error predictive-metric {predictive}")
    );
    assert_eq!(
        told(&format!("{predictive}/MaxCapacityBreachBehavior"), json!(null)),
        format!("error capacity-buffer {predictive}/MaxCapacityBuffer")
    );
}

#[test]
fn schedules_are_understood_or_told() {
    for schedule in ["at(2030-01-31T09:00:00)", "rate(5 minutes)", "rate(1 day)", "cron(0/5 9-17 ? * MON-FRI *)"] {
        assert_eq!(told("/ScheduledActions/0/Schedule", json!(schedule)), "", "{schedule}");
    }
    for schedule in ["", "0 9 * * *", "cron(0 9 * * *)", "rate(0 days)", "rate(5 weeks)", "at(tomorrow)"] {
        let told = told("/ScheduledActions/0/Schedule", json!(schedule));
        assert_eq!(told, "error schedule /ScheduledActions/0/Schedule", "{schedule}");
    }
    assert_eq!(told("/ScheduledActions/0/Schedule", json!(null)), "error missing-member /ScheduledActions/0");
}

#[test]
fn scheduled_actions_have_good_names_targets_and_times() {
    assert_eq!(
        told("/ScheduledActions/0/ScheduledActionName", json!("a/b")),
        "error invalid-name /ScheduledActions/0/ScheduledActionName"
    );
    assert_eq!(
        told("/ScheduledActions/0/ScalableTargetAction", json!(null)),
        "error scheduled-capacity /ScheduledActions/0"
    );
    assert_eq!(
        told("/ScheduledActions/0/ScalableTargetAction", json!({})),
        "error scheduled-capacity /ScheduledActions/0/ScalableTargetAction"
    );
    assert_eq!(told("/ScheduledActions/0/EndTime", json!(1)), "error schedule-end /ScheduledActions/0/EndTime");
    let twin = base()["ScheduledActions"][0].clone();
    assert_eq!(
        told("/ScheduledActions/-", twin),
        "error duplicate-scheduled-action /ScheduledActions/1/ScheduledActionName"
    );
}

#[test]
fn what_is_written_in_either_case_becomes_what_is_checked() {
    let written = json!({"minCapacity": 1, "MaxCapacity": 2, "scheduledActions": [null, {"scheduledActionName": "a/b",
        "schedule": "rate(1 day)", "scalableTargetAction": {"minCapacity": 1}}]});
    let wire = scaling_to_wire(&written).unwrap().value;
    let problems = scaling(&wire);
    assert_eq!(rules(&problems), "error invalid-name /ScheduledActions/0/ScheduledActionName");
    assert_eq!(original_path(&written, &problems[0].path), "/scheduledActions/1/scheduledActionName");
}
