//! Deployments that fail, are stopped, or are refused.

use super::{Value, World, definition, json, merge, request, revision, world};
use crate::{Hook, testing::balancer};
use evenkeel_core::operation::Operation;
use jiff::SignedDuration;

const NO_ROLLBACK: fn() -> Value = || json!({"autoRollbackConfiguration": {"enabled": false}});

/// A world whose `web:3` has the image `broken:1`.
fn with_broken() -> World {
    let mut world = world();
    world.ok(Operation::RegisterTaskDefinition, definition("web", "broken:1"));
    world
}

/// The service as it was before: `web:1` behind `tg01`, two tasks, one task set.
fn assert_restored(world: &mut World) {
    assert_eq!(world.serving(), ("web:1".to_owned(), "tg01".to_owned()));
    let service = world.web();
    assert_eq!((service["taskSets"].as_array().unwrap().len(), &service["runningCount"]), (1, &json!(2)));
    assert_eq!(service["taskSets"][0]["stabilityStatus"], "STEADY_STATE");
}

#[test]
fn a_replacement_that_does_not_start_fails_the_deployment_after_an_hour_and_is_rolled_back() {
    let mut world = with_broken();
    world.sandbox.fail_tasks_of("broken");
    let id = world.deploy(3, json!({}));
    world.pass(3500);
    assert_eq!(world.status(&id), "InProgress");
    world.pass(200);
    let failed = world.deployment(&id);
    assert_eq!((&failed["status"], &failed["errorInformation"]["code"]), (&json!("Failed"), &json!("TIMEOUT")));
    let rollback = failed["rollbackInfo"]["rollbackDeploymentId"].as_str().unwrap().to_owned();
    let info = world.deployment(&rollback);
    assert_eq!((&info["creator"], &info["status"]), (&json!("codeDeployRollback"), &json!("Succeeded")));
    assert_eq!(info["rollbackInfo"]["rollbackTriggeringDeploymentId"], json!(id));
    assert_restored(&mut world);
    let group =
        world.ok(Operation::GetDeploymentGroup, json!({"applicationName": "shop", "deploymentGroupName": "web"}));
    assert_eq!(group["deploymentGroupInfo"]["lastAttemptedDeployment"]["deploymentId"], json!(rollback));
}

#[test]
fn a_replacement_that_is_unhealthy_never_gets_traffic() {
    let mut world = with_broken();
    world.sandbox.fail_health_checks_of("broken", SignedDuration::from_secs(30));
    let id = world.deploy(3, NO_ROLLBACK());
    for _ in 0..100 {
        world.pass(30);
        assert_eq!(world.serving().0, "web:1");
    }
    assert!(world.has_event("is unhealthy in (target-group"));
    world.pass(1000);
    assert_eq!(world.status(&id), "Failed");
    assert!(world.deployment(&id)["rollbackInfo"]["rollbackDeploymentId"].is_null());
    assert_restored(&mut world);
}

#[test]
fn a_revision_that_ecs_refuses_fails_at_once() {
    let mut world = world();
    let mut wrong_port = revision(2);
    wrong_port["Resources"][0]["TargetService"]["Properties"]["LoadBalancerInfo"]["ContainerPort"] = json!(81);
    for (spec, text) in [(revision(9), "TaskDefinition not found."), (wrong_port, "container port 81")] {
        let id = world.deploy_spec(&spec, NO_ROLLBACK());
        world.pass(10);
        let failed = world.deployment(&id);
        assert_eq!(failed["errorInformation"]["code"], "ECS_UPDATE_ERROR", "{failed}");
        assert!(failed["errorInformation"]["message"].as_str().unwrap().contains(text), "{failed}");
        assert_eq!(world.events(&id, "Failed"), ["Install"]);
    }
    assert_restored(&mut world);
}

