#![allow(clippy::unwrap_used)]

use crate::testing::{World, balancer, definition};
use evenkeel_core::operation::Operation;
use jiff::SignedDuration;
use serde_json::{Value, json};

impl World {
    /// Tasks of service `web` with this desired status, described.
    fn tasks(&mut self, desired: &str) -> Vec<Value> {
        let body = json!({"cluster": "prod", "serviceName": "web", "desiredStatus": desired});
        let arns = self.ok(Operation::ListTasks, body)["taskArns"].take();
        if arns.as_array().unwrap().is_empty() {
            return Vec::new();
        }
        let answer = self.ok(Operation::DescribeTasks, json!({"cluster": "prod", "tasks": arns}));
        answer["tasks"].as_array().unwrap().clone()
    }
}

#[test]
fn running_tasks_are_listed_and_described() {
    let mut world = World::prepared();
    let id = world.create(json!({}))["deployments"][0]["id"].clone();
    world.pass(2);
    assert_eq!(world.tasks("RUNNING")[0]["lastStatus"], "PROVISIONING");
    world.pass(30);
    let tasks = world.tasks("RUNNING");
    assert_eq!(tasks.len(), 2);
    let task = &tasks[0];
    assert_eq!((&task["lastStatus"], &task["desiredStatus"]), (&json!("RUNNING"), &json!("RUNNING")));
    assert_eq!((&task["group"], &task["startedBy"]), (&json!("service:web"), &id));
    assert!(task["taskDefinitionArn"].as_str().unwrap().ends_with("task-definition/web:1"));
    assert!(task["containers"][0]["imageDigest"].as_str().unwrap().starts_with("sha256:"));
    assert!(world.tasks("STOPPED").is_empty());
    let of_others = json!({"cluster": "prod", "startedBy": "ecs-svc/1"});
    assert_eq!(world.ok(Operation::ListTasks, of_others)["taskArns"], json!([]));
    let missing = world.ok(Operation::DescribeTasks, json!({"cluster": "prod", "tasks": ["0123"]}));
    assert_eq!(missing["failures"][0]["reason"], "MISSING");
    let unknown = world.err(Operation::ListTasks, json!({"cluster": "prod", "serviceName": "api"}));
    assert_eq!(unknown.0, "ServiceNotFoundException");
}

#[test]
fn stopped_tasks_say_why_for_an_hour() {
    let mut world = World::prepared();
    world.create(json!({"loadBalancers": balancer("arn:tg")}));
    world.pass(60);
    let (now, caller) = (world.now, world.caller.clone());
    world.sandbox.crash_tasks(now, &caller, "prod", "web", 1).unwrap();
    let crashed = &world.tasks("STOPPED")[0];
    assert_eq!(
        (&crashed["stopCode"], &crashed["containers"][0]["exitCode"]),
        (&json!("EssentialContainerExited"), &json!(1))
    );
    world.pass(60);
    world.update(json!({"desiredCount": 1}));
    world.pass(30);
    let scaled = world.tasks("STOPPED").pop().unwrap();
    assert_eq!(scaled["stopCode"], "ServiceSchedulerInitiated");
    assert!(
        scaled["stoppedReason"].as_str().unwrap().starts_with("Scaling activity initiated by (deployment ecs-svc/")
    );
    world.pass(3600);
    assert!(world.tasks("STOPPED").is_empty());
}

#[test]
fn tasks_that_cannot_pull_their_image_or_fail_their_health_checks_say_so() {
    let mut world = World::prepared();
    world.create(json!({"loadBalancers": balancer("arn:tg")}));
    world.ok(Operation::RegisterTaskDefinition, definition("web", "broken:1"));
    world.sandbox.fail_tasks_of("broken");
    world.pass(60);
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(30);
    let failed = world.tasks("STOPPED").pop().unwrap();
    assert_eq!(failed["stopCode"], "TaskFailedToStart");
    assert!(failed["stoppedReason"].as_str().unwrap().starts_with("CannotPullContainerError: "));
    assert!(failed["containers"][0]["reason"].as_str().unwrap().contains("broken:1"));
    assert!(failed["containers"][0]["imageDigest"].is_null());

    world.sandbox.heal_tasks_of("broken");
    world.sandbox.fail_health_checks_of("broken", SignedDuration::from_secs(30));
    world.pass(600);
    let sick = world.tasks("STOPPED").pop().unwrap();
    assert_eq!(sick["stoppedReason"], "Task failed ELB health checks in (target-group arn:tg)");
    assert_eq!(world.rollout()[0].split(' ').nth(1), Some("IN_PROGRESS"), "they run, but replace nobody");
    assert_eq!(
        world
            .tasks("RUNNING")
            .iter()
            .filter(|task| task["taskDefinitionArn"].as_str().unwrap().ends_with(":1"))
            .count(),
        2
    );
}
