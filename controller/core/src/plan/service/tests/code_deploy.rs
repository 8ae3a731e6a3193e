//! Services whose tasks AWS CodeDeploy replaces.

use serde_json::{Value, json};

use super::fixture::{ARN, World, body, now, operations, paths, reasons, world};
use crate::memory::{Causes, Ended, SETTLE, TargetGroups};
use crate::operation::Operation;
use crate::plan::service::CodeDeploy;
use crate::plan::{Ask, Observation};
use crate::reason::Reason;
use crate::spec::OnFailure;

const OTHER: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:9";

fn arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{name}/0123456789abcdef")
}

fn balancer(name: &str) -> Value {
    json!([{"targetGroupArn": arn(name), "containerName": "app", "containerPort": 80}])
}

fn set(revision: &str, id: &str, status: &str, running: i64) -> Value {
    json!({"id": "ecs-svc/1", "externalId": id, "status": status, "taskDefinition": revision,
           "stabilityStatus": "STEADY_STATE", "runningCount": running, "computedDesiredCount": 2,
           "scale": {"value": 100.0, "unit": "PERCENT"}})
}

/// A service in line, on the first of its two target groups.
fn blue_green() -> World {
    let mut world = world()
        .declare("deploymentController", json!({"type": "CODE_DEPLOY"}))
        .declare("loadBalancers", balancer("tg01"))
        .declare("deploymentConfiguration", json!({"maximumPercent": 200, "minimumHealthyPercent": 100}))
        .live("/deploymentController/type", json!("CODE_DEPLOY"))
        .live("/loadBalancers", balancer("tg01"))
        .live("/taskSets", json!([set(ARN, "", "PRIMARY", 2)]));
    let Observation::Present(service) = &mut world.observed.service else { panic!() };
    service.as_object_mut().unwrap().remove("deployments");
    world
}

/// The deployment group with these deployments.
fn group(deployments: Value) -> Observation<CodeDeploy> {
    Observation::Present(CodeDeploy {
        group: json!({
            "applicationName": "app-web", "deploymentGroupName": "dg-web",
            "ecsServices": [{"clusterName": "prod", "serviceName": "web"}],
            "loadBalancerInfo": {"targetGroupPairInfoList": [{
                "targetGroups": [{"name": "tg01"}, {"name": "tg02"}],
                "prodTrafficRoute": {"listenerArns": ["arn:prod"]}, "testTrafficRoute": {"listenerArns": ["arn:test"]}}]},
        }),
        deployments: deployments.as_array().unwrap().clone(),
        target: Value::Null,
    })
}

/// The same service with another revision live, and the group read.
fn outdated() -> World {
    let mut world =
        blue_green().live("/taskDefinition", json!(OTHER)).live("/taskSets", json!([set(OTHER, "", "PRIMARY", 2)]));
    world.observed.revision_content = Some("v1-bb".into());
    world.observed.code_deploy = group(json!([]));
    world
}

/// The memory after the plan's deployment was taken on as `d-1`.
fn deployed(mut world: World) -> World {
    let plan = world.plan();
    world.memory = plan.memory.clone();
    world.memory.record(plan.actions.last().unwrap(), &json!({"deploymentId": "d-1"}), now());
    plan.remember_applied(&mut world.memory, now());
    world.later(SETTLE.as_secs() + 1)
}

fn deployment(status: &str) -> Value {
    json!({"deploymentId": "d-1", "status": status, "createTime": now().as_second()})
}

#[test]
fn a_service_in_line_needs_nothing_of_code_deploy() {
    let plan = blue_green().plan();
    assert!(plan.is_quiet() && plan.asks.is_empty());
}

