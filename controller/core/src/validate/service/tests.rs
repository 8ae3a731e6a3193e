use serde_json::{Value, json};

use super::{ServiceContext, service};
use crate::validate::testing::{rules, with};

/// A sound Fargate service behind a load balancer, with Service Connect.
fn base() -> Value {
    json!({
        "serviceName": "shop-prod-frontapp",
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "desiredCount": 2,
        "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}},
        "loadBalancers": [{"targetGroupArn": "arn", "containerName": "app", "containerPort": 8080}],
        "serviceConnectConfiguration": {
            "enabled": true,
            "services": [{"portName": "http", "clientAliases": [{"port": 80}]}],
        },
        "availabilityZoneRebalancing": "ENABLED",
        "tags": [{"key": "team", "value": "shop"}],
    })
}

fn task() -> Value {
    json!({"networkMode": "awsvpc", "cpu": "256", "containerDefinitions": [
        {"name": "app", "portMappings": [{"name": "http", "containerPort": 8080}, {"containerPortRange": "9000-9009"}]}]})
}

/// A sound service on EC2 with a task definition in bridge mode.
fn on_ec2() -> Value {
    json!({"serviceName": "worker", "launchType": "EC2", "desiredCount": 2,
        "placementStrategy": [
            {"type": "spread", "field": "attribute:ecs.availability-zone"},
            {"type": "binpack", "field": "MEMORY"},
        ],
        "placementConstraints": [{"type": "distinctInstance"}]})
}

fn bridge() -> Value {
    json!({"containerDefinitions": [{"name": "app", "portMappings": [{"containerPort": 8080}]}]})
}

fn daemon() -> Value {
    json!({"serviceName": "agent", "launchType": "EC2", "schedulingStrategy": "DAEMON"})
}

fn check(doc: &Value, task_definition: Option<&Value>) -> String {
    rules(&service(doc, ServiceContext { task_definition, scaling: None }))
}

fn told(pointer: &str, value: Value) -> String {
    check(&with(base(), pointer, value), Some(&task()))
}

fn told_on_ec2(pointer: &str, value: Value) -> String {
    check(&with(on_ec2(), pointer, value), Some(&bridge()))
}

fn told_of_daemon(pointer: &str, value: Value) -> String {
    check(&with(daemon(), pointer, value), None)
}

#[test]
fn a_sound_service_is_left_alone() {
    assert_eq!(check(&base(), Some(&task())), "");
    assert_eq!(check(&base(), None), "");
    assert_eq!(check(&on_ec2(), Some(&bridge())), "");
    assert_eq!(check(&daemon(), None), "");
    service(&json!([{"loadBalancers": 3}]), ServiceContext::default());
}

#[test]
fn what_evenkeel_sets_itself_does_not_belong_here() {
    assert_eq!(told("/cluster", json!("shop")), "error set-by-evenkeel /cluster");
    assert_eq!(told("/taskDefinition", json!("app:1")), "error set-by-evenkeel /taskDefinition");
    assert_eq!(told("/clientToken", json!("x")), "error set-by-evenkeel /clientToken");
    assert_eq!(told("/serviceName", json!("a.b")), "error invalid-name /serviceName");
    assert_eq!(told("/tags/0/key", json!("aws:x")), "error reserved-tag /tags/0/key");
}

#[test]
fn the_desired_count_is_compared_with_scaling() {
    let scaling = json!({"MinCapacity": 3, "MaxCapacity": 5});
    let scaled = |doc: &Value| rules(&service(doc, ServiceContext { task_definition: None, scaling: Some(&scaling) }));
    assert_eq!(scaled(&base()), "warning desired-count-outside-scaling /desiredCount");
    assert_eq!(scaled(&with(base(), "/desiredCount", json!(3))), "");
    assert_eq!(scaled(&with(base(), "/desiredCount", json!(null))), "");
    assert_eq!(scaled(&daemon()), "error daemon-scaling ");
    assert_eq!(told("/desiredCount", json!(null)), "warning desired-count-missing ");
    assert_eq!(told("/desiredCount", json!(-1)), "error desired-count /desiredCount");
}

