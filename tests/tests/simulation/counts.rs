//! What a fleet in which nothing happens may cost: a count, so that it holds on every machine.

use std::time::Duration;

use evenkeel::reconcile::Options;
use evenkeel_core::object::{Kind, ResourceVersion};
use evenkeel_core::operation::{Access, AwsService, Operation};
use evenkeel_tests::World;
use evenkeel_tests::fleet::Fleet;

/// Five clusters of twenty services with two policies each.
const FLEET: Fleet = Fleet { services: 100, clusters: 5, variables: 3 };

/// Calls of one look at all services, by operation: ten services of one cluster, fifty targets, ten policies or fifty
/// scheduled actions at a time, and the page that says that there is none.
const BOUND: [(Operation, usize); 4] = [
    (Operation::DescribeServices, 10),
    (Operation::DescribeScalableTargets, 2),
    (Operation::DescribeScalingPolicies, 20),
    (Operation::DescribeScheduledActions, 1),
];

/// A fleet that has come up, against an AWS whose answers take as long as the real one's.
async fn settled() -> World {
    let aws = evenkeel_sandbox::Options { latency: Duration::from_millis(50), ..Default::default() };
    let mut world = World::with(aws, Options::default()).await;
    world.files = FLEET.files();
    let summary = world.commit().await;
    assert_eq!(summary.created, FLEET.objects());
    world.pass(600).await;
    world.all_ready().await.unwrap();
    world
}

/// The store's version, which moves with every write of an object.
async fn version(world: &World) -> ResourceVersion {
    world.engine.context.store.list(Kind::Service, None).await.unwrap().resource_version
}

#[tokio::test(start_paused = true)]
async fn a_look_at_a_fleet_in_line_costs_a_call_for_ten_services_fifty_targets_and_ten_policies_and_writes_nothing() {
    let world = settled().await;
    let (first, before) = (world.wire.calls().len(), version(&world).await);
    world.journal.take();
    let looks = 10;
    world.pass(looks as u64 * Options::default().interval.as_secs()).await;
    let calls = world.wire.calls().split_off(first);
    for (operation, most) in BOUND {
        let made = calls.iter().filter(|call| call.operation == operation).count();
        assert!(made <= most * looks, "{operation}: {made} calls in {looks} looks, where {most} each are enough");
    }
    // Beside the looks there is only the resync of what services stand on: each Cluster, and each family once an hour.
    let others = |service: AwsService| {
        let counted = |operation: &Operation| BOUND.iter().any(|(bound, _)| bound == operation);
        calls.iter().filter(|call| call.operation.service() == service && !counted(&call.operation)).count()
    };
    assert_eq!(others(AwsService::ApplicationAutoScaling), 0);
    let resyncs = FLEET.clusters * 2 + FLEET.services * 2 * looks / 60 * 2;
    assert!(others(AwsService::Ecs) <= resyncs, "{} other calls, {resyncs} are enough", others(AwsService::Ecs));
    assert!(calls.iter().all(|call| call.operation.access() == Access::Read), "nothing was to be written to AWS");
    assert_eq!(version(&world).await, before, "the store was written: {:?}", world.journal.take());
}
