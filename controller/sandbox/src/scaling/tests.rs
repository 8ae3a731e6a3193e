#![allow(clippy::unwrap_used)]

use crate::{
    Options,
    testing::{World, merge},
};
use evenkeel_core::operation::Operation;
use serde_json::{Value, json};

const CPU: &str = "ECSServiceAverageCPUUtilization";

/// A request about service `web`, and what `more` adds or replaces.
fn about(more: Value) -> Value {
    let base = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prod/web", "ScalableDimension": "ecs:service:DesiredCount",
    });
    merge(base, more)
}

/// A running service of two tasks with a target of `[min, max]`.
fn scaled(min: i64, max: i64) -> World {
    let mut world = World::prepared();
    world.create(json!({}));
    world.pass(60);
    world.ok(Operation::RegisterScalableTarget, about(json!({"MinCapacity": min, "MaxCapacity": max})));
    world
}

fn tracking(name: &str, metric: &str, more: Value) -> Value {
    let configuration = json!({"TargetValue": 50, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}});
    about(json!({
        "PolicyName": name, "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": merge(configuration, more),
    }))
}

fn target(world: &mut World) -> Value {
    let body = json!({"ServiceNamespace": "ecs", "ResourceIds": ["service/prod/web"]});
    let answer = world.ok(Operation::DescribeScalableTargets, body);
    answer["ScalableTargets"][0].clone()
}

fn desired(world: &mut World) -> i64 {
    world.web()["desiredCount"].as_i64().unwrap()
}

fn set_cpu(world: &mut World, value: f64) {
    let caller = world.caller.clone();
    world.sandbox.set_metric(world.now, &caller, "prod", "web", CPU, value);
}

#[test]
fn a_new_target_needs_both_bounds_and_a_service() {
    let mut world = World::prepared();
    let (code, _) = world.err(Operation::RegisterScalableTarget, about(json!({"MinCapacity": 1})));
    assert_eq!(code, "ValidationException");
    let both = about(json!({"MinCapacity": 1, "MaxCapacity": 2}));
    let (code, message) = world.err(Operation::RegisterScalableTarget, both.clone());
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("ValidationException", "ECS service doesn't exist: service/prod/web")
    );
    world.create(json!({}));
    let answer = world.ok(Operation::RegisterScalableTarget, both);
    assert!(answer["ScalableTargetARN"].as_str().unwrap().contains(":scalable-target/"));
    let (code, _) = world.err(Operation::RegisterScalableTarget, about(json!({"MinCapacity": 3})));
    assert_eq!(code, "ValidationException", "min above max");
}

