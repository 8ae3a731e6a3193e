//! Within AWS's request rates: our share is kept, and who else draws on the same buckets keeps theirs.

use std::time::Duration;

use evenkeel::embedded;
use evenkeel::reconcile::Options;
use evenkeel_aws::{Account, Gateway};
use evenkeel_core::manifest::Content;
use evenkeel_core::object::Kind;
use evenkeel_core::operation::Operation;
use evenkeel_sandbox::{Fault, Rule, When};
use evenkeel_tests::World;
use evenkeel_tests::fleet::{Fleet, REGION};
use serde_json::json;

/// Three clusters, each with ten services that take four writes.
const FLEET: Fleet = Fleet { services: 30, clusters: 3, variables: 1, places: 1 };

/// A controller that keeps to half of what AWS enforces.
async fn limited() -> World {
    let aws = evenkeel_sandbox::Options { throttling: true, latency: Duration::from_millis(50), ..Default::default() };
    World::with(aws, Options { budget_share: Some(0.5), ..Options::default() }).await
}

/// Calls that AWS refused for their rate, whoever made them.
fn throttled(world: &World) -> Vec<String> {
    let sandbox = world.sandbox();
    let refused = sandbox.calls().iter().filter(|(_, count)| count.throttled > 0);
    refused.map(|(operation, count)| format!("{operation}: {}", count.throttled)).collect()
}

/// Waits until all is in line; how long that took, in seconds.
async fn settle(world: &World, most: u64) -> u64 {
    for waited in (0..most).step_by(10) {
        world.pass(10).await;
        if world.all_ready().await.is_ok() {
            return waited + 10;
        }
    }
    world.all_ready().await.unwrap();
    most
}

fn images(world: &mut World, tag: &str) {
    for nth in 0..FLEET.services {
        let text = FLEET.manifests(nth, tag).into_bytes();
        world.files.insert(FLEET.path(nth), Content::Bytes(text));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fleet_comes_up_and_rolls_within_half_of_the_buckets_without_one_refusal_and_as_fast_as_they_fill() {
    let mut world = limited().await;
    world.files = FLEET.files();
    world.commit().await;
    world.pass(5).await;
    let mut reasons = Vec::new();
    for nth in 0..FLEET.services {
        let name = evenkeel_tests::fleet::name(nth);
        reasons.push(world.ready(Kind::TaskDefinition, &FLEET.namespace(nth), &name).await.1);
    }
    assert!(reasons.iter().any(|reason| reason == "WaitingForBudget"), "who waits says so: {reasons:?}");
    settle(&world, 1_800).await;
    assert_eq!(throttled(&world), Vec::<String>::new());
    world.assert_stable().await;
    images(&mut world, "2.0");
    world.commit().await;
    let took = settle(&world, 900).await;
    // Thirty registrations: ten at once and one each two seconds; then the last rollout.
    assert!((40..=140).contains(&took), "{took} seconds");
    let registered =
        world.wire.calls().iter().filter(|call| call.operation == Operation::RegisterTaskDefinition).count();
    assert_eq!(registered, 2 * FLEET.services, "nothing was registered twice");
    assert_eq!(throttled(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_draws_on_the_same_buckets_keeps_its_half() {
    let mut world = limited().await;
    let transport = embedded::transport(world.sandbox.clone(), world.clock.clone());
    let account = Account { region: REGION.to_owned(), ..Account::default() };
    let pipeline = Gateway::connect(&account, transport, world.clock.for_aws(), None).await;
    world.files = FLEET.files();
    world.commit().await;
    let definition =
        json!({"family": "theirs", "containerDefinitions": [{"name": "app", "image": "app", "memory": 128}]});
    let mut refused = 0;
    for nth in 0..150 {
        // Half of its burst at once, then at half of its rate.
        if nth >= 10 {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        for (operation, body) in [
            (Operation::RegisterTaskDefinition, &definition),
            (Operation::DescribeServices, &json!({"cluster": "shop-000", "services": ["web-00000"]})),
        ] {
            let answer = pipeline.call(operation, body).await;
            refused += usize::from(answer.is_err_and(|error| error.class == evenkeel_aws::ErrorClass::Throttled));
        }
    }
    assert_eq!(refused, 0);
    settle(&world, 1_800).await;
    assert_eq!(throttled(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn refusals_of_half_of_all_calls_lose_no_service_and_end() {
    let mut world = limited().await;
    world.sandbox().add_fault(Rule::any(When::Probability(0.5), Fault::Throttle));
    world.files = FLEET.files();
    world.commit().await;
    world.pass(900).await;
    world.sandbox().clear_faults();
    settle(&world, 1_800).await;
    world.assert_stable().await;
}

#[tokio::test(start_paused = true)]
async fn buckets_that_give_half_of_what_is_published_slow_it_down_and_stop_nothing() {
    let aws = evenkeel_sandbox::Options { throttling: true, latency: Duration::from_millis(50), ..Default::default() };
    // It takes all that is published for its own.
    let mut world = World::with(aws, Options { budget_share: Some(1.0), ..Options::default() }).await;
    let transport = embedded::transport(world.sandbox.clone(), world.clock.clone());
    let account = Account { region: REGION.to_owned(), ..Account::default() };
    let others = Gateway::connect(&account, transport, world.clock.for_aws(), None).await;
    world.files = FLEET.files();
    world.commit().await;
    let definition =
        json!({"family": "theirs", "containerDefinitions": [{"name": "app", "image": "app", "memory": 128}]});
    let (mut theirs, mut refused) = (0, 0);
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        theirs += 1;
        let answer = others.call(Operation::RegisterTaskDefinition, &definition).await;
        refused += usize::from(answer.is_err_and(|error| error.class == evenkeel_aws::ErrorClass::Throttled));
    }
    settle(&world, 3_600).await;
    // Each refusal halves what is used, so that they end for both: a third of theirs at most, and none is lost here.
    assert!(refused * 3 <= theirs, "{refused} of {theirs} calls of others were refused");
    world.assert_stable().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_without_a_store_takes_as_long_as_families_take_to_be_read() {
    const LARGE: Fleet = Fleet { services: 90, clusters: 3, variables: 1, places: 1 };
    let aws = evenkeel_sandbox::Options { latency: Duration::from_millis(20), ..Default::default() };
    let mut world = World::with(aws, Options { budget_share: Some(0.9), ..Options::default() }).await;
    world.files = LARGE.files();
    world.commit().await;
    settle(&world, 1_800).await;
    world.sandbox().set_throttling(true);
    let first = world.wire.calls().len();
    world.lose_store().await;
    let took = settle(&world, 600).await;
    // A list and a revision for each family, of which 45 calls are there at once and 18 a second come after.
    assert!(took <= 20, "{took} seconds");
    let calls = world.wire.calls().split_off(first);
    let made = |operation| calls.iter().filter(|call| call.operation == operation).count();
    // Eighteen pages of policies a look, and a few services that read for themselves while there was plenty.
    assert!(made(Operation::DescribeScalingPolicies) <= 3 * 18 + 25, "{}", made(Operation::DescribeScalingPolicies));
    assert_eq!(throttled(&world), Vec::<String>::new());
    world.assert_stable().await;
}