#[test]
fn a_new_revision_goes_through_one_deployment_with_everything_that_only_a_deployment_changes() {
    let mut world = outdated()
        .declare("platformVersion", json!("1.4.0"))
        .live("/platformVersion", json!("1.3.0"))
        .live("/networkConfiguration/awsvpcConfiguration/securityGroups", json!(["sg-2"]))
        .live("/healthCheckGracePeriodSeconds", json!(0));
    world.desired.code_deploy = serde_json::from_value(json!({
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce", "hooks": [{"AfterAllowTestTraffic": "check-orders"}],
    }))
    .unwrap();
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::UpdateService, Operation::CreateDeployment]);
    let update = body(&plan, Operation::UpdateService);
    assert_eq!(update, json!({"cluster": "prod", "service": "web", "healthCheckGracePeriodSeconds": 300}));
    let sent = body(&plan, Operation::CreateDeployment);
    assert_eq!((&sent["applicationName"], &sent["deploymentGroupName"]), (&json!("app-web"), &json!("dg-web")));
    assert_eq!(sent["deploymentConfigName"], "CodeDeployDefault.ECSAllAtOnce");
    assert!(sent["description"].as_str().unwrap().contains(&world.content()), "found again by it after a crash");
    let content = &sent["revision"]["appSpecContent"]["content"];
    let app_spec: Value = serde_json::from_str(content.as_str().unwrap()).unwrap();
    let properties = &app_spec["Resources"][0]["TargetService"]["Properties"];
    assert_eq!(properties["TaskDefinition"], ARN);
    assert_eq!(properties["LoadBalancerInfo"], json!({"ContainerName": "app", "ContainerPort": 80}));
    assert_eq!(properties["PlatformVersion"], "1.4.0");
    let network = &properties["NetworkConfiguration"]["AwsvpcConfiguration"];
    assert_eq!(*network, json!({"Subnets": ["subnet-a", "subnet-b"], "SecurityGroups": ["sg-1"]}));
    assert_eq!(app_spec["Hooks"], json!([{"AfterAllowTestTraffic": "check-orders"}]));
    assert_eq!(plan.memory.intent.as_ref().unwrap().operation, Operation::CreateDeployment);
}

#[test]
fn what_code_deploy_has_to_tell_is_asked_for_before_anything_is_deployed() {
    let mut world = outdated();
    world.observed.code_deploy = Observation::Unknown;
    let plan = world.plan();
    assert_eq!((plan.actions.len(), reasons(&plan)), (0, vec![Reason::ObservationUnknown]));
    assert!(plan.asks.contains(&Ask::CodeDeploy));
}

#[test]
fn without_a_group_that_fits_nothing_is_deployed_and_the_reason_is_told() {
    let told = |bend: &dyn Fn(&mut CodeDeploy)| {
        let mut world = outdated();
        let Observation::Present(seen) = &mut world.observed.code_deploy else { panic!() };
        bend(seen);
        let plan = world.plan();
        assert_eq!((plan.actions.len(), reasons(&plan)), (0, vec![Reason::CodeDeployNotReady]));
        plan.waiting[0].message.clone()
    };
    let other = told(&|seen| seen.group["ecsServices"][0]["serviceName"] = json!("api"));
    assert!(other.contains("is for service api in cluster prod"), "{other}");
    let info = "/loadBalancerInfo/targetGroupPairInfoList";
    let two = told(&|seen| {
        let pairs = seen.group.pointer_mut(info).unwrap().as_array_mut().unwrap();
        pairs.push(pairs[0].clone());
    });
    assert!(two.contains("has 2 pairs"), "{two}");
    let bare = told(&|seen| seen.group.pointer_mut(info).unwrap()[0]["prodTrafficRoute"] = json!(null));
    assert!(bare.contains("production listener"), "{bare}");
    let mut world = outdated();
    world.observed.code_deploy = Observation::Absent;
    assert_eq!(reasons(&world.plan()), [Reason::CodeDeployNotReady]);
}

#[test]
fn a_deployment_under_way_is_waited_for_whoever_made_it() {
    let mut world = outdated();
    world.observed.code_deploy = group(json!([{"deploymentId": "d-9", "status": "Ready"}]));
    let plan = world.plan();
    assert_eq!((plan.actions.len(), reasons(&plan)), (0, vec![Reason::RolloutInProgress]));
    assert!(plan.waiting[0].message.contains("d-9 is Ready"));
}

#[test]
fn three_swaps_in_a_row_show_no_drift() {
    let mut world = blue_green();
    world.memory.target_groups = Some(TargetGroups { primary: arn("tg01"), pair: vec!["tg01".into(), "tg02".into()] });
    for name in ["tg02", "tg01", "tg02"] {
        world = world.live("/loadBalancers", balancer(name));
        let plan = world.plan();
        assert!(plan.is_quiet() && plan.drift.is_empty() && plan.asks.is_empty(), "{name}: {plan:?}");
        assert_eq!(plan.memory.target_groups.as_ref().unwrap().primary, arn(name));
        world.memory = plan.memory;
    }
    let plan = world.live("/loadBalancers", balancer("tg03")).plan();
    assert_eq!(
        (paths(&plan), reasons(&plan)),
        (vec!["/service/loadBalancers/0/targetGroupArn"], vec![Reason::NotManaged])
    );
}