#[test]
fn a_hook_that_fails_or_never_answers_ends_the_deployment() {
    for (event, hook, after) in [
        ("AfterInstall", Hook::Fails, 60),
        ("AfterAllowTraffic", Hook::Fails, 60),
        ("BeforeAllowTraffic", Hook::Waits, 3700),
    ] {
        let mut world = world();
        let now = world.now;
        world.sandbox.set_hook(now, "smoke", Some(hook));
        let mut spec = revision(2);
        spec["Hooks"] = json!([{event: "smoke-test"}]);
        let id = world.deploy_spec(&spec, json!({}));
        world.pass(after);
        let failed = world.deployment(&id);
        assert_eq!(failed["errorInformation"]["code"], "HOOK_EXECUTION_FAILURE", "{event}");
        assert_eq!(world.events(&id, "Failed"), [event]);
        assert_restored(&mut world);
    }
}

#[test]
fn a_hook_that_waited_goes_on_when_it_answers() {
    let mut world = world();
    let now = world.now;
    world.sandbox.set_hook(now, "smoke", Some(Hook::Waits));
    let mut spec = revision(2);
    spec["Hooks"] = json!([{"AfterInstall": "smoke"}]);
    let id = world.deploy_spec(&spec, json!({}));
    world.pass(600);
    assert_eq!(world.events(&id, "InProgress"), ["AfterInstall"]);
    let now = world.now;
    world.sandbox.set_hook(now, "smoke", None);
    world.pass(320);
    assert_eq!(world.status(&id), "Succeeded");
}

#[test]
fn an_alarm_stops_the_deployment_and_rolls_it_back() {
    let mut world = world();
    world.configure_group(json!({"alarmConfiguration": {"enabled": true, "alarms": [{"name": "errors"}]}}));
    let id = world.deploy(2, json!({}));
    world.pass(60);
    assert_eq!(world.serving().0, "web:2", "in the termination wait");
    let now = world.now;
    world.sandbox.set_alarm(now, "errors", true);
    let stopped = world.deployment(&id);
    assert_eq!((&stopped["status"], &stopped["errorInformation"]["code"]), (&json!("Stopped"), &json!("ALARM_ACTIVE")));
    world.pass(20);
    assert_restored(&mut world);
    let next = world.deploy(2, json!({}));
    world.pass(5);
    assert_eq!(world.status(&next), "Stopped", "while the alarm lasts");
}

#[test]
fn a_stopped_deployment_rolls_back_when_asked_to() {
    let mut world = world();
    let id = world.deploy(2, json!({}));
    world.pass(60);
    let answer = world.ok(Operation::StopDeployment, json!({"deploymentId": id, "autoRollbackEnabled": true}));
    assert_eq!(answer["status"], "Succeeded");
    world.pass(20);
    assert_eq!(world.status(&id), "Stopped");
    assert_restored(&mut world);

    let id = world.deploy(2, json!({}));
    world.pass(60);
    world.ok(Operation::StopDeployment, json!({"deploymentId": id}));
    world.pass(20);
    assert_eq!(world.serving(), ("web:2".to_owned(), "tg02".to_owned()), "without rollback, shifted traffic stays");
    assert_eq!(world.web()["taskSets"].as_array().unwrap().len(), 1);
    let over = world.err(Operation::StopDeployment, json!({"deploymentId": id}));
    assert_eq!(over.0, "DeploymentAlreadyCompletedException");
}

#[test]
fn one_deployment_runs_on_a_group_at_a_time_until_its_termination_wait_is_over() {
    let mut world = world();
    let id = world.deploy(2, json!({}));
    world.pass(200);
    let refused = world.err(Operation::CreateDeployment, request(&revision(1), json!({})));
    assert_eq!(refused.0, "DeploymentLimitExceededException");
    assert!(refused.1.contains(&id));
    world.pass(200);
    world.deploy(1, json!({}));
}

