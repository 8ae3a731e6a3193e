use serde_json::json;

use super::fixture::{body, now, operations, paths, reasons, world};
use crate::desired::Suspension;
use crate::memory::SETTLE;
use crate::operation::Operation;
use crate::plan::{Observation, TAG_FAILED};
use crate::reason::Reason;
use crate::spec::DriftMode;
use crate::window::Closed;

#[test]
fn a_service_in_line_needs_nothing() {
    let plan = world().plan();
    assert!(plan.is_quiet() && plan.drift.is_empty(), "{plan:#?}");
}

#[test]
fn only_the_members_that_differ_are_sent_and_each_as_a_whole() {
    let plan = world().live("/deploymentConfiguration/maximumPercent", json!(150)).plan();
    assert_eq!(paths(&plan), ["/service/deploymentConfiguration/maximumPercent"]);
    let sent = body(&plan, Operation::UpdateService);
    let mut members: Vec<&String> = sent.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["cluster", "deploymentConfiguration", "service"]);
    assert_eq!(sent["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"], true);
}

#[test]
fn several_differences_are_one_update() {
    let plan = world()
        .live("/healthCheckGracePeriodSeconds", json!(0))
        .live("/networkConfiguration/awsvpcConfiguration/securityGroups", json!(["sg-2"]))
        .live("/desiredCount", json!(5))
        .plan();
    assert_eq!(operations(&plan), [Operation::UpdateService]);
    assert_eq!(body(&plan, Operation::UpdateService)["desiredCount"], 2);
}

#[test]
fn tags_take_their_own_calls_and_foreign_keys_are_left_alone() {
    let changed = json!([{"key": "team", "value": "other"}, {"key": "evenkeel.dev/installation", "value": "test"},
                         {"key": "evenkeel.dev/object", "value": "prod/web"}, {"key": "foreign", "value": "x"}]);
    let plan = world().live("/tags", changed).plan();
    assert_eq!(paths(&plan), ["/tags/team"]);
    assert_eq!(body(&plan, Operation::TagResource)["tags"], json!([{"key": "team", "value": "shop"}]));
}

#[test]
fn a_tag_that_is_no_longer_declared_is_taken_off() {
    let mut world = world().applied();
    world.desired.tags.clear();
    let plan = world.plan();
    assert_eq!(body(&plan, Operation::UntagResource)["tagKeys"], json!(["team"]));
}

#[test]
fn report_mode_shows_what_it_would_do_and_does_nothing() {
    let plan = world().live("/healthCheckGracePeriodSeconds", json!(0)).mode(DriftMode::Report).plan();
    assert!(plan.actions.is_empty());
    assert_eq!(plan.proposed.len(), 1);
    assert_eq!(paths(&plan), ["/service/healthCheckGracePeriodSeconds"]);
    assert_eq!(reasons(&plan), [Reason::DriftReported]);
}

#[test]
fn ignore_mode_compares_nothing() {
    let plan = world().live("/healthCheckGracePeriodSeconds", json!(0)).mode(DriftMode::Ignore).plan();
    assert!(plan.actions.is_empty() && plan.drift.is_empty());
}

#[test]
fn while_windows_are_closed_drift_is_repaired_unless_they_hold_everything_or_nothing_is_known_to_have_been_applied() {
    let planned = |closed: Closed, applied: bool| {
        let world = world().live("/healthCheckGracePeriodSeconds", json!(10));
        let mut world = if applied { world.applied() } else { world };
        world.desired.mandate.holds.closed = Some(closed);
        world.plan()
    };
    let closed = Closed { opens: Some(now() + jiff::SignedDuration::from_hours(3)), everything: false };
    assert_eq!(operations(&planned(closed, true)), [Operation::UpdateService]);
    for plan in [planned(closed, false), planned(Closed { everything: true, ..closed }, true)] {
        assert!(plan.actions.is_empty());
        assert_eq!((plan.proposed.len(), reasons(&plan)), (1, vec![Reason::OutsideChangeWindow]));
        assert_eq!(plan.waiting[0].retry_in, Some(jiff::SignedDuration::from_hours(3)), "it is looked at then");
    }
}

