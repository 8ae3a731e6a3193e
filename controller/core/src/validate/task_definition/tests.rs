use serde_json::{Value, json};

use super::task_definition;
use crate::validate::testing::{rules, with};

/// A sound Fargate task with a web server, a sidecar that it waits for, and a volume.
fn base() -> Value {
    json!({
        "family": "shop-prod-frontapp",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "0.5 GB",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [
            {
                "name": "app",
                "image": "registry.example.com:5000/shop/app:1.2.3",
                "memory": 256,
                "memoryReservation": 256,
                "portMappings": [
                    {"name": "http", "containerPort": 8080, "hostPort": 8080},
                    {"containerPortRange": "9000-9009"},
                ],
                "environment": [{"name": "PORT", "value": "8080"}, {"name": "SECRET_ARN", "value": "x"}],
                "secrets": [{"name": "DB_PASSWORD", "valueFrom": "/shop/db"}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "shop", "awslogs-stream-prefix": "app"},
                },
                "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
                "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": -1}],
                "dependsOn": [{"containerName": "sidecar", "condition": "HEALTHY"}],
            },
            {
                "name": "sidecar",
                "image": "envoy@sha256:0123",
                "essential": false,
                "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 5},
                "volumesFrom": [{"sourceContainer": "app"}],
                "logConfiguration": {"logDriver": "splunk"},
            },
        ],
        "volumes": [{"name": "data", "host": {}}],
        "tags": [{"key": "team", "value": "shop"}],
    })
}

/// The same on EC2, with its own networks.
fn on_ec2() -> Value {
    let base = with(base(), "/requiresCompatibilities", json!(["EC2"]));
    with(with(base, "/networkMode", json!("bridge")), "/memory", json!("4096"))
}

fn told(pointer: &str, value: Value) -> String {
    rules(&task_definition(&with(base(), pointer, value)))
}

fn told_on_ec2(pointer: &str, value: Value) -> String {
    rules(&task_definition(&with(on_ec2(), pointer, value)))
}

#[test]
fn a_sound_task_definition_is_left_alone() {
    assert_eq!(rules(&task_definition(&base())), "");
    assert_eq!(rules(&task_definition(&on_ec2())), "");
}

#[test]
fn nonsense_is_checked_without_a_panic() {
    for doc in [json!(null), json!([]), json!({"containerDefinitions": [1, null, {"dependsOn": [3]}]})] {
        task_definition(&doc);
    }
}

#[test]
fn what_the_whole_request_must_keep_to_is_told() {
    assert_eq!(told("/family", json!("shop/app")), "error invalid-name /family");
    assert_eq!(told("/tags/0/key", json!("aws:team")), "error reserved-tag /tags/0/key");
    assert_eq!(told("/inferenceAccelerators", json!([{}])), "error unsupported-member /inferenceAccelerators");
    assert_eq!(told("/inferenceAccelerators", json!([])), "");
    assert_eq!(
        told("/ephemeralStorage", json!({"sizeInGiB": 20})),
        "error ephemeral-storage /ephemeralStorage/sizeInGiB"
    );
    assert_eq!(told("/ephemeralStorage", json!({"sizeInGiB": 21})), "");
    assert_eq!(
        told("/containerDefinitions/0/dockerLabels", json!({"a": "x".repeat(64 * 1024)})),
        "error task-definition-too-large "
    );
}

#[test]
fn container_names_images_and_counts_are_checked() {
    assert_eq!(told("/containerDefinitions/0/image", json!(null)), "error missing-member /containerDefinitions/0");
    assert_eq!(
        told("/containerDefinitions/-", json!({"name": "app", "image": "a:1", "memory": 1})),
        "error duplicate-container /containerDefinitions/2/name"
    );
    assert_eq!(
        told("/containerDefinitions/-", json!({"name": "a b", "image": "a:1"})),
        "error invalid-name /containerDefinitions/2/name"
    );
    assert_eq!(
        rules(&task_definition(&json!({"containerDefinitions": []}))),
        "error container-count /containerDefinitions"
    );
    let eleven: Vec<_> = (0..11).map(|n| json!({"name": format!("c{n}"), "image": "a:1", "memory": 4})).collect();
    assert_eq!(
        rules(&task_definition(&json!({"containerDefinitions": eleven}))),
        "error container-count /containerDefinitions"
    );
    assert_eq!(
        told("/containerDefinitions/0/essential", json!(false)),
        "error no-essential-container /containerDefinitions"
    );
}

