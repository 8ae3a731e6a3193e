//! The controller dies at each of its calls, before AWS gets it and after AWS has done it, and another one goes on.

use std::collections::BTreeSet;

use evenkeel_core::operation::{Access, Operation};
use evenkeel_tests::{Blow, Strike, World};
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
    // ECS tells of its own in events; CodeDeploy's are its deployments, and the creation that comes first.
    let group = json!({
        "applicationName": "AppECS-shop-cluster-shop-web-service",
        "deploymentGroupName": "DgpECS-shop-cluster-shop-web-service",
    });
    let rollouts = match service["deploymentController"]["type"].as_str() {
        Some("CODE_DEPLOY") => {
            1 + world.aws(Operation::ListDeployments, &group)["deployments"].as_array().map_or(0, Vec::len)
        }
        _ => completed.count(),
    };
    for set in service["taskSets"].as_array_mut().into_iter().flatten() {
        for member in ["id", "taskSetArn", "externalId", "createdAt", "updatedAt", "stabilityStatusAt"] {
            set.as_object_mut().unwrap().remove(member);
        }
    }
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

/// How the service is rolled out, and how reads lag.
#[derive(Clone, Copy)]
struct Kind {
    code_deploy: bool,
    staleness: i64,
    /// Seconds that a commit takes, with some to spare.
    takes: u64,
}

/// A rolling service.
const ROLLING: Kind = Kind { code_deploy: false, staleness: 0, takes: 100 };

/// The same under CodeDeploy.
const CODE_DEPLOY: Kind = Kind { code_deploy: true, takes: 200, ..ROLLING };

impl Kind {
    /// The first commit.
    fn manifests(self) -> String {
        let balancer = "deploymentController: {type: CODE_DEPLOY}
    loadBalancers:
    - targetGroupArn: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/shop-web-tg01/0123456789abcdef
      containerName: app
      containerPort: 80
    networkConfiguration:";
        match self.code_deploy {
            false => SHOP.to_owned(),
            true => SHOP
                .replace("      deploymentCircuitBreaker: {enable: true, rollback: true}\n", "")
                .replace("networkConfiguration:", balancer),
        }
    }

    /// A commit that changes an image and a security group at once.
    fn next(self) -> String {
        self.manifests().replace("app:1.0", "app:2.0").replace("[sg-1]", "[sg-2]")
    }
}

/// From nothing to a running service and on to the next commit; the controller dies at `crash`, if it gets there.
async fn story(crash: Option<Strike>, kind: Kind) -> (World, bool) {
    let sandbox = evenkeel_sandbox::Options {
        staleness: jiff::SignedDuration::from_secs(kind.staleness),
        deployment_groups: true,
        ..evenkeel_sandbox::Options::default()
    };
    let mut world = World::with(sandbox, evenkeel::reconcile::Options::default()).await;
    if let Some(crash) = crash {
        world.wire.strike(&[crash]);
    }
    let mut died = false;
    for text in [kind.manifests(), kind.next()] {
        world.push("shop.yaml", &text).await;
        let wire = world.wire.clone();
        tokio::select! {
            biased;
            () = wire.crashed() => {
                died = true;
                world.restart().await;
                world.pass(kind.takes).await;
            }
            () = world.pass(kind.takes) => {}
        }
    }
    (world, died)
}

/// Runs the story once undisturbed and once for each of its calls and both sides of it.
async fn sweep(kind: Kind) {
    let (world, _) = story(None, kind).await;
    world.assert_stable().await;
    let expected = end(&world).await;
    assert_eq!((expected.revisions.len(), expected.rollouts), (2, 2), "one revision and one rollout a commit");
    let calls = world.wire.calls();
    let writes = requests(&world);
    // What comes after the last write finds nothing to do. To die before a read is to die after the call before it.
    let last = calls.iter().rposition(|call| call.operation.access() == Access::Write).unwrap();
    for (number, call) in calls.iter().enumerate().take(last + 1) {
        let before = (call.operation.access() == Access::Write).then_some(Blow::DieBefore);
        for blow in before.into_iter().chain([Blow::DieAfter(0)]) {
            let crash = Strike::at(&calls, number, blow);
            let what = crash.to_string();
            let (world, died) = story(Some(crash), kind).await;
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
    sweep(ROLLING).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_call_does_no_more_harm_where_reads_lag_behind_writes() {
    sweep(Kind { staleness: 10, ..ROLLING }).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_call_leads_to_one_deployment_under_code_deploy_too() {
    sweep(CODE_DEPLOY).await;
}