#[test]
fn the_first_swap_asks_which_two_there_are() {
    let mut world = blue_green().live("/loadBalancers", balancer("tg02"));
    let plan = world.plan();
    assert!(plan.drift.is_empty() && plan.asks.contains(&Ask::CodeDeploy));
    world.observed.code_deploy = group(json!([]));
    let plan = world.plan();
    assert!(plan.is_quiet() && plan.asks.is_empty());
    assert_eq!(plan.memory.target_groups.unwrap().pair, ["tg01", "tg02"]);
}

#[test]
fn a_failed_deployment_is_remembered_with_what_code_deploy_said_and_not_tried_again() {
    let mut world = deployed(outdated());
    world.observed.code_deploy = Observation::Unknown;
    assert!(world.plan().asks.contains(&Ask::CodeDeploy), "how it stands");
    let mut failed = deployment("Failed");
    failed["errorInformation"] = json!({"code": "HEALTH_CONSTRAINTS", "message": "The deployment failed"});
    world.observed.code_deploy = group(json!([failed]));
    let plan = world.plan();
    assert_eq!((reasons(&plan), operations(&plan)), (vec![Reason::RolloutFailed], vec![Operation::TagResource]));
    assert!(plan.waiting[0].message.contains("HEALTH_CONSTRAINTS The deployment failed"));
    world.memory = plan.memory;
    world.observed.code_deploy = Observation::Unknown;
    let plan = world.plan();
    assert_eq!(reasons(&plan), [Reason::RolloutFailed]);
    assert!(!plan.asks.contains(&Ask::CodeDeploy), "what has ended is not asked about again");
    assert!(plan.asks.contains(&Ask::Causes), "but why its tasks stopped");
    let causes = Causes { tasks: vec!["CannotPullContainerError: not found".into()], events: Vec::new() };
    world.observed.causes = Observation::Present(causes);
    let plan = world.plan();
    assert!(plan.waiting[0].message.contains("failed. Tasks stopped: CannotPullContainerError: not found; it is not"));
    world.memory = plan.memory;
    world.observed.causes = Observation::Unknown;
    assert!(world.plan().asks.is_empty(), "nor that");
    world.desired.mandate.retry = Some("now".into());
    world.observed.code_deploy = group(json!([deployment("Failed")]));
    assert!(operations(&world.plan()).contains(&Operation::CreateDeployment), "unless somebody asks");
}

#[test]
fn a_deployment_that_succeeded_ends_the_rollout_and_its_revision_is_the_one_to_go_back_to() {
    let mut world = deployed(outdated())
        .live("/taskDefinition", json!(ARN))
        .live("/taskSets", json!([set(ARN, "d-1", "PRIMARY", 2), set(OTHER, "", "DRAINING", 2)]));
    world.observed.code_deploy = group(json!([deployment("InProgress")]));
    let plan = world.plan();
    assert!(plan.is_quiet() && plan.memory.rollout.as_ref().unwrap().is_open(), "the termination wait");
    world.memory = plan.memory;
    let mut world = world.live("/taskSets", json!([set(ARN, "d-1", "PRIMARY", 2)]));
    world.observed.code_deploy = group(json!([deployment("Succeeded")]));
    let plan = world.plan();
    assert_eq!(plan.memory.rollout.as_ref().unwrap().end.as_ref().unwrap().outcome, Ended::Succeeded);
    let mut stale = World { memory: plan.memory.clone(), ..outdated() };
    stale.observed.code_deploy = group(json!([deployment("Succeeded")]));
    assert_eq!(reasons(&stale.plan()), [Reason::AwaitingWrite], "a read that lags behind starts no second one");
    assert_eq!(plan.memory.last_good.as_deref(), Some(ARN));
    assert!(plan.asks.contains(&Ask::Images), "which images it brought");
}

#[test]
fn a_deployment_whose_answer_was_lost_is_found_by_its_mark_and_not_made_twice() {
    let mut world = outdated();
    let plan = world.plan();
    let description = body(&plan, Operation::CreateDeployment)["description"].clone();
    world.memory = plan.memory;
    assert_eq!(reasons(&world.plan()), [Reason::AwaitingWrite]);
    let mut world = world.later(SETTLE.as_secs() + 1);
    let mut taken = deployment("InProgress");
    taken["description"] = description;
    let mut older = taken.clone();
    older["deploymentId"] = json!("d-0");
    older["status"] = json!("Succeeded");
    older["createTime"] = json!(now().as_second() - 3600);
    world.observed.code_deploy = group(json!([older, taken]));
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(plan.memory.rollout.unwrap().deployment.as_deref(), Some("d-1"));
    world.observed.code_deploy = group(json!([]));
    assert_eq!(operations(&world.plan()), [Operation::CreateDeployment], "it never arrived");
}

