//! Random histories: looking changes nothing, and everything comes to rest.

use super::{Operation, Value, World, json};
use crate::{Hook, ids::Ids};

fn eventful(seed: u64, look: impl Fn(&mut World)) -> (Value, Vec<String>) {
    let mut world = super::world(json!({"deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": true, "rollback": true},
        "alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true},
        "lifecycleHooks": [
            {"hookTargetArn": "arn:smoke", "lifecycleStages": ["POST_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT"]},
            {"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
             "timeoutConfiguration": {"timeoutInMinutes": 1, "action": "CONTINUE"}},
        ],
    }}));
    world.sandbox.fail_tasks_of("broken");
    let mut dice = Ids::labelled(seed, "changes");
    let caller = world.caller.clone();
    for _ in 0..80 {
        let now = world.now;
        match dice.next() % 9 {
            0..=2 => {
                let definition = format!("web:{}", 1 + dice.next() % 3);
                let body = json!({"cluster": "prod", "service": "web", "taskDefinition": definition});
                _ = world.call(Operation::UpdateService, body);
            }
            3 => _ = world.stop_newest(),
            4 => {
                let strategy = ["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"][(dice.next() % 4) as usize];
                world.update(json!({"deploymentConfiguration": {"strategy": strategy, "bakeTimeInMinutes": 1}}));
            }
            5 => world.sandbox.set_alarm(now, "errors", dice.next().is_multiple_of(3)),
            6 => {
                let hook = [None, None, Some(Hook::Fails), Some(Hook::Waits)][(dice.next() % 4) as usize];
                world.sandbox.set_hook(now, "smoke", hook);
            }
            _ => {
                world.update(json!({"desiredCount": 1 + dice.next() % 3}));
                _ = world.sandbox.crash_tasks(now, &caller, "prod", "web", 1);
            }
        }
        for _ in 0..dice.next() % 60 {
            world.pass(1);
            look(&mut world);
        }
    }
    world.pass(2 * 86_400);
    (world.web(), world.statuses())
}

#[test]
fn looking_changes_nothing_and_every_rollout_ends() {
    let mut ends = std::collections::BTreeSet::new();
    for seed in 0..4 {
        let (service, statuses) = eventful(seed, |world| _ = world.newest());
        let unwatched = eventful(seed, |_| ());
        assert_eq!((&service, &statuses), (&unwatched.0, &unwatched.1), "seed {seed}");
        let over = ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"];
        assert!(statuses.iter().all(|status| over.contains(&status.as_str())), "seed {seed}: {statuses:?}");
        let rows = service["deployments"].as_array().unwrap();
        assert_eq!(rows[0]["runningCount"], service["desiredCount"], "seed {seed}: {rows:?}");
        assert_eq!((rows.len(), &service["pendingCount"]), (1, &json!(0)), "seed {seed}: {rows:?}");
        assert_eq!(rows[0]["taskDefinition"], service["taskDefinition"]);
        ends.extend(statuses);
    }
    assert!(ends.len() >= 3, "the histories show the ends: {ends:?}");
}
