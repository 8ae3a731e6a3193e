//! Applications, deployment groups, deployment configurations.

use super::{Value, World, json, merge, world};
use evenkeel_core::operation::Operation;

fn request(more: Value) -> Value {
    merge(
        json!({
            "applicationName": "shop",
            "deploymentGroupName": "api",
            "serviceRoleArn": "arn:aws:iam::123456789012:role/deploy",
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "ecsServices": [{"clusterName": "prod", "serviceName": "api"}],
            "loadBalancerInfo": pairs(json!([pair(json!(["a", "b"]), 1, 1)])),
        }),
        more,
    )
}

fn pairs(list: Value) -> Value {
    json!({"targetGroupPairInfoList": list})
}

fn pair(names: Value, production: usize, test: usize) -> Value {
    let groups: Vec<Value> = names.as_array().unwrap().iter().map(|name| json!({"name": name})).collect();
    json!({
        "targetGroups": groups,
        "prodTrafficRoute": {"listenerArns": vec!["arn:prod"; production]},
        "testTrafficRoute": {"listenerArns": vec!["arn:test"; test]},
    })
}

#[test]
fn a_group_shows_what_it_was_given_and_what_aws_fills_in() {
    let mut world = world();
    world.ok(Operation::CreateDeploymentGroup, request(json!({})));
    let named = json!({"applicationName": "shop", "deploymentGroupName": "api"});
    let found = world.ok(Operation::GetDeploymentGroup, named)["deploymentGroupInfo"].take();
    assert_eq!(found["deploymentConfigName"], "CodeDeployDefault.ECSAllAtOnce");
    assert_eq!(found["computePlatform"], "ECS");
    assert_eq!(found["loadBalancerInfo"], pairs(json!([pair(json!(["a", "b"]), 1, 1)])));
    let ready = &found["blueGreenDeploymentConfiguration"]["deploymentReadyOption"];
    assert_eq!(ready["actionOnTimeout"], "CONTINUE_DEPLOYMENT");
    let batch = json!({"applicationName": "shop", "deploymentGroupNames": ["api", "web", "none"]});
    let batch = world.ok(Operation::BatchGetDeploymentGroups, batch);
    assert_eq!((batch["deploymentGroupsInfo"].as_array().unwrap().len(), batch["errorMessage"].is_string()), (2, true));
    let names = world.ok(Operation::ListDeploymentGroups, json!({"applicationName": "shop"}));
    assert_eq!(names["deploymentGroups"], json!(["api", "web"]));
}

#[test]
fn groups_are_refused_as_aws_refuses_them() {
    let mut world = world();
    let one =
        |names: Value, production, test| json!({"loadBalancerInfo": pairs(json!([pair(names, production, test)]))});
    let two = json!([pair(json!(["a", "b"]), 1, 1), pair(json!(["c", "d"]), 1, 1)]);
    let web = json!([{"clusterName": "prod", "serviceName": "web"}]);
    let both = json!([{"clusterName": "prod", "serviceName": "x"}, {"clusterName": "prod", "serviceName": "y"}]);
    for (more, code) in [
        (json!({"deploymentStyle": {"deploymentType": "IN_PLACE"}}), "InvalidDeploymentStyleException"),
        (json!({"deploymentStyle": null}), "InvalidDeploymentStyleException"),
        (json!({"loadBalancerInfo": null}), "InvalidLoadBalancerInfoException"),
        (json!({"loadBalancerInfo": pairs(two)}), "InvalidTargetGroupPairException"),
        (one(json!(["a"]), 1, 0), "InvalidTargetGroupPairException"),
        (one(json!(["a", "a"]), 1, 0), "InvalidTargetGroupPairException"),
        (one(json!(["a", "b"]), 0, 1), "InvalidTargetGroupPairException"),
        (one(json!(["a", "b"]), 1, 2), "InvalidTargetGroupPairException"),
        (json!({"ecsServices": []}), "InvalidECSServiceException"),
        (json!({"ecsServices": both}), "InvalidECSServiceException"),
        (json!({"ecsServices": web}), "ECSServiceMappingLimitExceededException"),
        (json!({"serviceRoleArn": null}), "RoleRequiredException"),
        (json!({"deploymentConfigName": "CodeDeployDefault.OneAtATime"}), "DeploymentConfigDoesNotExistException"),
        (json!({"deploymentGroupName": "web"}), "DeploymentGroupAlreadyExistsException"),
        (json!({"applicationName": "none"}), "ApplicationDoesNotExistException"),
        (json!({"autoRollbackConfiguration": {"enabled": true}}), "InvalidAutoRollbackConfigException"),
        (
            json!({"blueGreenDeploymentConfiguration": {"terminateBlueInstancesOnDeploymentSuccess":
                {"action": "TERMINATE", "terminationWaitTimeInMinutes": 2881}}}),
            "InvalidBlueGreenDeploymentConfigurationException",
        ),
    ] {
        assert_eq!(world.err(Operation::CreateDeploymentGroup, request(more.clone())).0, code, "{more}");
    }
    world.ok(Operation::CreateDeploymentGroup, request(json!({})));
}

