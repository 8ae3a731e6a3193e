#![allow(clippy::unwrap_used)]

use crate::testing::{World, balancer, definition, merge, names, service};
use evenkeel_core::operation::Operation;
use serde_json::{Value, json};

const TD: &str = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition";

fn refused(world: &mut World, more: Value) -> (String, String) {
    world.err(Operation::CreateService, service(more))
}

#[test]
fn a_created_service_shows_the_defaults_that_aws_fills_in() {
    let service = World::prepared().create(json!({"tags": [{"key": "a", "value": "b"}]}));
    for (member, value) in [
        ("serviceArn", json!("arn:aws:ecs:ap-northeast-1:123456789012:service/prod/web")),
        ("clusterArn", json!("arn:aws:ecs:ap-northeast-1:123456789012:cluster/prod")),
        ("taskDefinition", json!(format!("{TD}/web:1"))),
        ("status", json!("ACTIVE")),
        ("schedulingStrategy", json!("REPLICA")),
        ("deploymentController", json!({"type": "ECS"})),
        ("platformVersion", json!("LATEST")),
        ("platformFamily", json!("Linux")),
        ("propagateTags", json!("NONE")),
        ("enableECSManagedTags", json!(false)),
        ("enableExecuteCommand", json!(false)),
        ("healthCheckGracePeriodSeconds", json!(0)),
        ("loadBalancers", json!([])),
        ("serviceRegistries", json!([])),
        ("placementConstraints", json!([])),
        ("placementStrategy", json!([])),
        ("availabilityZoneRebalancing", json!("ENABLED")),
        ("tags", json!([{"key": "a", "value": "b"}])),
    ] {
        assert_eq!(service[member], value, "{member}");
    }
    let configuration = &service["deploymentConfiguration"];
    assert_eq!((&configuration["maximumPercent"], &configuration["minimumHealthyPercent"]), (&json!(200), &json!(100)));
    assert_eq!(configuration["strategy"], "ROLLING");
    let breaker = &configuration["deploymentCircuitBreaker"];
    assert_eq!((&breaker["enable"], &breaker["rollback"]), (&json!(false), &json!(false)));
    assert_eq!(service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"], "DISABLED");
    assert_eq!(service["deployments"][0]["platformVersion"], "1.4.0");
    assert!(service["roleArn"].as_str().unwrap().ends_with("AWSServiceRoleForECS"));
    assert!(service["createdAt"].is_f64());
}

#[test]
fn the_same_request_with_the_same_token_gives_the_same_service() {
    let mut world = World::prepared();
    let first = world.create(json!({"clientToken": "t1"}));
    world.pass(30);
    let again = world.create(json!({"clientToken": "t1"}));
    assert_eq!(first["createdAt"], again["createdAt"]);
    for more in [
        json!({"clientToken": "t2"}),
        json!({"clientToken": "t1", "desiredCount": 3}),
        json!({"clientToken": "t1", "serviceName": "other"}),
        json!({}),
    ] {
        let (code, message) = refused(&mut world, more);
        assert_eq!(code, "InvalidParameterException");
        assert_eq!(message, "Creation of service was not idempotent.");
    }
}

#[test]
fn creation_refuses_what_aws_refuses() {
    let mut world = World::prepared();
    world.ok(
        Operation::RegisterTaskDefinition,
        json!({"family": "bridge", "containerDefinitions": [{"name": "app", "image": "i", "memory": 64}]}),
    );
    let ec2 = json!({"taskDefinition": "bridge", "launchType": "EC2", "networkConfiguration": null});
    let cases = [
        (json!({"desiredCount": null}), "DesiredCount is missing"),
        (json!({"taskDefinition": "nothing"}), "TaskDefinition not found."),
        (json!({"taskDefinition": null}), "TaskDefinition can not be blank."),
        (json!({"networkConfiguration": null}), "Network Configuration must be provided when networkMode 'awsvpc'"),
        (
            merge(ec2.clone(), json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}}})),
            "Network Configuration is not valid for the given networkMode",
        ),
        (json!({"taskDefinition": "bridge", "networkConfiguration": null}), "does not support launch_type FARGATE"),
        (
            json!({"loadBalancers": [{"targetGroupArn": "t", "containerName": "nope", "containerPort": 80}]}),
            "The container nope does not exist in the task definition",
        ),
        (
            json!({"loadBalancers": [{"targetGroupArn": "t", "containerName": "app", "containerPort": 81}]}),
            "The container app did not have a container port 81 defined",
        ),
        (
            json!({"loadBalancers": [{"loadBalancerName": "l", "containerName": "app", "containerPort": 80}]}),
            "Classic Load Balancers are not supported with Fargate",
        ),
        (json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}), "Specifying both a launch type"),
        (
            json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}),
            "not associated with the cluster",
        ),
        (json!({"deploymentController": {"type": "EXTERNAL"}}), "TaskDefinition must be blank"),
        (
            json!({"availabilityZoneRebalancing": "ENABLED", "deploymentConfiguration": {"maximumPercent": 100}}),
            "Availability Zone Rebalancing does not support maximumPercent <= 100 %",
        ),
        (
            json!({"deploymentController": {"type": "CODE_DEPLOY"}, "loadBalancers": balancer("t"),
                "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}}),
            "Deployment circuit breaker feature is only supported with ECS deployment controller",
        ),
        (json!({"schedulingStrategy": "DAEMON"}), "The daemon scheduling strategy does not support a desired count"),
        (
            json!({"schedulingStrategy": "DAEMON", "desiredCount": null}),
            "The daemon scheduling strategy does not support the FARGATE launch type",
        ),
        (json!({"cluster": "nothing"}), "Cluster not found."),
        (json!({"desiredCount": "two"}), "STRING_VALUE can not be converted to Integer"),
        (json!({"platformVersion": "9.9.9"}), "does not exist"),
        (
            merge(ec2, json!({"placementStrategy": [{"type": "binpack", "field": "instanceId"}]})),
            "binpack field 'instanceId' is invalid",
        ),
    ];
    for (more, expected) in cases {
        let (_, message) = world.err(Operation::CreateService, service(more.clone()));
        assert!(message.contains(expected), "{more}: {message}");
    }
}

