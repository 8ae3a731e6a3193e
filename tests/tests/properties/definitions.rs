//! Random task definitions that AWS takes.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::strategies::{always, fixed, maybe, object, one, some, with};
use crate::world::FAMILY;

const ROLE: &str = "arn:aws:iam::123456789012:role/tasks";

/// Where tasks run: what they may say depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Network mode awsvpc on Fargate.
    Fargate,
    /// Network mode awsvpc on Fargate, with a volume that the service configures.
    FargateWithVolume,
    /// Network mode bridge on EC2.
    Bridge,
}

impl Place {
    pub(crate) fn is_fargate(self) -> bool {
        self != Self::Bridge
    }
}

/// `spec` of a TaskDefinition whose container `app` listens on 80 (`http`) and 8080 (`admin`).
pub(crate) fn spec(place: Place) -> BoxedStrategy<Value> {
    (document(place), one(json!([[], [{"key": "team", "value": "shop"}], [{"key": "team", "value": "shop"}, {"key": "env", "value": "prod"}]])))
        .prop_map(|(document, tags)| {
            let tagged = if tags == json!([]) { document } else { with(document, json!({"tags": tags})) };
            json!({"taskDefinition": tagged, "adoption": "Adopt"})
        })
        .boxed()
}

/// A RegisterTaskDefinition document.
pub(crate) fn document(place: Place) -> BoxedStrategy<Value> {
    let mut members = vec![
        fixed("family", json!(FAMILY)),
        fixed("executionRoleArn", json!(ROLE)),
        maybe("taskRoleArn", one(json!([ROLE, ""]))),
        maybe("enableFaultInjection", one(json!([false, true]))),
        maybe(
            "runtimePlatform",
            one(json!([{}, {"cpuArchitecture": "ARM64"}, {"operatingSystemFamily": "LINUX"},
                                            {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}])),
        ),
        fixed("containerDefinitions", json!([])),
    ];
    if place.is_fargate() {
        members.extend([
            fixed("networkMode", json!("awsvpc")),
            maybe("pidMode", one(json!(["task"]))),
            maybe("ephemeralStorage", one(json!([{"sizeInGiB": 21}, {"sizeInGiB": 100}]))),
            maybe("proxyConfiguration", one(json!([
                {"containerName": "app", "properties": [{"name": "AppPorts", "value": "80"}, {"name": "IgnoredUID", "value": "1337"}]},
                {"type": "APPMESH", "containerName": "app", "properties": [{"name": "IgnoredUID", "value": "1337"}]},
            ]))),
            always("requiresCompatibilities", one(json!([["FARGATE"], ["EC2", "FARGATE"], ["FARGATE", "EC2"]]))),
        ]);
    } else {
        members.extend([
            maybe("networkMode", one(json!(["bridge"]))),
            maybe("pidMode", one(json!(["task", "host"]))),
            maybe("ipcMode", one(json!(["none", "task"]))),
            maybe("requiresCompatibilities", one(json!([["EC2"], ["EC2", "EXTERNAL"]]))),
            maybe("cpu", one(json!(["128", "1 vCPU", "1024"]))),
            maybe(
                "placementConstraints",
                some(
                    json!([{"type": "memberOf", "expression": "attribute:a == b"},
                                                      {"type": "memberOf", "expression": "attribute:c == d"}]),
                    0,
                ),
            ),
        ]);
    }
    let sizes = json!([["256", "512"], [".25 vCPU", "0.5 GB"], ["512", "1GB"], ["1 vcpu", "2048"], ["1024", "2 GB"]]);
    (object(members), one(sizes), container(place, true), prop::option::of(container(place, false)), volumes(place))
        .prop_map(move |(mut document, size, app, sidecar, volumes)| {
            let mut containers = vec![app];
            containers.extend(sidecar);
            document["containerDefinitions"] = json!(containers);
            if place.is_fargate() {
                (document["cpu"], document["memory"]) = (size[0].clone(), size[1].clone());
            }
            with(document, json!({"volumes": volumes}))
        })
        .boxed()
}

/// The volumes `data` and `cache` that containers mount, and what else there may be.
fn volumes(place: Place) -> BoxedStrategy<Value> {
    let data = match place {
        Place::FargateWithVolume => json!([{"name": "data", "configuredAtLaunch": true}]),
        Place::Fargate => {
            json!([{"name": "data"}, {"name": "data", "host": {}}, {"name": "data", "configuredAtLaunch": false}])
        }
        Place::Bridge => json!([{"name": "data", "host": {"sourcePath": "/data"}}, {"name": "data"},
            {"name": "data", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": true, "driver": "local",
                                                           "labels": {"a": "b"}, "driverOpts": {"o": "size=1g"}}}]),
    };
    let efs = |options: Value| json!({"name": "cache", "efsVolumeConfiguration": with(json!({"fileSystemId": "fs-1"}), options)});
    let cache = json!([
        efs(json!({})),
        efs(json!({"rootDirectory": "/"})),
        efs(json!({"transitEncryption": "ENABLED", "rootDirectory": "/x"})),
        efs(
            json!({"transitEncryption": "ENABLED", "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"}})
        ),
    ]);
    (one(data), one(cache)).prop_map(|(data, cache)| json!([cache, data])).boxed()
}

