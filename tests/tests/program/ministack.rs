//! Rolling updates against ministack: another scheduler than ours replaces the tasks, gives up, and rolls back.

use evenkeel_tests::program::{Controller, Ministack, Place, until};
use serde_json::Value;

/// ministack has no Application Auto Scaling, so that the count cannot be known to be nobody else's: it is left alone.
fn manifests(place: &Place, tag: &str) {
    place.write(
        "source/web.yaml",
        &format!(
            "apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {{name: lab}}
spec:
  region: ap-northeast-1
  cluster: {{clusterName: lab}}
---
apiVersion: evenkeel.dev/v1alpha1
kind: TaskDefinition
metadata: {{name: web, namespace: lab}}
spec:
  taskDefinition:
    family: web
    containerDefinitions: [{{name: app, image: 'web:{tag}', memory: 64}}]
---
apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata: {{name: web, namespace: lab}}
spec:
  taskDefinition: web
  service:
    desiredCount: 2
    deploymentConfiguration:
      minimumHealthyPercent: 100
      maximumPercent: 200
      deploymentCircuitBreaker: {{enable: true, rollback: true}}
  drift: {{ignore: [/service/desiredCount]}}
"
        ),
    );
}

fn status(controller: &Controller) -> Value {
    controller.list("services").first().map(|service| service["status"].clone()).unwrap_or_default()
}

/// Waits until the last rollout, the nth, has ended so.
fn ended(controller: &Controller, nth: u64, outcome: &str) -> Value {
    until(&format!("rollout {nth} to have {outcome}"), || {
        let status = status(controller);
        let last = &status["history"][0];
        let so = last["number"] == nth && last["outcome"] == outcome;
        if so { Ok(status) } else { Err(status.to_string()) }
    })
}

#[test]
fn a_rolling_update_arrives_and_a_broken_one_is_rolled_back_once_by_a_scheduler_that_is_not_ours() {
    let place = Place::new();
    manifests(&place, "1.0");
    let ministack = Ministack::start(&place);
    let aws = ministack.aws(&place);
    let arguments = ["--source", "source", "--endpoint-url", &ministack.url, "--data", "data"];
    let controller = Controller::start(&place, &arguments);
    ended(&controller, 1, "Succeeded");
    manifests(&place, "2.0");
    let status = ended(&controller, 2, "Succeeded");
    assert!(status["taskDefinition"].as_str().unwrap().ends_with("task-definition/web:2"), "{status}");

    manifests(&place, "broken");
    let status = ended(&controller, 3, "Failed");
    assert!(status["failed"]["reason"].as_str().unwrap().contains("circuit breaker"), "{status}");
    let live = || aws.call("ecs describe-services --cluster lab --services web")["services"][0].clone();
    until("the revision before to be back", || {
        let service = live();
        let back = service["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with("task-definition/web:2"));
        if back && service["runningCount"] == 2 { Ok(()) } else { Err(service.to_string()) }
    });
    let writes = controller.writes();
    controller.looks_three_times();
    assert_eq!(controller.writes(), writes, "there is no second try");

    manifests(&place, "2.1");
    let status = ended(&controller, 4, "Succeeded");
    assert!(status["failed"].is_null(), "{status}");
}
