use serde_json::json;

use super::fixture::{body, operations, paths, policy, reasons, world};
use crate::operation::Operation;
use crate::plan::Observation;
use crate::reason::Reason;

#[test]
fn a_count_inside_the_range_is_left_alone() {
    for count in 2..=4 {
        let plan = world().scaled().target(2, 4).live("/desiredCount", json!(count)).plan();
        assert!(plan.is_quiet(), "{count}: {plan:#?}");
    }
}

#[test]
fn a_count_outside_the_range_is_brought_to_the_bound_by_registering_the_target() {
    for (count, bound) in [(1, 2), (7, 4)] {
        let plan = world().scaled().target(2, 4).live("/desiredCount", json!(count)).plan();
        assert_eq!(operations(&plan), [Operation::RegisterScalableTarget]);
        assert_eq!(paths(&plan), ["/service/desiredCount"]);
        assert_eq!(plan.drift[0].desired, Some(json!(bound)));
    }
}

#[test]
fn a_target_that_somebody_else_made_owns_the_count() {
    let plan = world().target(1, 10).live("/desiredCount", json!(9)).plan();
    assert!(plan.is_quiet(), "{plan:#?}");
}

#[test]
fn without_a_target_the_declared_count_is_enforced() {
    let plan = world().live("/desiredCount", json!(5)).plan();
    assert_eq!(body(&plan, Operation::UpdateService)["desiredCount"], 2);
}

#[test]
fn a_count_that_is_not_declared_is_nobodys() {
    assert!(world().undeclare("desiredCount").live("/desiredCount", json!(5)).plan().is_quiet());
}

#[test]
fn a_target_that_could_not_be_read_is_no_missing_target() {
    let mut world = world().live("/desiredCount", json!(5));
    world.observed.target = Observation::Unknown;
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(reasons(&plan), [Reason::ObservationUnknown]);
}

#[test]
fn a_count_outside_the_declared_range_waits_while_what_moved_the_range_is_unknown() {
    let mut world = world().scaled().target(2, 4).live("/desiredCount", json!(9));
    world.observed.scheduled_actions = Observation::Unknown;
    let plan = world.plan();
    assert!(plan.actions.is_empty(), "a scheduled action may have raised the maximum: {plan:#?}");
    assert!(reasons(&plan).contains(&Reason::ObservationUnknown));
}

#[test]
fn a_count_outside_the_range_that_scheduled_actions_set_is_brought_into_that_range() {
    let action = json!({"ScheduledActionName": "day", "Schedule": "cron(0 8 * * ? *)",
                        "ScalableTargetAction": {"MinCapacity": 10, "MaxCapacity": 20}});
    let mut world = world().scaled().applied().target(10, 20).live("/desiredCount", json!(25));
    world.observed.scheduled_actions = Observation::Present(vec![action]);
    let plan = world.plan();
    let sent = body(&plan, Operation::RegisterScalableTarget);
    assert_eq!((&sent["MinCapacity"], &sent["MaxCapacity"]), (&json!(10), &json!(20)));
    assert_eq!(plan.drift[0].desired, Some(json!(20)));
}

#[test]
fn a_count_is_held_against_the_live_bound_where_the_declared_one_is_ignored() {
    let mut world = world().scaled().target(2, 10).live("/desiredCount", json!(8));
    world.desired.mandate.policy.ignore = vec!["/scaling/maxCapacity".parse().unwrap()];
    assert!(world.plan().is_quiet(), "whoever moved the maximum to 10 may scale to 8: {:#?}", world.plan());
}

#[test]
fn a_maximum_of_zero_stops_the_service_through_its_target() {
    let mut world = world().target(2, 4);
    world.desired.scaling = json!({"MinCapacity": 0, "MaxCapacity": 0, "Policies": [policy(60)]}).as_object().cloned();
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::RegisterScalableTarget]);
    assert_eq!(body(&plan, Operation::RegisterScalableTarget)["MaxCapacity"], 0);
}

#[test]
fn a_minimum_of_zero_with_scale_out_suspended_and_count_zero_stops_the_service() {
    let mut world = world().declare("desiredCount", json!(0)).target(2, 4);
    world.desired.scaling = json!({"MinCapacity": 0, "MaxCapacity": 4, "Policies": [policy(60)],
                                   "SuspendedState": {"DynamicScalingOutSuspended": true}})
    .as_object()
    .cloned();
    let plan = world.plan();
    // The target first: a count of 0 below its minimum would be lifted again.
    assert_eq!(operations(&plan), [Operation::RegisterScalableTarget, Operation::UpdateService]);
    assert_eq!(body(&plan, Operation::UpdateService)["desiredCount"], 0);
}

#[test]
fn a_scheduled_action_that_may_run_is_not_fought_although_scale_out_is_suspended() {
    let action = json!({"ScheduledActionName": "day", "Schedule": "cron(0 8 * * ? *)",
                        "ScalableTargetAction": {"MinCapacity": 4, "MaxCapacity": 8}});
    let scaling = |scheduled_suspended: bool| {
        json!({"MinCapacity": 0, "MaxCapacity": 2, "ScheduledActions": [action],
               "SuspendedState": {"DynamicScalingOutSuspended": true, "ScheduledScalingSuspended": scheduled_suspended}})
    };
    for (suspended, sent) in [(false, 0), (true, 1)] {
        let mut world = world().declare("desiredCount", json!(0)).target(4, 8).live("/desiredCount", json!(4));
        world.desired.scaling = scaling(suspended).as_object().cloned();
        let mut world = world.applied();
        world.observed.policies = Observation::Present(Vec::new());
        world.observed.scheduled_actions = Observation::Present(vec![action.clone()]);
        let updates = operations(&world.plan()).into_iter().filter(|op| *op == Operation::UpdateService).count();
        assert_eq!(updates, sent, "scheduled scaling suspended: {suspended}");
    }
}

#[test]
fn a_minimum_of_zero_alone_does_not_scale_to_zero() {
    let mut world = world().declare("desiredCount", json!(0)).target(0, 4);
    world.desired.scaling = json!({"MinCapacity": 0, "MaxCapacity": 4, "Policies": [policy(60)]}).as_object().cloned();
    assert!(world.plan().is_quiet());
}

#[test]
fn a_service_is_created_with_a_count_inside_its_range() {
    for (declared, sent) in [(json!(1), 2), (json!(3), 3), (json!(9), 4), (json!(null), 2)] {
        let mut world = world().scaled().declare("desiredCount", declared);
        world.observed.service = Observation::Absent;
        assert_eq!(body(&world.plan(), Operation::CreateService)["desiredCount"], sent);
    }
}

#[test]
fn a_daemon_is_created_and_updated_without_a_count() {
    let mut daemon =
        world().declare("schedulingStrategy", json!("DAEMON")).live("/schedulingStrategy", json!("DAEMON"));
    daemon = daemon.live("/desiredCount", json!(9));
    assert!(daemon.plan().is_quiet());
    daemon.observed.service = Observation::Absent;
    assert!(body(&daemon.plan(), Operation::CreateService).get("desiredCount").is_none());
}
