//! One row a rule: what AWS answers for what was registered, and what looks alike and is not.

use serde_json::{Value, json};

use super::{awsvpc, container, same};
use crate::canonical::DocumentKind;

const KIND: DocumentKind = DocumentKind::TaskDefinition;

fn equal(a: &Value, b: &Value) -> bool {
    same(KIND, a, b)
}

/// A document with these task-level members.
fn task(members: &Value) -> Value {
    let mut document = container(&json!({}));
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document
}

#[test]
fn a_default_that_aws_fills_in_at_task_level_equals_its_absence_and_another_value_does_not() {
    let rows = [
        ("networkMode", json!("bridge"), json!("host")),
        ("taskRoleArn", json!(""), json!("arn:role")),
        ("executionRoleArn", json!(""), json!("arn:role")),
        ("volumes", json!([]), json!([{"name": "a"}])),
        ("placementConstraints", json!([]), json!([{"type": "memberOf", "expression": "x"}])),
        ("requiresCompatibilities", json!([]), json!(["EC2"])),
        ("inferenceAccelerators", json!([]), json!([{"deviceName": "d", "deviceType": "t"}])),
        ("enableFaultInjection", json!(false), json!(true)),
        ("runtimePlatform", json!({}), json!({"cpuArchitecture": "ARM64"})),
        (
            "runtimePlatform",
            json!({"cpuArchitecture": "X86_64"}),
            json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
        ),
        ("runtimePlatform", json!({"operatingSystemFamily": "LINUX"}), json!({"cpuArchitecture": "ARM64"})),
        (
            "trustedExecutionConfiguration",
            json!({"isolationMode": "SHARED"}),
            json!({"isolationMode": "ISOLATED_SANDBOX"}),
        ),
        ("proxyConfiguration", json!({"type": "APPMESH"}), json!({"containerName": "envoy"})),
        ("pidMode", json!(null), json!("task")),
        ("ipcMode", json!(null), json!("host")),
        ("ephemeralStorage", json!(null), json!({"sizeInGiB": 21})),
    ];
    for (name, default, other) in rows {
        assert!(equal(&task(&json!({name: default})), &task(&json!({}))), "{name}: {default} is what absence means");
        assert!(!equal(&task(&json!({name: other})), &task(&json!({}))), "{name}: {other} is content");
    }
}

#[test]
fn a_default_that_aws_fills_in_for_a_container_equals_its_absence_and_another_value_does_not() {
    let rows = [
        ("cpu", json!(0), json!(10)),
        ("essential", json!(true), json!(false)),
        ("versionConsistency", json!("enabled"), json!("disabled")),
        ("disableNetworking", json!(false), json!(true)),
        ("privileged", json!(false), json!(true)),
        ("readonlyRootFilesystem", json!(false), json!(true)),
        ("interactive", json!(false), json!(true)),
        ("pseudoTerminal", json!(false), json!(true)),
        ("environment", json!([]), json!([{"name": "A", "value": ""}])),
        ("portMappings", json!([]), json!([{"containerPort": 80}])),
        ("mountPoints", json!([]), json!([{"sourceVolume": "v", "containerPath": "/v"}])),
        ("volumesFrom", json!([]), json!([{"sourceContainer": "other"}])),
        ("systemControls", json!([]), json!([{"namespace": "n", "value": "1"}])),
        ("links", json!([]), json!(["other"])),
        ("entryPoint", json!([]), json!(["sh"])),
        ("command", json!([]), json!([""])),
        ("environmentFiles", json!([]), json!([{"value": "arn:a.env", "type": "s3"}])),
        ("secrets", json!([]), json!([{"name": "S", "valueFrom": "arn"}])),
        ("dependsOn", json!([]), json!([{"containerName": "other", "condition": "START"}])),
        ("dnsServers", json!([]), json!(["10.0.0.1"])),
        ("dnsSearchDomains", json!([]), json!(["example.org"])),
        ("extraHosts", json!([]), json!([{"hostname": "h", "ipAddress": "10.0.0.1"}])),
        ("dockerSecurityOptions", json!([]), json!(["no-new-privileges"])),
        ("dockerLabels", json!({}), json!({"a": ""})),
        ("ulimits", json!([]), json!([{"name": "nofile", "softLimit": 0, "hardLimit": 0}])),
        ("resourceRequirements", json!([]), json!([{"type": "GPU", "value": "1"}])),
        ("credentialSpecs", json!([]), json!(["credentialspecdomainless:arn"])),
        ("restartPolicy", json!(null), json!({"enabled": true})),
        (
            "linuxParameters",
            json!({"capabilities": {"add": [], "drop": []}, "devices": [], "tmpfs": [], "initProcessEnabled": false}),
            json!({"sharedMemorySize": 64}),
        ),
        ("memory", json!(null), json!(128)),
        ("memoryReservation", json!(null), json!(128)),
        ("startTimeout", json!(null), json!(30)),
        ("stopTimeout", json!(null), json!(30)),
        ("hostname", json!(null), json!("h")),
        ("user", json!(null), json!("root")),
        ("workingDirectory", json!(null), json!("/")),
        ("repositoryCredentials", json!(null), json!({"credentialsParameter": "arn"})),
        ("firelensConfiguration", json!(null), json!({"type": "fluentbit"})),
    ];
    for (name, default, other) in rows {
        assert!(
            equal(&container(&json!({name: default})), &container(&json!({}))),
            "{name}: {default} is what absence means"
        );
        assert!(!equal(&container(&json!({name: other})), &container(&json!({}))), "{name}: {other} is content");
    }
}

