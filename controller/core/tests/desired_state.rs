//! The example system in `desired-state/` loads whole, and holds every value of its parameter sheet.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use evenkeel_core::admission::admit;
use evenkeel_core::manifest::{Content, Files, Load, load};
use evenkeel_core::object::{Kind, ObjectKey};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../desired-state")
}

fn read(directory: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, files);
        } else {
            let parts = path.strip_prefix(root()).unwrap().components();
            let parts: Vec<_> = parts.map(|part| part.as_os_str().to_str().unwrap()).collect();
            files.insert(parts.join("/"), Content::Bytes(std::fs::read(&path).unwrap()));
        }
    }
}

fn admitted() -> Load {
    let mut files = Files::new();
    read(&root(), &mut files);
    let mut load = load(&files);
    admit(&mut load);
    load
}

/// The spec of an object.
fn spec(load: &Load, kind: Kind, namespace: &str, name: &str) -> Value {
    let key = ObjectKey::new(kind, namespace, name);
    let found = load.manifests.iter().find(|manifest| manifest.key == key);
    found.unwrap_or_else(|| panic!("{key} is not declared")).object().spec
}

/// Checks `(pointer, value)` rows; null stands for a member that is not there.
fn holds(spec: &Value, rows: &[(&str, Value)]) {
    for (pointer, value) in rows {
        assert_eq!(spec.pointer(pointer).unwrap_or(&Value::Null), value, "{pointer}");
    }
}

fn container(task_definition: &Value, name: &str) -> Value {
    let containers = task_definition["taskDefinition"]["containerDefinitions"].as_array().unwrap();
    containers.iter().find(|container| container["name"] == name).unwrap().clone()
}

struct Environment {
    name: &'static str,
    tag: &'static str,
    fluentbit_tag: &'static str,
    /// Minimum, desired and maximum.
    counts: [u32; 3],
}

const ENVIRONMENTS: [Environment; 2] = [
    Environment { name: "dev", tag: "3c9d0e7", fluentbit_tag: "1.1", counts: [1, 1, 2] },
    Environment { name: "prod", tag: "1.1", fluentbit_tag: "1.0", counts: [2, 2, 4] },
];

#[test]
fn the_example_loads_whole_and_the_one_warning_is_a_true_one() {
    let load = admitted();
    let told: Vec<_> = load.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("hands-on/container-hands-on.yaml:"), "{told:?}");
    assert!(told[0].contains("warning: the tag `latest` is one that moves"), "{told:?}");
    assert!(load.whole());
    let keys: Vec<_> = load.manifests.iter().map(|manifest| manifest.key.to_string()).collect();
    assert_eq!(
        keys,
        [
            "Cluster/container-hands-on",
            "Cluster/shop-dev",
            "Cluster/shop-prod",
            "TaskDefinition/container-hands-on/container-hands-on",
            "TaskDefinition/shop-dev/frontapp",
            "TaskDefinition/shop-prod/frontapp",
            "Service/container-hands-on/container-hands-on",
            "Service/shop-dev/frontapp",
            "Service/shop-prod/frontapp",
        ]
    );
}

#[test]
fn the_cluster_is_as_the_sheet_says() {
    let load = admitted();
    for Environment { name, .. } in ENVIRONMENTS {
        let prefix = format!("shop-{name}");
        let rows = [
            ("/accountId", json!("123456789012")),
            ("/region", json!("ap-northeast-1")),
            ("/cluster/clusterName", json!(format!("{prefix}-cluster"))),
            ("/cluster/capacityProviders", json!(["FARGATE"])),
            ("/cluster/settings", json!([{"name": "containerInsights", "value": "enabled"}])),
        ];
        holds(&spec(&load, Kind::Cluster, "", &prefix), &rows);
    }
}

#[test]
fn the_task_definition_is_as_the_sheet_says() {
    let load = admitted();
    for Environment { name, .. } in ENVIRONMENTS {
        let prefix = format!("shop-{name}");
        let rows = [
            ("/taskDefinition/family", json!(format!("{prefix}-frontapp-family"))),
            ("/taskDefinition/requiresCompatibilities", json!(["FARGATE"])),
            ("/taskDefinition/networkMode", json!("awsvpc")),
            ("/taskDefinition/runtimePlatform/operatingSystemFamily", json!("LINUX")),
            (
                "/taskDefinition/taskRoleArn",
                json!(format!("arn:aws:iam::123456789012:role/{prefix}-frontapp-task-role")),
            ),
            (
                "/taskDefinition/executionRoleArn",
                json!(format!("arn:aws:iam::123456789012:role/{prefix}-ecs-task-ex-role")),
            ),
            ("/taskDefinition/cpu", json!("2 vCPU")),
            ("/taskDefinition/memory", json!("16 GB")),
            ("/taskDefinition/containerDefinitions/2", Value::Null),
        ];
        holds(&spec(&load, Kind::TaskDefinition, &prefix, "frontapp"), &rows);
    }
}

