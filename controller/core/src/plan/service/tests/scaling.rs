use serde_json::{Value, json};

use super::fixture::{body, operations, paths, policy, reasons, world};
use crate::memory::SETTLE;
use crate::operation::Operation;
use crate::plan::Observation;
use crate::reason::Reason;

#[test]
fn a_missing_target_is_registered_before_its_policies() {
    let plan = world().scaled().plan();
    assert_eq!(operations(&plan), [Operation::RegisterScalableTarget, Operation::PutScalingPolicy]);
    let target = body(&plan, Operation::RegisterScalableTarget);
    assert_eq!(target["ResourceId"], "service/prod/web");
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(2), &json!(4)));
}

#[test]
fn changed_bounds_are_corrected_and_named_as_the_manifest_writes_them() {
    let plan = world().scaled().target(1, 9).plan();
    assert_eq!(paths(&plan), ["/scaling/maxCapacity", "/scaling/minCapacity"]);
    let sent = body(&plan, Operation::RegisterScalableTarget);
    assert!(sent.get("SuspendedState").is_none(), "what does not differ is not sent");
}

#[test]
fn a_suspended_target_is_resumed_if_the_manifest_says_so() {
    let mut world = world().scaled().target(2, 4);
    world
        .desired
        .scaling
        .as_mut()
        .unwrap()
        .insert("SuspendedState".into(), json!({"DynamicScalingOutSuspended": false}));
    assert!(world.plan().is_quiet());
    let Observation::Present(target) = &mut world.observed.target else { panic!() };
    target["SuspendedState"]["DynamicScalingOutSuspended"] = json!(true);
    let plan = world.plan();
    assert_eq!(paths(&plan), ["/scaling/suspendedState/dynamicScalingOutSuspended"]);
    assert!(body(&plan, Operation::RegisterScalableTarget).get("MinCapacity").is_none());
}

#[test]
fn a_changed_a_missing_and_a_foreign_policy_are_told_apart() {
    let mut world = world().scaled().target(2, 4);
    world.observed.policies = Observation::Present(vec![policy(75)]);
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::PutScalingPolicy]);
    let path = "/scaling/policies/cpu/targetTrackingScalingPolicyConfiguration/targetValue";
    assert_eq!(paths(&plan), [path]);

    world.observed.policies = Observation::Present(Vec::new());
    assert_eq!(paths(&world.plan()), ["/scaling/policies/cpu"]);

    let mut foreign = policy(60);
    foreign["PolicyName"] = json!("somebody's");
    world.observed.policies = Observation::Present(vec![policy(60), foreign]);
    let plan = world.plan();
    assert_eq!(paths(&plan), ["/scaling/policies/somebody's"]);
    assert_eq!(body(&plan, Operation::DeleteScalingPolicy)["PolicyName"], "somebody's");
}

#[test]
fn policies_that_are_not_declared_as_a_list_are_not_ours() {
    let mut world = world().scaled().target(2, 4);
    world.desired.scaling.as_mut().unwrap().remove("Policies");
    assert!(world.plan().is_quiet());
}

#[test]
fn policies_that_could_not_be_read_are_not_missing() {
    let mut world = world().scaled().target(2, 4);
    world.observed.policies = Observation::Unknown;
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(reasons(&plan), [Reason::ObservationUnknown]);
}

