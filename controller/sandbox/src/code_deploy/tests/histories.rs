//! Random histories: looking changes nothing, and everything comes to rest.

use super::{Value, World, definition, json, revision, world};
use crate::{Hook, ids::Ids, testing::merge};
use evenkeel_core::operation::Operation;

/// Eighty things that people, pipelines and bad luck do to a service, at odd times; `look` is called every second.
fn eventful(seed: u64, look: impl Fn(&mut World)) -> (Value, Value) {
    let mut world = world();
    world.ok(Operation::RegisterTaskDefinition, definition("web", "broken:1"));
    world.sandbox.fail_tasks_of("broken");
    world.configure_group(json!({
        "alarmConfiguration": {"enabled": true, "alarms": [{"name": "errors"}]},
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 1},
        },
    }));
    let mut dice = Ids::labelled(seed, "changes");
    let caller = world.caller.clone();
    let configs = ["ECSAllAtOnce", "ECSCanary10Percent5Minutes", "ECSLinear10PercentEvery1Minutes"];
    for _ in 0..80 {
        let now = world.now;
        let newest = || json!({"includeOnlyStatuses": ["Created", "InProgress", "Ready"]});
        match dice.next() % 9 {
            0..=2 => {
                let mut spec = revision(1 + (dice.next() % 3) as u32);
                spec["Hooks"] = json!([{"AfterInstall": "smoke"}]);
                let config = format!("CodeDeployDefault.{}", configs[(dice.next() % 3) as usize]);
                let body = super::request(&spec, json!({"deploymentConfigName": config}));
                _ = world.call(Operation::CreateDeployment, body);
            }
            3 => {
                let id = world.ok(Operation::ListDeployments, newest())["deployments"][0].clone();
                let body =
                    merge(json!({"deploymentId": id}), json!({"autoRollbackEnabled": dice.next().is_multiple_of(2)}));
                _ = world.call(Operation::StopDeployment, body);
            }
            4 | 5 => {
                let id = world.ok(Operation::ListDeployments, newest())["deployments"][0].clone();
                let wait = ["READY_WAIT", "TERMINATION_WAIT"][(dice.next() % 2) as usize];
                let body = json!({"deploymentId": id, "deploymentWaitType": wait});
                _ = world.call(Operation::ContinueDeployment, body);
            }
            6 => world.sandbox.set_alarm(now, "errors", dice.next().is_multiple_of(3)),
            7 => {
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
    world.pass(4 * 3600);
    let ids = world.ok(Operation::ListDeployments, json!({}))["deployments"].take();
    let infos: Value = ids.as_array().unwrap().iter().map(|id| world.deployment(id.as_str().unwrap())).collect();
    (world.web(), infos)
}

#[test]
fn looking_changes_nothing_and_every_service_comes_to_rest() {
    let mut ends = std::collections::BTreeSet::new();
    for seed in 0..4 {
        let (service, deployments) = eventful(seed, |world| _ = world.web());
        let unwatched = eventful(seed, |_| ());
        assert_eq!((&service, &deployments), (&unwatched.0, &unwatched.1), "seed {seed}");
        let sets = service["taskSets"].as_array().unwrap();
        assert_eq!(sets.len(), 1, "seed {seed}: {sets:?}");
        assert_eq!(service["runningCount"], service["desiredCount"], "seed {seed}");
        assert_eq!(sets[0]["loadBalancers"], service["loadBalancers"], "seed {seed}");
        assert!(!service["taskDefinition"].as_str().unwrap().ends_with(":3"), "seed {seed}: the broken one");
        for deployment in deployments.as_array().unwrap() {
            let status = deployment["status"].as_str().unwrap();
            assert!(["Succeeded", "Failed", "Stopped"].contains(&status), "seed {seed}: {deployment}");
            ends.insert(status.to_owned());
        }
    }
    assert_eq!(ends.len(), 3, "the histories show every end: {ends:?}");
}