#[test]
fn the_application_container_is_as_the_sheet_says() {
    let load = admitted();
    for Environment { name, tag, .. } in ENVIRONMENTS {
        let prefix = format!("shop-{name}");
        let definition = spec(&load, Kind::TaskDefinition, &prefix, "frontapp");
        let app = container(&definition, "frontapp");
        let image = format!("123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/{prefix}-frontapp-repo:{tag}");
        let rows = [
            ("/image", json!(image)),
            ("/essential", json!(true)),
            ("/portMappings", json!([{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}])),
            ("/healthCheck/command/0", json!("CMD-SHELL")),
            ("/logConfiguration", json!({"logDriver": "awsfirelens"})),
            ("/ulimits", json!([{"name": "nofile", "softLimit": 10240, "hardLimit": 10240}])),
            ("/mountPoints/0/sourceVolume", definition["taskDefinition"]["volumes"][0]["name"].clone()),
            // Time-outs are for containers that wait for each other; these two do not.
            ("/dependsOn", Value::Null),
            ("/startTimeout", Value::Null),
            ("/stopTimeout", Value::Null),
        ];
        holds(&app, &rows);
        assert!(definition["taskDefinition"]["volumes"][0]["efsVolumeConfiguration"].is_object());
        assert!(app["environment"].as_array().unwrap().len() >= 120);
        let value = |name: &str| {
            let variables = app["environment"].as_array().unwrap();
            variables.iter().find(|variable| variable["name"] == name).unwrap()["value"].clone()
        };
        assert_eq!(value("APP_ENV"), name);
        let secrets = app["secrets"].as_array().unwrap();
        assert!(!secrets.is_empty());
        let parameters = format!("arn:aws:ssm:ap-northeast-1:123456789012:parameter/shop/{name}/frontapp/");
        assert!(secrets.iter().all(|secret| secret["valueFrom"].as_str().unwrap().starts_with(&parameters)));
    }
}

#[test]
fn the_log_router_is_as_the_sheet_says() {
    let load = admitted();
    for Environment { name, fluentbit_tag, .. } in ENVIRONMENTS {
        let prefix = format!("shop-{name}");
        let router = container(&spec(&load, Kind::TaskDefinition, &prefix, "frontapp"), "log_router");
        let repository = format!("123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/{prefix}-frontapp-fluentbit-repo");
        let rows = [
            ("/image", json!(format!("{repository}:{fluentbit_tag}"))),
            ("/portMappings", Value::Null),
            ("/logConfiguration/logDriver", json!("awslogs")),
            ("/logConfiguration/options/awslogs-group", json!(format!("/ecs/{prefix}/frontapp/fluent-bit"))),
            ("/logConfiguration/options/awslogs-region", json!("ap-northeast-1")),
            ("/logConfiguration/options/awslogs-stream-prefix", json!("firelens")),
            ("/firelensConfiguration/type", json!("fluentbit")),
            ("/firelensConfiguration/options/config-file-type", json!("file")),
            ("/firelensConfiguration/options/config-file-value", json!("/fluent-bit/etc/extra.conf")),
        ];
        holds(&router, &rows);
    }
}

#[test]
fn the_service_is_as_the_sheet_says() {
    let load = admitted();
    for Environment { name, counts: [least, count, most], .. } in ENVIRONMENTS {
        let prefix = format!("shop-{name}");
        let service = spec(&load, Kind::Service, &prefix, "frontapp");
        let rows = [
            ("/taskDefinition", json!("frontapp")),
            ("/service/serviceName", json!(format!("{prefix}-frontapp-service"))),
            ("/service/launchType", json!("FARGATE")),
            ("/service/platformVersion", json!("1.4.0")),
            ("/service/schedulingStrategy", json!("REPLICA")),
            ("/service/desiredCount", json!(count)),
            ("/service/deploymentController/type", json!("CODE_DEPLOY")),
            ("/codeDeploy/deploymentConfigName", json!("CodeDeployDefault.ECSAllAtOnce")),
            ("/service/healthCheckGracePeriodSeconds", json!(300)),
            ("/service/networkConfiguration/awsvpcConfiguration/subnets/2", Value::Null),
            ("/service/networkConfiguration/awsvpcConfiguration/securityGroups/1", Value::Null),
            ("/service/networkConfiguration/awsvpcConfiguration/assignPublicIp", json!("DISABLED")),
            ("/service/loadBalancers/0/containerName", json!("frontapp")),
            ("/service/loadBalancers/0/containerPort", json!(8080)),
            ("/service/loadBalancers/1", Value::Null),
            ("/service/serviceRegistries", Value::Null),
            ("/scaling/minCapacity", json!(least)),
            ("/scaling/maxCapacity", json!(most)),
            ("/scaling/policies/0/policyName", json!("Scaling-Policy-for-CPUUtilization")),
            ("/scaling/policies/0/policyType", json!("TargetTrackingScaling")),
            (
                "/scaling/policies/0/targetTrackingScalingPolicyConfiguration",
                json!({
                    "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
                    "targetValue": 60,
                    "disableScaleIn": false,
                }),
            ),
        ];
        holds(&service, &rows);
        let network = &service["service"]["networkConfiguration"]["awsvpcConfiguration"];
        assert_eq!(network["subnets"].as_array().unwrap().len(), 2);
        let group = service["service"]["loadBalancers"][0]["targetGroupArn"].as_str().unwrap();
        assert!(group.contains(&format!(":targetgroup/{prefix}-frontapp-alb-tg01/")), "{group}");
    }
}