#[test]
fn a_daemon_takes_no_count_strategy_fargate_or_volumes() {
    assert_eq!(told_of_daemon("/desiredCount", json!(0)), "error daemon-desired-count /desiredCount");
    assert_eq!(
        told_of_daemon("/launchType", json!("FARGATE")),
        "error daemon-fargate /launchType, error network-required "
    );
    assert_eq!(
        told_of_daemon("/placementStrategy", json!([{"type": "random"}])),
        "error daemon-placement /placementStrategy"
    );
    assert_eq!(
        told_of_daemon("/deploymentConfiguration", json!({"maximumPercent": 101})),
        "error daemon-maximum-percent /deploymentConfiguration/maximumPercent"
    );
    assert_eq!(
        told_of_daemon("/deploymentConfiguration", json!({"maximumPercent": 100, "minimumHealthyPercent": 0})),
        ""
    );
    assert_eq!(
        told_of_daemon("/deploymentController", json!({"type": "EXTERNAL"})),
        "error daemon-controller /deploymentController/type"
    );
    assert_eq!(
        told_of_daemon("/volumeConfigurations", json!([{"name": "a"}])),
        "error daemon-volumes /volumeConfigurations"
    );
    assert_eq!(
        told_of_daemon("/availabilityZoneRebalancing", json!("ENABLED")),
        "error zone-rebalancing /availabilityZoneRebalancing"
    );
}

#[test]
fn launch_type_strategy_and_platform_must_fit() {
    let strategy = json!([{"capacityProvider": "FARGATE", "base": 1}, {"capacityProvider": "FARGATE_SPOT", "base": 0}]);
    assert_eq!(told("/capacityProviderStrategy", strategy.clone()), "error launch-type-and-strategy /launchType");
    let by_strategy = with(with(base(), "/launchType", json!(null)), "/capacityProviderStrategy", strategy);
    assert_eq!(check(&by_strategy, Some(&task())), "");
    assert_eq!(
        check(&with(by_strategy, "/capacityProviderStrategy/1/base", json!(1)), Some(&task())),
        "error capacity-provider-base /capacityProviderStrategy/1/base"
    );
    assert_eq!(told_on_ec2("/platformVersion", json!("LATEST")), "error platform-version /platformVersion");
    let old = with(base(), "/platformVersion", json!("1.3.0"));
    assert_eq!(check(&old, Some(&task())), "");
    assert_eq!(check(&old, Some(&with(task(), "/cpu", json!("8 vCPU")))), "error platform-version /platformVersion");
}

#[test]
fn a_deployment_that_can_never_progress_is_told() {
    let deployment = |minimum: i64, maximum: i64| {
        let doc = with(base(), "/availabilityZoneRebalancing", json!(null));
        let percents = json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum});
        with(doc, "/deploymentConfiguration", percents)
    };
    assert_eq!(check(&deployment(100, 100), None), "error deployment-deadlock /deploymentConfiguration");
    assert_eq!(check(&deployment(50, 100), None), "");
    let one = with(deployment(50, 150), "/desiredCount", json!(1));
    assert_eq!(check(&one, None), "warning deployment-deadlock /deploymentConfiguration");
    assert_eq!(check(&with(deployment(50, 150), "/desiredCount", json!(0)), None), "");
    let huge = with(deployment(i64::MAX, i64::MAX), "/desiredCount", json!(i64::MAX));
    service(&huge, ServiceContext::default());
}

#[test]
fn zone_rebalancing_has_its_conditions() {
    let here = "error zone-rebalancing /availabilityZoneRebalancing";
    assert_eq!(told("/deploymentConfiguration", json!({"maximumPercent": 100, "minimumHealthyPercent": 50})), here);
    let rebalanced = with(on_ec2(), "/availabilityZoneRebalancing", json!("ENABLED"));
    assert_eq!(check(&rebalanced, None), "");
    assert_eq!(check(&with(rebalanced.clone(), "/placementStrategy", json!([{"type": "random"}])), None), here);
    let classic = json!([{"loadBalancerName": "old", "containerName": "app", "containerPort": 8080}]);
    assert_eq!(check(&with(rebalanced, "/loadBalancers", classic), None), here);
}