#[test]
fn a_suspended_service_is_left_alone() {
    let mut world = world().live("/healthCheckGracePeriodSeconds", json!(0));
    world.desired.mandate.holds.suspension = Some(Suspension::default());
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(reasons(&plan), [Reason::Suspended]);
}

#[test]
fn an_ignored_path_is_neither_compared_nor_sent_nor_reset() {
    let plan = world()
        .ignore("/service/deploymentConfiguration/maximumPercent")
        .live("/deploymentConfiguration/maximumPercent", json!(150))
        .live("/deploymentConfiguration/minimumHealthyPercent", json!(50))
        .plan();
    assert_eq!(paths(&plan), ["/service/deploymentConfiguration/minimumHealthyPercent"]);
    // UpdateService takes the member as a whole, so the live value goes along.
    assert_eq!(body(&plan, Operation::UpdateService)["deploymentConfiguration"]["maximumPercent"], 150);
}

#[test]
fn what_cannot_be_changed_is_named_and_the_rest_is_repaired() {
    let plan = world().declare("launchType", json!("EC2")).live("/healthCheckGracePeriodSeconds", json!(0)).plan();
    assert_eq!(reasons(&plan), [Reason::ReplacementRequired]);
    let sent = body(&plan, Operation::UpdateService);
    assert!(sent.get("launchType").is_none());
    assert_eq!(sent["healthCheckGracePeriodSeconds"], 300);
}

#[test]
fn a_field_that_is_no_longer_declared_is_reset_if_aws_can() {
    let plan = world().applied().undeclare("healthCheckGracePeriodSeconds").plan();
    assert_eq!(body(&plan, Operation::UpdateService)["healthCheckGracePeriodSeconds"], 0);
    let plan = world().applied().undeclare("networkConfiguration").plan();
    assert!(plan.is_quiet(), "a network configuration cannot be taken away");
    let plan = world().undeclare("healthCheckGracePeriodSeconds").plan();
    assert!(plan.is_quiet(), "never applied by us: not ours to reset");
}

#[test]
fn a_part_of_the_deployment_configuration_that_is_no_longer_declared_is_switched_off() {
    let mut world = world().applied();
    world.desired.document["deploymentConfiguration"].as_object_mut().unwrap().remove("deploymentCircuitBreaker");
    let sent = body(&world.plan(), Operation::UpdateService);
    let breaker = &sent["deploymentConfiguration"]["deploymentCircuitBreaker"];
    assert_eq!(*breaker, json!({"enable": false, "rollback": false}));
}

#[test]
fn a_write_that_aws_accepts_and_does_not_show_is_held_not_repeated() {
    let drifted = || world().live("/healthCheckGracePeriodSeconds", json!(0));
    let first = drifted().plan();
    let mut memory = first.memory.clone();
    first.remember_applied(&mut memory, super::fixture::now());

    let mut soon = drifted().later(5);
    soon.memory = memory.clone();
    assert_eq!(reasons(&soon.plan()), [Reason::AwaitingWrite]);

    let mut later = drifted().later(SETTLE.as_secs() + 1);
    later.memory = memory.clone();
    let plan = later.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(reasons(&plan), [Reason::NotReflected]);
    assert_eq!(paths(&plan), ["/service/healthCheckGracePeriodSeconds"]);

    let mut changed = drifted().declare("healthCheckGracePeriodSeconds", json!(120)).later(SETTLE.as_secs() + 1);
    changed.memory = memory.clone();
    assert_eq!(operations(&changed.plan()), [Operation::UpdateService], "the manifest changed");

    let mut asked = drifted().later(SETTLE.as_secs() + 1);
    asked.memory = memory.clone();
    asked.desired.mandate.retry = Some("please".into());
    assert_eq!(operations(&asked.plan()), [Operation::UpdateService], "somebody asked");

    let mut moved = world().live("/healthCheckGracePeriodSeconds", json!(7)).later(SETTLE.as_secs() + 1);
    moved.memory = memory;
    assert_eq!(operations(&moved.plan()), [Operation::UpdateService], "the observed value changed");
}