#[test]
fn an_inactive_revision_is_refused_but_runs_on_where_it_runs() {
    let mut world = World::prepared();
    world.create(json!({}));
    world.ok(Operation::DeregisterTaskDefinition, json!({"taskDefinition": "web:1"}));
    let create = service(json!({"serviceName": "other", "taskDefinition": "web:1"}));
    let expected = ("ClientException".to_owned(), "TaskDefinition is inactive".to_owned());
    assert_eq!(world.err(Operation::CreateService, create), expected);
    assert_eq!(world.refused_update(json!({"taskDefinition": "web:1"})), expected);
    world.update(json!({"desiredCount": 4}));
    world.pass(20);
    assert_eq!(world.web()["runningCount"], 4);
}

#[test]
fn only_what_a_deployment_keeps_starts_one() {
    let mut world = World::prepared();
    world.create(json!({}));
    world.pass(60);
    world.ok(Operation::RegisterTaskDefinition, definition("web", "nginx:2"));
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["sg-a"]}});
    for (more, deploys) in [
        (json!({"desiredCount": 3}), false),
        (json!({"taskDefinition": "web:1"}), false),
        (json!({"networkConfiguration": network}), false),
        (json!({"platformVersion": "LATEST"}), false),
        (json!({"deploymentConfiguration": {"maximumPercent": 150}}), false),
        (json!({"enableExecuteCommand": true, "propagateTags": "SERVICE"}), false),
        (json!({"healthCheckGracePeriodSeconds": 30, "placementConstraints": []}), false),
        (json!({"taskDefinition": "web"}), true),
        (json!({"platformVersion": "1.4.0"}), true),
        (json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-b"]}}}), true),
        (json!({"loadBalancers": balancer("t")}), true),
        (json!({"loadBalancers": []}), true),
        (json!({"serviceConnectConfiguration": {"enabled": false}}), true),
        (json!({"forceNewDeployment": true}), true),
    ] {
        let before = world.web()["deployments"][0]["id"].clone();
        let after = world.update(more.clone())["deployments"][0]["id"].clone();
        assert_eq!(before != after, deploys, "{more}");
        world.pass(120);
    }
}