#[test]
fn scheduled_actions_move_the_range_and_that_is_no_drift() {
    let action = json!({"ScheduledActionName": "night", "Schedule": "cron(0 20 * * ? *)",
                        "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 1}});
    let mut scheduled = world().scaled();
    scheduled.desired.scaling.as_mut().unwrap().insert("ScheduledActions".into(), json!([action]));
    let mut scheduled = scheduled.applied().target(0, 1).live("/desiredCount", json!(1));
    scheduled.observed.scheduled_actions = Observation::Present(vec![action]);
    assert!(scheduled.plan().is_quiet(), "{:#?}", scheduled.plan());

    scheduled.desired.scaling.as_mut().unwrap().insert("MaxCapacity".into(), json!(8));
    let plan = scheduled.plan();
    assert_eq!(paths(&plan), ["/scaling/maxCapacity"], "a change of the manifest is sent");
}

#[test]
fn scaling_that_waits_for_approval_is_not_watched_for_although_something_else_is_written() {
    let mut world = world().scaled().applied().target(2, 4).live("/enableExecuteCommand", json!(true));
    world.desired.scaling = None;
    let mut world = world.declare("enableExecuteCommand", json!(false));
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::UpdateService]);
    world.memory = plan.memory.clone();
    plan.remember_applied(&mut world.memory, super::fixture::now());
    assert_eq!(world.memory.sent.keys().collect::<Vec<_>>(), ["/service/enableExecuteCommand"]);

    let mut world = world.live("/enableExecuteCommand", json!(false));
    let token = plan.waiting[0].message.rsplit('=').next().unwrap().to_owned();
    world.desired.mandate.approvals.insert(token);
    assert_eq!(operations(&world.plan()), [Operation::DeregisterScalableTarget]);
}

#[test]
fn a_policy_that_aws_accepts_and_never_shows_is_put_once_although_our_own_write_hides_that_for_a_while() {
    let drifted = || {
        let mut world = world().scaled().target(2, 4);
        world.observed.policies = Observation::Present(vec![policy(75)]);
        world
    };
    let first = drifted().plan();
    let mut memory = first.memory.clone();
    memory.record(&first.actions[0], &json!({}), super::fixture::now());
    first.remember_applied(&mut memory, super::fixture::now());

    let mut soon = drifted().later(1);
    soon.memory = memory;
    let plan = soon.plan();
    assert_eq!((paths(&plan).len(), reasons(&plan)), (0, vec![Reason::AwaitingWrite]));

    let mut later = drifted().later(SETTLE.as_secs() + 1);
    later.memory = plan.memory.clone();
    assert_eq!(reasons(&later.plan()), [Reason::NotReflected]);

    let mut shown = world().scaled().target(2, 4).later(2);
    shown.memory = plan.memory;
    assert!(shown.plan().memory.sent.is_empty(), "a read shows it");
}

#[test]
fn removing_scaling_waits_for_approval_and_keeps_the_live_count() {
    let mut world = world().scaled().applied().target(2, 4).live("/desiredCount", json!(4));
    world.desired.scaling = None;
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(reasons(&plan), [Reason::AwaitingApproval]);
    assert_eq!(plan.applied["scaling"]["MinCapacity"], 2, "it stays remembered until it is done");

    let token = plan.waiting[0].message.rsplit('=').next().unwrap().to_owned();
    world.desired.mandate.approvals.insert(token);
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::DeregisterScalableTarget]);

    world.memory = plan.memory.clone();
    plan.remember_applied(&mut world.memory, super::fixture::now());
    world.observed.target = Observation::Absent;
    world.observed.policies = Observation::Present(Vec::new());
    assert!(world.plan().is_quiet(), "the count of 4 stays although 2 is declared: {:#?}", world.plan());
    let world = world.declare("desiredCount", json!(3));
    assert_eq!(body(&world.plan(), Operation::UpdateService)["desiredCount"], 3, "a new declared count ends it");
}

