//! One row a rule: what DescribeServices shows of what was asked for.

use serde_json::{Value, json};

use super::same;
use crate::canonical::DocumentKind;
use crate::diff::{Ignore, Scope, diff};

fn equal(a: &Value, b: &Value) -> bool {
    same(DocumentKind::Service, a, b)
}

/// Whether the described service shows no drift against the declared one.
fn in_line(declared: &Value, described: &Value) -> bool {
    diff(DocumentKind::Service, declared, described, Scope::Declared, "", &Ignore::default()).is_empty()
}

#[test]
fn a_default_of_a_service_equals_its_absence_and_another_value_does_not() {
    let rows = [
        ("platformVersion", json!("LATEST"), json!("1.4.0")),
        ("schedulingStrategy", json!("REPLICA"), json!("DAEMON")),
        ("propagateTags", json!("NONE"), json!("SERVICE")),
        ("enableECSManagedTags", json!(false), json!(true)),
        ("enableExecuteCommand", json!(false), json!(true)),
        ("healthCheckGracePeriodSeconds", json!(0), json!(30)),
        ("deploymentController", json!({"type": "ECS"}), json!({"type": "CODE_DEPLOY"})),
        ("loadBalancers", json!([]), json!([{"targetGroupArn": "t"}])),
        ("serviceRegistries", json!([]), json!([{"registryArn": "r"}])),
        ("placementConstraints", json!([]), json!([{"type": "distinctInstance"}])),
        ("placementStrategy", json!([]), json!([{"type": "random"}])),
        ("capacityProviderStrategy", json!([]), json!([{"capacityProvider": "FARGATE"}])),
        ("volumeConfigurations", json!([]), json!([{"name": "v"}])),
        ("vpcLatticeConfigurations", json!([]), json!([{"portName": "p"}])),
        ("serviceConnectConfiguration", json!({"enabled": false}), json!({"enabled": true})),
    ];
    for (name, default, other) in rows {
        assert!(equal(&json!({name: default}), &json!({})), "{name}: {default} is what absence means");
        assert!(!equal(&json!({name: other}), &json!({})), "{name}: {other} is content");
    }
}

#[test]
fn a_default_of_the_deployment_configuration_equals_its_absence_and_another_value_does_not() {
    let rows = [
        ("strategy", json!("ROLLING"), json!("BLUE_GREEN")),
        ("bakeTimeInMinutes", json!(0), json!(180)),
        (
            "deploymentCircuitBreaker",
            json!({"enable": false, "rollback": false}),
            json!({"enable": true, "rollback": false}),
        ),
        (
            "deploymentCircuitBreaker",
            json!({"enable": false, "rollback": false, "resetOnHealthyTask": true,
            "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50}}),
            json!({"thresholdConfiguration": {"type": "COUNT", "value": 5}}),
        ),
        (
            "alarms",
            json!({"alarmNames": [], "enable": false, "rollback": false}),
            json!({"alarmNames": ["a"], "enable": true, "rollback": false}),
        ),
        ("lifecycleHooks", json!([]), json!([{"hookTargetArn": "arn"}])),
        (
            "earlySuccessCriteria",
            json!({"enable": false, "healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"}),
            json!({"enable": true, "healthyPercent": 100}),
        ),
    ];
    for (name, default, other) in rows {
        let of = |value: &Value| json!({"deploymentConfiguration": {name: value}});
        assert!(equal(&of(&default), &json!({})), "{name}: {default} is what absence means");
        assert!(!equal(&of(&other), &json!({})), "{name}: {other} is content");
    }
    // Their defaults depend on the scheduling strategy: compared only where declared.
    for name in ["maximumPercent", "minimumHealthyPercent"] {
        assert!(
            in_line(&json!({"deploymentConfiguration": {}}), &json!({"deploymentConfiguration": {name: 150}})),
            "{name}"
        );
    }
}

#[test]
fn what_aws_fills_into_parts_of_a_service_is_no_drift() {
    let rows = [
        (
            "networkConfiguration",
            json!({"awsvpcConfiguration": {"subnets": ["a", "b"]}}),
            json!({"awsvpcConfiguration": {"subnets": ["b", "a"], "securityGroups": [], "assignPublicIp": "DISABLED"}}),
        ),
        (
            "capacityProviderStrategy",
            json!([{"capacityProvider": "FARGATE"}]),
            json!([{"capacityProvider": "FARGATE", "base": 0, "weight": 0}]),
        ),
        (
            "placementStrategy",
            json!([{"type": "binpack", "field": "memory"}]),
            json!([{"type": "binpack", "field": "MEMORY"}]),
        ),
        (
            "placementStrategy",
            json!([{"type": "spread", "field": "host"}]),
            json!([{"type": "spread", "field": "instanceId"}]),
        ),
        (
            "serviceConnectConfiguration",
            json!({"enabled": true, "namespace": "n", "services": [{"portName": "p", "clientAliases": [{"port": 80}]}]}),
            json!({"enabled": true, "namespace": "n", "services": [{"portName": "p", "discoveryName": "p", "clientAliases": [{"port": 80, "dnsName": "p.n"}]}]}),
        ),
        (
            "volumeConfigurations",
            json!([{"name": "v", "managedEBSVolume": {"roleArn": "r", "sizeInGiB": 1}}]),
            json!([{"name": "v", "managedEBSVolume": {"roleArn": "r", "sizeInGiB": 1, "filesystemType": "xfs", "encrypted": true}}]),
        ),
        (
            "deploymentConfiguration",
            json!({"lifecycleHooks": [{"hookTargetArn": "f", "roleArn": "r", "lifecycleStages": ["A", "B"]}]}),
            json!({"lifecycleHooks": [{"hookTargetArn": "f", "roleArn": "r", "lifecycleStages": ["B", "A"], "targetType": "AWS_LAMBDA",
                                    "timeoutConfiguration": {"timeoutInMinutes": 1440, "action": "ROLLBACK"}}]}),
        ),
        (
            "monitoring",
            json!({"metricConfigurations": [{"metricNames": ["A", "B"]}]}),
            json!({"metricConfigurations": [{"metricNames": ["B", "A"], "resolutionSeconds": 60}]}),
        ),
    ];
    for (name, declared, described) in rows {
        assert!(in_line(&json!({name: declared}), &json!({name: described})), "{name}: {declared}");
    }
}

#[test]
fn order_counts_for_load_balancers_and_placement_strategies_only() {
    let lists = [
        ("loadBalancers", json!([{"targetGroupArn": "a"}, {"targetGroupArn": "b"}]), false),
        ("placementStrategy", json!([{"type": "spread", "field": "host"}, {"type": "random"}]), false),
        ("placementConstraints", json!([{"type": "distinctInstance"}, {"type": "memberOf", "expression": "x"}]), true),
        ("capacityProviderStrategy", json!([{"capacityProvider": "A"}, {"capacityProvider": "B"}]), true),
        ("volumeConfigurations", json!([{"name": "a"}, {"name": "b"}]), true),
        ("vpcLatticeConfigurations", json!([{"portName": "a"}, {"portName": "b"}]), true),
    ];
    for (name, list, expected) in lists {
        let turned: Value = list.as_array().unwrap().iter().rev().cloned().collect();
        assert_eq!(equal(&json!({name: list}), &json!({name: turned})), expected, "{name}");
    }
}