#[test]
fn deployment_configuration_members_merge() {
    let mut world = World::prepared();
    world.create(json!({"deploymentConfiguration": {"minimumHealthyPercent": 50}}));
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    let configuration = world.update(json!({"deploymentConfiguration": breaker}))["deploymentConfiguration"].clone();
    assert_eq!(configuration["minimumHealthyPercent"], 50);
    assert_eq!(configuration["deploymentCircuitBreaker"]["enable"], true);
    assert_eq!(configuration["deploymentCircuitBreaker"]["resetOnHealthyTask"], true);
}

#[test]
fn settings_of_service_connect_and_volumes_show_in_the_deployment_only() {
    let mut world = World::prepared();
    let connect = json!({"enabled": true, "namespace": "ns", "services": [{"portName": "http", "clientAliases": [{"port": 80}]}]});
    let service = world.create(json!({"serviceConnectConfiguration": connect}));
    assert!(service.get("serviceConnectConfiguration").is_none());
    let shown = &service["deployments"][0]["serviceConnectConfiguration"];
    assert_eq!(shown["services"][0]["discoveryName"], "http");
    assert_eq!(shown["services"][0]["clientAliases"][0]["dnsName"], "http.ns");
}

#[test]
fn five_unfinished_deployments_are_the_most() {
    let mut world = World::prepared();
    world.create(json!({}));
    for _ in 0..4 {
        world.update(json!({"forceNewDeployment": true}));
    }
    let (_, message) = world.refused_update(json!({"forceNewDeployment": true}));
    assert_eq!(message, "5 active deployments exist, unable to create new deployment.");
    world.pass(60);
    world.update(json!({"forceNewDeployment": true}));
}

#[test]
fn a_strategy_change_needs_a_forced_deployment_and_replaces_the_launch_type() {
    let mut world = World::prepared();
    world.create(json!({}));
    world.pass(60);
    let providers = json!({
        "cluster": "prod", "capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": [],
    });
    world.ok(Operation::PutClusterCapacityProviders, providers);
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    let (_, message) = world.refused_update(json!({"capacityProviderStrategy": strategy}));
    assert!(message.contains("you must force a new deployment"));
    let service = world.update(json!({"capacityProviderStrategy": strategy, "forceNewDeployment": true}));
    assert_eq!(
        service["capacityProviderStrategy"],
        json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}])
    );
    assert!(service.get("launchType").is_none());
    let service = world.update(json!({"capacityProviderStrategy": [], "forceNewDeployment": true}));
    assert_eq!(service["launchType"], "FARGATE");
}

#[test]
fn the_clusters_default_strategy_is_copied_into_the_service() {
    let mut world = World::prepared();
    let strategy = json!([{"capacityProvider": "FARGATE", "weight": 1}]);
    world.ok(
        Operation::PutClusterCapacityProviders,
        json!({"cluster": "prod", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": strategy}),
    );
    let service = world.create(json!({"launchType": null}));
    assert_eq!(service["capacityProviderStrategy"], json!([{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]));
    assert_eq!(service["platformVersion"], "LATEST");
}

#[test]
fn code_deploy_services_refuse_what_only_code_deploy_may_change() {
    let mut world = World::prepared();
    let service =
        world.create(json!({"deploymentController": {"type": "CODE_DEPLOY"}, "loadBalancers": balancer("blue")}));
    assert!(service.get("deployments").is_none());
    assert_eq!(service["platformVersion"], "1.4.0");
    let set = &service["taskSets"][0];
    assert_eq!((&set["status"], &set["stabilityStatus"]), (&json!("PRIMARY"), &json!("STABILIZING")));
    assert_eq!(set["scale"], json!({"value": 100.0, "unit": "PERCENT"}));
    world.pass(60);
    assert_eq!(world.web()["taskSets"][0]["stabilityStatus"], "STEADY_STATE");
    let tail = "on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.";
    for (more, expected) in [
        (json!({"taskDefinition": "web:1"}), format!("Unable to update task definition {tail}")),
        (
            json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}}),
            format!("Unable to update network parameters {tail}"),
        ),
        (json!({"forceNewDeployment": true}), format!("Cannot force a new deployment {tail}")),
        (json!({"enableExecuteCommand": true}), format!("Unable to update enableExecuteCommand {tail}")),
    ] {
        assert_eq!(world.refused_update(more), ("InvalidParameterException".to_owned(), expected));
    }
    world.update(json!({"desiredCount": 3, "healthCheckGracePeriodSeconds": 9, "propagateTags": "SERVICE"}));
    assert_eq!(world.web()["taskSets"][0]["stabilityStatus"], "STABILIZING");
    world.pass(30);
    assert_eq!(world.web()["taskSets"][0]["runningCount"], 3);
}