#[test]
fn a_default_inside_a_part_of_a_container_equals_its_absence_there() {
    let rows = [
        (
            json!({"portMappings": [{"containerPort": 80}]}),
            json!({"portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]}),
        ),
        (
            json!({"healthCheck": {"command": ["CMD", "x"]}}),
            json!({"healthCheck": {"command": ["CMD", "x"], "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}}),
        ),
        (
            json!({"restartPolicy": {"enabled": true}}),
            json!({"restartPolicy": {"enabled": true, "restartAttemptPeriod": 300, "ignoredExitCodes": []}}),
        ),
        (
            json!({"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}),
            json!({"mountPoints": [{"sourceVolume": "v", "containerPath": "/v", "readOnly": false}]}),
        ),
        (
            json!({"volumesFrom": [{"sourceContainer": "o"}]}),
            json!({"volumesFrom": [{"sourceContainer": "o", "readOnly": false}]}),
        ),
        (
            json!({"logConfiguration": {"logDriver": "awslogs"}}),
            json!({"logConfiguration": {"logDriver": "awslogs", "options": {}, "secretOptions": []}}),
        ),
        (json!({"environment": [{"name": "A"}]}), json!({"environment": [{"name": "A", "value": ""}]})),
        (
            json!({"linuxParameters": {"initProcessEnabled": true}}),
            json!({"linuxParameters": {"initProcessEnabled": true, "devices": [], "tmpfs": [], "capabilities": {"add": [], "drop": []}}}),
        ),
        (
            json!({"linuxParameters": {"capabilities": {"drop": ["net_raw"]}}}),
            json!({"linuxParameters": {"capabilities": {"drop": ["NET_RAW"], "add": []}}}),
        ),
    ];
    for (declared, described) in rows {
        assert!(equal(&container(&declared), &container(&described)), "{declared}");
    }
}

#[test]
fn a_default_of_a_volume_equals_its_absence() {
    let volume = |options: Value| {
        let mut volume = json!({"name": "v"});
        volume.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        task(&json!({"volumes": [volume]}))
    };
    let efs = |options: Value| {
        let mut efs = json!({"fileSystemId": "fs-1"});
        efs.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        volume(json!({"efsVolumeConfiguration": efs}))
    };
    for described in [json!({"host": {}}), json!({"configuredAtLaunch": false})] {
        assert!(equal(&volume(described.clone()), &volume(json!({}))), "{described}");
    }
    for described in [
        json!({"rootDirectory": "/"}),
        json!({"transitEncryption": "DISABLED"}),
        json!({"transitEncryptionPort": 0}),
        json!({"authorizationConfig": {"iam": "DISABLED"}}),
    ] {
        assert!(equal(&efs(described.clone()), &efs(json!({}))), "{described}");
    }
    for content in [
        json!({"rootDirectory": "/x"}),
        json!({"transitEncryption": "ENABLED"}),
        json!({"transitEncryptionPort": 2999}),
    ] {
        assert!(!equal(&efs(content.clone()), &efs(json!({}))), "{content}");
    }
    let docker = |options: Value| volume(json!({"dockerVolumeConfiguration": options}));
    assert!(equal(
        &docker(json!({"scope": "task", "driver": "local", "labels": {}})),
        &docker(json!({"autoprovision": false}))
    ));
    assert!(!equal(&volume(json!({"host": {"sourcePath": "/x"}})), &volume(json!({}))));
}

#[test]
fn lists_that_aws_reorders_are_compared_without_order() {
    let task_rows = [
        ("requiresCompatibilities", json!(["EC2", "FARGATE"])),
        ("volumes", json!([{"name": "a"}, {"name": "b"}])),
        (
            "placementConstraints",
            json!([{"type": "memberOf", "expression": "a"}, {"type": "memberOf", "expression": "b"}]),
        ),
        ("containerDefinitions", json!([{"name": "a", "image": "a"}, {"name": "b", "image": "b"}])),
        ("proxyConfiguration", json!({"properties": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]})),
    ];
    let container_rows = [
        ("environment", json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])),
        ("secrets", json!([{"name": "A", "valueFrom": "a"}, {"name": "B", "valueFrom": "b"}])),
        (
            "portMappings",
            json!([{"containerPort": 80}, {"containerPort": 53, "protocol": "udp"}, {"containerPortRange": "90-99"}]),
        ),
        ("mountPoints", json!([{"containerPath": "/a"}, {"containerPath": "/b"}])),
        ("volumesFrom", json!([{"sourceContainer": "a"}, {"sourceContainer": "b"}])),
        ("links", json!(["b", "a:c"])),
        (
            "dependsOn",
            json!([{"containerName": "a", "condition": "START"}, {"containerName": "b", "condition": "START"}]),
        ),
        ("extraHosts", json!([{"hostname": "a", "ipAddress": "1"}, {"hostname": "a", "ipAddress": "2"}])),
        ("ulimits", json!([{"name": "core", "softLimit": 1}, {"name": "cpu", "softLimit": 2}])),
        ("systemControls", json!([{"namespace": "a", "value": "1"}, {"namespace": "b", "value": "2"}])),
        ("dockerSecurityOptions", json!(["b", "a"])),
        (
            "resourceRequirements",
            json!([{"type": "GPU", "value": "1"}, {"type": "InferenceAccelerator", "value": "d"}]),
        ),
        ("linuxParameters", json!({"capabilities": {"drop": ["B", "A"]}})),
        ("linuxParameters", json!({"tmpfs": [{"containerPath": "/a", "size": 1}, {"containerPath": "/b", "size": 2}]})),
        (
            "logConfiguration",
            json!({"secretOptions": [{"name": "b", "valueFrom": "b"}, {"name": "a", "valueFrom": "a"}]}),
        ),
        ("restartPolicy", json!({"ignoredExitCodes": [2, 1]})),
    ];
    for (name, list) in task_rows {
        assert!(equal(&task(&json!({name: list})), &task(&json!({name: turned(&list)}))), "{name}");
    }
    for (name, list) in container_rows {
        assert!(equal(&container(&json!({name: list})), &container(&json!({name: turned(&list)}))), "{name}");
    }
    for name in ["command", "entryPoint", "dnsServers", "dnsSearchDomains", "credentialSpecs"] {
        let list = json!(["b", "a"]);
        assert!(
            !equal(&container(&json!({name: list})), &container(&json!({name: turned(&list)}))),
            "{name} has an order"
        );
    }
    let files = json!([{"value": "a", "type": "s3"}, {"value": "b", "type": "s3"}]);
    assert!(!equal(
        &container(&json!({"environmentFiles": files})),
        &container(&json!({"environmentFiles": turned(&files)}))
    ));
    let check = |command: Value| container(&json!({"healthCheck": {"command": command}}));
    assert!(!equal(&check(json!(["CMD", "a", "b"])), &check(json!(["CMD", "b", "a"]))));
}

/// The value with every list in it turned round.
fn turned(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().rev().map(turned).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), turned(value))).collect(),
        other => other.clone(),
    }
}