#[test]
fn an_update_keeps_what_it_leaves_out() {
    let mut world = scaled(1, 4);
    let before = target(&mut world);
    assert_eq!(
        before["SuspendedState"],
        json!({"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false})
    );
    assert!(before["RoleARN"].as_str().unwrap().ends_with("AWSServiceRoleForApplicationAutoScaling_ECSService"));
    let suspend = json!({"SuspendedState": {"DynamicScalingOutSuspended": true}, "RoleARN": "arn:aws:iam::1:role/own"});
    world.ok(Operation::RegisterScalableTarget, about(suspend));
    world.ok(Operation::RegisterScalableTarget, about(json!({"MaxCapacity": 9})));
    let after = target(&mut world);
    assert_eq!((&after["MinCapacity"], &after["MaxCapacity"]), (&json!(1), &json!(9)));
    assert_eq!(after["SuspendedState"]["DynamicScalingOutSuspended"], true);
    for member in ["ScalableTargetARN", "CreationTime", "RoleARN"] {
        assert_eq!(before[member], after[member], "{member}");
    }
    let (_, message) = world.err(Operation::RegisterScalableTarget, about(json!({"Tags": {"a": "b"}})));
    assert!(message.contains("already exists"));
}

#[test]
fn every_registration_brings_the_count_into_range() {
    let mut world = scaled(3, 5);
    assert_eq!(desired(&mut world), 3);
    world.update(json!({"desiredCount": 9}));
    world.ok(Operation::RegisterScalableTarget, about(json!({"SuspendedState": {"ScheduledScalingSuspended": true}})));
    assert_eq!(desired(&mut world), 5);
    let activities = world.ok(Operation::DescribeScalingActivities, json!({"ServiceNamespace": "ecs"}));
    assert_eq!(activities["ScalingActivities"][0]["Cause"], "maximum capacity was set to 5");
    assert_eq!(activities["ScalingActivities"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_else_pulls_the_count_back_into_range() {
    let mut world = scaled(1, 4);
    world.update(json!({"desiredCount": 9}));
    world.pass(7200);
    assert_eq!(desired(&mut world), 9);
}

#[test]
fn deregistering_takes_policies_and_actions_along() {
    let mut world = scaled(1, 4);
    world.ok(Operation::PutScalingPolicy, tracking("cpu", CPU, json!({})));
    world.ok(Operation::DeregisterScalableTarget, about(json!({})));
    let (code, message) = world.err(Operation::DeregisterScalableTarget, about(json!({})));
    assert_eq!(code, "ObjectNotFoundException");
    assert!(
        message.starts_with("No scalable target registered for service namespace: ecs, resource ID: service/prod/web")
    );
    world.ok(Operation::RegisterScalableTarget, about(json!({"MinCapacity": 1, "MaxCapacity": 4})));
    let policies = world.ok(Operation::DescribeScalingPolicies, json!({"ServiceNamespace": "ecs"}));
    assert_eq!(policies["ScalingPolicies"], json!([]));
}

#[test]
fn a_policy_before_its_target_is_not_found() {
    let mut world = World::prepared();
    world.create(json!({}));
    assert_eq!(world.err(Operation::PutScalingPolicy, tracking("cpu", CPU, json!({}))).0, "ObjectNotFoundException");
    let action = about(
        json!({"ScheduledActionName": "a", "Schedule": "rate(1 hour)", "ScalableTargetAction": {"MinCapacity": 1}}),
    );
    assert_eq!(world.err(Operation::PutScheduledAction, action).0, "ObjectNotFoundException");
    assert_eq!(
        world.err(Operation::DeleteScalingPolicy, about(json!({"PolicyName": "cpu"}))).0,
        "ObjectNotFoundException"
    );
}

#[test]
fn putting_a_policy_again_keeps_its_arn_and_alarms() {
    let mut world = scaled(1, 4);
    let first = world.ok(Operation::PutScalingPolicy, tracking("cpu", CPU, json!({})));
    assert_eq!(first["Alarms"].as_array().unwrap().len(), 2);
    assert!(
        first["Alarms"][0]["AlarmName"].as_str().unwrap().starts_with("TargetTracking-service/prod/web-AlarmHigh-")
    );
    world.pass(100);
    let second = world.ok(Operation::PutScalingPolicy, tracking("cpu", CPU, json!({"TargetValue": 70})));
    assert_eq!(first, second);
    let rows = world.ok(Operation::DescribeScalingPolicies, json!({"ServiceNamespace": "ecs"}));
    let policy = &rows["ScalingPolicies"][0];
    assert_eq!(policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"], 70.0);
    assert_eq!(policy["PolicyARN"], first["PolicyARN"]);
    let (code, _) = world.err(Operation::PutScalingPolicy, tracking("other", CPU, json!({})));
    assert_eq!(code, "ValidationException", "one policy for each metric");
    world.ok(Operation::DeleteScalingPolicy, about(json!({"PolicyName": "cpu"})));
    world.ok(Operation::PutScalingPolicy, tracking("other", CPU, json!({})));
}

#[test]
fn policies_that_make_no_sense_are_refused() {
    let mut world = scaled(1, 4);
    let step = |more: Value| about(merge(json!({"PolicyName": "p", "PolicyType": "StepScaling"}), more));
    for body in [
        tracking("p", CPU, json!({"TargetValue": null})),
        tracking("p", CPU, json!({"PredefinedMetricSpecification": null})),
        tracking("p", CPU, json!({"CustomizedMetricSpecification": {"MetricName": "m"}})),
        tracking("p", "ALBRequestCountPerTarget", json!({})),
        step(json!({"PolicyType": "Unknown"})),
        step(json!({"PolicyType": null})),
        step(json!({"StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": []}})),
    ] {
        assert_eq!(world.err(Operation::PutScalingPolicy, body.clone()).0, "ValidationException", "{body}");
    }
}

#[test]
fn policies_are_described_ten_a_page() {
    let mut world = scaled(1, 4);
    for n in 0..11 {
        let customized = json!({"MetricName": format!("m{n}"), "Namespace": "ns", "Statistic": "Average"});
        let more = json!({"PredefinedMetricSpecification": null, "CustomizedMetricSpecification": customized});
        world.ok(Operation::PutScalingPolicy, tracking(&format!("p{n:02}"), CPU, more));
    }
    let first = world.ok(Operation::DescribeScalingPolicies, about(json!({})));
    assert_eq!(first["ScalingPolicies"].as_array().unwrap().len(), 10);
    let rest = about(json!({"NextToken": first["NextToken"]}));
    assert_eq!(world.ok(Operation::DescribeScalingPolicies, rest)["ScalingPolicies"][0]["PolicyName"], "p10");
    let (code, _) = world.err(Operation::DescribeScalingPolicies, about(json!({"MaxResults": 11})));
    assert_eq!(code, "ValidationException");
}

#[test]
fn targets_are_described_for_fifty_resources_at_most() {
    let mut world = scaled(1, 4);
    let many: Vec<String> = (0..51).map(|n| format!("service/prod/s{n}")).collect();
    let (code, _) =
        world.err(Operation::DescribeScalableTargets, json!({"ServiceNamespace": "ecs", "ResourceIds": many}));
    assert_eq!(code, "ValidationException");
    let dimension_alone = json!({"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"});
    world.err(Operation::DescribeScalableTargets, dimension_alone);
    let all = world.ok(Operation::DescribeScalableTargets, json!({"ServiceNamespace": "ecs"}));
    assert_eq!(all["ScalableTargets"].as_array().unwrap().len(), 1);
}

#[test]
fn target_tracking_scales_out_and_in_with_cooldowns() {
    let mut world = scaled(1, 6);
    let cooldowns = json!({"ScaleOutCooldown": 60, "ScaleInCooldown": 120});
    world.ok(Operation::PutScalingPolicy, tracking("cpu", CPU, cooldowns));
    set_cpu(&mut world, 100.0);
    world.pass(60);
    assert_eq!(desired(&mut world), 4, "two tasks at 100 % of which 50 % is wanted");
    world.pass(600);
    assert_eq!(desired(&mut world), 6, "never above the maximum");
    set_cpu(&mut world, 5.0);
    world.pass(600);
    assert_eq!(desired(&mut world), 1);
    let activities = world.ok(Operation::DescribeScalingActivities, about(json!({})));
    let cause = activities["ScalingActivities"][0]["Cause"].as_str().unwrap();
    assert!(cause.contains("AlarmLow") && cause.ends_with("triggered policy cpu"), "{cause}");
}

#[test]
fn suspension_and_disabled_scale_in_are_honoured() {
    let mut world = scaled(1, 6);
    world.ok(Operation::PutScalingPolicy, tracking("cpu", CPU, json!({"DisableScaleIn": true})));
    let suspend = json!({"SuspendedState": {"DynamicScalingOutSuspended": true}});
    world.ok(Operation::RegisterScalableTarget, about(suspend));
    set_cpu(&mut world, 100.0);
    world.pass(3600);
    assert_eq!(desired(&mut world), 2);
    set_cpu(&mut world, 1.0);
    world.pass(3600);
    assert_eq!(desired(&mut world), 2);
}

#[test]
fn scheduled_actions_rewrite_the_bounds_at_their_time() {
    let mut world = scaled(1, 6);
    let at = (world.now + jiff::SignedDuration::from_secs(1800)).strftime("at(%Y-%m-%dT%H:%M:%S)").to_string();
    let put = |name: &str, schedule: &str, min: i64, max: i64| {
        let bounds = json!({"MinCapacity": min, "MaxCapacity": max});
        about(json!({"ScheduledActionName": name, "Schedule": schedule, "ScalableTargetAction": bounds}))
    };
    world.ok(Operation::PutScheduledAction, put("up", &at, 4, 8));
    world.pass(1799);
    assert_eq!(target(&mut world)["MinCapacity"], 1);
    world.pass(1);
    let row = target(&mut world);
    assert_eq!((&row["MinCapacity"], &row["MaxCapacity"]), (&json!(4), &json!(8)));
    assert_eq!(desired(&mut world), 4);

    world.ok(Operation::PutScheduledAction, put("hourly", "rate(1 hour)", 5, 8));
    world.ok(Operation::RegisterScalableTarget, about(json!({"SuspendedState": {"ScheduledScalingSuspended": true}})));
    world.pass(7200);
    assert_eq!(target(&mut world)["MinCapacity"], 4, "suspended");
    world.ok(Operation::RegisterScalableTarget, about(json!({"SuspendedState": {"ScheduledScalingSuspended": false}})));
    world.pass(3600);
    assert_eq!(target(&mut world)["MinCapacity"], 5);
}

#[test]
fn putting_an_action_again_without_times_deletes_them_and_rows_come_by_name() {
    let mut world = scaled(1, 6);
    let bounds = json!({"MinCapacity": 2});
    let put = |name: &str| {
        about(
            json!({"ScheduledActionName": name, "Schedule": "cron(0 9 ? * MON-FRI *)", "ScalableTargetAction": bounds}),
        )
    };
    world.ok(Operation::PutScheduledAction, put("b"));
    world.ok(
        Operation::PutScheduledAction,
        merge(put("a"), json!({"StartTime": 1_800_000_000, "EndTime": 1_900_000_000})),
    );
    let rows = world.ok(Operation::DescribeScheduledActions, about(json!({})))["ScheduledActions"].take();
    assert_eq!((&rows[0]["ScheduledActionName"], &rows[1]["ScheduledActionName"]), (&json!("a"), &json!("b")));
    assert_eq!(rows[0]["StartTime"], 1_800_000_000.0);
    world.ok(Operation::PutScheduledAction, put("a"));
    let rows = world.ok(Operation::DescribeScheduledActions, about(json!({})))["ScheduledActions"].take();
    assert!(rows[0].get("StartTime").is_none() && rows[0].get("EndTime").is_none());
    for schedule in ["at(tomorrow)", "rate(0 hours)", "cron(0 9 * * *)", "daily"] {
        let body = merge(put("c"), json!({"Schedule": schedule}));
        assert_eq!(world.err(Operation::PutScheduledAction, body).0, "ValidationException", "{schedule}");
    }
    world.ok(Operation::DeleteScheduledAction, about(json!({"ScheduledActionName": "a"})));
    let (code, _) = world.err(Operation::DeleteScheduledAction, about(json!({"ScheduledActionName": "a"})));
    assert_eq!(code, "ObjectNotFoundException");
}

#[test]
fn a_target_registered_a_moment_ago_may_not_be_seen() {
    let options = Options { staleness: jiff::SignedDuration::from_secs(5), ..Options::default() };
    let mut world = World::prepared_with(options);
    world.create(json!({}));
    world.pass(60);
    world.ok(Operation::RegisterScalableTarget, about(json!({"MinCapacity": 1, "MaxCapacity": 4})));
    assert!(target(&mut world).is_null());
    world.pass(5);
    assert_eq!(target(&mut world)["MaxCapacity"], 4);
}