#[test]
fn external_services_have_neither_task_definition_nor_tasks() {
    let mut world = World::prepared();
    let service = world.create(json!({
        "deploymentController": {"type": "EXTERNAL"}, "taskDefinition": null, "launchType": null,
        "networkConfiguration": null,
    }));
    assert!(service.get("taskDefinition").is_none());
    world.pass(60);
    assert_eq!(world.web()["runningCount"], 0);
    assert!(world.refused_update(json!({"taskDefinition": "web"})).1.contains("EXTERNAL deployment controller"));
}

#[test]
fn the_controller_does_not_change_where_aws_refuses_that() {
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    let alarms = json!({"alarms": {"enable": true, "rollback": true, "alarmNames": ["a"]}});
    let shifting = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1});
    let registries = json!([{"registryArn": "arn:aws:servicediscovery:r:1:service/srv-1"}]);
    let lattice = json!([{"roleArn": "r", "targetGroupArn": "t", "portName": "p"}]);
    let (code_deploy, external) = (json!("CODE_DEPLOY"), json!("EXTERNAL"));
    for (has, target, text) in [
        (json!({"loadBalancers": balancer("t")}), &code_deploy, "to CODE_DEPLOY is not supported"),
        (
            json!({"deploymentConfiguration": breaker}),
            &external,
            "Deployment circuit breaker feature is only supported",
        ),
        (json!({"deploymentConfiguration": alarms}), &external, "Alarm based rollback feature is only supported"),
        (json!({"deploymentConfiguration": shifting}), &external, "Deployment strategies other than ROLLING"),
        (json!({"serviceConnectConfiguration": {"enabled": true}}), &external, "services using Service Connect"),
        (json!({"serviceRegistries": registries}), &external, "Service registries are not supported"),
        (json!({"vpcLatticeConfigurations": lattice}), &external, "VPC Lattice is only supported"),
    ] {
        let mut world = World::prepared();
        world.create(has);
        world.pass(60);
        let (_, message) = world.refused_update(json!({"deploymentController": {"type": target}}));
        assert!(message.contains(text), "{message}");
    }
    let mut world = World::prepared();
    world.create(json!({
        "deploymentController": {"type": external}, "taskDefinition": null, "launchType": null,
        "networkConfiguration": null,
    }));
    let (_, message) = world.refused_update(json!({"deploymentController": {"type": "ECS"}}));
    assert!(message.contains("requires a primary taskset"), "{message}");
}

#[test]
fn a_code_deploy_service_moves_to_the_ecs_controller() {
    let mut world = World::prepared();
    world.create(json!({"deploymentController": {"type": "CODE_DEPLOY"}, "loadBalancers": balancer("blue")}));
    let (_, message) = world.refused_update(json!({"deploymentController": {"type": "ECS"}}));
    assert!(message.starts_with("Updating the deployment controller is not supported"));
    world.pass(60);
    let service = world.update(json!({"deploymentController": {"type": "ECS"}}));
    assert_eq!(service["deployments"][0]["status"], "PRIMARY");
    assert_eq!(service["deploymentConfiguration"]["strategy"], "ROLLING");
}

