#![allow(clippy::unwrap_used)]

use super::fargate::{cpu_units, is_pair, memory_mib};
use crate::{
    Options,
    testing::{World, definition, merge, names},
};
use evenkeel_core::operation::Operation;
use serde_json::{Value, json};

fn register(world: &mut World, more: Value) -> Value {
    let body = merge(definition("web", "nginx"), more);
    world.ok(Operation::RegisterTaskDefinition, body)["taskDefinition"].take()
}

fn container(more: Value) -> Value {
    json!({"containerDefinitions": [merge(json!({"name": "app", "image": "nginx"}), more)]})
}

fn sorted(list: &Value, member: &str) -> Vec<String> {
    let mut texts: Vec<String> =
        list.as_array().unwrap().iter().map(|one| one[member].as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

#[test]
fn registering_fills_in_what_aws_fills_in() {
    let mut world = World::new(Options::default());
    let described = register(
        &mut world,
        merge(
            json!({"cpu": "1 vCPU", "memory": "2GB", "volumes": [{"name": "data"}], "taskRoleArn": ""}),
            container(json!({
                "portMappings": [{"containerPort": 80}],
                "healthCheck": {"command": ["CMD", "true"]},
                "linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"]}},
                "cpu": null,
            })),
        ),
    );
    assert_eq!((&described["cpu"], &described["memory"]), (&json!("1024"), &json!("2048")));
    assert_eq!(described["volumes"], json!([{"name": "data", "host": {}}]));
    assert_eq!(described["placementConstraints"], json!([]));
    assert!(described.get("taskRoleArn").is_none());
    let app = &described["containerDefinitions"][0];
    assert_eq!((&app["cpu"], &app["essential"]), (&json!(0), &json!(true)));
    for empty in ["environment", "mountPoints", "volumesFrom", "systemControls"] {
        assert_eq!(app[empty], json!([]), "{empty}");
    }
    assert_eq!(app["portMappings"], json!([{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]));
    assert_eq!(app["healthCheck"], json!({"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}));
    assert_eq!(app["linuxParameters"]["capabilities"], json!({"add": ["SYS_PTRACE"], "drop": []}));
    assert_eq!(described["compatibilities"], json!(["EC2", "FARGATE"]));
    assert_eq!((&described["status"], &described["revision"]), (&json!("ACTIVE"), &json!(1)));
    assert!(described["requiresAttributes"].as_array().unwrap().contains(&json!({"name": "ecs.capability.task-eni"})));
    assert!(described["registeredAt"].is_number());
}

#[test]
fn order_is_kept_nowhere_that_aws_does_not_keep_it() {
    let mut world = World::new(Options::default());
    let variables: Vec<Value> = (0..20).map(|n| json!({"name": format!("V{n:02}"), "value": "x"})).collect();
    let described = register(&mut world, container(json!({"environment": variables, "command": ["b", "a"]})));
    let app = &described["containerDefinitions"][0];
    assert_ne!(app["environment"], json!(variables));
    assert_eq!(sorted(&app["environment"], "name"), sorted(&json!(variables), "name"));
    assert_eq!(app["command"], json!(["b", "a"]));
    let again = world.ok(Operation::DescribeTaskDefinition, json!({"taskDefinition": "web"}));
    assert_eq!(again["taskDefinition"], described, "a revision does not change");
}

#[test]
fn host_ports_are_zero_outside_awsvpc() {
    let mut world = World::new(Options::default());
    let mut body = container(json!({"memory": 64, "portMappings": [{"containerPort": 80}], "links": ["z", "a"]}));
    body["family"] = json!("web");
    body["networkMode"] = json!("bridge");
    let described = world.ok(Operation::RegisterTaskDefinition, body)["taskDefinition"].take();
    let app = &described["containerDefinitions"][0];
    assert_eq!(app["portMappings"][0]["hostPort"], 0);
    assert_eq!(app["links"], json!(["a", "z"]));
    assert_eq!(described["compatibilities"], json!(["EXTERNAL", "EC2"]));
}

#[test]
fn unknown_members_pass_through() {
    let mut world = World::new(Options::default());
    let described = register(&mut world, merge(json!({"newThing": {"a": 1}}), container(json!({"newer": true}))));
    assert_eq!(described["newThing"], json!({"a": 1}));
    assert_eq!(described["containerDefinitions"][0]["newer"], true);
}

#[test]
fn registration_refuses_what_aws_refuses() {
    let mut world = World::new(Options::default());
    let two = |first: Value, second: Value| {
        let one = |name: &str, more: Value| merge(json!({"name": name, "image": "i"}), more);
        json!({"containerDefinitions": [one("a", first), one("b", second)]})
    };
    for (more, expected) in [
        (json!({"cpu": null}), "Fargate requires that 'cpu' be defined at the task level."),
        (json!({"memory": null}), "Fargate requires that 'memory' be defined at the task level."),
        (json!({"memory": "4096"}), "No Fargate configuration exists for given values: 256 CPU, 4096 memory."),
        (json!({"cpu": "much"}), "Invalid 'cpu' setting for task."),
        (json!({"networkMode": "bridge"}), "Fargate only supports network mode 'awsvpc'."),
        (json!({"ipcMode": "task"}), "Fargate compatible task definitions do not support ipcMode"),
        (json!({"inferenceAccelerators": []}), "Unsupported field 'inferenceAccelerators'"),
        (json!({"ephemeralStorage": {"sizeInGiB": 20}}), "EphemeralStorage size should be at least 21"),
        (json!({"ephemeralStorage": {"sizeInGiB": 201}}), "EphemeralStorage size should be at most 200"),
        (json!({"volumes": [{"name": "v", "host": {"sourcePath": "/"}}]}), "do not support sourcePath"),
        (json!({"proxyConfiguration": {"containerName": "p"}}), "Proxy container [p] does not exist"),
        (json!({"tags": []}), "Tags can not be empty"),
        (json!({"containerDefinitions": []}), "Container list cannot be empty."),
        (json!({"family": null}), "family can not be blank."),
        (container(json!({"image": null})), "Container.image should not be null or empty."),
        (container(json!({"memory": 1024})), "The 'memory' setting for container 'app' is greater than for the task"),
        (container(json!({"privileged": true})), "Fargate requires that the 'privileged' setting be 'false'"),
        (container(json!({"essential": false})), "At least one container must be essential."),
        (container(json!({"links": ["a"]})), "Links are not supported when networkMode=awsvpc"),
        (container(json!({"dnsServers": ["a"]})), "DNS servers are not supported on container"),
        (container(json!({"secrets": [{"name": "S", "valueFrom": "p"}]})), "When you are specifying container secrets"),
        (
            container(json!({"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}})),
            "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
        ),
        (
            container(json!({"logConfiguration": {"logDriver": "awslogs"}})),
            "Log driver awslogs requires options: awslogs-group",
        ),
        (
            container(json!({"portMappings": [{"containerPort": 80, "hostPort": 81}]})),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (
            container(json!({"linuxParameters": {"capabilities": {"add": ["NET_ADMIN"]}}})),
            "NET_ADMIN is not allowed on Fargate.",
        ),
        (container(json!({"stopTimeout": 121})), "must have a container stop timeout of less than 120 seconds."),
        (container(json!({"essential": "yes"})), "STRING_VALUE can not be converted to Boolean"),
        (
            two(json!({"dependsOn": [{"containerName": "b", "condition": "SUCCESS"}]}), json!({})),
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            two(json!({"dependsOn": [{"containerName": "b", "condition": "HEALTHY"}]}), json!({})),
            "A dependency container with HEALTHY condition must have health check configured",
        ),
        (two(json!({}), json!({"name": "a"})), "is not unique"),
        (container(json!({"image": "x".repeat(70_000)})), "Max allowed length is '65536' bytes."),
    ] {
        let (_, message) = world.err(Operation::RegisterTaskDefinition, merge(definition("web", "i"), more.clone()));
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let (_, message) =
        world.err(Operation::RegisterTaskDefinition, merge(container(json!({})), json!({"family": "f"})));
    assert!(message.contains("At least one of 'memory' or 'memoryReservation' must be specified."), "{message}");
}

#[test]
fn sizes_are_read_in_both_forms() {
    for (text, units) in [("256", 256), (".25 vCPU", 256), ("0.25 vcpu", 256), ("1vCPU", 1024), ("16 VCPU", 16_384)] {
        assert_eq!(cpu_units(text), Some(units), "{text}");
    }
    for (text, mib) in [("512", 512), ("0.5 GB", 512), ("1GB", 1024), ("16 gb", 16_384)] {
        assert_eq!(memory_mib(text), Some(mib), "{text}");
    }
    for text in ["", "vCPU", "-1", "1 GB", "one vCPU"] {
        assert_eq!(cpu_units(text), None, "{text}");
    }
}

#[test]
fn fargate_has_seventy_four_sizes() {
    let cpus = [256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768];
    let pairs = cpus.iter().flat_map(|cpu| (1..=256).map(move |step| (*cpu, step * 512)));
    assert_eq!(pairs.filter(|(cpu, memory)| is_pair(*cpu, *memory, false)).count(), 74);
}

#[test]
fn numbers_never_come_back() {
    let mut world = World::new(Options::default());
    register(&mut world, json!({}));
    register(&mut world, json!({}));
    world.ok(Operation::DeregisterTaskDefinition, json!({"taskDefinition": "web:2"}));
    world.ok(Operation::DeleteTaskDefinitions, json!({"taskDefinitions": ["web:2"]}));
    assert_eq!(register(&mut world, json!({}))["revision"], 3);
}

#[test]
fn a_family_stands_for_its_latest_active_revision() {
    let mut world = World::new(Options::default());
    for _ in 0..2 {
        register(&mut world, json!({"tags": [{"key": "a", "value": "b"}]}));
    }
    let described = |world: &mut World, reference: &str, include: Value| {
        world.ok(Operation::DescribeTaskDefinition, json!({"taskDefinition": reference, "include": include}))
    };
    assert_eq!(described(&mut world, "web", json!([]))["taskDefinition"]["revision"], 2);
    world.ok(Operation::DeregisterTaskDefinition, json!({"taskDefinition": "web:2"}));
    assert_eq!(described(&mut world, "web", json!([]))["taskDefinition"]["revision"], 1);
    let arn = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/web:2";
    let inactive = described(&mut world, arn, json!(["TAGS"]));
    assert_eq!(inactive["taskDefinition"]["status"], "INACTIVE");
    assert!(inactive["taskDefinition"]["deregisteredAt"].is_number());
    assert_eq!(inactive["tags"], json!([{"key": "a", "value": "b"}]));
    assert!(described(&mut world, "web:1", json!([])).get("tags").is_none());
    for unknown in ["web:9", "nothing", "web:0", "web:x"] {
        let expected = ("ClientException".to_owned(), "Unable to describe task definition.".to_owned());
        assert_eq!(world.err(Operation::DescribeTaskDefinition, json!({"taskDefinition": unknown})), expected);
    }
}

#[test]
fn revisions_are_listed_by_family_status_and_order() {
    let mut world = World::new(Options::default());
    for family in ["web", "web-admin", "api"] {
        for _ in 0..2 {
            world.ok(Operation::RegisterTaskDefinition, definition(family, "i"));
        }
    }
    let mut list = |body: Value| {
        let answer = world.ok(Operation::ListTaskDefinitions, body);
        (names(&answer["taskDefinitionArns"]), answer["nextToken"].clone())
    };
    assert_eq!(list(json!({})).0, ["api:1", "api:2", "web:1", "web:2", "web-admin:1", "web-admin:2"]);
    assert_eq!(list(json!({"familyPrefix": "web"})).0, ["web:1", "web:2"], "a whole name, not a prefix");
    assert_eq!(list(json!({"familyPrefix": "web", "sort": "DESC", "maxResults": 1})).0, ["web:2"]);
    assert_eq!(list(json!({"familyPrefix": "we"})).0, [""; 0]);
    let (page, token) = list(json!({"maxResults": 4}));
    assert_eq!(page.len(), 4);
    assert_eq!(list(json!({"maxResults": 4, "nextToken": token})).0, ["web-admin:1", "web-admin:2"]);
    world.ok(Operation::DeregisterTaskDefinition, json!({"taskDefinition": "api:1"}));
    world.ok(Operation::DeregisterTaskDefinition, json!({"taskDefinition": "api:2"}));
    let inactive = world.ok(Operation::ListTaskDefinitions, json!({"status": "INACTIVE", "sort": "DESC"}));
    assert_eq!(names(&inactive["taskDefinitionArns"]), ["api:2", "api:1"]);
    let mut families = |body: Value| world.ok(Operation::ListTaskDefinitionFamilies, body)["families"].take();
    assert_eq!(families(json!({"familyPrefix": "web"})), json!(["web", "web-admin"]), "a prefix here");
    assert_eq!(families(json!({"status": "INACTIVE"})), json!(["api"]));
    assert_eq!(families(json!({"status": "ACTIVE"})), json!(["web", "web-admin"]));
}

#[test]
fn only_inactive_revisions_are_deleted_and_then_go_by_themselves() {
    let mut world = World::new(Options::default());
    register(&mut world, json!({}));
    let delete = json!({"taskDefinitions": ["web:1", "web:7"]});
    let refused = world.ok(Operation::DeleteTaskDefinitions, delete.clone());
    assert!(refused["failures"][0]["reason"].as_str().unwrap().contains("still in ACTIVE status"));
    assert_eq!(refused["failures"].as_array().unwrap().len(), 2);
    world.ok(Operation::DeregisterTaskDefinition, json!({"taskDefinition": "web:1"}));
    let deleted = world.ok(Operation::DeleteTaskDefinitions, delete);
    assert_eq!(deleted["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    let (_, message) = world.err(Operation::DeregisterTaskDefinition, json!({"taskDefinition": "web:1"}));
    assert!(message.contains("in the process of being deleted"));
    world.pass(7200);
    world.err(Operation::DescribeTaskDefinition, json!({"taskDefinition": "web:1"}));
    let eleven = vec!["web:1"; 11];
    world.err(Operation::DeleteTaskDefinitions, json!({"taskDefinitions": eleven}));
}
