use serde_json::json;

use super::fixture::{body, now, operations, reasons, world};
use crate::memory::SETTLE;
use crate::operation::Operation;
use crate::plan::Observation;
use crate::reason::Reason;
use crate::spec::DeletionPolicy;

#[test]
fn retain_takes_our_tags_off_and_leaves_the_service() {
    let plan = world().deleting().plan();
    assert_eq!(operations(&plan), [Operation::UntagResource]);
    let plan = world().deleting().live("/tags", json!([])).plan();
    assert!(plan.finalized && plan.actions.is_empty());
}

#[test]
fn delete_with_tasks_waits_for_approval_then_goes_in_order() {
    let mut world = world().target(2, 4).deleting();
    world.desired.mandate.policy.deletion_policy = DeletionPolicy::Delete;
    let plan = world.plan();
    assert_eq!((reasons(&plan), plan.actions.len()), (vec![Reason::AwaitingApproval], 0));
    let token = plan.waiting[0].message.rsplit('=').next().unwrap().to_owned();
    world.desired.mandate.approvals.insert(token);
    let plan = world.plan();
    assert_eq!(
        operations(&plan),
        [Operation::DeregisterScalableTarget, Operation::UpdateService, Operation::DeleteService]
    );
}

#[test]
fn an_object_goes_once_its_service_is_inactive_or_gone_and_not_before() {
    let mut world = world().deleting().live("/status", json!("DRAINING"));
    world.desired.mandate.policy.deletion_policy = DeletionPolicy::Delete;
    assert!(!world.plan().finalized);
    assert!(world.live("/status", json!("INACTIVE")).plan().finalized);
    let mut gone = super::fixture::world().deleting();
    gone.observed.service = Observation::Absent;
    assert!(gone.plan().finalized);
}

#[test]
fn what_is_not_ours_is_never_deleted() {
    for tags in [json!([]), json!([{"key": "evenkeel.dev/installation", "value": "other"}])] {
        let mut foreign =
            world().live("/tags", tags).live("/desiredCount", json!(0)).live("/runningCount", json!(0)).deleting();
        foreign.desired.mandate.policy.deletion_policy = DeletionPolicy::Delete;
        let plan = foreign.plan();
        assert!(plan.actions.is_empty() && plan.finalized);
    }
}

#[test]
fn taking_load_balancers_from_a_live_service_waits_for_approval() {
    let mut world = world().applied().undeclare("loadBalancers").live("/healthCheckGracePeriodSeconds", json!(0));
    let plan = world.plan();
    assert_eq!(reasons(&plan), [Reason::AwaitingApproval]);
    assert!(body(&plan, Operation::UpdateService).get("loadBalancers").is_none());
    assert!(plan.applied["service"].get("loadBalancers").is_some(), "it stays remembered until it is done");
    let token = plan.waiting[0].message.rsplit('=').next().unwrap().to_owned();
    world.desired.mandate.approvals.insert(token);
    assert_eq!(body(&world.plan(), Operation::UpdateService)["loadBalancers"], json!([]));
}

#[test]
fn where_only_reporting_is_allowed_nothing_is_deleted_and_the_object_still_goes() {
    let mut reported = world().deleting().mode(crate::spec::DriftMode::Report);
    reported.desired.mandate.policy.deletion_policy = DeletionPolicy::Delete;
    assert_eq!(operations(&reported.plan()), [Operation::UntagResource]);
    assert!(reported.live("/tags", json!([])).plan().finalized);
}

#[test]
fn what_was_deleted_is_not_deleted_again_where_reads_lag_and_goes_once_aws_says_that_it_is_gone() {
    let mut live = world().live("/desiredCount", json!(0)).live("/runningCount", json!(0)).deleting();
    live.desired.mandate.policy.deletion_policy = DeletionPolicy::Delete;
    let plan = live.plan();
    assert_eq!(operations(&plan), [Operation::DeleteService]);
    let mut draining = live.observed.service.present().unwrap().clone();
    draining["status"] = json!("DRAINING");
    // AWS takes it on, or somebody else was first.
    for answer in [json!({"service": draining}), json!(null)] {
        let mut lagging = live.clone();
        lagging.memory.record(&plan.actions[0], &answer, now());
        let again = lagging.plan();
        assert!(again.actions.is_empty() && !again.finalized, "{answer}");
        lagging.observed.service = Observation::Present(json!({"status": "INACTIVE"}));
        let settled = lagging.clone().later(SETTLE.as_secs() + 1);
        assert!(settled.plan().finalized, "{answer}");
        lagging.observed.service = Observation::Absent;
        assert!(lagging.later(SETTLE.as_secs() + 1).plan().finalized, "{answer}");
    }
    let mut gone = live.clone();
    gone.memory.record(&plan.actions[0], &json!(null), now());
    gone.observed.service = Observation::Present(json!({"status": "INACTIVE"}));
    assert!(gone.plan().finalized, "at once: the read knows it too");
    gone.observed.service = live.observed.service.clone();
    let plan = gone.later(SETTLE.as_secs() + 1).plan();
    assert_eq!(operations(&plan), [Operation::DeleteService], "it runs after all");
}
