//! BLUE_GREEN, LINEAR and CANARY.

use super::{Operation, Value, World, json};
use crate::{
    Hook,
    testing::{balancer, merge},
};

/// A world whose service has this deployment configuration, and a load balancer with all that shifting needs.
fn world(configuration: Value) -> World {
    let mut balancers = balancer("tg-blue");
    balancers[0]["advancedConfiguration"] = json!({
        "alternateTargetGroupArn": "tg-green", "productionListenerRule": "rule", "testListenerRule": "test-rule",
        "roleArn": "arn:aws:iam::123456789012:role/ecs",
    });
    super::world(json!({"loadBalancers": balancers, "deploymentConfiguration": configuration}))
}

fn blue_green(more: Value) -> World {
    world(merge(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}), more))
}

impl World {
    fn shares(&mut self) -> (f64, f64) {
        let newest = self.newest();
        let target = &newest["targetServiceRevision"];
        let share = |name: &str| target[name].as_f64().unwrap();
        (share("requestedProductionTrafficWeight"), share("requestedTestTrafficWeight"))
    }

    fn hook(&mut self) -> Value {
        self.newest()["lifecycleHookDetails"][0].clone()
    }

    fn proceed(&mut self, action: &str) {
        let (arn, hook) = (self.newest()["serviceDeploymentArn"].clone(), self.hook()["hookId"].clone());
        let body = json!({"serviceDeploymentArn": arn, "hookId": hook, "action": action});
        self.ok(Operation::ContinueServiceDeployment, body);
    }
}

fn hook(stage: &str) -> Value {
    json!({"lifecycleHooks": [{
        "hookTargetArn": "arn:aws:lambda:ap-northeast-1:123456789012:function:smoke",
        "roleArn": "arn:aws:iam::123456789012:role/hooks", "lifecycleStages": [stage],
    }]})
}

fn pause(stage: &str, action: &str) -> Value {
    json!({"lifecycleHooks": [{
        "targetType": "PAUSE", "lifecycleStages": [stage],
        "timeoutConfiguration": {"timeoutInMinutes": 10, "action": action},
    }]})
}

#[test]
fn blue_green_goes_through_its_stages_and_is_successful_once_the_old_tasks_are_gone() {
    let mut world = blue_green(json!({}));
    assert_eq!(world.stage(), "SUCCESSFUL -", "the first deployment has nothing to shift from");
    world.update(json!({"taskDefinition": "web:2"}));
    assert_eq!(world.stage(), "PENDING PRE_SCALE_UP");
    world.pass(5);
    assert_eq!(world.stage(), "IN_PROGRESS SCALE_UP");
    assert_eq!(world.shares(), (0.0, 0.0));
    assert_eq!(world.rollout(), ["PRIMARY - 0/2", "ACTIVE - 2/0"]);
    world.pass(3);
    assert_eq!((world.stage().as_str(), world.shares()), ("IN_PROGRESS TEST_TRAFFIC_SHIFT", (0.0, 100.0)));
    world.pass(3);
    assert_eq!((world.stage().as_str(), world.shares()), ("IN_PROGRESS BAKE_TIME", (100.0, 100.0)));
    world.pass(280);
    assert_eq!(world.rollout(), ["PRIMARY - 2/0", "ACTIVE - 2/0"]);
    world.pass(20);
    assert_eq!(world.stage(), "IN_PROGRESS CLEAN_UP");
    world.pass(10);
    assert_eq!(world.stage(), "SUCCESSFUL CLEAN_UP");
    assert_eq!(world.rollout(), ["PRIMARY - 2/0"]);
}

#[test]
fn the_serving_target_group_alternates() {
    let mut world = blue_green(json!({}));
    for (definition, expected) in [("web:2", "tg-green"), ("web:1", "tg-blue"), ("web:2", "tg-green")] {
        world.update(json!({"taskDefinition": definition}));
        world.pass(400);
        assert_eq!(world.newest()["status"], "SUCCESSFUL");
        let arn = world.newest()["targetServiceRevision"]["arn"].clone();
        let answer = world.ok(Operation::DescribeServiceRevisions, json!({"serviceRevisionArns": [arn]}));
        let resolved = &answer["serviceRevisions"][0]["resolvedConfiguration"]["loadBalancers"][0];
        assert_eq!(resolved["targetGroupArn"], expected);
        assert_eq!(world.web()["loadBalancers"][0]["targetGroupArn"], "tg-blue", "as declared");
    }
}

#[test]
fn a_canary_and_linear_steps_take_their_time() {
    let mut canary = world(json!({
        "strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5},
    }));
    canary.update(json!({"taskDefinition": "web:2"}));
    canary.pass(200);
    assert_eq!((canary.stage().as_str(), canary.shares().0), ("IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT", 10.0));
    canary.pass(200);
    assert_eq!((canary.stage().as_str(), canary.shares().0), ("SUCCESSFUL CLEAN_UP", 100.0));

    let mut linear = world(json!({
        "strategy": "LINEAR", "linearConfiguration": {"stepPercent": 25.0, "stepBakeTimeInMinutes": 1},
    }));
    linear.update(json!({"taskDefinition": "web:2"}));
    linear.pass(10);
    for share in [25.0, 50.0, 75.0, 100.0] {
        assert_eq!(linear.shares().0, share);
        linear.pass(60);
    }
    assert_eq!(linear.stage(), "SUCCESSFUL CLEAN_UP");
}