#[test]
fn deleting_drains_then_leaves_the_service_inactive_then_missing() {
    let mut world = World::prepared();
    let first = world.create(json!({}));
    world.pass(60);
    let target = json!({"cluster": "prod", "service": "web"});
    let (_, message) = world.err(Operation::DeleteService, target.clone());
    assert_eq!(message, "The service cannot be stopped while it is scaled above 0.");
    let deleted = world.ok(Operation::DeleteService, merge(target.clone(), json!({"force": true})));
    assert_eq!(deleted["service"]["status"], "DRAINING");
    assert_eq!(names(&world.ok(Operation::ListServices, json!({"cluster": "prod"}))["serviceArns"]), [""; 0]);
    assert_eq!(refused(&mut world, json!({})).1, "Unable to Start a service that is still Draining.");
    let not_active = ("ServiceNotActiveException".to_owned(), "Service was not ACTIVE.".to_owned());
    assert_eq!(world.refused_update(json!({"desiredCount": 1})), not_active);
    let (code, _) = world.err(Operation::DeleteCluster, json!({"cluster": "prod"}));
    assert_eq!(code, "ClusterContainsServicesException");
    world.pass(6);
    assert_eq!(world.web()["status"], "INACTIVE");
    assert_eq!(world.err(Operation::DeleteService, target).0, "ServiceNotFoundException");
    let again = world.create(json!({}));
    assert_eq!(first["serviceArn"], again["serviceArn"]);
    assert_ne!(first["createdAt"], again["createdAt"]);

    world.ok(Operation::DeleteService, json!({"cluster": "prod", "service": "web", "force": true}));
    world.pass(7200);
    let answer = world.ok(Operation::DescribeServices, json!({"cluster": "prod", "services": ["web"]}));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    world.ok(Operation::DeleteCluster, json!({"cluster": "prod"}));
    assert_eq!(world.refused_update(json!({})).0, "ClusterNotFoundException");
}

#[test]
fn ten_services_are_described_at_once_and_missing_ones_are_failures() {
    let mut world = World::prepared();
    world.create(json!({}));
    let eleven: Vec<String> = (0..11).map(|n| format!("s{n}")).collect();
    let (code, _) = world.err(Operation::DescribeServices, json!({"cluster": "prod", "services": eleven}));
    assert_eq!(code, "InvalidParameterException");
    let arn = "arn:aws:ecs:ap-northeast-1:123456789012:service/prod/web";
    let answer = world.ok(Operation::DescribeServices, json!({"cluster": "prod", "services": [arn, "nope"]}));
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    assert!(answer["services"][0].get("tags").is_none());
    assert_eq!(answer["failures"][0]["arn"], "arn:aws:ecs:ap-northeast-1:123456789012:service/prod/nope");
    let (code, _) = world.err(Operation::DescribeServices, json!({"cluster": "nope", "services": ["web"]}));
    assert_eq!(code, "ClusterNotFoundException");
}

#[test]
fn services_are_listed_ten_a_page() {
    let mut world = World::prepared();
    for n in 0..12 {
        world.create(json!({"serviceName": format!("s{n:02}")}));
    }
    let first = world.ok(Operation::ListServices, json!({"cluster": "prod"}));
    assert_eq!(first["serviceArns"].as_array().unwrap().len(), 10);
    let token = first["nextToken"].clone();
    let second = world.ok(Operation::ListServices, json!({"cluster": "prod", "nextToken": token}));
    assert_eq!(names(&second["serviceArns"]), ["s10", "s11"]);
    assert!(second.get("nextToken").is_none());
    let all = world.ok(Operation::ListServices, json!({"cluster": "prod", "maxResults": 100}));
    assert_eq!(all["serviceArns"].as_array().unwrap().len(), 12);
    world.err(Operation::ListServices, json!({"cluster": "prod", "nextToken": "junk"}));
}

#[test]
fn what_an_older_endpoint_does_not_heed_is_dropped_without_a_word() {
    let options = crate::Options { unheeded: vec!["enableExecuteCommand".to_owned()], ..Default::default() };
    let mut world = World::prepared_with(options);
    world.create(json!({}));
    world.update(json!({"enableExecuteCommand": true}));
    assert_eq!(world.web()["enableExecuteCommand"], false);
}