#[test]
fn a_replacement_that_does_not_come_up_is_stopped_where_the_policy_says_so() {
    let mut world =
        deployed(outdated()).live("/taskSets", json!([set(OTHER, "", "PRIMARY", 2), set(ARN, "d-1", "ACTIVE", 0)]));
    world.desired.mandate.policy.on_failure = OnFailure::Rollback;
    world.observed.code_deploy = group(json!([deployment("InProgress")]));
    world.memory = world.plan().memory;
    let late = world.desired.mandate.policy.progress_deadline.as_secs() as i64 + 1;
    let plan = world.plan_at(late);
    assert_eq!(body(&plan, Operation::StopDeployment), json!({"deploymentId": "d-1", "autoRollbackEnabled": true}));
    assert!(reasons(&plan).contains(&Reason::RolloutFailed));
    world.memory = plan.memory;
    world.observed.code_deploy = group(json!([deployment("Stopped")]));
    assert!(!operations(&world.plan_at(late)).contains(&Operation::StopDeployment), "once");
}

#[test]
fn a_service_that_is_created_again_comes_back_where_production_was() {
    let mut gone = blue_green();
    gone.observed.service = Observation::Absent;
    gone.memory.owned = Some(json!(1.5));
    gone.memory.target_groups = Some(TargetGroups { primary: arn("tg02"), pair: vec!["tg01".into(), "tg02".into()] });
    let sent = body(&gone.plan(), Operation::CreateService);
    assert_eq!(sent["loadBalancers"][0]["targetGroupArn"], json!(arn("tg02")));
}

#[test]
fn with_a_lost_store_the_last_deployment_says_where_production_is_and_otherwise_nothing_is_created() {
    let mut gone = blue_green();
    gone.observed.service = Observation::Absent;
    let plan = gone.plan();
    assert!(plan.actions.is_empty() && plan.asks.contains(&Ask::CodeDeploy));
    gone.observed.code_deploy = Observation::Absent;
    assert_eq!(operations(&gone.plan()), [Operation::CreateService], "the service comes first, then its group");
    gone.observed.code_deploy = group(json!([]));
    assert_eq!(operations(&gone.plan()), [Operation::CreateService], "never deployed");
    let on = |name: &str| {
        let mut gone = blue_green();
        gone.observed.service = Observation::Absent;
        gone.observed.code_deploy = group(json!([]));
        let Observation::Present(seen) = &mut gone.observed.code_deploy else { panic!() };
        seen.group["lastSuccessfulDeployment"] = json!({"deploymentId": "d-0"});
        seen.target = json!({"taskSetsInfo": [{"status": "PRIMARY", "targetGroup": {"name": name}}]});
        gone.plan()
    };
    assert_eq!(operations(&on("tg01")), [Operation::CreateService]);
    let plan = on("tg02");
    assert_eq!((plan.actions.len(), reasons(&plan)), (0, vec![Reason::CodeDeployNotReady]));
}

#[test]
fn a_service_moves_from_code_deploy_to_ecs_in_place_and_the_rest_follows() {
    let moving = outdated().declare("deploymentController", json!({"type": "ECS"}));
    let plan = moving.plan();
    let sent = body(&plan, Operation::UpdateService);
    assert_eq!(sent, json!({"cluster": "prod", "service": "web", "deploymentController": {"type": "ECS"}}));
    assert_eq!(operations(&plan), [Operation::UpdateService], "nothing goes through CodeDeploy any more");
    let busy = moving.live("/taskSets", json!([set(OTHER, "", "PRIMARY", 2), set(ARN, "d-1", "ACTIVE", 0)])).plan();
    assert!(reasons(&busy).contains(&Reason::RolloutInProgress));
    assert!(!operations(&busy).contains(&Operation::UpdateService));
}

#[test]
fn whoever_deploys_another_revision_again_and_again_is_left_to_it_after_five_deployments() {
    let mut world = outdated();
    let mut memory = world.memory.clone();
    for number in 0..crate::plan::FIGHT_REPAIRS {
        // Somebody else's deployment has come in between: ours of before is over, and what it brought is gone.
        world = outdated();
        world.memory.repairs = memory.repairs.clone();
        assert!(operations(&world.plan()).contains(&Operation::CreateDeployment), "deployment {number}");
        memory = deployed(world).memory;
    }
    world = outdated();
    world.memory.repairs = memory.repairs;
    let plan = world.plan();
    assert_eq!(operations(&plan), []);
    assert_eq!(reasons(&plan), [Reason::DriftFight]);
}