#[test]
fn container_memory_is_compared_with_reservation_and_task() {
    assert_eq!(
        told("/containerDefinitions/0/memoryReservation", json!(257)),
        "error memory-reservation /containerDefinitions/0/memoryReservation"
    );
    assert_eq!(
        told("/containerDefinitions/0/memory", json!(513)),
        "error container-memory-above-task /containerDefinitions/0/memory"
    );
    assert_eq!(told_on_ec2("/memory", json!(null)), "error container-memory-required /containerDefinitions/1");
    let managed = with(on_ec2(), "/requiresCompatibilities", json!(["MANAGED_INSTANCES"]));
    assert_eq!(rules(&task_definition(&with(managed, "/memory", json!(null)))), "");
}

#[test]
fn numbers_and_lengths_that_the_model_lacks_are_checked() {
    let health =
        |member: &str, value: i64| told(&format!("/containerDefinitions/1/healthCheck/{member}"), json!(value));
    assert_eq!(health("interval", 301), "error out-of-range /containerDefinitions/1/healthCheck/interval");
    assert_eq!(health("timeout", 1), "error out-of-range /containerDefinitions/1/healthCheck/timeout");
    assert_eq!(health("retries", 11), "error out-of-range /containerDefinitions/1/healthCheck/retries");
    assert_eq!(health("startPeriod", 301), "error out-of-range /containerDefinitions/1/healthCheck/startPeriod");
    assert_eq!(health("startPeriod", 0), "");
    assert_eq!(
        told("/containerDefinitions/0/restartPolicy", json!({"enabled": true, "restartAttemptPeriod": 59})),
        "error out-of-range /containerDefinitions/0/restartPolicy/restartAttemptPeriod"
    );
    assert_eq!(
        told("/containerDefinitions/0/restartPolicy", json!({"enabled": true, "ignoredExitCodes": vec![1; 51]})),
        "error wrong-length /containerDefinitions/0/restartPolicy/ignoredExitCodes"
    );
    assert_eq!(
        told("/containerDefinitions/0/ulimits/0/hardLimit", json!(1023)),
        "error ulimit-order /containerDefinitions/0/ulimits/0"
    );
    assert_eq!(
        told("/containerDefinitions/1/healthCheck/command", json!(["curl localhost"])),
        "warning health-check-command /containerDefinitions/1/healthCheck/command"
    );
}

#[test]
fn references_between_containers_must_hold() {
    assert_eq!(
        told("/containerDefinitions/0/dependsOn/0/containerName", json!("nobody")),
        "error unknown-container /containerDefinitions/0/dependsOn/0/containerName"
    );
    assert_eq!(
        told("/containerDefinitions/1/volumesFrom/0/sourceContainer", json!("nobody")),
        "error unknown-container /containerDefinitions/1/volumesFrom/0/sourceContainer"
    );
    assert_eq!(
        told("/proxyConfiguration", json!({"containerName": "envoy"})),
        "error unknown-container /proxyConfiguration/containerName"
    );
    assert_eq!(
        told("/containerDefinitions/1/healthCheck", json!(null)),
        "error dependency-without-health-check /containerDefinitions/0/dependsOn/0/condition"
    );
    assert_eq!(
        told("/containerDefinitions/1/dependsOn", json!([{"containerName": "app", "condition": "START"}])),
        "error dependency-cycle /containerDefinitions/0/dependsOn"
    );
    let ends = with(base(), "/containerDefinitions/0/dependsOn/0/condition", json!("SUCCESS"));
    assert_eq!(rules(&task_definition(&ends)), "");
    assert_eq!(
        rules(&task_definition(&with(ends, "/containerDefinitions/1/essential", json!(null)))),
        "error dependency-on-essential /containerDefinitions/0/dependsOn/0/condition"
    );
}

