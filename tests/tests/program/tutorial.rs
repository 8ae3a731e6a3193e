//! The commands of a hands-on with ECS, as people type them, against the sandbox: they work, and answer in AWS's shape.

use evenkeel_tests::program::{Embedded, Place};

const DEFINITION: &str = r#"{
  "family": "ContainerHandsOn",
  "containerDefinitions": [{
    "name": "ContainerHandsOn",
    "image": "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/jaws-days-2022/container-hands-on:latest",
    "cpu": 0,
    "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
    "essential": true,
    "environment": [], "mountPoints": [], "volumesFrom": [],
    "logConfiguration": {"logDriver": "awslogs", "options": {
      "awslogs-create-group": "true", "awslogs-group": "awslogs-container-hands-on",
      "awslogs-region": "ap-northeast-1", "awslogs-stream-prefix": "hands-on"}}
  }],
  "executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole",
  "networkMode": "awsvpc",
  "requiresCompatibilities": ["FARGATE"],
  "cpu": "256", "memory": "512",
  "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}
}"#;

const NETWORK: &str = "--network-configuration awsvpcConfiguration={subnets=[subnet-0c7b6a59483726151,\
                       subnet-0c7b6a59483726153],securityGroups=[sg-0c7b6a5948372615a],assignPublicIp=DISABLED}";
const BALANCER: &str = "--load-balancers targetGroupArn=arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:\
                        targetgroup/hands-on/c7b6a59483726151,containerName=ContainerHandsOn,containerPort=80";
const TAG: &str = "--tags key=Name,value=ContainerHandsOn";

#[test]
fn the_commands_of_a_hands_on_work_with_the_real_cli_and_answer_as_aws_does() {
    let place = Place::new();
    place.write("definition.json", DEFINITION);
    let sandbox = Embedded::start(&place, &[]);
    let aws = sandbox.aws(&place);

    let cluster = &aws.call(&format!("ecs create-cluster --cluster-name ContainerHandsOn {TAG}"))["cluster"];
    assert_eq!(cluster["clusterArn"], "arn:aws:ecs:ap-northeast-1:123456789012:cluster/ContainerHandsOn");
    assert_eq!(cluster["status"], "ACTIVE");
    assert_eq!(cluster["tags"][0]["value"], "ContainerHandsOn");

    let register = format!("ecs register-task-definition --cli-input-json file://definition.json {TAG}");
    let registered = aws.call(&register);
    let definition = &registered["taskDefinition"];
    assert_eq!(definition["revision"], 1);
    assert_eq!(definition["status"], "ACTIVE");
    assert_eq!(definition["compatibilities"], serde_json::json!(["EC2", "FARGATE"]));
    assert!(definition["requiresAttributes"].is_array() && definition["volumes"].is_array(), "{definition}");
    assert_eq!(definition["placementConstraints"], serde_json::json!([]));
    assert!(definition["registeredAt"].is_number(), "{definition}");
    assert_eq!(registered["tags"][0]["key"], "Name");
    aws.call(&register);
    let list = "ecs list-task-definitions --family-prefix ContainerHandsOn --status ACTIVE --sort ASC";
    let newest = aws.run(&[&list.split(' ').collect::<Vec<_>>()[..], &["--query", "taskDefinitionArns[-1]"]].concat());
    let newest = newest.expect(0).out.trim().trim_matches('"').to_owned();
    assert_eq!(newest, "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/ContainerHandsOn:2");

    let create = |name: &str, controller: &str| {
        let line = format!(
            "ecs create-service --cluster ContainerHandsOn --service-name {name} --task-definition {newest} \
             --desired-count 2 --launch-type FARGATE --platform-version LATEST --scheduling-strategy REPLICA \
             --deployment-controller type={controller} {NETWORK} {BALANCER} {TAG}"
        );
        aws.call(&line)["service"].clone()
    };
    let rolling = create("rolling", "ECS");
    assert_eq!(rolling["status"], "ACTIVE");
    assert_eq!(rolling["platformVersion"], "LATEST");
    assert_eq!(rolling["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert_eq!(rolling["deployments"][0]["status"], "PRIMARY");
    assert_eq!((&rolling["desiredCount"], &rolling["runningCount"]), (&2.into(), &0.into()));
    let blue_green = create("blue-green", "CODE_DEPLOY");
    assert_eq!(blue_green["platformVersion"], "1.4.0", "resolved at once for CODE_DEPLOY");
    assert_eq!(blue_green["platformFamily"], "Linux");
    let set = &blue_green["taskSets"][0];
    assert_eq!((set["status"].as_str(), set["stabilityStatus"].as_str()), (Some("PRIMARY"), Some("STABILIZING")));
    assert_eq!(set["scale"], serde_json::json!({"value": 100.0, "unit": "PERCENT"}));
    assert!(blue_green["deployments"].as_array().is_none_or(Vec::is_empty), "{blue_green}");
    let both = [&rolling, &blue_green];
    for service in both {
        assert_eq!(service["deploymentConfiguration"]["maximumPercent"], 200);
        assert_eq!(service["deploymentConfiguration"]["minimumHealthyPercent"], 100);
        assert_eq!(service["schedulingStrategy"], "REPLICA");
        assert_eq!(service["propagateTags"], "NONE");
        assert_eq!(service["enableECSManagedTags"], false);
        assert!(service["createdAt"].is_number() && service["roleArn"].is_string(), "{service}");
    }

    let described = aws.call("ecs describe-services --cluster ContainerHandsOn --services rolling blue-green nobody");
    let names: Vec<_> = described["services"].as_array().unwrap().iter().map(|it| &it["serviceName"]).collect();
    assert_eq!(names, ["rolling", "blue-green"]);
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    let updated = aws.call("ecs update-service --cluster ContainerHandsOn --service rolling --desired-count 3");
    assert_eq!(updated["service"]["desiredCount"], 3);
    let refused = aws.run(&[
        "ecs",
        "update-service",
        "--cluster",
        "ContainerHandsOn",
        "--service",
        "blue-green",
        "--task-definition",
        "ContainerHandsOn:1",
    ]);
    assert!(refused.code != 0 && refused.err.contains("InvalidParameterException"), "{refused:?}");

    let scalable = "--service-namespace ecs --scalable-dimension ecs:service:DesiredCount \
                    --resource-id service/ContainerHandsOn/rolling";
    let target = aws.call(&format!(
        "application-autoscaling register-scalable-target {scalable} --min-capacity 2 --max-capacity 4 \
         --suspended-state DynamicScalingOutSuspended=true"
    ));
    assert!(target["ScalableTargetARN"].as_str().unwrap().starts_with("arn:aws:application-autoscaling:"), "{target}");
    let targets = aws.call("application-autoscaling describe-scalable-targets --service-namespace ecs");
    assert_eq!(targets["ScalableTargets"][0]["SuspendedState"]["DynamicScalingOutSuspended"], true);
    let policy = aws.call(&format!(
        "application-autoscaling put-scaling-policy {scalable} --policy-name cpu --policy-type TargetTrackingScaling \
         --target-tracking-scaling-policy-configuration \
         TargetValue=60,PredefinedMetricSpecification={{PredefinedMetricType=ECSServiceAverageCPUUtilization}}"
    ));
    assert!(policy["PolicyARN"].as_str().unwrap().contains(":policyName/cpu"), "{policy}");
    assert_eq!(policy["Alarms"].as_array().unwrap().len(), 2, "target tracking has two alarms: {policy}");
}
