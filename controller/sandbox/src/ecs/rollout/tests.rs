#![allow(clippy::unwrap_used)]

use crate::testing::{World, balancer, definition};
use evenkeel_core::operation::Operation;
use serde_json::{Value, json};

const BREAKER: &str = "deploymentCircuitBreaker";

/// A service that runs, and a second revision whose image is `image`.
fn running(more: Value, image: &str) -> World {
    let mut world = World::prepared();
    world.create(more);
    world.pass(60);
    world.ok(Operation::RegisterTaskDefinition, definition("web", image));
    world
}

#[test]
fn a_new_service_runs_its_tasks_after_some_seconds() {
    let mut world = World::prepared();
    let created = world.create(json!({}));
    assert_eq!(created["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert_eq!(created["deployments"][0]["desiredCount"], 0, "the scheduler has not looked yet");
    world.pass(1);
    assert_eq!(world.rollout(), ["PRIMARY IN_PROGRESS 0/2"]);
    assert_eq!(world.web()["deployments"][0]["desiredCount"], 2);
    world.pass(6);
    assert_eq!(world.rollout(), ["PRIMARY IN_PROGRESS 0/2"]);
    world.pass(1);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
    assert!(world.has_event("has started 2 tasks: (task "));
    assert!(world.has_event("deployment completed."));
    assert!(world.has_event("(service web) has reached a steady state."));
}

#[test]
fn steps_have_their_own_times_however_late_somebody_looks() {
    let mut early = World::prepared();
    let mut late = World::prepared();
    early.create(json!({}));
    late.create(json!({}));
    for _ in 0..60 {
        early.pass(1);
        early.web();
    }
    late.pass(60);
    assert_eq!(early.web(), late.web());
}

/// Seventy changes at odd times, good and bad revisions among them; `look` is called once a second.
fn eventful(seed: u64, mut look: impl FnMut(&mut World)) -> Value {
    let mut world = World::prepared();
    world.create(json!({"deploymentConfiguration": {BREAKER: {"enable": true, "rollback": true}}}));
    world.ok(Operation::RegisterTaskDefinition, definition("web", "broken:1"));
    world.ok(Operation::RegisterTaskDefinition, definition("web", "nginx:3"));
    world.sandbox.fail_tasks_of("broken");
    let mut dice = crate::ids::Ids::labelled(seed, "changes");
    let caller = world.caller.clone();
    for _ in 0..70 {
        let body = match dice.next() % 6 {
            0 => json!({"desiredCount": dice.next() % 7}),
            1 => json!({"taskDefinition": format!("web:{}", 1 + dice.next() % 3)}),
            2 => json!({"deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 125}}),
            3 => json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": dice.next() % 2}}),
            4 => json!({"deploymentConfiguration": {"strategy": "ROLLING", "maximumPercent": 200}}),
            _ => {
                world.sandbox.crash_tasks(world.now, &caller, "prod", "web", 1).unwrap();
                json!({})
            }
        };
        // Five unfinished deployments may be in the way: that is an answer too.
        let _ = world
            .call(Operation::UpdateService, crate::testing::merge(json!({"cluster": "prod", "service": "web"}), body));
        for _ in 0..dice.next() % 25 {
            world.pass(1);
            look(&mut world);
        }
    }
    world.pass(3600);
    world.web()
}

#[test]
fn looking_changes_nothing_and_every_service_comes_to_rest() {
    for seed in 0..5 {
        let watched = eventful(seed, |world| _ = world.web());
        assert_eq!(watched, eventful(seed, |_| ()), "seed {seed}");
        let rows = watched["deployments"].as_array().unwrap();
        let settled = rows.iter().all(|row| row["rolloutState"] != "IN_PROGRESS") && watched["pendingCount"] == 0;
        assert!(settled && rows[0]["runningCount"] == watched["desiredCount"], "seed {seed}: {rows:?}");
    }
}

#[test]
fn a_rolling_update_keeps_within_both_percentages() {
    let limits = json!({"minimumHealthyPercent": 50, "maximumPercent": 150});
    let mut world = running(json!({"desiredCount": 4, "deploymentConfiguration": limits}), "nginx:2");
    world.update(json!({"taskDefinition": "web:2"}));
    let mut seen_together = false;
    for _ in 0..120 {
        world.pass(1);
        let service = world.web();
        let (running, pending) = (service["runningCount"].as_i64().unwrap(), service["pendingCount"].as_i64().unwrap());
        assert!(running >= 2, "fewer than 50 % of 4 run");
        assert!(running + pending <= 6, "more than 150 % of 4");
        seen_together |= service["deployments"].as_array().unwrap().len() == 2;
    }
    assert!(seen_together);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 4/0"]);
}

#[test]
fn the_old_deployment_is_active_until_its_tasks_are_gone() {
    let mut world = running(json!({"loadBalancers": balancer("tg")}), "nginx:2");
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(8);
    assert_eq!(world.rollout(), ["PRIMARY IN_PROGRESS 2/0", "ACTIVE COMPLETED 0/0"]);
    world.pass(5);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
    assert!(world.has_event("registered 2 targets in (target-group tg)"));
    assert!(world.has_event("has stopped 2 running tasks"));
    assert!(world.has_event("has begun draining connections on 2 tasks."));
}

#[test]
fn percentages_that_leave_no_room_are_told_in_an_event() {
    let limits = json!({"minimumHealthyPercent": 100, "maximumPercent": 100});
    let mut world = running(json!({"deploymentConfiguration": limits}), "nginx:2");
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(300);
    assert_eq!(world.rollout(), ["PRIMARY IN_PROGRESS 0/0", "ACTIVE COMPLETED 2/0"]);
    assert!(world.has_event("was unable to stop or start tasks during a deployment"));
}

#[test]
fn a_maximum_of_100_percent_stops_old_tasks_first() {
    let limits = json!({"minimumHealthyPercent": 0, "maximumPercent": 100});
    let mut world = running(json!({"deploymentConfiguration": limits}), "nginx:2");
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(1);
    assert_eq!(world.web()["runningCount"], 0);
    world.pass(60);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
}

#[test]
fn the_desired_count_moves_without_a_deployment() {
    let mut world = running(json!({}), "nginx:2");
    let id = world.web()["deployments"][0]["id"].clone();
    world.update(json!({"desiredCount": 5}));
    world.pass(10);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 5/0"]);
    world.update(json!({"desiredCount": 0}));
    world.pass(10);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 0/0"]);
    assert_eq!(world.web()["deployments"][0]["id"], id);
}

#[test]
fn without_a_circuit_breaker_a_bad_deployment_stays_in_progress() {
    let mut world = running(json!({}), "broken:1");
    world.sandbox.fail_tasks_of("broken");
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(7200);
    let service = world.web();
    assert_eq!(service["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(service["deployments"][0]["failedTasks"].as_i64().unwrap() >= 10);
    assert_eq!(service["runningCount"], 2, "the old tasks go on");
}

#[test]
fn a_healed_image_lets_the_deployment_complete() {
    let mut world = running(json!({}), "broken:1");
    world.sandbox.fail_tasks_of("broken");
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(60);
    world.sandbox.heal_tasks_of("broken");
    world.pass(600);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
}

#[test]
fn the_circuit_breaker_rolls_back_to_the_last_completed_revision() {
    let breaker = json!({BREAKER: {"enable": true, "rollback": true}});
    let mut world = running(json!({"deploymentConfiguration": breaker}), "broken:1");
    let first = world.web()["taskDefinition"].clone();
    world.sandbox.fail_tasks_of("broken");
    let bad = world.update(json!({"taskDefinition": "web:2"}))["deployments"][0]["id"].clone();
    let mut service = world.web();
    for _ in 0..120 {
        world.pass(1);
        service = world.web();
        if service["taskDefinition"] == first {
            break;
        }
    }
    let rows = service["deployments"].as_array().unwrap();
    assert_eq!((&rows[0]["status"], &rows[0]["taskDefinition"]), (&json!("PRIMARY"), &first));
    assert!(rows[0]["rolloutStateReason"].as_str().unwrap().contains("rolling back to deploymentId ecs-svc/"));
    let failed = rows.iter().find(|row| row["id"] == bad).unwrap();
    assert_eq!((&failed["status"], &failed["rolloutState"]), (&json!("ACTIVE"), &json!("FAILED")));
    assert_eq!(failed["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
    world.pass(120);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
    assert_eq!(world.web()["taskDefinition"], first);
    assert!(world.has_event("rolling back to deployment ecs-svc/"));
}

#[test]
fn without_rollback_a_failed_deployment_stays_primary() {
    let breaker = json!({BREAKER: {"enable": true, "rollback": false}});
    let mut world = running(json!({"deploymentConfiguration": breaker}), "broken:1");
    world.sandbox.fail_tasks_of("broken");
    world.update(json!({"taskDefinition": "web:2"}));
    world.pass(600);
    assert_eq!(world.rollout(), ["PRIMARY FAILED 0/0", "ACTIVE COMPLETED 2/0"]);
    world.update(json!({"taskDefinition": "web:1"}));
    world.pass(60);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
}

#[test]
fn the_first_deployment_has_nothing_to_roll_back_to() {
    let mut world = World::prepared();
    world.sandbox.fail_tasks_of("nginx");
    let configuration = json!({BREAKER: {"enable": true, "rollback": true}});
    world.create(json!({"deploymentConfiguration": configuration}));
    world.pass(600);
    assert_eq!(world.rollout(), ["PRIMARY FAILED 0/0"]);
}

#[test]
fn a_rollback_that_fails_as_well_ends() {
    let breaker = json!({BREAKER: {"enable": true, "rollback": true}});
    let mut world = running(json!({"deploymentConfiguration": breaker}), "broken:1");
    world.sandbox.fail_tasks_of("broken");
    world.sandbox.fail_tasks_of("nginx");
    world.update(json!({"taskDefinition": "web:2"}));
    world.sandbox.crash_tasks(world.now, &world.caller, "prod", "web", 2).unwrap();
    world.pass(3600);
    assert_eq!(world.rollout()[0], "PRIMARY FAILED 0/0");
}

#[test]
fn the_threshold_is_half_the_desired_count_within_bounds_unless_configured() {
    for (desired, configuration, expected) in [
        (1, json!(null), 3),
        (10, json!(null), 5),
        (11, json!(null), 6),
        (1000, json!(null), 200),
        (1000, json!({"type": "UNBOUNDED_PERCENT", "value": 50}), 500),
        (2, json!({"type": "UNBOUNDED_PERCENT", "value": 50}), 1),
        (2, json!({"type": "COUNT", "value": 7}), 7),
    ] {
        let mut breaker = json!({"enable": true, "rollback": true});
        if !configuration.is_null() {
            breaker["thresholdConfiguration"] = configuration;
        }
        let mut world = World::prepared();
        world.create(json!({"desiredCount": desired, "deploymentConfiguration": {BREAKER: breaker}}));
        let caller = world.caller.clone();
        let region = world.sandbox.region(world.now, &caller);
        assert_eq!(region.services.live("prod/web").unwrap().failure_threshold(), expected, "desired {desired}");
    }
}

#[test]
fn crashed_tasks_are_replaced() {
    let mut world = running(json!({}), "nginx:2");
    world.sandbox.crash_tasks(world.now, &world.caller, "prod", "web", 1).unwrap();
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 1/0"]);
    world.pass(10);
    assert_eq!(world.rollout(), ["PRIMARY COMPLETED 2/0"]);
}