#[test]
fn variables_are_unique_and_secrets_have_a_role_to_read_them() {
    assert_eq!(
        told("/containerDefinitions/0/environment/-", json!({"name": "PORT", "value": "1"})),
        "error duplicate-variable /containerDefinitions/0/environment/2/name"
    );
    assert_eq!(
        told("/containerDefinitions/0/secrets/-", json!({"name": "PORT", "valueFrom": "x"})),
        "error duplicate-variable /containerDefinitions/0/secrets/1/name"
    );
    assert_eq!(
        rules(&task_definition(&with(on_ec2(), "/executionRoleArn", json!(null)))),
        "error execution-role-required /containerDefinitions/0/secrets"
    );
    let file = |arn: &str| told("/containerDefinitions/0/environmentFiles", json!([{"type": "s3", "value": arn}]));
    assert_eq!(file("arn:aws:s3:::bucket/app.env"), "");
    assert_eq!(file("s3://bucket/app.env"), "error environment-file /containerDefinitions/0/environmentFiles/0/value");
}

#[test]
fn a_secret_in_plain_text_is_a_warning_that_does_not_repeat_it() {
    for name in ["DB_PASSWORD2_TOKEN", "apiKey", "AWS_SECRET_ACCESS_KEY", "client-secret"] {
        let doc = with(base(), "/containerDefinitions/1/environment", json!([{"name": name, "value": "hunter2"}]));
        let problems = task_definition(&doc);
        assert_eq!(rules(&problems), "warning plain-secret /containerDefinitions/1/environment/0", "{name}");
        assert!(!problems[0].to_string().contains("hunter2"));
    }
    for (name, value) in [("TOKEN", ""), ("TOKEN", "arn:aws:secretsmanager:x"), ("TOKEN_URL", "x"), ("MAX_TOKENS", "1")]
    {
        let quiet = told("/containerDefinitions/1/environment", json!([{"name": name, "value": value}]));
        assert_eq!(quiet, "", "{name}");
    }
}

#[test]
fn an_image_that_can_change_under_its_name_is_a_warning() {
    for image in ["nginx", "nginx:latest", "localhost:5000/nginx", "a/b/c:main"] {
        let warned = told("/containerDefinitions/0/image", json!(image));
        assert_eq!(warned, "warning mutable-image-tag /containerDefinitions/0/image", "{image}");
    }
    for image in ["nginx:1.27", "nginx@sha256:00", "nginx:latest@sha256:00", "localhost:5000/nginx:v1"] {
        assert_eq!(told("/containerDefinitions/0/image", json!(image)), "", "{image}");
    }
}

#[test]
fn awsvpc_has_its_own_names_and_ports() {
    assert_eq!(
        told("/containerDefinitions/0/portMappings/0/hostPort", json!(80)),
        "error awsvpc-host-port /containerDefinitions/0/portMappings/0/hostPort"
    );
    assert_eq!(told("/containerDefinitions/0/portMappings/0/hostPort", json!(0)), "");
    assert_eq!(told_on_ec2("/containerDefinitions/0/portMappings/0/hostPort", json!(80)), "");
    for (member, value) in [
        ("links", json!(["sidecar"])),
        ("hostname", json!("app")),
        ("extraHosts", json!([{"hostname": "a", "ipAddress": "1.1.1.1"}])),
        ("dnsServers", json!(["1.1.1.1"])),
        ("dnsSearchDomains", json!(["example.com"])),
        ("disableNetworking", json!(true)),
    ] {
        let path = format!("/containerDefinitions/0/{member}");
        assert_eq!(told(&path, value.clone()), format!("error awsvpc-unsupported {path}"));
        assert_eq!(told_on_ec2(&path, value), "");
    }
}

