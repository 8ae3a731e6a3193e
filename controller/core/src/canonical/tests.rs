#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{DocumentKind, content_hash};

mod scaling;
mod service;
mod task_definition;

fn same(kind: DocumentKind, a: &Value, b: &Value) -> bool {
    content_hash(kind, a) == content_hash(kind, b)
}

fn container(members: &Value) -> Value {
    let mut container = json!({"name": "app", "image": "app:1"});
    container.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({"family": "f", "containerDefinitions": [container]})
}

fn awsvpc(members: &Value) -> Value {
    let mut document = container(members);
    document["networkMode"] = json!("awsvpc");
    document
}

#[test]
fn every_table_of_rules_can_be_read() {
    for kind in [DocumentKind::TaskDefinition, DocumentKind::Service, DocumentKind::Cluster, DocumentKind::Scaling] {
        assert!(!kind.rules().paths().is_empty());
    }
}

#[test]
fn what_aws_fills_in_and_reorders_is_the_same_task_definition() {
    let described = json!({
        "family": "f", "revision": 3, "status": "ACTIVE", "taskDefinitionArn": "arn:…", "registeredAt": 1.5,
        "compatibilities": ["EC2", "FARGATE"], "requiresAttributes": [{"name": "x"}],
        "requiresCompatibilities": ["FARGATE", "EC2"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "placementConstraints": [], "inferenceAccelerators": [], "enableFaultInjection": false,
        "volumes": [{"name": "data", "host": {}}],
        "containerDefinitions": [
            {"name": "sidecar", "image": "s:1", "cpu": 0, "essential": true, "environment": [], "mountPoints": [],
             "volumesFrom": [], "portMappings": [], "systemControls": []},
            {"name": "app", "image": "app:1", "cpu": 0, "essential": true, "mountPoints": [], "volumesFrom": [],
             "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
             "portMappings": [{"containerPort": 443, "hostPort": 443, "protocol": "tcp"},
                              {"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
             "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
             "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}, "secretOptions": []},
             "linuxParameters": {"capabilities": {"add": [], "drop": []}, "devices": [], "tmpfs": []}},
        ],
    });
    let declared = json!({
        "family": "f", "requiresCompatibilities": ["EC2", "FARGATE"], "networkMode": "awsvpc", "cpu": ".25 vCPU",
        "memory": "0.5 GB", "volumes": [{"name": "data"}],
        "containerDefinitions": [
            {"name": "app", "image": "app:1", "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
             "portMappings": [{"containerPort": 8080}, {"containerPort": 443}],
             "healthCheck": {"command": ["CMD", "true"]},
             "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}},
            {"name": "sidecar", "image": "s:1"},
        ],
    });
    assert_eq!(DocumentKind::TaskDefinition.canonical(&declared), DocumentKind::TaskDefinition.canonical(&described));
}

#[test]
fn a_host_port_counts_unless_the_network_mode_makes_it_the_containers() {
    let fixed = json!({"portMappings": [{"containerPort": 80, "hostPort": 80}]});
    let open = json!({"portMappings": [{"containerPort": 80}]});
    assert!(!same(DocumentKind::TaskDefinition, &container(&fixed), &container(&open)), "bridge");
    assert!(same(DocumentKind::TaskDefinition, &awsvpc(&fixed), &awsvpc(&open)), "awsvpc");
    let zero = json!({"portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]});
    assert!(same(DocumentKind::TaskDefinition, &container(&zero), &container(&open)), "0 is none");
}

#[test]
fn order_counts_where_it_means_something() {
    let list = |name: &str, value: Value| container(&json!({name: value}));
    for name in ["command", "entryPoint", "dnsServers", "dnsSearchDomains"] {
        let (a, b) = (list(name, json!(["x", "y"])), list(name, json!(["y", "x"])));
        assert!(!same(DocumentKind::TaskDefinition, &a, &b), "{name}");
    }
    for name in ["links", "dockerSecurityOptions"] {
        let (a, b) = (list(name, json!(["x", "y"])), list(name, json!(["y", "x"])));
        assert!(same(DocumentKind::TaskDefinition, &a, &b), "{name}");
    }
}

#[test]
fn an_empty_string_in_a_command_is_content() {
    let (with, without) = (container(&json!({"command": [""]})), container(&json!({})));
    assert!(!same(DocumentKind::TaskDefinition, &with, &without));
}

#[test]
fn sparse_lists_and_nulls_are_nothing() {
    let sparse = container(&json!({
        "portMappings": [{}], "environment": [null], "mountPoints": [{"containerPath": null}], "memory": null,
    }));
    assert!(same(DocumentKind::TaskDefinition, &sparse, &container(&json!({}))));
}

#[test]
fn numbers_are_equal_by_value() {
    let policy = |target: Value| {
        json!({"Policies": [{"PolicyName": "p", "PolicyType": "TargetTrackingScaling",
                              "TargetTrackingScalingPolicyConfiguration": {"TargetValue": target}}]})
    };
    assert!(same(DocumentKind::Scaling, &policy(json!(60)), &policy(json!(60.0))));
    assert!(!same(DocumentKind::Scaling, &policy(json!(60)), &policy(json!(60.5))));
}

#[test]
fn placement_fields_differ_in_case_only_and_host_is_the_instance() {
    let strategy = |field: &str| json!({"placementStrategy": [{"type": "binpack", "field": field}]});
    assert!(same(DocumentKind::Service, &strategy("memory"), &strategy("MEMORY")));
    assert!(same(DocumentKind::Service, &strategy("host"), &strategy("instanceId")));
}

#[test]
fn canonical_form_is_idempotent_and_content_keeps_its_hash_over_versions() {
    let document = awsvpc(&json!({"environment": [{"name": "B", "value": "2"}, {"name": "A", "value": ""}]}));
    let kind = DocumentKind::TaskDefinition;
    assert_eq!(kind.canonical(&kind.canonical(&document)), kind.canonical(&document));
    // Tags on live revisions carry these hashes: a change here needs a new hash version.
    assert_eq!(content_hash(kind, &document), "v1-ba020bff5a5ca1ddfa63a77d643ae275");
}

#[test]
fn tags_are_no_content() {
    let mut tagged = container(&json!({}));
    tagged["tags"] = json!([{"key": "a", "value": "b"}]);
    assert!(same(DocumentKind::TaskDefinition, &tagged, &container(&json!({}))));
}
