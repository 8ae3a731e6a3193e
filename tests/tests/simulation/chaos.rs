//! Everything at once, from a seed: commits, images that do not start, other people, an autoscaler, another deployment
//! tool, an AWS that fails, reads that lag or jump, a controller that is killed.
//!
//! ```sh
//! SEED=100 SEEDS=1000 cargo test --release -p evenkeel-tests --test simulation chaos
//! ```

use std::collections::BTreeSet;

use evenkeel_core::desired::RETRY;
use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_core::operation::{Access, Operation};
use evenkeel_sandbox::{Fault, Rule, When};
use evenkeel_tests::World;
use serde_json::{Value, json};

use super::converge::SHOP;

const CLUSTER: &str = "shop-cluster";
const SERVICE: &str = "shop-web-service";

/// What the directory may say next.
fn manifest(rng: &mut fastrand::Rng) -> String {
    let image = rng.choice(["app:1.0", "app:2.0", "app:3.0"]).unwrap();
    let group = rng.choice(["[sg-1]", "[sg-2]"]).unwrap();
    let bounds = rng.choice(["minCapacity: 2\n    maxCapacity: 4", "minCapacity: 1\n    maxCapacity: 8"]).unwrap();
    SHOP.replace("app:1.0", image).replace("[sg-1]", group).replace("minCapacity: 2\n    maxCapacity: 4", bounds)
}

/// Somebody does something; whether AWS lets them is their business.
fn interfere(world: &World, rng: &mut fastrand::Rng) {
    let named = |members: Value| {
        let mut body = json!({"cluster": CLUSTER, "service": SERVICE});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let scaling = |members: Value| {
        let mut body = json!({"ServiceNamespace": "ecs", "ResourceId": format!("service/{CLUSTER}/{SERVICE}"),
                              "ScalableDimension": "ecs:service:DesiredCount"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let arn = format!("arn:aws:ecs:ap-northeast-1:123456789012:service/{CLUSTER}/{SERVICE}");
    let (operation, body) = match rng.u32(0..12) {
        0 => (Operation::UpdateService, named(json!({"healthCheckGracePeriodSeconds": rng.u32(0..100)}))),
        1 => (Operation::UpdateService, named(json!({"desiredCount": rng.u32(0..12)}))),
        2 => (Operation::UpdateService, named(json!({"taskDefinition": "shop-web:1"}))),
        3 => (Operation::UpdateService, named(json!({"deploymentConfiguration": {"maximumPercent": 150}}))),
        4 => (Operation::RegisterScalableTarget, scaling(json!({"MinCapacity": 0, "MaxCapacity": rng.u32(1..9)}))),
        5 => (Operation::DeregisterScalableTarget, scaling(json!({}))),
        6 => (Operation::DeleteScalingPolicy, scaling(json!({"PolicyName": "cpu"}))),
        7 => (Operation::UntagResource, json!({"resourceArn": arn, "tagKeys": ["evenkeel.dev/installation", "team"]})),
        // The autoscaler, and another tool that deploys what it built.
        8 => {
            let count = rng.u32(1..9);
            let _ = world.sandbox().set_desired_count(world.clock.now(), &world.caller, CLUSTER, SERVICE, count);
            return;
        }
        9 => {
            let definition = json!({
                "family": "by-hand", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
                "memory": "512", "containerDefinitions": [{"name": "app", "image": "app:by-hand"}],
            });
            world.aws(Operation::RegisterTaskDefinition, &definition);
            (Operation::UpdateService, named(json!({"taskDefinition": "by-hand"})))
        }
        10 => {
            world.sandbox().fail_tasks_of(rng.choice(["app:2.0", "app:3.0"]).unwrap());
            return;
        }
        _ => (Operation::DeleteService, named(json!({"force": true}))),
    };
    let _ = world.sandbox().call(world.clock.now(), &world.caller, operation, &body);
}

fn misfortune(world: &World, rng: &mut fastrand::Rng) {
    let faults =
        [Fault::Throttle, Fault::ServerError, Fault::Unavailable, Fault::Reset, Fault::LostAnswer, Fault::Truncated];
    let fault = rng.choice(&faults).unwrap().clone();
    world.sandbox().add_fault(Rule::any(When::Probability(0.2), fault));
}

async fn live(seed: u64) -> World {
    let mut rng = fastrand::Rng::with_seed(seed);
    let staleness = jiff::SignedDuration::from_secs(rng.choice([0, 0, 3, 10]).unwrap());
    let jumping = rng.bool();
    let sandbox = evenkeel_sandbox::Options { seed, staleness, jumping, ..evenkeel_sandbox::Options::default() };
    let mut world = World::with(sandbox, evenkeel::reconcile::Options::default()).await;
    world.push("shop.yaml", SHOP).await;
    for _ in 0..40 {
        match rng.u32(0..10) {
            0 | 1 => drop(world.push("shop.yaml", &manifest(&mut rng)).await),
            2 => world.restart().await,
            3 => misfortune(&world, &mut rng),
            4 => world.sandbox().clear_faults(),
            _ => interfere(&world, &mut rng),
        }
        world.pass(rng.u64(1..90)).await;
    }
    world.sandbox().clear_faults();
    world.push("shop.yaml", SHOP).await;
    // As long as the longest backoff and the longest wait for a deleted service take.
    world.pass(1200).await;
    world
}

/// Contents of the family's revisions that the controller registered.
fn contents(world: &World) -> Vec<String> {
    let registered = world.wire.calls().into_iter();
    let registered = registered.filter(|call| call.operation == Operation::RegisterTaskDefinition);
    registered.map(|call| call.body["containerDefinitions"].to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_it_comes_to_rest_as_the_last_commit_says() {
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse::<u64>().unwrap());
    let first = number("SEED", 0);
    for seed in first..first + number("SEEDS", 8) {
        let again = format!("SEED={seed} SEEDS=1 cargo test -p evenkeel-tests --test simulation chaos");
        let world = live(seed).await;
        let (_, reason) = world.ready(Kind::Service, "shop", "web").await;
        if reason == "NotReflected" {
            // Somebody made the same edit again before any read came through: AWS looks as if it had taken no notice of
            // our write, and a person is asked.
            world.annotate(&ObjectKey::new(Kind::Service, "shop", "web"), RETRY, "please").await;
            world.pass(60).await;
        }
        world.ready_and_quiet().await.unwrap_or_else(|why| panic!("{again}\n{why}"));
        let service = world.service(CLUSTER, SERVICE);
        let group = &service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"];
        assert_eq!((group, &service["healthCheckGracePeriodSeconds"]), (&json!(["sg-1"]), &json!(300)), "{again}");
        let arns = world.aws(Operation::ListTaskDefinitions, &json!({"familyPrefix": "shop-web"}));
        let revisions = arns["taskDefinitionArns"].as_array().unwrap().len();
        let different = contents(&world).into_iter().collect::<BTreeSet<_>>().len();
        assert_eq!(revisions, different, "{again}: no content is registered twice");
        assert!(world.wire.calls().iter().any(|call| call.operation.access() == Access::Write));
    }
}