#[test]
fn sizes_are_equal_in_whatever_unit_they_are_written() {
    let rows = [
        ("cpu", json!("1 vCPU"), json!("1024")),
        ("cpu", json!(".25 vCPU"), json!("256")),
        ("cpu", json!("0.25 vcpu"), json!("256")),
        ("memory", json!("1GB"), json!("1024")),
        ("memory", json!("1 GB"), json!("1024")),
        ("memory", json!("0.5 GB"), json!("512")),
    ];
    for (name, written, stored) in rows {
        assert!(equal(&task(&json!({name: written})), &task(&json!({name: stored}))), "{name} {written}");
        assert!(!equal(&task(&json!({name: written})), &task(&json!({name: "2048"}))), "{name} {written}");
    }
}

#[test]
fn a_port_of_the_host_equals_the_containers_where_the_network_mode_says_so() {
    let open = json!({"portMappings": [{"containerPort": 80}]});
    for (mode, host, expected) in
        [("awsvpc", 80, true), ("host", 80, true), ("host", 0, true), ("bridge", 0, true), ("bridge", 80, false)]
    {
        let with_mode = |members: &Value| {
            let mut document = container(members);
            document["networkMode"] = json!(mode);
            document
        };
        let described = json!({"portMappings": [{"containerPort": 80, "hostPort": host, "protocol": "tcp"}]});
        assert_eq!(equal(&with_mode(&open), &with_mode(&described)), expected, "{mode} {host}");
    }
}