#[test]
fn only_the_ecs_controller_has_circuit_breaker_alarms_and_service_connect() {
    let code_deploy = told("/deploymentController", json!({"type": "CODE_DEPLOY"}));
    assert_eq!(
        code_deploy,
        "error needs-ecs-controller /deploymentConfiguration/deploymentCircuitBreaker/enable, \
         error needs-ecs-controller /serviceConnectConfiguration/enabled"
    );
    let doc = json!({"desiredCount": 1, "deploymentController": {"type": "CODE_DEPLOY"},
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": false, "rollback": false},
            "alarms": {"alarmNames": ["a"], "enable": true, "rollback": true}, "strategy": "CANARY"}});
    assert_eq!(
        check(&doc, None),
        "error needs-ecs-controller /deploymentConfiguration/alarms/enable, \
         error needs-ecs-controller /deploymentConfiguration/strategy, error code-deploy-load-balancer , \
         warning no-traffic-to-shift /deploymentConfiguration/strategy"
    );
    let external = json!({"deploymentController": {"type": "EXTERNAL"}, "loadBalancers": [{}]});
    assert_eq!(check(&external, Some(&task())), "error external-load-balancer /loadBalancers");
    assert_eq!(check(&json!({"deploymentController": {"type": "EXTERNAL"}}), Some(&task())), "");
}

#[test]
fn traffic_shifting_wants_something_to_shift_and_a_bake_time() {
    let blue_green = told("/deploymentConfiguration", json!({"strategy": "BLUE_GREEN"}));
    assert_eq!(blue_green, "warning bake-time /deploymentConfiguration");
    let doc = with(base(), "/deploymentConfiguration", json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}));
    let doc = with(doc, "/serviceConnectConfiguration", json!(null));
    assert_eq!(check(&doc, None), "warning no-traffic-to-shift /deploymentConfiguration/strategy");
    assert_eq!(check(&with(doc, "/loadBalancers/0/advancedConfiguration", json!({"roleArn": "r"})), None), "");
}

#[test]
fn the_network_configuration_fits_the_network_mode() {
    assert_eq!(told("/networkConfiguration", json!(null)), "error network-required ");
    assert_eq!(
        told_on_ec2("/networkConfiguration", json!({"awsvpcConfiguration": {"subnets": ["a"]}})),
        "error network-not-valid /networkConfiguration"
    );
    let public = "/networkConfiguration/awsvpcConfiguration/assignPublicIp";
    let on_ec2 = with(with(base(), "/launchType", json!("EC2")), "/platformVersion", json!(null));
    assert_eq!(check(&on_ec2, Some(&task())), format!("error public-ip-on-ec2 {public}"));
    assert_eq!(
        told("/networkConfiguration/awsvpcConfiguration/subnets", json!(vec!["s"; 17])),
        "error wrong-length /networkConfiguration/awsvpcConfiguration/subnets"
    );
    assert_eq!(
        told("/networkConfiguration/awsvpcConfiguration/securityGroups", json!(vec!["s"; 6])),
        "error wrong-length /networkConfiguration/awsvpcConfiguration/securityGroups"
    );
    assert_eq!(told("/serviceRegistries", json!([{}, {}])), "error wrong-length /serviceRegistries");
}

