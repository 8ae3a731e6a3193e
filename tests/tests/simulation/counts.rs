//! What a fleet in which nothing happens may cost: a count, so that it holds on every machine.

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel::observe::{Read, Scaling, Sent};
use evenkeel::reconcile::Options;
use evenkeel_core::manifest::Content;
use evenkeel_core::object::{Kind, ResourceVersion};
use evenkeel_core::operation::{Access, AwsService, Operation};
use evenkeel_core::plan::Observation;
use evenkeel_core::plan::service::{SCALABLE_DIMENSION, resource_id};
use evenkeel_sandbox::{Fault, Rule, When};
use evenkeel_tests::World;
use evenkeel_tests::fleet::{Fleet, name};
use serde_json::{Value, json};

/// Five clusters of twenty services with two policies each.
const FLEET: Fleet = Fleet { services: 100, clusters: 5, variables: 3, places: 1 };

/// Calls of one look at all services, by operation: ten services of one cluster, fifty targets, ten policies or fifty
/// scheduled actions at a time, and the page that says that there is none.
const BOUND: [(Operation, usize); 4] = [
    (Operation::DescribeServices, 10),
    (Operation::DescribeScalableTargets, 2),
    (Operation::DescribeScalingPolicies, 20),
    (Operation::DescribeScheduledActions, 1),
];

/// An AWS whose answers take as long as the real one's.
fn slow() -> evenkeel_sandbox::Options {
    evenkeel_sandbox::Options { latency: Duration::from_millis(50), ..Default::default() }
}