fn container(place: Place, app: bool) -> BoxedStrategy<Value> {
    let (name, image) = if app { ("app", "app:1") } else { ("sidecar", "sidecar:1") };
    let mut members = vec![
        fixed("name", json!(name)),
        fixed("image", json!(image)),
        maybe("cpu", one(json!([0, 10, 64]))),
        maybe("essential", one(json!([true]))),
        maybe(
            "environment",
            some(json!([{"name": "A", "value": "1"}, {"name": "B", "value": ""}, {"name": "C", "value": "x"}]), 0),
        ),
        maybe(
            "secrets",
            some(json!([{"name": "S", "valueFrom": "arn:s"}, {"name": "T", "valueFrom": "/parameter"}]), 0),
        ),
        maybe(
            "environmentFiles",
            one(
                json!([[], [{"value": "arn:aws:s3:::b/a.env", "type": "s3"}, {"value": "arn:aws:s3:::b/b.env", "type": "s3"}]]),
            ),
        ),
        maybe("entryPoint", one(json!([[], ["sh", "-c"], ["-c", "sh"]]))),
        maybe("command", one(json!([[], [""], ["a", "b"], ["b", "a"]]))),
        maybe("user", one(json!(["1000", "root"]))),
        maybe("workingDirectory", one(json!(["/srv"]))),
        maybe(
            "mountPoints",
            some(
                json!([{"sourceVolume": "data", "containerPath": "/data"},
                                         {"sourceVolume": "cache", "containerPath": "/cache", "readOnly": true},
                                         {"sourceVolume": "cache", "containerPath": "/again", "readOnly": false}]),
                0,
            ),
        ),
        maybe(
            "linuxParameters",
            one(json!([
                {}, {"initProcessEnabled": true}, {"initProcessEnabled": false}, {"capabilities": {"drop": ["ALL"]}},
                {"capabilities": {"add": ["SYS_PTRACE"], "drop": ["net_raw", "MKNOD"]}},
            ])),
        ),
        maybe(
            "logConfiguration",
            one(json!([
                {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "p"}},
                {"logDriver": "splunk", "options": {"splunk-url": "https://example.org"},
                 "secretOptions": [{"name": "splunk-token", "valueFrom": "arn:t"}, {"name": "splunk-ca", "valueFrom": "arn:c"}]},
            ])),
        ),
        maybe(
            "healthCheck",
            one(json!([
                {"command": ["CMD", "true"]}, {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
                {"command": ["CMD-SHELL", "exit 0"], "interval": 60, "startPeriod": 0}, {"command": ["CMD", "true"], "startPeriod": 20},
            ])),
        ),
        maybe("ulimits", one(json!([[], [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}]]))),
        maybe(
            "systemControls",
            some(
                json!([{"namespace": "net.ipv4.tcp_keepalive_time", "value": "60"},
                                            {"namespace": "net.ipv4.tcp_fin_timeout", "value": "30"}]),
                0,
            ),
        ),
        maybe("dockerLabels", one(json!([{}, {"a": ""}, {"a": "b", "c": "d"}]))),
        maybe("startTimeout", one(json!([30, 60]))),
        maybe("stopTimeout", one(json!([10, 120]))),
        maybe("readonlyRootFilesystem", one(json!([false, true]))),
        maybe("interactive", one(json!([false, true]))),
        maybe("pseudoTerminal", one(json!([false, true]))),
        maybe("versionConsistency", one(json!(["enabled", "disabled"]))),
        maybe(
            "restartPolicy",
            one(json!([{"enabled": true}, {"enabled": true, "restartAttemptPeriod": 300},
                                          {"enabled": true, "ignoredExitCodes": [1, 2], "restartAttemptPeriod": 60}])),
        ),
        maybe("credentialSpecs", one(json!([[]]))),
        maybe("repositoryCredentials", one(json!([{"credentialsParameter": "arn:aws:secretsmanager:x"}]))),
    ];
    if app {
        let host = |port: u32| if place.is_fargate() { json!(port) } else { json!(0) };
        members.push(always(
            "portMappings",
            some(
                json!([
                    {"containerPort": 80, "name": "http"},
                    {"containerPort": 8080, "protocol": "tcp", "name": "admin", "hostPort": host(8080)},
                ]),
                2,
            ),
        ));
    } else {
        members.push(maybe("dependsOn", one(json!([[], [{"containerName": "app", "condition": "START"}]]))));
        members.push(maybe(
            "volumesFrom",
            one(json!([[], [{"sourceContainer": "app"}], [{"sourceContainer": "app", "readOnly": false}]])),
        ));
        members.push(maybe(
            "portMappings",
            one(json!([[], [{"containerPort": 53, "protocol": "udp"}, {"containerPort": 53, "protocol": "tcp"}],
                                                      [{"containerPortRange": "9000-9010"}]])),
        ));
    }
    if !place.is_fargate() {
        members.extend([
            fixed("memory", json!(256)),
            maybe("memoryReservation", one(json!([64, 128]))),
            maybe("hostname", one(json!(["h"]))),
            maybe(
                "extraHosts",
                some(
                    json!([{"hostname": "a", "ipAddress": "10.0.0.1"}, {"hostname": "b", "ipAddress": "10.0.0.2"}]),
                    0,
                ),
            ),
            maybe("dnsServers", one(json!([["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.1"]]))),
            maybe("dnsSearchDomains", one(json!([[], ["b.example", "a.example"]]))),
            maybe("dockerSecurityOptions", some(json!(["no-new-privileges", "label:type:x"]), 0)),
            maybe("privileged", one(json!([false, true]))),
            maybe("disableNetworking", one(json!([false]))),
            maybe("resourceRequirements", one(json!([[], [{"type": "GPU", "value": "1"}]]))),
        ]);
        if !app {
            members.push(maybe("links", one(json!([[], ["app"], ["app:web", "app"]]))));
        }
    }
    object(members)
}