#[test]
fn ports_ranges_and_their_names_are_checked() {
    let ports = "/containerDefinitions/0/portMappings";
    let port = |mapping: Value| told(&format!("{ports}/-"), mapping);
    assert_eq!(port(json!({"containerPort": 65536})), format!("error port-number {ports}/2/containerPort"));
    assert_eq!(
        port(json!({"containerPort": 1, "containerPortRange": "1-2"})),
        format!("error port-and-range {ports}/2")
    );
    assert_eq!(port(json!({"containerPortRange": "9-1"})), format!("error port-range {ports}/2/containerPortRange"));
    assert_eq!(
        port(json!({"containerPortRange": "9009-9010"})),
        format!("error port-range-overlap {ports}/2/containerPortRange")
    );
    assert_eq!(port(json!({"containerPortRange": "9009-9010", "protocol": "udp"})), "");
    assert_eq!(port(json!({"containerPort": 8080, "protocol": "udp"})), "");
    assert_eq!(port(json!({"containerPort": 1, "name": "HTTP"})), format!("error invalid-port-name {ports}/2/name"));
    assert_eq!(port(json!({"containerPort": 1, "name": "http"})), format!("error duplicate-port-name {ports}/2/name"));
}

#[test]
fn volumes_exist_and_are_of_one_kind() {
    assert_eq!(
        told("/volumes/0/name", json!("other")),
        "error unknown-volume /containerDefinitions/0/mountPoints/0/sourceVolume"
    );
    assert_eq!(told("/volumes/-", json!({"name": "data"})), "error duplicate-volume /volumes/1/name");
    assert_eq!(
        told(
            "/volumes/0",
            json!({"name": "data", "configuredAtLaunch": true, "efsVolumeConfiguration": {"fileSystemId": "fs-1"}})
        ),
        "error volume-kind /volumes/0"
    );
    let two = with(base(), "/volumes/-", json!({"name": "a", "configuredAtLaunch": true}));
    assert_eq!(
        rules(&task_definition(&with(two, "/volumes/-", json!({"name": "b", "configuredAtLaunch": true})))),
        "error volumes-at-launch /volumes/2/configuredAtLaunch"
    );
    assert_eq!(
        told("/volumes/-", json!({"name": "s3", "s3filesVolumeConfiguration": {"fileSystemArn": "arn"}})),
        "error task-role-required /volumes/1/s3filesVolumeConfiguration"
    );
}

#[test]
fn efs_access_needs_encryption_and_the_access_points_root() {
    let efs =
        |configuration: Value| told("/volumes/-", json!({"name": "efs", "efsVolumeConfiguration": configuration}));
    let here = "/volumes/1/efsVolumeConfiguration";
    assert_eq!(efs(json!({"fileSystemId": "fs-1", "rootDirectory": "/x"})), "");
    let access = json!({"accessPointId": "fsap-1", "iam": "ENABLED"});
    assert_eq!(
        efs(
            json!({"fileSystemId": "fs-1", "rootDirectory": "/", "transitEncryption": "ENABLED", "authorizationConfig": access})
        ),
        ""
    );
    assert_eq!(
        efs(json!({"fileSystemId": "fs-1", "authorizationConfig": access})),
        format!("error efs-transit-encryption {here}")
    );
    assert_eq!(
        efs(
            json!({"fileSystemId": "fs-1", "rootDirectory": "/x", "transitEncryption": "ENABLED", "authorizationConfig": access})
        ),
        format!("error efs-root-directory {here}/rootDirectory")
    );
}

#[test]
fn log_drivers_have_what_they_need() {
    let log = "/containerDefinitions/0/logConfiguration";
    assert_eq!(told(&format!("{log}/options/awslogs-group"), json!(null)), format!("error awslogs-options {log}"));
    assert_eq!(
        told(&format!("{log}/options/awslogs-stream-prefix"), json!(null)),
        format!("error awslogs-options {log}")
    );
    assert_eq!(told_on_ec2(&format!("{log}/options/awslogs-stream-prefix"), json!(null)), "");
    assert_eq!(
        rules(&task_definition(&with(
            with(base(), "/executionRoleArn", json!(null)),
            "/containerDefinitions/0/secrets",
            json!([])
        ))),
        format!("error execution-role-required {log}/logDriver")
    );
    assert_eq!(told(log, json!({"logDriver": "gelf"})), format!("error fargate-log-driver {log}/logDriver"));
    assert_eq!(told_on_ec2(log, json!({"logDriver": "gelf"})), "");
    let firelens = with(base(), log, json!({"logDriver": "awsfirelens"}));
    assert_eq!(rules(&task_definition(&firelens)), format!("error firelens-router {log}/logDriver"));
    let router = with(firelens, "/containerDefinitions/1/firelensConfiguration", json!({"type": "fluentbit"}));
    assert_eq!(rules(&task_definition(&router)), "");
}