/// What AWS takes by an id, or what is not in force yet, stands beside it in words.
#[test]
fn what_of_the_sheet_has_no_member_is_told_in_comments() {
    let text = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let service = text("templates/frontapp/service.yaml");
    for word in [
        "CODE_DEPLOY",
        "CodeDeployDefault.ECSAllAtOnce",
        "-frontapp-alb ",
        "-tg02",
        "on 443 (HTTPS)",
        "on 1443 (HTTPS)",
    ] {
        assert!(service.contains(word), "{word}");
    }
    for Environment { name, .. } in ENVIRONMENTS {
        let environment = text(&format!("environments/{name}/evenkeel.yaml"));
        let group = format!("shop-{name}-frontapp_sg");
        for word in [group.as_str(), "ap-northeast-1a", "ap-northeast-1c"] {
            assert!(environment.contains(word), "{word}");
        }
    }
}

#[test]
fn the_hands_on_is_as_its_instructions_say() {
    let load = admitted();
    let name = "container-hands-on";
    let tags = json!([{"key": "Name", "value": "ContainerHandsOn"}]);
    let cluster = [("/cluster/clusterName", json!("ContainerHandsOn")), ("/cluster/tags", tags.clone())];
    holds(&spec(&load, Kind::Cluster, "", name), &cluster);

    let definition = spec(&load, Kind::TaskDefinition, name, name);
    let rows = [
        ("/taskDefinition/family", json!("ContainerHandsOn")),
        ("/taskDefinition/cpu", json!("256")),
        ("/taskDefinition/memory", json!("512")),
        ("/taskDefinition/requiresCompatibilities", json!(["FARGATE"])),
        ("/taskDefinition/networkMode", json!("awsvpc")),
        ("/taskDefinition/runtimePlatform", json!({"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"})),
        ("/taskDefinition/executionRoleArn", json!("arn:aws:iam::123456789012:role/ecsTaskExecutionRole")),
        ("/taskDefinition/tags", tags.clone()),
    ];
    holds(&definition, &rows);
    let image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/jaws-days-2022/container-hands-on:latest";
    let rows = [
        ("/image", json!(image)),
        ("/portMappings", json!([{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}])),
        ("/logConfiguration/logDriver", json!("awslogs")),
        ("/logConfiguration/options/awslogs-create-group", json!("true")),
        ("/logConfiguration/options/awslogs-group", json!("awslogs-container-hands-on")),
        ("/logConfiguration/options/awslogs-region", json!("ap-northeast-1")),
        ("/logConfiguration/options/awslogs-stream-prefix", json!("hands-on")),
    ];
    holds(&container(&definition, "ContainerHandsOn"), &rows);

    let service = spec(&load, Kind::Service, name, name);
    let rows = [
        ("/service/serviceName", json!("ContainerHandsOn")),
        ("/service/desiredCount", json!(2)),
        ("/service/launchType", json!("FARGATE")),
        ("/service/platformVersion", json!("LATEST")),
        ("/service/deploymentController/type", json!("CODE_DEPLOY")),
        ("/service/networkConfiguration/awsvpcConfiguration/securityGroups/1", Value::Null),
        ("/service/networkConfiguration/awsvpcConfiguration/assignPublicIp", json!("DISABLED")),
        ("/service/loadBalancers/0/containerPort", json!(80)),
        ("/service/loadBalancers/1", Value::Null),
        ("/service/tags", tags),
        ("/scaling", Value::Null),
    ];
    holds(&service, &rows);
    let network = &service["service"]["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(network["subnets"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_but_the_sandbox_account_is_named() {
    let mut files = Files::new();
    read(&root(), &mut files);
    for (path, content) in &files {
        let Content::Bytes(bytes) = content else { panic!("{path}") };
        let text = std::str::from_utf8(bytes).unwrap();
        let numbers = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 12);
        for number in numbers.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
            assert_eq!(number, "123456789012", "{path}");
        }
        if !path.ends_with(".json") {
            assert!(text.starts_with("# "), "{path} begins with a comment that says what it is");
        }
    }
}
