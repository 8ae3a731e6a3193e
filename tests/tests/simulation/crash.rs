//! The controller dies at each of its calls, before AWS gets it and after AWS has done it, and another one goes on.

use std::collections::BTreeSet;

use evenkeel_core::operation::{Access, Operation};
use evenkeel_tests::{Crash, World};
use serde_json::{Value, json};

use super::converge::SHOP;

/// What a story came to: everything in AWS that is not a name or a time, and what was written on the way there.
#[derive(Debug, PartialEq)]
struct End {
    service: Value,
    target: Value,
    policies: Value,
    revisions: Vec<String>,
    /// Deployments that the service ever had.
    rollouts: usize,
}

async fn end(world: &World) -> End {
    let resource = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/shop-cluster/shop-web-service",
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    let ids = json!({"ServiceNamespace": "ecs", "ResourceIds": [resource["ResourceId"]]});
    let mut service = world.service("shop-cluster", "shop-web-service");
    let events = service["events"].as_array().cloned().unwrap_or_default();
    let completed =
        events.iter().filter(|event| event["message"].as_str().is_some_and(|m| m.contains("deployment completed")));
    let rollouts = completed.count();
    service["deployments"] = json!(service["deployments"].as_array().map(Vec::len));
    let mut target = world.aws(Operation::DescribeScalableTargets, &ids)["ScalableTargets"][0].clone();
    let mut policies = world.aws(Operation::DescribeScalingPolicies, &resource)["ScalingPolicies"].clone();
    let revisions = world.aws(Operation::ListTaskDefinitions, &json!({"familyPrefix": "shop-web"}));
    let revisions = revisions["taskDefinitionArns"].as_array().into_iter().flatten();
    for (document, members) in [
        (&mut service, &["events", "createdAt"][..]),
        (&mut target, &["CreationTime", "ScalableTargetARN"][..]),
        (&mut policies[0], &["CreationTime", "PolicyARN", "Alarms"][..]),
    ] {
        for member in members {
            document.as_object_mut().unwrap().remove(*member);
        }
    }
    let revisions = revisions.filter_map(Value::as_str).map(str::to_owned).collect();
    End { service, target, policies, revisions, rollouts }
}

/// The different things that AWS was asked to do.
fn requests(world: &World) -> BTreeSet<String> {
    world.wire.writes_since(0).iter().map(|call| format!("{} {}", call.operation, call.body)).collect()
}

/// A commit that changes an image and a security group at once.
fn next() -> String {
    SHOP.replace("app:1.0", "app:2.0").replace("[sg-1]", "[sg-2]")
}

/// From nothing to a running service and on to the next commit; the controller dies at `crash`, if it gets there.
async fn story(crash: Option<Crash>, staleness: i64) -> (World, bool) {
    let sandbox = evenkeel_sandbox::Options {
        staleness: jiff::SignedDuration::from_secs(staleness),
        ..evenkeel_sandbox::Options::default()
    };
    let mut world = World::with(sandbox, evenkeel::reconcile::Options::default()).await;
    if let Some(crash) = crash {
        world.wire.crash(crash);
    }
    let mut died = false;
    for text in [SHOP.to_owned(), next()] {
        world.push("shop.yaml", &text).await;
        let wire = world.wire.clone();
        tokio::select! {
            biased;
            () = wire.crashed() => {
                died = true;
                world.restart().await;
                world.pass(100).await;
            }
            () = world.pass(100) => {}
        }
    }
    (world, died)
}

/// Runs the story once undisturbed and once for each of its calls and both sides of it.
async fn sweep(staleness: i64) {
    let (world, _) = story(None, staleness).await;
    world.assert_stable().await;
    let expected = end(&world).await;
    assert_eq!((expected.revisions.len(), expected.rollouts), (2, 2), "one revision and one rollout a commit");
    let calls = world.wire.calls();
    let writes = requests(&world);
    // What comes after the last write finds nothing to do. To die before a read is to die after the call before it.
    let last = calls.iter().rposition(|call| call.operation.access() == Access::Write).unwrap();
    for (number, call) in calls.iter().enumerate().take(last + 1) {
        let before = (call.operation.access() == Access::Write).then_some(Crash::Before(number));
        for crash in before.into_iter().chain([Crash::After(number)]) {
            let (world, died) = story(Some(crash), staleness).await;
            let what = format!("{crash:?}, {}", call.operation);
            assert!(died, "{what}: there was such a call");
            world.all_ready().await.unwrap_or_else(|why| panic!("{what}: {why}"));
            assert_eq!(end(&world).await, expected, "{what}");
            // What was done and is not known to be done may be asked for once more, in the very same words.
            assert_eq!(requests(&world), writes, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_call_leads_to_the_same_end_without_a_second_revision_or_rollout() {
    sweep(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_call_does_no_more_harm_where_reads_lag_behind_writes() {
    sweep(10).await;
}