#[test]
fn a_function_that_fails_or_never_answers_rolls_back_at_any_stage() {
    for stage in
        ["PRE_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"]
    {
        for (answer, after) in [(Hook::Fails, 60), (Hook::Waits, 86_500)] {
            let mut world = blue_green(hook(stage));
            let now = world.now;
            world.sandbox.set_hook(now, "smoke", Some(answer));
            world.update(json!({"taskDefinition": "web:2"}));
            world.pass(30);
            if answer == Hook::Waits {
                assert_eq!(world.hook()["status"], "IN_PROGRESS");
            }
            world.pass(after);
            let newest = world.newest();
            assert_eq!(newest["status"], "ROLLBACK_SUCCESSFUL", "{stage}: {newest}");
            assert!(newest["statusReason"].as_str().unwrap().contains("a lifecycle hook failed"));
            assert_eq!((world.on().as_str(), world.rollout()), ("web:1", vec!["PRIMARY - 2/0".to_owned()]));
        }
    }
}

#[test]
fn a_pause_waits_for_a_word() {
    let mut world = blue_green(pause("POST_SCALE_UP", "ROLLBACK"));
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(60);
    assert_eq!(world.stage(), "IN_PROGRESS POST_SCALE_UP");
    let hook = world.hook();
    assert_eq!((&hook["targetType"], &hook["status"]), (&json!("PAUSE"), &json!("AWAITING_ACTION")));
    assert_eq!(hook["timeoutAction"], "ROLLBACK");
    world.proceed("CONTINUE");
    world.pass(400);
    assert_eq!(world.stage(), "SUCCESSFUL CLEAN_UP");

    world.update(json!({"taskDefinition": "web:1"}));
    world.pass(60);
    world.proceed("ROLLBACK");
    world.pass(30);
    assert_eq!((world.newest()["status"].as_str(), world.on().as_str()), (Some("ROLLBACK_SUCCESSFUL"), "web:2"));
}

#[test]
fn a_pause_that_nobody_ends_does_what_it_was_told_to() {
    for (action, expected) in [("CONTINUE", "SUCCESSFUL"), ("ROLLBACK", "ROLLBACK_SUCCESSFUL")] {
        let mut world = blue_green(pause("POST_SCALE_UP", action));
        world.update(json!({"taskDefinition": "web:2"}));
        world.pass(1000);
        assert_eq!(world.hook()["status"], "TIMED_OUT");
        assert_eq!(world.newest()["status"], expected);
    }
}

#[test]
fn an_alarm_in_the_bake_time_gives_the_old_tasks_their_traffic_back() {
    let alarms = json!({"alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}});
    let mut world = blue_green(alarms);
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(60);
    let old = world.web()["deployments"][1]["id"].clone();
    let now = world.now;
    world.sandbox.set_alarm(now, "errors", true);
    world.pass(2);
    assert_eq!(world.newest()["status"], "ROLLBACK_IN_PROGRESS");
    assert_eq!((world.on().as_str(), world.shares()), ("web:1", (0.0, 0.0)));
    assert_eq!(world.web()["deployments"][0]["id"], old, "the old tasks never stopped");
    world.pass(20);
    assert_eq!(world.newest()["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(world.rollout(), ["PRIMARY - 2/0"]);
}

#[test]
fn images_that_fail_break_the_circuit_or_wait_for_ever() {
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    for (configuration, expected) in [(breaker, "ROLLBACK_SUCCESSFUL"), (json!({}), "IN_PROGRESS")] {
        let mut world = blue_green(configuration);
        world.sandbox.fail_tasks_of("broken");
        world.update(json!({"taskDefinition": "web:3"}));
        world.pass(3600);
        assert_eq!(world.newest()["status"], expected);
        assert_eq!(world.web()["runningCount"], 2);
    }
}

#[test]
fn a_rollout_can_be_stopped_until_it_cleans_up() {
    let mut world = blue_green(json!({}));
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(100);
    world.stop_newest().unwrap();
    world.pass(30);
    assert_eq!((world.newest()["status"].as_str(), world.on().as_str()), (Some("ROLLBACK_SUCCESSFUL"), "web:1"));
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(313);
    assert_eq!(world.stage(), "IN_PROGRESS CLEAN_UP");
    assert_eq!(world.stop_newest().unwrap_err().code, "ConflictException");
}

#[test]
fn a_newer_rollout_takes_the_place_of_one_that_shifts() {
    let mut world = blue_green(json!({}));
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(60);
    world.update(json!({"taskDefinition": "web:3"}));
    assert_eq!(world.stage(), "PENDING RECONCILE_SERVICE");
    world.pass(5);
    let newest = world.newest();
    assert_eq!(newest["sourceServiceRevisions"].as_array().unwrap().len(), 1, "the one that completed");
    world.pass(400);
    assert_eq!(world.statuses(), ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]);
    assert_eq!(world.rollout(), ["PRIMARY - 2/0"]);
}

#[test]
fn the_source_keeps_its_count_while_the_target_comes_up() {
    let mut world = blue_green(json!({}));
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(60);
    world.update(json!({"desiredCount": 3}));
    world.pass(20);
    assert_eq!(world.rollout(), ["PRIMARY - 3/0", "ACTIVE - 3/0"]);
}

#[test]
fn looking_changes_nothing() {
    let play = |look: &dyn Fn(&mut World)| {
        let mut world = blue_green(hook("POST_SCALE_UP"));
        world.update(json!({"taskDefinition": "web:2"}));
        for _ in 0..500 {
            world.pass(1);
            look(&mut world);
        }
        (world.web(), world.newest())
    };
    let watched = play(&|world| {
        world.newest();
        world.web();
    });
    assert_eq!(watched, play(&|_| ()));
}
