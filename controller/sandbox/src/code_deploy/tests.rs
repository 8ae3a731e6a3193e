//! A deployment as its user sees it.

#![allow(clippy::unwrap_used)]

mod failures;
mod groups;
mod histories;

use crate::{
    DeploymentGroup, Options,
    testing::{World, balancer, definition, merge},
};
use evenkeel_core::operation::Operation;
use serde_json::{Value, json};

const ELB: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012";

fn target_group(name: &str) -> String {
    format!("{ELB}:targetgroup/{name}/0123456789abcdef")
}

fn group<'a>(pair: &'a [String; 2], listener: &'a str, test: Option<&'a str>) -> DeploymentGroup<'a> {
    DeploymentGroup {
        application: "shop",
        group: "web",
        cluster: "prod",
        service: "web",
        target_groups: [&pair[0], &pair[1]],
        production_listener: listener,
        test_listener: test,
        termination_wait_minutes: 5,
    }
}

/// Service `web` under CODE_DEPLOY behind `tg01`, running `web:1`; `web:2` is there; a group with both listeners.
fn world() -> World {
    world_with(Options::default())
}

fn world_with(options: Options) -> World {
    let mut world = World::prepared_with(options);
    world.create(json!({
        "deploymentController": {"type": "CODE_DEPLOY"}, "loadBalancers": balancer(&target_group("tg01")),
    }));
    let pair = [target_group("tg01"), target_group("tg02")];
    let listeners = [443, 1443].map(|port| format!("{ELB}:listener/app/web/1/{port}"));
    let (now, caller) = (world.now, world.caller.clone());
    let made = group(&pair, &listeners[0], Some(&listeners[1]));
    world.sandbox.provision_code_deploy(now, &caller, &made).unwrap();
    world.ok(Operation::RegisterTaskDefinition, definition("web", "nginx:2"));
    world.pass(60);
    world
}

fn revision(number: u32) -> Value {
    let arn = format!("arn:aws:ecs:ap-northeast-1:123456789012:task-definition/web:{number}");
    json!({"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
        "TaskDefinition": arn, "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80},
    }}}]})
}

fn request(spec: &Value, more: Value) -> Value {
    let content = json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": spec.to_string()}});
    merge(json!({"applicationName": "shop", "deploymentGroupName": "web", "revision": content}), more)
}

impl World {
    /// Deploys `web:number`; gives the deployment's id.
    fn deploy(&mut self, number: u32, more: Value) -> String {
        self.deploy_spec(&revision(number), more)
    }

    fn deploy_spec(&mut self, spec: &Value, more: Value) -> String {
        let answer = self.ok(Operation::CreateDeployment, request(spec, more));
        answer["deploymentId"].as_str().unwrap().to_owned()
    }

    fn deployment(&mut self, id: &str) -> Value {
        self.ok(Operation::GetDeployment, json!({"deploymentId": id}))["deploymentInfo"].take()
    }

    fn status(&mut self, id: &str) -> String {
        self.deployment(id)["status"].as_str().unwrap().to_owned()
    }

    fn target(&mut self, id: &str) -> Value {
        let body = json!({"deploymentId": id, "targetIds": ["prod:web"]});
        self.ok(Operation::BatchGetDeploymentTargets, body)["deploymentTargets"][0]["ecsTarget"].take()
    }

    /// `label status running weight group` of each task set of a deployment.
    fn sets(&mut self, id: &str) -> Vec<String> {
        let row = |set: &Value| {
            format!(
                "{} {} {} {} {}",
                set["taskSetLabel"].as_str().unwrap(),
                set["status"].as_str().unwrap(),
                set["runningCount"],
                set["trafficWeight"],
                set["targetGroup"]["name"].as_str().unwrap()
            )
        };
        self.target(id)["taskSetsInfo"].as_array().unwrap().iter().map(row).collect()
    }

    /// `event status` of each lifecycle event of a deployment, those of one status joined.
    fn events(&mut self, id: &str, status: &str) -> Vec<String> {
        let target = self.target(id);
        let rows = target["lifecycleEvents"].as_array().unwrap().iter().filter(|row| row["status"] == status);
        rows.map(|row| row["lifecycleEventName"].as_str().unwrap().to_owned()).collect()
    }

    fn configure_group(&mut self, more: Value) {
        let body = merge(json!({"applicationName": "shop", "currentDeploymentGroupName": "web"}), more);
        self.ok(Operation::UpdateDeploymentGroup, body);
    }