#[test]
fn ignored_paths_of_scaling_are_written_as_in_the_manifest_and_neither_compared_nor_sent() {
    let mut ignoring = world().scaled().target(1, 9).ignore("/scaling/maxCapacity");
    let plan = ignoring.plan();
    assert_eq!(paths(&plan), ["/scaling/minCapacity"]);
    assert!(body(&plan, Operation::RegisterScalableTarget).get("MaxCapacity").is_none());

    let target_value = "/scaling/policies/cpu/targetTrackingScalingPolicyConfiguration/targetValue";
    ignoring = world().scaled().target(2, 4).ignore(target_value);
    let mut live = policy(75);
    live["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] = json!(true);
    ignoring.observed.policies = Observation::Present(vec![live]);
    assert!(ignoring.plan().is_quiet());
    let declared = ignoring.desired.scaling.as_mut().unwrap();
    declared["Policies"][0]["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] = json!(false);
    let sent = body(&ignoring.plan(), Operation::PutScalingPolicy);
    assert_eq!(sent["TargetTrackingScalingPolicyConfiguration"]["TargetValue"], 75, "the live value goes along");
}

#[test]
fn what_went_from_inside_a_policy_is_taken_away_by_putting_the_policy_again() {
    let mut declared = policy(60);
    declared["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] = json!(true);
    let mut world = world().scaled().target(2, 4);
    world.observed.policies = Observation::Present(vec![declared.clone()]);
    assert!(world.plan().is_quiet(), "never declared: nobody's");
    world.memory.applied = json!({"scaling": {"MinCapacity": 2, "MaxCapacity": 4, "Policies": [declared]}});
    let plan = world.plan();
    assert_eq!(paths(&plan), ["/scaling/policies/cpu/targetTrackingScalingPolicyConfiguration/disableScaleIn"]);
    let sent = body(&plan, Operation::PutScalingPolicy);
    assert!(sent["TargetTrackingScalingPolicyConfiguration"].get("DisableScaleIn").is_none());
}

#[test]
fn a_suspension_and_a_time_zone_that_are_no_longer_declared_are_reset() {
    let action = json!({"ScheduledActionName": "day", "Schedule": "cron(0 8 * * ? *)",
                        "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4}});
    let mut before = action.clone();
    before["Timezone"] = json!("Asia/Tokyo");
    let mut world = world().scaled().target(2, 4);
    world.desired.scaling.as_mut().unwrap().insert("ScheduledActions".into(), json!([action]));
    world.observed.scheduled_actions = Observation::Present(vec![before.clone()]);
    if let Observation::Present(target) = &mut world.observed.target {
        target["SuspendedState"]["DynamicScalingInSuspended"] = json!(true);
    }
    world.memory.applied = json!({"scaling": {"MinCapacity": 2, "MaxCapacity": 4, "Policies": [policy(60)],
        "ScheduledActions": [before], "SuspendedState": {"DynamicScalingInSuspended": true}}});
    let plan = world.plan();
    let register = body(&plan, Operation::RegisterScalableTarget);
    assert_eq!(register["SuspendedState"], json!({"DynamicScalingInSuspended": false}));
    assert_eq!(body(&plan, Operation::PutScheduledAction)["Timezone"], "UTC");
}

#[test]
fn of_a_list_that_is_no_longer_declared_only_what_we_put_there_goes() {
    let mut theirs = policy(10);
    theirs["PolicyName"] = json!("theirs");
    let mut world = world().scaled().applied().target(2, 4);
    world.observed.policies = Observation::Present(vec![policy(60), theirs]);
    world.desired.scaling.as_mut().unwrap().remove("Policies");
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::DeleteScalingPolicy]);
    assert_eq!(body(&plan, Operation::DeleteScalingPolicy)["PolicyName"], "cpu");
}

#[test]
fn a_policy_makes_room_where_aws_would_refuse_the_change() {
    let tracking = |name: &str, metric: &str| {
        json!({"PolicyName": name, "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 60, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}}})
    };
    let deleted = |declared: Value, live: Value| -> Vec<Value> {
        let mut world = world().scaled().target(2, 4);
        world.desired.scaling.as_mut().unwrap().insert("Policies".into(), declared);
        world.observed.policies = Observation::Present(live.as_array().unwrap().clone());
        let plan = world.plan();
        assert_eq!(operations(&plan).last(), Some(&Operation::PutScalingPolicy));
        let gone = plan.actions.iter().filter(|action| action.operation == Operation::DeleteScalingPolicy);
        gone.map(|action| action.body["PolicyName"].clone()).collect()
    };
    let swapped = deleted(
        json!([tracking("a", "Memory"), tracking("b", "CPU")]),
        json!([tracking("a", "CPU"), tracking("b", "Memory")]),
    );
    assert_eq!(swapped, ["a", "b"]);
    let step = json!({"PolicyName": "a", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {"AdjustmentType": "ExactCapacity"}});
    assert_eq!(deleted(json!([tracking("a", "CPU")]), json!([step])), ["a"]);
    assert_eq!(deleted(json!([tracking("a", "CPU")]), json!([tracking("a", "Memory")])), Vec::<Value>::new());
}