#[test]
fn a_network_load_balancer_shifts_all_at_once() {
    let mut world = world();
    let mut info = pair(json!(["a", "b"]), 1, 0);
    info["prodTrafficRoute"] = json!({"listenerArns": ["arn:aws:elasticloadbalancing:r:1:listener/net/x/1/2"]});
    let more = json!({
        "loadBalancerInfo": pairs(json!([info])),
        "deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes",
    });
    let refused = world.err(Operation::CreateDeploymentGroup, request(more));
    assert_eq!(refused.0, "InvalidTrafficRoutingConfigurationException");
}

#[test]
fn groups_are_renamed_and_deleted() {
    let mut world = world();
    world.configure_group(json!({"newDeploymentGroupName": "front"}));
    let of = |name: &str| json!({"applicationName": "shop", "deploymentGroupName": name});
    assert_eq!(world.err(Operation::GetDeploymentGroup, of("web")).0, "DeploymentGroupDoesNotExistException");
    world.ok(Operation::GetDeploymentGroup, of("front"));
    world.ok(Operation::DeleteDeploymentGroup, of("front"));
    world.ok(Operation::DeleteDeploymentGroup, of("front"));
    assert_eq!(world.err(Operation::GetDeploymentGroup, of("front")).0, "DeploymentGroupDoesNotExistException");
    world.ok(
        Operation::CreateDeploymentGroup,
        request(json!({"ecsServices": [{"clusterName": "prod", "serviceName": "web"}]})),
    );
}

#[test]
fn applications_come_and_go() {
    let mut world = World::prepared();
    let named = json!({"applicationName": "shop", "computePlatform": "ECS"});
    world.ok(Operation::CreateApplication, named.clone());
    assert_eq!(world.err(Operation::CreateApplication, named.clone()).0, "ApplicationAlreadyExistsException");
    assert_eq!(world.ok(Operation::GetApplication, named.clone())["application"]["computePlatform"], "ECS");
    assert_eq!(world.ok(Operation::ListApplications, json!({}))["applications"], json!(["shop"]));
    world.ok(Operation::DeleteApplication, named.clone());
    assert_eq!(world.err(Operation::GetApplication, named).0, "ApplicationDoesNotExistException");
}

#[test]
fn the_configurations_of_aws_for_ecs_are_there() {
    let mut world = World::prepared();
    let get = |world: &mut World, name: &str| {
        let answer = world.ok(Operation::GetDeploymentConfig, json!({"deploymentConfigName": name}));
        answer["deploymentConfigInfo"]["trafficRoutingConfig"].clone()
    };
    assert_eq!(get(&mut world, "CodeDeployDefault.ECSAllAtOnce")["type"], "AllAtOnce");
    let linear = get(&mut world, "CodeDeployDefault.ECSLinear10PercentEvery3Minutes");
    assert_eq!(linear["timeBasedLinear"], json!({"linearPercentage": 10, "linearInterval": 3}));
}