#[test]
fn load_balancers_name_containers_and_ports_that_exist() {
    assert_eq!(
        told("/loadBalancers/0/containerName", json!("other")),
        "error unknown-container /loadBalancers/0/containerName"
    );
    assert_eq!(told("/loadBalancers/0/containerPort", json!(80)), "error unknown-port /loadBalancers/0/containerPort");
    assert_eq!(told("/loadBalancers/0/containerPort", json!(9005)), "");
    let classic = with(base(), "/availabilityZoneRebalancing", json!(null));
    assert_eq!(
        check(&with(classic, "/loadBalancers/0/loadBalancerName", json!("old")), None),
        "error classic-on-fargate /loadBalancers/0/loadBalancerName"
    );
    assert_eq!(told("/role", json!("ecsServiceRole")), "error service-role /role");
    let balanced = with(
        on_ec2(),
        "/loadBalancers",
        json!([{"targetGroupArn": "a", "containerName": "app", "containerPort": 8080}]),
    );
    assert_eq!(check(&with(balanced, "/role", json!("ecsServiceRole")), Some(&bridge())), "");
}

#[test]
fn service_connect_names_ports_that_exist_once() {
    let services = "/serviceConnectConfiguration/services/0";
    assert_eq!(
        told(&format!("{services}/portName"), json!("grpc")),
        format!("error unknown-port-name {services}/portName")
    );
    assert_eq!(
        told(&format!("{services}/clientAliases"), json!([{"port": 1}, {"port": 2}])),
        format!("error wrong-length {services}/clientAliases")
    );
}

#[test]
fn placement_follows_its_rules() {
    assert_eq!(
        told("/placementConstraints", json!([{"type": "distinctInstance"}])),
        "error fargate-placement /placementConstraints"
    );
    let strategy = |value: Value| told_on_ec2("/placementStrategy/-", value);
    assert_eq!(strategy(json!({"type": "random", "field": "x"})), "error placement-field /placementStrategy/2/field");
    assert_eq!(strategy(json!({"type": "random"})), "");
    assert_eq!(strategy(json!({"type": "binpack", "field": "disk"})), "error placement-field /placementStrategy/2");
    assert_eq!(
        told_on_ec2("/placementStrategy", json!(vec![json!({"type": "random"}); 6])),
        "error wrong-length /placementStrategy"
    );
    assert_eq!(
        told_on_ec2("/placementConstraints/0/expression", json!("x")),
        "error placement-expression /placementConstraints/0/expression"
    );
    assert_eq!(
        told_on_ec2("/placementConstraints/0", json!({"type": "memberOf"})),
        "error placement-expression /placementConstraints/0"
    );
    assert_eq!(
        told_on_ec2("/placementConstraints", json!(vec![json!({"type": "memberOf", "expression": "a"}); 11])),
        "error wrong-length /placementConstraints"
    );
}

#[test]
fn volumes_of_service_and_task_definition_belong_together() {
    let at_launch = with(task(), "/volumes", json!([{"name": "data", "configuredAtLaunch": true}]));
    assert_eq!(check(&base(), Some(&at_launch)), "error volume-not-configured ");
    let volume = |name: &str, ebs: Value| {
        let configured = json!([{"name": name, "managedEBSVolume": ebs}]);
        check(&with(base(), "/volumeConfigurations", configured), Some(&at_launch))
    };
    let here = "/volumeConfigurations/0";
    assert_eq!(volume("data", json!({"roleArn": "r", "sizeInGiB": 10, "throughput": 125})), "");
    assert_eq!(volume("other", json!({"sizeInGiB": 10})), format!("error unknown-volume {here}/name"));
    assert_eq!(volume("data", json!({"roleArn": "r"})), format!("error ebs-size {here}/managedEBSVolume"));
    assert_eq!(
        volume("data", json!({"sizeInGiB": 10, "volumeType": "io2"})),
        format!("error ebs-iops {here}/managedEBSVolume")
    );
    assert_eq!(
        volume("data", json!({"sizeInGiB": 10, "volumeType": "gp2", "iops": 3000})),
        format!("error ebs-iops {here}/managedEBSVolume/iops")
    );
    assert_eq!(
        volume("data", json!({"sizeInGiB": 10, "volumeType": "io1", "iops": 3000, "throughput": 125})),
        format!("error ebs-throughput {here}/managedEBSVolume/throughput")
    );
}
