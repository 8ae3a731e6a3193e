//! Rolling updates as service deployments.

use super::{Operation, json, world};

#[test]
fn every_rollout_is_a_service_deployment() {
    let mut world = world(json!({}));
    assert_eq!(world.statuses(), ["SUCCESSFUL"]);
    world.update(json!({"taskDefinition": "web:2"}));
    assert_eq!(world.statuses(), ["PENDING", "SUCCESSFUL"]);
    world.pass(2);
    let newest = world.newest();
    assert_eq!(newest["status"], "IN_PROGRESS");
    assert_eq!(newest["targetServiceRevision"]["pendingTaskCount"], 2);
    assert_eq!(newest["sourceServiceRevisions"][0]["runningTaskCount"], 2);
    assert_eq!(newest["deploymentCircuitBreaker"]["status"], "DISABLED");
    assert!(newest["lifecycleStage"].is_null());
    assert_eq!(world.web()["currentServiceDeployment"], newest["serviceDeploymentArn"]);
    world.pass(60);
    assert_eq!(world.statuses(), ["SUCCESSFUL", "SUCCESSFUL"]);
    assert!(world.newest()["finishedAt"].is_number());
    world.update(json!({"desiredCount": 3}));
    world.pass(60);
    assert_eq!(world.statuses().len(), 2, "the count alone makes none");
    let only = json!({"cluster": "prod", "service": "web", "status": ["IN_PROGRESS"]});
    assert_eq!(world.ok(Operation::ListServiceDeployments, only)["serviceDeployments"], json!([]));
}

#[test]
fn revisions_are_complete_and_name_the_digests_of_their_images() {
    let mut world = world(json!({}));
    let arn = world.newest()["targetServiceRevision"]["arn"].clone();
    let answer = world.ok(Operation::DescribeServiceRevisions, json!({"serviceRevisionArns": [arn, "arn:x"]}));
    let revision = &answer["serviceRevisions"][0];
    assert_eq!(revision["serviceRevisionArn"], arn);
    assert!(revision["taskDefinition"].as_str().unwrap().ends_with("web:1"));
    assert_eq!(revision["platformVersion"], "1.4.0");
    let image = &revision["containerImages"][0];
    assert_eq!((&image["containerName"], &image["image"]), (&json!("app"), &json!("nginx:1")));
    assert!(image["imageDigest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_rollout_that_is_overtaken_is_stopped() {
    let mut world = world(json!({}));
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(3);
    world.update(json!({"taskDefinition": "web:1"}));
    world.pass(60);
    assert_eq!(world.statuses(), ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]);
}

#[test]
fn the_circuit_breaker_ends_a_service_deployment_with_or_without_rollback() {
    for (rollback, expected) in [(true, "ROLLBACK_SUCCESSFUL"), (false, "STOPPED")] {
        let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}});
        let mut world = world(json!({"deploymentConfiguration": breaker}));
        world.sandbox.fail_tasks_of("broken");
        world.update(json!({"taskDefinition": "web:3"}));
        world.pass(10);
        assert_eq!(world.newest()["deploymentCircuitBreaker"]["status"], "MONITORING");
        world.pass(300);
        let newest = world.newest();
        assert_eq!(newest["status"], expected);
        assert_eq!(newest["deploymentCircuitBreaker"]["status"], "TRIGGERED");
        assert!(newest["deploymentCircuitBreaker"]["failureCount"].as_i64() >= Some(3));
        assert!(newest["statusReason"].as_str().unwrap().contains("circuit breaker threshold was exceeded"));
        assert_eq!(newest["rollback"]["serviceRevisionArn"].is_string(), rollback);
        assert_eq!(world.on(), if rollback { "web:1" } else { "web:3" });
    }
}

#[test]
fn unhealthy_tasks_break_the_circuit_too() {
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    let mut world = world(json!({"deploymentConfiguration": breaker}));
    world.sandbox.fail_health_checks_of("broken", jiff::SignedDuration::from_secs(30));
    world.update(json!({"taskDefinition": "web:3"}));
    world.pass(300);
    assert_eq!((world.newest()["status"].as_str(), world.on().as_str()), (Some("ROLLBACK_SUCCESSFUL"), "web:1"));
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
}

#[test]
fn an_alarm_fails_the_rollout_that_watches_it() {
    let alarms = json!({"alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}});
    let mut world = world(json!({"deploymentConfiguration": alarms}));
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(3);
    let now = world.now;
    world.sandbox.set_alarm(now, "other", true);
    world.sandbox.set_alarm(now, "errors", true);
    world.pass(2);
    let newest = world.newest();
    assert_eq!(newest["status"], "ROLLBACK_IN_PROGRESS");
    assert_eq!(newest["alarms"]["triggeredAlarmNames"], json!(["errors"]));
    assert_eq!(world.on(), "web:1");
    world.pass(60);
    assert_eq!(world.newest()["status"], "ROLLBACK_SUCCESSFUL", "although the alarm lasts");
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(60);
    assert_eq!(world.newest()["status"], "SUCCESSFUL", "an alarm that rang before is not watched");
}

#[test]
fn a_rolling_deployment_is_stopped_by_going_back() {
    let mut world = world(json!({}));
    let refused = world.stop_newest().unwrap_err();
    assert_eq!(refused.code, "ConflictException");
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(3);
    world.stop_newest().unwrap();
    assert_eq!(world.newest()["status"], "ROLLBACK_REQUESTED");
    world.pass(60);
    assert_eq!((world.newest()["status"].as_str(), world.on().as_str()), (Some("ROLLBACK_SUCCESSFUL"), "web:1"));
    let arn = json!({"serviceDeploymentArn": "arn:aws:ecs:ap-northeast-1:123456789012:service-deployment/prod/web/x"});
    assert_eq!(world.err(Operation::StopServiceDeployment, arn).0, "ServiceDeploymentNotFoundException");
}