#[test]
fn members_that_only_the_primary_deployment_shows_are_read_there() {
    let connect = json!({"enabled": true, "namespace": "ns", "services": [{"portName": "http"}]});
    let mut shown = connect.clone();
    shown["services"][0]["discoveryName"] = json!("http");
    let world = world()
        .declare("serviceConnectConfiguration", connect)
        .live("/deployments/0/serviceConnectConfiguration", json!(null));
    let mut world = world;
    let Observation::Present(service) = &mut world.observed.service else { panic!() };
    service["deployments"][0]["serviceConnectConfiguration"] = shown;
    assert!(world.plan().is_quiet());
}

#[test]
fn a_role_is_described_by_its_arn_and_may_be_declared_by_name() {
    let arn = "arn:aws:iam::123456789012:role/balancer";
    for declared in ["balancer", arn] {
        let plan = world().declare("role", json!(declared)).live("/roleArn", json!(arn)).plan();
        assert!(plan.is_quiet(), "{plan:#?}");
    }
    let plan = world().declare("role", json!("other")).live("/roleArn", json!(arn)).plan();
    assert_eq!(reasons(&plan), [Reason::ReplacementRequired]);
}

#[test]
fn early_success_criteria_that_are_no_longer_declared_are_switched_off() {
    let criteria = json!({"enable": true, "healthyPercent": 50});
    let declared = json!({"maximumPercent": 200, "earlySuccessCriteria": criteria});
    let world = world().declare("deploymentConfiguration", declared.clone()).applied();
    let world = world
        .live("/deploymentConfiguration", declared)
        .declare("deploymentConfiguration", json!({"maximumPercent": 200}));
    let sent = body(&world.plan(), Operation::UpdateService);
    assert_eq!(sent["deploymentConfiguration"]["earlySuccessCriteria"], json!({"enable": false}));
}

#[test]
fn a_launch_type_that_a_strategy_displaced_comes_back_once_that_is_approved() {
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]);
    let mut world = world().live("/capacityProviderStrategy", strategy);
    if let Observation::Present(service) = &mut world.observed.service {
        service.as_object_mut().unwrap().remove("launchType");
    }
    let plan = world.plan();
    assert_eq!(paths(&plan), ["/service/capacityProviderStrategy/FARGATE_SPOT"]);
    assert_eq!(reasons(&plan), [Reason::AwaitingApproval]);
    let token = plan.waiting[0].message.rsplit('=').next().unwrap().to_owned();
    world.desired.mandate.approvals.insert(token);
    let sent = body(&world.plan(), Operation::UpdateService);
    assert_eq!((&sent["capacityProviderStrategy"], &sent["forceNewDeployment"]), (&json!([]), &json!(true)));
}

#[test]
fn what_is_in_line_without_a_write_counts_as_applied() {
    let grace = |seconds: i64| {
        world()
            .declare("healthCheckGracePeriodSeconds", json!(seconds))
            .live("/healthCheckGracePeriodSeconds", json!(seconds))
    };
    let mut added = grace(30);
    added.memory = added.plan().memory;
    let added = added.undeclare("healthCheckGracePeriodSeconds");
    assert_eq!(body(&added.plan(), Operation::UpdateService)["healthCheckGracePeriodSeconds"], 0, "it was declared");

    let mut removed = grace(0).applied().undeclare("healthCheckGracePeriodSeconds");
    removed.memory = removed.plan().memory;
    let theirs = removed.live("/healthCheckGracePeriodSeconds", json!(5));
    assert!(theirs.plan().is_quiet(), "it is nobody's since it went from the manifest");
}

#[test]
fn the_tag_of_failed_content_goes_once_something_else_is_wanted() {
    let mut healed = world().applied();
    let Observation::Present(service) = &mut healed.observed.service else { panic!() };
    service["tags"].as_array_mut().unwrap().push(json!({"key": TAG_FAILED, "value": "aa"}));
    let plan = healed.plan();
    assert_eq!(body(&plan, Operation::UntagResource)["tagKeys"], json!([TAG_FAILED]));
    healed.memory.applied = json!(null);
    assert!(healed.plan().actions.is_empty(), "with an empty memory the tag is all that is known");
}
