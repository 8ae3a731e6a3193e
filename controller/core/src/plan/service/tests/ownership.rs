use serde_json::json;

use super::fixture::{body, operations, reasons, world};
use crate::operation::Operation;
use crate::plan::{Observation, TAG_INSTALLATION};
use crate::reason::Reason;
use crate::spec::Adoption;

#[test]
fn a_service_that_was_there_before_is_reported_with_its_plan_and_not_touched() {
    let plan = world().live("/tags", json!([])).live("/healthCheckGracePeriodSeconds", json!(0)).plan();
    assert!(plan.actions.is_empty());
    assert_eq!(reasons(&plan)[0], Reason::AwaitingAdoption);
    assert!(plan.proposed.iter().any(|action| action.operation == Operation::UpdateService));
    assert!(plan.applied.is_null());
}

#[test]
fn an_adopted_service_is_tagged_first() {
    let plan = world()
        .live("/tags", json!([]))
        .live("/healthCheckGracePeriodSeconds", json!(0))
        .adoption(Adoption::Adopt)
        .plan();
    assert_eq!(operations(&plan), [Operation::TagResource, Operation::UpdateService]);
    assert!(body(&plan, Operation::TagResource)["tags"].to_string().contains(TAG_INSTALLATION));
}

#[test]
fn another_owners_service_is_a_conflict_even_when_adoption_is_asked_for() {
    for tags in [
        json!([{"key": "evenkeel.dev/installation", "value": "other"}]),
        json!([{"key": "evenkeel.dev/installation", "value": "test"}, {"key": "evenkeel.dev/object", "value": "prod/else"}]),
    ] {
        let plan = world().live("/tags", tags).live("/desiredCount", json!(9)).adoption(Adoption::Adopt).plan();
        assert!(plan.actions.is_empty());
        assert_eq!(reasons(&plan), [Reason::OwnershipConflict]);
    }
}

#[test]
fn a_tag_that_somebody_took_off_is_put_back_on_what_is_known_to_be_ours() {
    let mut ours = world().live("/tags", json!([{"key": "team", "value": "shop"}]));
    ours.memory.owned = Some(json!(1_600_000_000.5));
    assert_eq!(operations(&ours.plan()), [Operation::TagResource]);
    ours.memory.owned = Some(json!(1_500_000_000.5));
    assert_eq!(reasons(&ours.plan())[0], Reason::AwaitingAdoption, "another service of the same name");
}

#[test]
fn external_and_express_services_are_not_managed() {
    let plan = world().live("/deploymentController/type", json!("EXTERNAL")).live("/desiredCount", json!(9)).plan();
    assert_eq!((reasons(&plan), plan.actions.len()), (vec![Reason::NotManaged], 0));
    let plan = world().live("/resourceManagementType", json!("ECS")).live("/desiredCount", json!(9)).plan();
    assert_eq!((reasons(&plan), plan.actions.len()), (vec![Reason::NotManaged], 0));
}

#[test]
fn a_code_deploy_service_is_sent_only_what_it_takes() {
    let plan = world()
        .live("/deploymentController/type", json!("CODE_DEPLOY"))
        .declare("deploymentController", json!({"type": "CODE_DEPLOY"}))
        .live("/healthCheckGracePeriodSeconds", json!(0))
        .live("/networkConfiguration/awsvpcConfiguration/securityGroups", json!(["sg-2"]))
        .plan();
    let sent = body(&plan, Operation::UpdateService);
    assert!(sent.get("networkConfiguration").is_none());
    assert_eq!(sent["healthCheckGracePeriodSeconds"], 300);
    assert_eq!(reasons(&plan), [Reason::ObservationUnknown], "the rest goes through CodeDeploy, which was not read");
}

#[test]
fn an_unread_service_is_neither_missing_nor_drifted() {
    let mut world = world();
    world.observed.service = Observation::Unknown;
    let plan = world.plan();
    assert_eq!((reasons(&plan), plan.actions.len(), plan.drift.len()), (vec![Reason::ObservationUnknown], 0, 0));
}