#[test]
fn names_and_images_are_taken_as_written() {
    for (one, other) in [("nginx", "nginx:latest"), ("nginx", "docker.io/library/nginx"), ("app", "APP")] {
        assert!(!equal(&container(&json!({"image": one})), &container(&json!({"image": other}))), "{one} {other}");
    }
}

/// Ten comparisons that are known to be hard (Terraform's provider has learned them against AWS); the inputs are ours.
#[test]
fn ten_comparisons_that_other_tools_had_to_learn() {
    // 1. Lists that are absent, empty, and a protocol that is filled in.
    assert!(equal(
        &container(&json!({"portMappings": [{"containerPort": 80}], "memory": 64})),
        &container(
            &json!({"memory": 64, "portMappings": [{"protocol": "tcp", "containerPort": 80}], "dnsServers": [], "links": []})
        ),
    ));
    // 2. A host port of 0.
    assert!(equal(
        &container(&json!({"portMappings": [{"containerPort": 80}]})),
        &container(&json!({"portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]})),
    ));
    // 3 and 4. A host port that was given counts in bridge mode and says nothing in awsvpc.
    let (open, given) = (
        json!({"portMappings": [{"containerPort": 80}]}),
        json!({"portMappings": [{"containerPort": 80, "hostPort": 80}]}),
    );
    assert!(!equal(&container(&open), &container(&given)));
    assert!(equal(&awsvpc(&open), &awsvpc(&given)));
    // 5. The environment turned round, cpu and essential filled in, other lists in their order.
    assert!(equal(
        &container(
            &json!({"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "links": ["x", "y"]})
        ),
        &container(
            &json!({"environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}], "links": ["x", "y"], "cpu": 0, "essential": true})
        ),
    ));
    // 6. A variable that is there and one that is not.
    assert!(!equal(&container(&json!({"environment": [{"name": "A", "value": "1"}]})), &container(&json!({}))));
    // 7. Variables without a name neither vanish nor stop anything.
    let nameless = container(&json!({"environment": [{"value": "1"}, {"name": "A", "value": "2"}]}));
    assert!(
        equal(&nameless, &nameless)
            && !equal(&nameless, &container(&json!({"environment": [{"name": "A", "value": "2"}]})))
    );
    // 8. Elements that say nothing vanish; an empty argument does not.
    assert!(equal(
        &container(
            &json!({"portMappings": [{}], "environment": [null], "mountPoints": [{"containerPath": null}], "command": [""]})
        ),
        &container(&json!({"command": [""]})),
    ));
    // 9. A health check with its defaults filled in; a start timeout that was given counts.
    let check = json!({"command": ["CMD-SHELL", "true"]});
    let filled = json!({"command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 5, "retries": 3});
    assert!(equal(
        &container(&json!({"healthCheck": check, "startTimeout": 120})),
        &container(&json!({"healthCheck": filled, "startTimeout": 120})),
    ));
    assert!(!equal(&container(&json!({"startTimeout": 120})), &container(&json!({}))));
    // 10. A word that AWS does not know is no default.
    assert!(!equal(&container(&json!({"versionConsistency": "invalid"})), &container(&json!({}))));
}
