//! Changes behind the controller's back, made with the real AWS CLI: each is found, named by field, and corrected.

use std::collections::BTreeMap;

use evenkeel_tests::program::{Aws, Controller, Place, until};
use serde_json::{Value, json};

use crate::fixture;

/// A change, and the path by which the controller names it.
struct Change {
    /// Name of the service that is changed; the case.
    service: &'static str,
    /// What the other hand does: AWS CLI commands, with SERVICE for the service and RESOURCE for its scalable target.
    commands: &'static [&'static str],
    /// Path in the status of the service, with what is wanted and what is there.
    drift: &'static str,
}

const CHANGES: &[Change] = &[
    Change {
        service: "another-revision",
        commands: &[
            "ecs register-task-definition --family lab-web --cpu 256 --memory 512 --network-mode awsvpc \
             --requires-compatibilities FARGATE --container-definitions \
             [{\"name\":\"web\",\"image\":\"web:other\",\"portMappings\":[{\"containerPort\":8080}]}]",
            "ecs update-service --cluster lab --service SERVICE --task-definition lab-web:2",
        ],
        drift: "/taskDefinition: ",
    },
    Change {
        service: "count-above",
        commands: &["ecs update-service --cluster lab --service SERVICE --desired-count 9"],
        drift: "/service/desiredCount: ",
    },
    Change {
        service: "count-below",
        commands: &["ecs update-service --cluster lab --service SERVICE --desired-count 1"],
        drift: "/service/desiredCount: ",
    },
    Change {
        service: "min-and-max",
        commands: &["application-autoscaling register-scalable-target RESOURCE --min-capacity 1 --max-capacity 10"],
        drift: "/scaling/minCapacity: 2 <- 1",
    },
    Change {
        service: "suspended",
        commands: &["application-autoscaling register-scalable-target RESOURCE \
                     --suspended-state DynamicScalingOutSuspended=true"],
        drift: "/scaling/suspendedState/dynamicScalingOutSuspended: ",
    },
    Change {
        service: "policy-changed",
        commands: &["application-autoscaling put-scaling-policy RESOURCE --policy-name cpu \
                     --policy-type TargetTrackingScaling --target-tracking-scaling-policy-configuration \
                     {\"TargetValue\":90,\"PredefinedMetricSpecification\":{\"PredefinedMetricType\":\"ECSServiceAverageCPUUtilization\"}}"],
        drift: "/scaling/policies/cpu/targetTrackingScalingPolicyConfiguration/targetValue: 60 <- 90",
    },
    Change {
        service: "policy-deleted",
        commands: &["application-autoscaling delete-scaling-policy RESOURCE --policy-name cpu"],
        drift: "/scaling/policies/cpu: ",
    },
    Change {
        service: "deployment",
        commands: &["ecs update-service --cluster lab --service SERVICE \
                     --deployment-configuration minimumHealthyPercent=50,maximumPercent=150"],
        drift: "/service/deploymentConfiguration/maximumPercent: 200 <- 150",
    },
    Change {
        service: "grace-period",
        commands: &["ecs update-service --cluster lab --service SERVICE --health-check-grace-period-seconds 5"],
        drift: "/service/healthCheckGracePeriodSeconds: 60 <- 5",
    },
    Change {
        service: "network",
        commands: &["ecs update-service --cluster lab --service SERVICE --network-configuration \
                     awsvpcConfiguration={subnets=[subnet-0c7b6a59483726151],securityGroups=[sg-0f00000000000000f]}"],
        drift: "/service/networkConfiguration/awsvpcConfiguration/securityGroups",
    },
    Change {
        service: "tags",
        commands: &["ecs tag-resource --resource-arn ARN --tags key=Team,value=other key=Foreign,value=stays"],
        drift: "/tags/Team: \"shop\" <- \"other\"",
    },
    Change {
        service: "deleted",
        commands: &["ecs delete-service --cluster lab --service SERVICE --force"],
        drift: "/service: \"deleted\" <- null",
    },
];

/// A service that somebody moves within its range, which is what the range is for.
const WITHIN: &str = "count-within";

/// What may differ between services as they were and as they are repaired is left out: deployments, events, counts.
const COMPARED: [&str; 7] = [
    "status",
    "taskDefinition",
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "networkConfiguration",
    "tags",
    "loadBalancers",
];