    /// Last part of the service's task definition, and the name of its target group.
    fn serving(&mut self) -> (String, String) {
        let service = self.web();
        let definition = service["taskDefinition"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let group = service["loadBalancers"][0]["targetGroupArn"].as_str().unwrap();
        (definition, super::target_group_name(group).to_owned())
    }
}

#[test]
fn a_deployment_swaps_task_set_and_target_group_after_the_replacement_is_steady() {
    let mut world = world();
    assert_eq!(world.serving(), ("web:1".to_owned(), "tg01".to_owned()));
    let id = world.deploy(2, json!({"description": "commit 1"}));
    assert_eq!(world.status(&id), "Created");
    world.pass(4);
    assert_eq!(world.status(&id), "InProgress");
    assert_eq!(world.sets(&id), ["Blue PRIMARY 2 100.0 tg01", "Green ACTIVE 0 0.0 tg02"]);
    let service = world.web();
    let sets = service["taskSets"].as_array().unwrap();
    assert_eq!((&sets[0]["status"], &sets[1]["status"]), (&json!("PRIMARY"), &json!("ACTIVE")));
    assert_eq!(sets[1]["externalId"], json!(id));
    assert_eq!(sets[1]["startedBy"], "CODE_DEPLOY");
    assert_eq!(sets[1]["stabilityStatus"], "STABILIZING");
    assert!(service["deployments"].is_null());
    assert_eq!(world.serving(), ("web:1".to_owned(), "tg01".to_owned()), "traffic has not moved");
    world.pass(20);
    assert_eq!(world.sets(&id), ["Blue ACTIVE 2 0.0 tg01", "Green PRIMARY 2 100.0 tg02"]);
    assert_eq!(world.serving(), ("web:2".to_owned(), "tg02".to_owned()));
    let deployment = world.deployment(&id);
    assert_eq!(
        (&deployment["status"], &deployment["instanceTerminationWaitTimeStarted"]),
        (&json!("InProgress"), &json!(true))
    );
    world.pass(300);
    assert_eq!(world.sets(&id), ["Blue DRAINING 0 0.0 tg01", "Green PRIMARY 2 100.0 tg02"]);
    world.pass(10);
    let deployment = world.deployment(&id);
    assert_eq!((&deployment["status"], &deployment["creator"]), (&json!("Succeeded"), &json!("user")));
    assert_eq!(deployment["description"], "commit 1");
    assert_eq!(deployment["revision"]["appSpecContent"]["content"], Value::Null);
    assert_eq!(deployment["revision"]["appSpecContent"]["sha256"].as_str().unwrap().len(), 64);
    let service = world.web();
    assert_eq!(service["taskSets"].as_array().unwrap().len(), 1);
    assert_eq!(service["taskSets"][0]["stabilityStatus"], "STEADY_STATE");
    assert_eq!(service["runningCount"], 2);
    assert_eq!(world.events(&id, "Succeeded").len(), 8);
}

#[test]
fn target_groups_swap_with_every_deployment() {
    let mut world = world();
    for (number, group) in [(2, "tg02"), (1, "tg01"), (2, "tg02")] {
        let id = world.deploy(number, json!({}));
        world.pass(400);
        assert_eq!(world.status(&id), "Succeeded");
        assert_eq!(world.serving(), (format!("web:{number}"), group.to_owned()));
        let arn = world.web()["loadBalancers"][0]["targetGroupArn"].clone();
        assert_eq!(arn, json!(target_group(group)));
    }
}

#[test]
fn looking_changes_nothing() {
    let play = |look: &dyn Fn(&mut World, &str)| {
        let mut world = world();
        let id = world.deploy(2, json!({"deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"}));
        for _ in 0..1000 {
            world.pass(1);
            look(&mut world, &id);
        }
        (world.web(), world.deployment(&id))
    };
    let watched = play(&|world, id| {
        world.web();
        world.deployment(id);
    });
    assert_eq!(watched, play(&|_, _| ()));
    assert_eq!(watched.1["status"], "Succeeded");
}

#[test]
fn traffic_shifts_as_the_configuration_says() {
    for (config, weights) in [
        ("ECSCanary10Percent5Minutes", [(20, "10.0"), (299, "10.0"), (330, "100.0")]),
        ("ECSLinear10PercentEvery1Minutes", [(20, "10.0"), (90, "20.0"), (580, "100.0")]),
        ("ECSLinear10PercentEvery3Minutes", [(20, "10.0"), (200, "20.0"), (1660, "100.0")]),
    ] {
        let mut world = world();
        let name = format!("CodeDeployDefault.{config}");
        let id = world.deploy(2, json!({"deploymentConfigName": name}));
        let begun = world.now;
        for (second, weight) in weights {
            world.now = begun;
            world.pass(second);
            let green = world.sets(&id).pop().unwrap();
            assert!(green.contains(&format!(" {weight} ")), "{config} after {second} s: {green}");
        }
    }
}

#[test]
fn hooks_run_at_their_lifecycle_events() {
    let mut world = world();
    let mut spec = revision(2);
    spec["Hooks"] = json!([{"BeforeInstall": "before"}, {"AfterAllowTestTraffic": "smoke"}]);
    let id = world.deploy_spec(&spec, json!({}));
    world.pass(2);
    assert_eq!(world.events(&id, "InProgress"), ["BeforeInstall"]);
    world.pass(11);
    assert_eq!(world.events(&id, "InProgress"), ["AfterAllowTestTraffic"]);
    world.pass(400);
    assert_eq!(world.status(&id), "Succeeded");
}

#[test]
fn yaml_and_what_else_an_app_spec_may_say_is_heeded() {
    let mut world = world();
    let spec = "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n        \
                TaskDefinition: web:2\n        LoadBalancerInfo: {ContainerName: app, ContainerPort: 80}\n        \
                PlatformVersion: LATEST\n        NetworkConfiguration:\n          AwsvpcConfiguration:\n            \
                Subnets: [subnet-b]\n            SecurityGroups: [sg-b]\n            AssignPublicIp: ENABLED\n";
    let content = json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": spec}});
    world.deploy(2, json!({"revision": content}));
    world.pass(400);
    let service = world.web();
    let vpc = &service["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!((&vpc["subnets"], &vpc["assignPublicIp"]), (&json!(["subnet-b"]), &json!("ENABLED")));
    assert_eq!(service["platformVersion"], "1.4.0");
}

#[test]
fn a_deployment_may_wait_for_a_word_before_traffic_shifts() {
    let ready = json!({"deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 10}});
    let mut world = world();
    world.configure_group(json!({"blueGreenDeploymentConfiguration": ready}));
    let id = world.deploy(2, json!({}));
    world.pass(60);
    assert_eq!(world.status(&id), "Ready");
    assert_eq!(world.sets(&id), ["Blue PRIMARY 2 100.0 tg01", "Green ACTIVE 2 0.0 tg02"]);
    let refused =
        world.err(Operation::ContinueDeployment, json!({"deploymentId": id, "deploymentWaitType": "TERMINATION_WAIT"}));
    assert_eq!(refused.0, "InvalidDeploymentStatusException");
    world.ok(Operation::ContinueDeployment, json!({"deploymentId": id, "deploymentWaitType": "READY_WAIT"}));
    world.pass(20);
    assert_eq!(world.status(&id), "Succeeded", "this group has no termination wait");

    let id = world.deploy(1, json!({}));
    world.pass(700);
    assert_eq!(world.status(&id), "Stopped", "nobody said a word");
    assert_eq!(world.serving().0, "web:2");
}

#[test]
fn the_termination_wait_can_be_cut_short() {
    let mut world = world();
    let id = world.deploy(2, json!({}));
    world.pass(60);
    let refused = world.err(Operation::ContinueDeployment, json!({"deploymentId": id}));
    assert_eq!(refused.0, "DeploymentIsNotInReadyStateException");
    world.ok(Operation::ContinueDeployment, json!({"deploymentId": id, "deploymentWaitType": "TERMINATION_WAIT"}));
    world.pass(10);
    assert_eq!(world.status(&id), "Succeeded");
    let again = world.err(Operation::ContinueDeployment, json!({"deploymentId": id}));
    assert_eq!(again.0, "DeploymentAlreadyCompletedException");
}

#[test]
fn the_desired_count_moves_in_the_middle_of_a_deployment() {
    let mut world = world();
    let id = world.deploy(2, json!({}));
    world.pass(5);
    world.update(json!({"desiredCount": 3}));
    world.pass(20);
    assert_eq!(world.sets(&id), ["Blue ACTIVE 3 0.0 tg01", "Green PRIMARY 3 100.0 tg02"]);
    world.pass(400);
    assert_eq!((world.status(&id).as_str(), &world.web()["runningCount"]), ("Succeeded", &json!(3)));
}

#[test]
fn deployments_are_listed_by_group_and_status_the_newest_first() {
    let mut world = world();
    let first = world.deploy(2, json!({}));
    world.pass(400);
    let second = world.deploy(1, json!({}));
    let list = |world: &mut World, more: Value| {
        let body = merge(json!({"applicationName": "shop", "deploymentGroupName": "web"}), more);
        world.ok(Operation::ListDeployments, body)["deployments"].take()
    };
    assert_eq!(list(&mut world, json!({})), json!([second, first]));
    assert_eq!(list(&mut world, json!({"includeOnlyStatuses": ["Created", "InProgress"]})), json!([second]));
    let since = world.now.as_second() - 10;
    assert_eq!(list(&mut world, json!({"createTimeRange": {"start": since}})), json!([second]));
    let targets = world.err(Operation::ListDeploymentTargets, json!({"deploymentId": second}));
    assert_eq!(targets.0, "DeploymentNotStartedException");
    let targets = world.ok(Operation::ListDeploymentTargets, json!({"deploymentId": first}));
    assert_eq!(targets["targetIds"], json!(["prod:web"]));
}

#[test]
fn reads_lag_behind_a_new_deployment_as_behind_any_write() {
    let staleness = jiff::SignedDuration::from_secs(10);
    let mut world = world_with(Options { staleness, ..Options::default() });
    let id = world.deploy(2, json!({}));
    let unseen = world.err(Operation::GetDeployment, json!({"deploymentId": id}));
    assert_eq!(unseen.0, "DeploymentDoesNotExistException");
    world.pass(10);
    assert_eq!(world.status(&id), "InProgress");
}