#[test]
fn creation_refuses_what_aws_refuses() {
    let mut world = world();
    let good = revision(2);
    let content = |text: &str, sha: &str| json!({"revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": text, "sha256": sha}}});
    let digest = "0".repeat(64);
    for (more, code) in [
        (json!({"applicationName": "other"}), "ApplicationDoesNotExistException"),
        (json!({"deploymentGroupName": "other"}), "DeploymentGroupDoesNotExistException"),
        (json!({"applicationName": null}), "ApplicationNameRequiredException"),
        (json!({"deploymentGroupName": null}), "DeploymentGroupNameRequiredException"),
        (json!({"revision": null}), "RevisionRequiredException"),
        (json!({"revision": {"revisionType": "S3"}}), "InvalidRevisionException"),
        (content("{", ""), "InvalidRevisionException"),
        (content(&good.to_string(), &digest), "InvalidRevisionException"),
        (content("{\"version\": 0.0, \"Resources\": []}", ""), "InvalidRevisionException"),
        (json!({"deploymentConfigName": "CodeDeployDefault.Other"}), "DeploymentConfigDoesNotExistException"),
        (json!({"description": "x".repeat(257)}), "DescriptionTooLongException"),
        (
            json!({"autoRollbackConfiguration": {"enabled": true, "events": ["X"]}}),
            "InvalidAutoRollbackConfigException",
        ),
    ] {
        assert_eq!(world.err(Operation::CreateDeployment, request(&good, more.clone())).0, code, "{more}");
    }
    let mut hooks = good.clone();
    hooks["Hooks"] = json!([{"AfterLunch": "f"}]);
    assert_eq!(world.err(Operation::CreateDeployment, request(&hooks, json!({}))).0, "InvalidRevisionException");
}

#[test]
fn a_service_that_is_not_code_deploys_is_refused() {
    let mut world = world();
    world.ok(Operation::DeleteService, json!({"cluster": "prod", "service": "web", "force": true}));
    let refused = world.err(Operation::CreateDeployment, request(&revision(2), json!({})));
    assert_eq!(refused.0, "InvalidECSServiceException");
    world.pass(60);
    world.create(json!({"loadBalancers": balancer("tg01")}));
    let refused = world.err(Operation::CreateDeployment, request(&revision(2), json!({})));
    assert!(refused.1.contains("must be configured for a CODE_DEPLOY deployment controller"), "{}", refused.1);
}

#[test]
fn a_primary_task_set_outside_the_pair_fails_the_deployment() {
    let mut world = world();
    let pair = |groups: Value| {
        json!({"loadBalancerInfo": {"targetGroupPairInfoList": [{
            "targetGroups": groups, "prodTrafficRoute": {"listenerArns": ["arn:listener"]},
        }]}})
    };
    world.configure_group(pair(json!([{"name": "tg03"}, {"name": "tg04"}])));
    let id = world.deploy(2, json!({}));
    world.pass(10);
    let failed = world.deployment(&id);
    assert_eq!(failed["errorInformation"]["code"], "INVALID_ECS_SERVICE");
    assert_restored(&mut world);
}

#[test]
fn a_service_that_is_deleted_takes_its_deployment_along() {
    let mut world = world();
    let id = world.deploy(2, json!({}));
    world.pass(5);
    world.ok(Operation::DeleteService, json!({"cluster": "prod", "service": "web", "force": true}));
    world.pass(30);
    assert_eq!(world.deployment(&id)["errorInformation"]["code"], "INVALID_ECS_SERVICE");
    assert_eq!(world.web()["status"], "INACTIVE");
}

#[test]
fn the_service_cannot_leave_code_deploy_while_a_deployment_runs() {
    let mut world = world();
    world.deploy(2, json!({}));
    world.pass(20);
    let (_, text) = world.refused_update(json!({"deploymentController": {"type": "ECS"}}));
    assert!(text.contains("multiple tasksets"), "{text}");
    world.pass(400);
    let moved = world.update(json!({"deploymentController": {"type": "ECS"}}));
    assert_eq!(moved["deployments"][0]["status"], "PRIMARY");
    let refused = world.err(Operation::CreateDeployment, request(&revision(1), json!({})));
    assert_eq!(refused.0, "InvalidECSServiceException");
    let merged = merge(json!({}), json!({"taskDefinition": "web:1"}));
    world.update(merged);
    world.pass(60);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
}