/// What AWS shows of all services: `service`, `count`, `target` and `policies` of each.
fn shown(aws: &Aws) -> BTreeMap<String, Value> {
    let mut names: Vec<&str> = CHANGES.iter().map(|change| change.service).collect();
    names.push(WITHIN);
    let targets = aws.call("application-autoscaling describe-scalable-targets --service-namespace ecs");
    let policies = aws.call("application-autoscaling describe-scaling-policies --service-namespace ecs");
    let mut shown = BTreeMap::new();
    // DescribeServices takes ten names (ECS API reference).
    for names in names.chunks(10) {
        let line = format!("ecs describe-services --cluster lab --include TAGS --services {}", names.join(" "));
        for service in aws.call(&line)["services"].as_array().unwrap() {
            let name = service["serviceName"].as_str().unwrap();
            let mine = |list: &Value, members: &[&str]| -> Vec<Value> {
                let resource = format!("service/lab/{name}");
                let found = list.as_array().unwrap().iter().filter(|it| it["ResourceId"] == *resource);
                found.map(|it| members.iter().map(|member| it[member].clone()).collect()).collect()
            };
            let document = json!({
                "service": COMPARED.map(|member| &service[member]),
                "count": service["desiredCount"],
                "target": mine(&targets["ScalableTargets"], &["MinCapacity", "MaxCapacity", "SuspendedState"]),
                "policies": mine(&policies["ScalingPolicies"], &["PolicyName", "TargetTrackingScalingPolicyConfiguration"]),
            });
            shown.insert(name.to_owned(), document);
        }
    }
    shown
}

fn change(aws: &Aws, service: &str, command: &str) {
    let resource = format!(
        "--service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id service/lab/{service}"
    );
    let arn = format!("arn:aws:ecs:ap-northeast-1:123456789012:service/lab/{service}");
    aws.call(&command.replace("SERVICE", service).replace("RESOURCE", &resource).replace("ARN", &arn));
}

#[test]
fn what_others_change_is_found_named_by_field_and_corrected_and_a_count_in_its_range_is_left_alone() {
    let place = Place::new();
    fixture::lab(&place);
    CHANGES.iter().for_each(|change| fixture::service(&place, change.service));
    fixture::service(&place, WITHIN);
    let controller = Controller::start(&place, &["--sandbox", "--source", "source"]);
    let aws = controller.aws(&place);
    let watch = controller.watch();
    let objects = CHANGES.len() + 3;
    controller.ready(objects);
    let before = shown(&aws);
    let seen: Vec<usize> = CHANGES.iter().map(|change| watch.versions(change.service).len()).collect();
    let within = watch.versions(WITHIN).len();
    let changes = controller.changes().len();

    for it in CHANGES {
        it.commands.iter().for_each(|command| change(&aws, it.service, command));
    }
    change(&aws, WITHIN, "ecs update-service --cluster lab --service SERVICE --desired-count 3");

    until("every change to be found", || {
        let unfound = CHANGES.iter().zip(&seen).filter_map(|(change, seen)| {
            let drift = watch.drift(change.service, *seen);
            let found = drift.iter().any(|line| line.starts_with(change.drift));
            (!found).then(|| format!("{} as {:?} in {drift:#?}", change.service, change.drift))
        });
        let unfound: Vec<String> = unfound.collect();
        if unfound.is_empty() { Ok(()) } else { Err(unfound.join("\n")) }
    });
    controller.ready(objects);
    controller.looks_three_times();
    controller.ready(objects);
    let after = shown(&aws);
    for (name, before) in &before {
        let after = &after[name];
        for part in ["target", "policies"] {
            assert_eq!(after[part], before[part], "{part} of {name}");
        }
        if name != "tags" {
            assert_eq!(after["service"], before["service"], "{name}");
        }
        let count = after["count"].as_i64().unwrap();
        assert!((2..=4).contains(&count), "{name} has {count} tasks");
    }
    let tags = after["tags"]["service"].to_string();
    assert!(tags.contains(r#"{"key":"Team","value":"shop"}"#), "a declared tag is set back: {tags}");
    assert!(tags.contains(r#"{"key":"Foreign","value":"stays"}"#), "a tag that nobody declared is somebody's: {tags}");

    assert_eq!(after[WITHIN]["count"], 3);
    assert_eq!(watch.drift(WITHIN, within), [""; 0], "a count in its range is no drift");
    let touched = controller.changes().split_off(changes);
    assert!(!touched.iter().any(|(key, _)| key == &format!("Service/lab/{WITHIN}")), "{touched:?}");
    for it in CHANGES {
        let mine = touched.iter().filter(|(key, _)| *key == format!("Service/lab/{}", it.service)).count();
        assert!((1..=4).contains(&mine), "{} took {mine} writes: {touched:?}", it.service);
    }
}