#[test]
fn fargate_needs_a_size_and_awsvpc() {
    assert_eq!(told("/cpu", json!(null)), "error fargate-cpu-required ");
    assert_eq!(told("/memory", json!(null)), "error fargate-memory-required ");
    assert_eq!(told("/memory", json!("1536")), "error fargate-size /cpu");
    assert_eq!(told("/cpu", json!("a quarter")), "");
    assert_eq!(told("/networkMode", json!("bridge")), "error fargate-network-mode /networkMode");
    assert_eq!(told("/networkMode", json!(null)), "error fargate-network-mode ");
    assert_eq!(told_on_ec2("/cpu", json!("300")), "");
}

#[test]
fn what_fargate_does_not_have_is_told_and_ec2_has_it() {
    for (path, value) in [
        ("/ipcMode", json!("task")),
        ("/pidMode", json!("host")),
        ("/placementConstraints", json!([{"type": "memberOf"}])),
        ("/containerDefinitions/0/privileged", json!(true)),
        ("/containerDefinitions/0/dockerSecurityOptions", json!(["x"])),
        ("/containerDefinitions/0/linuxParameters", json!({"devices": [{"hostPath": "/dev/x"}]})),
        ("/containerDefinitions/0/linuxParameters", json!({"sharedMemorySize": 64})),
        ("/containerDefinitions/0/linuxParameters", json!({"maxSwap": 64})),
        ("/containerDefinitions/0/linuxParameters", json!({"swappiness": 60})),
        ("/volumes/0", json!({"name": "data", "host": {"sourcePath": "/x"}})),
        ("/volumes/0", json!({"name": "data", "dockerVolumeConfiguration": {"scope": "task"}})),
    ] {
        let told = told(path, value.clone());
        assert!(told.starts_with(&format!("error fargate-unsupported {path}")), "{path}: {told}");
        assert_eq!(told_on_ec2(path, value), "", "{path}");
    }
    assert_eq!(told("/pidMode", json!("task")), "");
    assert_eq!(told("/containerDefinitions/0/privileged", json!(false)), "");
}

#[test]
fn fargate_limits_capabilities_gpus_and_stopping() {
    let add = |name: &str| told("/containerDefinitions/0/linuxParameters", json!({"capabilities": {"add": [name]}}));
    assert_eq!(add("SYS_PTRACE"), "");
    assert_eq!(add("NET_ADMIN"), "error fargate-capability /containerDefinitions/0/linuxParameters/capabilities/add/0");
    assert_eq!(
        told("/containerDefinitions/0/resourceRequirements", json!([{"type": "GPU", "value": "1"}])),
        "error fargate-gpu /containerDefinitions/0/resourceRequirements/0"
    );
    assert_eq!(told("/containerDefinitions/0/stopTimeout", json!(120)), "");
    assert_eq!(
        told("/containerDefinitions/0/stopTimeout", json!(121)),
        "error fargate-stop-timeout /containerDefinitions/0/stopTimeout"
    );
}

#[test]
fn windows_has_neither_arm_nor_linux_parameters() {
    let windows = with(on_ec2(), "/runtimePlatform/operatingSystemFamily", json!("WINDOWS_SERVER_2022_CORE"));
    assert_eq!(rules(&task_definition(&windows)), "error windows-arm64 /runtimePlatform/cpuArchitecture");
    let windows = with(windows, "/runtimePlatform/cpuArchitecture", json!("X86_64"));
    assert_eq!(rules(&task_definition(&windows)), "");
    let linux = with(windows, "/containerDefinitions/0/linuxParameters", json!({"initProcessEnabled": true}));
    assert_eq!(rules(&task_definition(&linux)), "error windows-unsupported /containerDefinitions/0/linuxParameters");
}