/// A fleet that has come up.
async fn settled() -> World {
    let mut world = World::with(slow(), Options::default()).await;
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

#[tokio::test(start_paused = true)]
async fn a_look_costs_no_more_when_more_batches_are_needed_than_are_under_way_at_once() {
    let (services, names) = (1_000, |nth: usize| ("shop".to_owned(), format!("web-{nth:04}")));
    let world = World::with(slow(), Options::default()).await;
    world.aws(Operation::CreateCluster, &json!({"clusterName": "shop"}));
    let containers = json!([{"name": "app", "image": "app", "memory": 128}]);
    world.aws(Operation::RegisterTaskDefinition, &json!({"family": "web", "containerDefinitions": containers}));
    for (cluster, name) in (0..services).map(names) {
        let service = json!({"cluster": cluster, "serviceName": name, "taskDefinition": "web", "desiredCount": 0});
        world.aws(Operation::CreateService, &service);
        let id = resource_id(&cluster, &name);
        let target = json!({"ServiceNamespace": "ecs", "ResourceId": id, "ScalableDimension": SCALABLE_DIMENSION});
        let with = |members: Value| {
            let mut body = target.clone();
            body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            body
        };
        world.aws(Operation::RegisterScalableTarget, &with(json!({"MinCapacity": 0, "MaxCapacity": 4})));
        let metric = json!({"PredefinedMetricType": "ECSServiceAverageCPUUtilization"});
        let tracking = json!({"TargetValue": 60.0, "PredefinedMetricSpecification": metric});
        let policy = json!({"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
                            "TargetTrackingScalingPolicyConfiguration": tracking});
        world.aws(Operation::PutScalingPolicy, &with(policy));
    }
    let spec = serde_json::from_value(json!({"region": "ap-northeast-1"})).unwrap();
    let connection = world.engine.context.fleet.connection(&spec).await;
    let names: Vec<_> = (0..services).map(names).collect();
    // The first look finds out how long the list of policies is; the second one knows.
    for _ in 0..2 {
        let (mut told, before) = ([0, 0], world.wire.calls().len());
        let service = |nth: usize, read: Read<Observation<Sent>>| {
            assert_eq!((told[0], read.error.is_none()), (nth, true), "each service is told in its turn");
            let found: Value = serde_json::from_str(read.found.present().unwrap().get()).unwrap();
            assert_eq!(found["serviceName"], names[nth].1);
            told[0] += 1;
        };
        connection.reader.services(&names, Duration::ZERO, service).await;
        let scaling = |nth: usize, read: Read<Scaling<Sent>>| {
            assert_eq!((told[1], read.error.is_none()), (nth, true), "each scaling is told in its turn");
            assert_eq!(read.found.policies.present().unwrap().len(), 1);
            told[1] += 1;
        };
        connection.reader.scalings(&names, Duration::ZERO, scaling).await;
        assert_eq!(told, [services; 2]);
        let calls = world.wire.calls().split_off(before);
        let made = |operation| calls.iter().filter(|call| call.operation == operation).count();
        let made = BOUND.map(|(operation, _)| made(operation));
        assert_eq!(made, [services / 10, services / 50, services / 10, 1]);
    }
}

/// Makes services of others, each with a target and a policy.
fn others(world: &World, services: usize) {
    world.aws(Operation::CreateCluster, &json!({"clusterName": "theirs"}));
    let containers = json!([{"name": "app", "image": "app", "memory": 128}]);
    world.aws(Operation::RegisterTaskDefinition, &json!({"family": "theirs", "containerDefinitions": containers}));
    for nth in 0..services {
        let name = format!("theirs-{nth}");
        let service = json!({"cluster": "theirs", "serviceName": name, "taskDefinition": "theirs", "desiredCount": 0});
        world.aws(Operation::CreateService, &service);
        let target = json!({"ServiceNamespace": "ecs", "ResourceId": resource_id("theirs", &name),
                            "ScalableDimension": SCALABLE_DIMENSION, "MinCapacity": 0, "MaxCapacity": 4});
        world.aws(Operation::RegisterScalableTarget, &target);
        let metric = json!({"PredefinedMetricType": "ECSServiceAverageCPUUtilization"});
        let tracking = json!({"TargetValue": 60.0, "PredefinedMetricSpecification": metric});
        let policy = json!({"ServiceNamespace": "ecs", "ResourceId": resource_id("theirs", &name),
                            "ScalableDimension": SCALABLE_DIMENSION, "PolicyName": "cpu",
                            "PolicyType": "TargetTrackingScaling",
                            "TargetTrackingScalingPolicyConfiguration": tracking});
        world.aws(Operation::PutScalingPolicy, &policy);
    }
}

#[tokio::test(start_paused = true)]
async fn thousands_of_services_of_others_are_neither_read_nor_paged_through() {
    let world = settled().await;
    others(&world, 2_000);
    // Two looks to find out how long the pages of all are, and one that knows.
    world.pass(180).await;
    let (first, before) = (world.wire.calls().len(), version(&world).await);
    world.pass(60).await;
    let calls = world.wire.calls().split_off(first);
    let made = |operation| calls.iter().filter(|call| call.operation == operation).count();
    assert_eq!(made(Operation::ListServices), 0);
    assert!(made(Operation::DescribeServices) <= FLEET.services / 10 + 2, "{}", made(Operation::DescribeServices));
    // The pages of all would be more than one call for each of ours.
    assert!(
        made(Operation::DescribeScalingPolicies) <= FLEET.services + 2,
        "{}",
        made(Operation::DescribeScalingPolicies)
    );
    assert_eq!(version(&world).await, before, "the store was written: {:?}", world.journal.take());
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_token_has_expired_costs_the_pages_again_and_no_service() {
    let world = settled().await;
    let expired = Fault::Error { code: "InvalidNextTokenException".into(), message: "Invalid token".into() };
    // The fifth page of twenty, however often it is asked for.
    for nth in 5..10 {
        world.sandbox().add_fault(Rule::new(Operation::DescribeScalingPolicies, When::Nth(nth), expired.clone()));
    }
    let (first, before) = (world.wire.calls().len(), version(&world).await);
    world.pass(120).await;
    let calls = world.wire.calls().split_off(first);
    let pages = calls.iter().filter(|call| call.operation == Operation::DescribeScalingPolicies).count();
    // Four pages, one that failed five times, the same look once more, and the looks before and after it.
    assert!((4 + 5 + 20..=4 + 5 + 3 * 20).contains(&pages), "{pages} pages");
    assert_eq!(version(&world).await, before, "no service was told that it is unknown");
    world.assert_stable().await;
}

/// Calls of these services that are no part of the looks at all, by operation.
fn beside_looks(world: &World, first: usize, looks: usize) -> BTreeMap<Operation, usize> {
    let mut made: BTreeMap<Operation, usize> = BTreeMap::new();
    for call in world.wire.calls().split_off(first) {
        *made.entry(call.operation).or_default() += 1;
    }
    for (operation, calls) in BOUND {
        let made = made.entry(operation).or_default();
        *made = made.saturating_sub(calls * looks);
    }
    // Each Cluster is looked at again now and then.
    made.remove(&Operation::DescribeClusters);
    made.retain(|_, calls| *calls > 0);
    made
}

/// Somebody changes the grace period of the first services.
fn tamper(world: &World, services: usize) {
    for nth in 0..services {
        let (cluster, service) = (FLEET.namespace(nth), name(nth));
        let change = json!({"cluster": cluster, "service": service, "healthCheckGracePeriodSeconds": 1});
        world.aws(Operation::UpdateService, &change);
    }
}

#[tokio::test(start_paused = true)]
async fn one_drift_costs_one_write_and_a_handful_of_reads_of_that_service() {
    let world = settled().await;
    let first = world.wire.calls().len();
    tamper(&world, 1);
    world.pass(180).await;
    let calls = beside_looks(&world, first, 3);
    // What the look saw a moment ago is fresh; then a look at what came of it, and one once reads are believed.
    assert_eq!(calls.get(&Operation::UpdateService), Some(&1), "{calls:?}");
    assert!(calls.values().sum::<usize>() <= 1 + 3, "{calls:?}");
    world.assert_stable().await;
}

#[tokio::test(start_paused = true)]
async fn drift_of_all_costs_a_write_each_and_reads_that_they_share() {
    let world = settled().await;
    let first = world.wire.calls().len();
    tamper(&world, FLEET.services);
    world.pass(180).await;
    let calls = beside_looks(&world, first, 3);
    assert_eq!(calls.get(&Operation::UpdateService), Some(&FLEET.services), "{calls:?}");
    assert!(calls.values().sum::<usize>() <= FLEET.services + 3 * FLEET.services / 2, "{calls:?}");
    world.assert_stable().await;
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_touches_one_file_writes_and_plans_what_stands_in_it_and_nothing_else() {
    let mut world = settled().await;
    let before = version(&world).await;
    let first = world.wire.calls().len();
    world.files.insert(FLEET.path(7), Content::Bytes(FLEET.manifests(7, "2.0").into_bytes()));
    let summary = world.commit().await;
    assert_eq!((summary.created, summary.changed), (0, 1));
    assert_eq!(version(&world).await.0, before.0 + 1, "one object was written");
    world.pass(45).await;
    let calls = world.wire.calls().split_off(first);
    let writes: Vec<_> = calls.iter().filter(|call| call.operation.access() == Access::Write).collect();
    let operations: Vec<Operation> = writes.iter().map(|call| call.operation).collect();
    assert_eq!(operations, [Operation::RegisterTaskDefinition, Operation::UpdateService]);
    let families = calls.iter().filter(|call| call.operation == Operation::ListTaskDefinitions).count();
    assert!(families <= 3, "{families} looks at families, of which one was touched");
}

#[tokio::test(start_paused = true)]
async fn a_start_with_a_store_reads_no_more_than_a_look_does_and_writes_nothing() {
    let mut world = settled().await;
    let before = version(&world).await;
    let first = world.wire.calls().len();
    world.restart().await;
    world.pass(50).await;
    let calls = beside_looks(&world, first, 1);
    assert_eq!(version(&world).await, before, "the store was written: {:?}", world.journal.take());
    // Of the hour in which families are looked at again, their share; and how long the pages are was not known yet.
    let allowed = FLEET.clusters + FLEET.services / 10;
    assert!(calls.values().sum::<usize>() <= allowed, "{calls:?}");
}
