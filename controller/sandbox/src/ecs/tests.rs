//! Clusters and tags.
#![allow(clippy::unwrap_used)]

use crate::{
    Options,
    testing::{World, names},
};
use evenkeel_core::operation::Operation;
use serde_json::{Value, json};

#[test]
fn a_cluster_is_created_once_however_often_it_is_asked_for() {
    let mut world = World::new(Options::default());
    let body = json!({"clusterName": "c", "settings": [{"name": "containerInsights", "value": "enabled"}]});
    let first = world.ok(Operation::CreateCluster, body.clone());
    assert_eq!(first, world.ok(Operation::CreateCluster, body));
    assert_eq!(first, world.ok(Operation::CreateCluster, json!({"clusterName": "c"})));
    let other = json!({"clusterName": "c", "settings": [{"name": "containerInsights", "value": "disabled"}]});
    assert!(
        world
            .err(Operation::CreateCluster, other)
            .1
            .starts_with("Arguments on this idempotent request are inconsistent")
    );
}

#[test]
fn clusters_are_described_with_what_is_included() {
    let mut world = World::prepared();
    world.ok(Operation::CreateCluster, json!({"clusterName": "c", "tags": [{"key": "a", "value": "b"}]}));
    world.create(json!({}));
    world.pass(60);
    let describe = |clusters: Value, include: Value| json!({"clusters": clusters, "include": include});
    let plain = world.ok(Operation::DescribeClusters, describe(json!(["prod", "c", "nope"]), json!([])));
    assert_eq!(
        (&plain["clusters"][0]["runningTasksCount"], &plain["clusters"][0]["activeServicesCount"]),
        (&json!(2), &json!(1))
    );
    assert_eq!((&plain["clusters"][1]["tags"], &plain["clusters"][1]["settings"]), (&json!([]), &json!([])));
    assert_eq!(plain["failures"][0]["reason"], "MISSING");
    let all = json!(["TAGS", "SETTINGS", "CONFIGURATIONS", "STATISTICS"]);
    let full = world.ok(Operation::DescribeClusters, describe(json!(["c"]), all));
    assert_eq!(full["clusters"][0]["tags"], json!([{"key": "a", "value": "b"}]));
    assert_eq!(full["clusters"][0]["settings"], json!([{"name": "containerInsights", "value": "disabled"}]));
    assert!(!full["clusters"][0]["statistics"].as_array().unwrap().is_empty());
    let many: Vec<String> = (0..101).map(|n| format!("c{n}")).collect();
    world.err(Operation::DescribeClusters, json!({"clusters": many}));
}

#[test]
fn settings_configuration_and_capacity_providers_are_updated() {
    let mut world = World::prepared();
    let enabled = json!([{"name": "containerInsights", "value": "enhanced"}]);
    let answer = world.ok(Operation::UpdateClusterSettings, json!({"cluster": "prod", "settings": enabled}));
    assert_eq!(answer["cluster"]["settings"], enabled);
    let execute = json!({"executeCommandConfiguration": {"logging": "DEFAULT"}});
    let more = json!({"cluster": "prod", "configuration": execute, "serviceConnectDefaults": {"namespace": "ns"}});
    let answer = world.ok(Operation::UpdateCluster, more);
    assert_eq!(answer["cluster"]["configuration"], execute);
    assert!(
        answer["cluster"]["serviceConnectDefaults"]["namespace"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:servicediscovery:")
    );
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT"}]);
    let put = json!({"cluster": "prod", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": strategy});
    assert!(world.err(Operation::PutClusterCapacityProviders, put).1.contains("not associated with the cluster"));
    let put =
        json!({"cluster": "prod", "capacityProviders": ["FARGATE_SPOT"], "defaultCapacityProviderStrategy": strategy});
    let answer = world.ok(Operation::PutClusterCapacityProviders, put);
    assert_eq!(answer["cluster"]["defaultCapacityProviderStrategy"][0]["base"], 0);
    world.err(Operation::PutClusterCapacityProviders, json!({"cluster": "prod", "capacityProviders": []}));
    assert_eq!(world.err(Operation::UpdateCluster, json!({"cluster": "nope"})).0, "ClusterNotFoundException");
}

#[test]
fn a_deleted_cluster_is_inactive_and_no_longer_listed() {
    let mut world = World::prepared();
    world.ok(Operation::CreateCluster, json!({"clusterName": "c"}));
    let deleted = world.ok(Operation::DeleteCluster, json!({"cluster": "c"}));
    assert_eq!(deleted["cluster"]["status"], "INACTIVE");
    assert_eq!(names(&world.ok(Operation::ListClusters, json!({}))["clusterArns"]), ["prod"]);
    let described = world.ok(Operation::DescribeClusters, json!({"clusters": ["c"]}));
    assert_eq!(described["clusters"][0]["status"], "INACTIVE");
    world.ok(Operation::CreateCluster, json!({"clusterName": "c"}));
    assert_eq!(names(&world.ok(Operation::ListClusters, json!({}))["clusterArns"]), ["c", "prod"]);
}

#[test]
fn clusters_services_and_revisions_are_tagged() {
    let mut world = World::prepared();
    world.create(json!({"tags": [{"key": "old", "value": "1"}]}));
    for resource in ["cluster/prod", "service/prod/web", "task-definition/web:1"] {
        let arn = format!("arn:aws:ecs:ap-northeast-1:123456789012:{resource}");
        let tags = json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]);
        world.ok(Operation::TagResource, json!({"resourceArn": arn, "tags": tags}));
        world.ok(Operation::UntagResource, json!({"resourceArn": arn, "tagKeys": ["a", "old"]}));
        let listed = world.ok(Operation::ListTagsForResource, json!({"resourceArn": arn}));
        assert_eq!(listed["tags"], json!([{"key": "b", "value": "2"}]), "{resource}");
    }
}

#[test]
fn tags_have_their_limits() {
    let mut world = World::prepared();
    world.create(json!({}));
    let arn = "arn:aws:ecs:ap-northeast-1:123456789012:service/prod/web";
    let mut refused =
        |arn: &str, tags: Value| world.err(Operation::TagResource, json!({"resourceArn": arn, "tags": tags}));
    let many: Vec<Value> = (0..51).map(|n| json!({"key": format!("k{n}"), "value": ""})).collect();
    for tags in [
        json!(many),
        json!([{"key": "aws:own", "value": ""}]),
        json!([{"key": "k".repeat(129), "value": ""}]),
        json!([{"key": "k", "value": "v".repeat(257)}]),
        json!([{"value": "v"}]),
    ] {
        assert_eq!(refused(arn, tags).0, "InvalidParameterException");
    }
    let one = json!([{"key": "k", "value": "v"}]);
    let short = "arn:aws:ecs:ap-northeast-1:123456789012:service/web";
    assert_eq!(refused(short, one.clone()).1, "Long arn format must be used for tagging operations");
    assert_eq!(refused(&format!("{arn}x"), one).0, "ResourceNotFoundException");
}
