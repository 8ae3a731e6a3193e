//! Rollouts by hand: the AWS CLI and its waiters against the sandbox.

use evenkeel_tests::program::{Aws, Embedded, Place};
use serde_json::{Value, json};

const TARGET_GROUP: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup";
const LISTENER: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/lab/0123456789abcdef";

/// A cluster with two revisions of a task definition, and a service of this controller.
fn service(place: &Place, aws: &Aws<'_>, controller: &str) {
    place.write(
        "definition.json",
        &json!({
            "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "web:1", "portMappings": [{"containerPort": 80}]}],
        })
        .to_string(),
    );
    aws.call("ecs create-cluster --cluster-name lab");
    for _ in 0..2 {
        aws.call("ecs register-task-definition --cli-input-json file://definition.json");
    }
    aws.call(&format!(
        "ecs create-service --cluster lab --service-name web --task-definition web:1 --desired-count 1 \
         --launch-type FARGATE --deployment-controller type={controller} \
         --network-configuration awsvpcConfiguration={{subnets=[subnet-0c7b6a59483726151]}} \
         --load-balancers targetGroupArn={TARGET_GROUP}/tg01/0123456789abcdef,containerName=app,containerPort=80"
    ));
}

fn revision(number: u32) -> String {
    format!("arn:aws:ecs:ap-northeast-1:123456789012:task-definition/web:{number}")
}

fn described(aws: &Aws<'_>) -> Value {
    aws.call("ecs describe-services --cluster lab --services web")["services"][0].clone()
}

#[test]
fn a_code_deploy_deployment_is_made_awaited_and_looked_at_with_the_real_cli() {
    let place = Place::new();
    let sandbox = Embedded::start(&place, &[]);
    let aws = sandbox.aws(&place);
    // Before the service: this sandbox makes a group for a service that has none.
    place.write(
        "group.json",
        &json!({
            "applicationName": "lab", "deploymentGroupName": "web",
            "serviceRoleArn": "arn:aws:iam::123456789012:role/ecsCodeDeployRole",
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "ecsServices": [{"clusterName": "lab", "serviceName": "web"}],
            "loadBalancerInfo": {"targetGroupPairInfoList": [{
                "targetGroups": [{"name": "tg01"}, {"name": "tg02"}],
                "prodTrafficRoute": {"listenerArns": [format!("{LISTENER}/443")]},
                "testTrafficRoute": {"listenerArns": [format!("{LISTENER}/1443")]},
            }]},
        })
        .to_string(),
    );
    aws.call("deploy create-application --application-name lab --compute-platform ECS");
    aws.call("deploy create-deployment-group --cli-input-json file://group.json");
    service(&place, &aws, "CODE_DEPLOY");
    let spec = json!({"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
        "TaskDefinition": revision(2), "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80},
    }}}]});
    let content = json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": spec.to_string()}});
    place.write("revision.json", &content.to_string());
    let made = aws.call(
        "deploy create-deployment --application-name lab --deployment-group-name web \
         --revision file://revision.json --description by-hand",
    );
    let id = made["deploymentId"].as_str().unwrap();
    let second = aws.run(
        &"deploy create-deployment --application-name lab --deployment-group-name web --revision file://revision.json"
            .split_whitespace()
            .collect::<Vec<_>>(),
    );
    assert!(second.expect(255).err.contains("DeploymentLimitExceededException"));
    aws.call(&format!("deploy wait deployment-successful --deployment-id {id}"));

    let info = aws.call(&format!("deploy get-deployment --deployment-id {id}"))["deploymentInfo"].clone();
    assert_eq!((&info["status"], &info["creator"]), (&json!("Succeeded"), &json!("user")));
    let targets = aws.call(&format!("deploy list-deployment-targets --deployment-id {id}"));
    assert_eq!(targets["targetIds"], json!(["lab:web"]));
    let targets = aws.call(&format!("deploy batch-get-deployment-targets --deployment-id {id} --target-ids lab:web"));
    let target = &targets["deploymentTargets"][0]["ecsTarget"];
    assert_eq!(target["status"], "Succeeded");
    assert_eq!(target["lifecycleEvents"].as_array().unwrap().len(), 8);
    let service = described(&aws);
    assert_eq!(service["taskDefinition"], revision(2));
    assert!(
        service["loadBalancers"][0]["targetGroupArn"].as_str().unwrap().starts_with(&format!("{TARGET_GROUP}/tg02/"))
    );
    let group = aws.call("deploy get-deployment-group --application-name lab --deployment-group-name web");
    assert_eq!(group["deploymentGroupInfo"]["lastSuccessfulDeployment"]["deploymentId"], id);
    let listed = aws.call(
        "deploy list-deployments --application-name lab --deployment-group-name web --include-only-statuses Succeeded",
    );
    assert_eq!(listed["deployments"], json!([id]));
}

#[test]
fn a_rolling_update_is_a_service_deployment_for_the_real_cli_and_its_waiter() {
    let place = Place::new();
    let sandbox = Embedded::start(&place, &[]);
    let aws = sandbox.aws(&place);
    service(&place, &aws, "ECS");
    aws.call("ecs wait services-stable --cluster lab --services web");
    aws.call("ecs update-service --cluster lab --service web --task-definition web:2");
    aws.call("ecs wait services-stable --cluster lab --services web");
    assert_eq!(described(&aws)["deployments"][0]["rolloutState"], "COMPLETED");
    let list = aws.call("ecs list-service-deployments --cluster lab --service web");
    let arn = list["serviceDeployments"][0]["serviceDeploymentArn"].as_str().unwrap();
    let deployments = aws.call(&format!("ecs describe-service-deployments --service-deployment-arns {arn}"));
    let deployment = &deployments["serviceDeployments"][0];
    assert_eq!(deployment["status"], "SUCCESSFUL");
    let revision_arn = deployment["targetServiceRevision"]["arn"].as_str().unwrap();
    let revisions = aws.call(&format!("ecs describe-service-revisions --service-revision-arns {revision_arn}"));
    assert_eq!(revisions["serviceRevisions"][0]["taskDefinition"], revision(2));
    let tasks = aws.call("ecs list-tasks --cluster lab --service-name web");
    let task = tasks["taskArns"][0].as_str().unwrap();
    let tasks = aws.call(&format!("ecs describe-tasks --cluster lab --tasks {task}"));
    assert_eq!(tasks["tasks"][0]["lastStatus"], "RUNNING");
    let stopped = aws.call("ecs list-tasks --cluster lab --service-name web --desired-status STOPPED");
    assert_eq!(stopped["taskArns"].as_array().unwrap().len(), 1);
}
