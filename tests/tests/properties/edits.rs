//! The second actor: what people and other tools do to AWS behind the controller's back.

use evenkeel_core::operation::Operation;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::services::Sort;
use crate::strategies::{one, with};
use crate::world::{CLUSTER, FAMILY, SERVICE, World};

/// One foreign call.
#[derive(Clone)]
pub(crate) enum Edit {
    /// A call with a body that says all.
    Call(Operation, Value),
    /// TagResource or UntagResource on the service.
    Tag(Operation, Value),
    /// The service's newest revision is registered again, with these members on its first container, and the service
    /// is set to it.
    OtherRevision(Value),
    /// The service's revision is deregistered.
    Deregister,
}

/// With bodies as JSON, to be read and pasted.
impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(operation, body) | Self::Tag(operation, body) => write!(f, "{operation} {body}"),
            Self::OtherRevision(members) => write!(f, "another revision {members}"),
            Self::Deregister => f.write_str("deregister"),
        }
    }
}

impl Edit {
    /// Does it. AWS may refuse: then nothing happened.
    pub(crate) fn apply(&self, world: &mut World) {
        match self {
            Self::Call(operation, body) => {
                let _ = world.aws(*operation, body);
            }
            Self::Tag(operation, body) => {
                let service = world.live().service.present().cloned().unwrap_or_default();
                let _ = world.aws(*operation, &with(body.clone(), json!({"resourceArn": service["serviceArn"]})));
            }
            Self::OtherRevision(members) => {
                let Some(service) = world.live().service.present().cloned() else { return };
                let Some(arn) = service["taskDefinition"].as_str().filter(|arn| !arn.is_empty()) else { return };
                let mut document = world.revision(arn).document;
                document["family"] = json!(FAMILY);
                let first = document["containerDefinitions"][0].take();
                document["containerDefinitions"][0] = with(first, members.clone());
                if let Ok(answer) = world.aws(Operation::RegisterTaskDefinition, &document) {
                    let arn = &answer["taskDefinition"]["taskDefinitionArn"];
                    let body = json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": arn});
                    let _ = world.aws(Operation::UpdateService, &body);
                }
            }
            Self::Deregister => {
                let service = world.live().service.present().cloned().unwrap_or_default();
                let _ = world
                    .aws(Operation::DeregisterTaskDefinition, &json!({"taskDefinition": service["taskDefinition"]}));
            }
        }
    }
}

/// A few foreign calls.
pub(crate) fn edits(sort: Sort) -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(sort), 1..6)
}

fn edit(sort: Sort) -> BoxedStrategy<Edit> {
    let update = one(updates()).prop_map(|members| {
        Edit::Call(Operation::UpdateService, with(json!({"cluster": CLUSTER, "service": SERVICE}), members))
    });
    let target = json!({"ServiceNamespace": "ecs", "ResourceId": format!("service/{CLUSTER}/{SERVICE}"), "ScalableDimension": "ecs:service:DesiredCount"});
    let scaling = one(scalings()).prop_map(move |pair| {
        let operation = Operation::ALL.iter().copied().find(|operation| pair[0] == operation.name()).unwrap();
        Edit::Call(operation, with(target.clone(), pair[1].clone()))
    });
    let tags = one(json!([
        ["TagResource", {"tags": [{"key": "team", "value": "other"}]}], ["TagResource", {"tags": [{"key": "costs", "value": "theirs"}]}],
        ["UntagResource", {"tagKeys": ["team", "env"]}], ["UntagResource", {"tagKeys": ["evenkeel.dev/installation"]}],
        ["UntagResource", {"tagKeys": ["evenkeel.dev/object", "evenkeel.dev/installation"]}],
    ]))
    .prop_map(|pair| {
        let operation = if pair[0] == "TagResource" { Operation::TagResource } else { Operation::UntagResource };
        Edit::Tag(operation, pair[1].clone())
    });
    let delete = json!({"cluster": CLUSTER, "service": SERVICE, "force": true});
    let common = prop_oneof![
        8 => update, 4 => scaling, 3 => tags, 1 => Just(Edit::Call(Operation::DeleteService, delete)),
    ];
    if sort == Sort::CodeDeploy {
        return common.boxed();
    }
    let revision =
        one(json!([{}, {"image": "evil:1"}, {"environment": []}, {"memory": 300}])).prop_map(Edit::OtherRevision);
    prop_oneof![16 => common, 2 => revision, 1 => Just(Edit::Deregister)].boxed()
}

/// Members of UpdateService.
pub(crate) fn updates() -> Value {
    let group = "arn:aws:elasticloadbalancing:x:1:targetgroup/theirs/1";
    json!([
        {"desiredCount": 0}, {"desiredCount": 1}, {"desiredCount": 7}, {"enableExecuteCommand": true}, {"enableExecuteCommand": false},
        {"healthCheckGracePeriodSeconds": 5}, {"propagateTags": "SERVICE"}, {"propagateTags": "NONE"}, {"enableECSManagedTags": true},
        {"availabilityZoneRebalancing": "DISABLED"}, {"availabilityZoneRebalancing": "ENABLED"},
        {"platformVersion": "1.3.0"}, {"forceNewDeployment": true},
        {"deploymentConfiguration": {"maximumPercent": 250}}, {"deploymentConfiguration": {"minimumHealthyPercent": 0}},
        {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": false}}},
        {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": false, "rollback": false}}},
        {"deploymentConfiguration": {"alarms": {"alarmNames": ["theirs"], "enable": true, "rollback": false}}},
        {"deploymentConfiguration": {"earlySuccessCriteria": {"enable": true, "healthyPercent": 50}}},
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-x"], "securityGroups": ["sg-x"]}}},
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "assignPublicIp": "ENABLED"}}},
        {"loadBalancers": []}, {"loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}]},
        {"serviceRegistries": []}, {"serviceRegistries": [{"registryArn": "arn:theirs"}]},
        {"placementConstraints": []}, {"placementConstraints": [{"type": "distinctInstance"}]},
        {"placementStrategy": []}, {"placementStrategy": [{"type": "random"}]},
        {"serviceConnectConfiguration": {"enabled": false}}, {"serviceConnectConfiguration": {"enabled": true, "namespace": "theirs"}},
        {"vpcLatticeConfigurations": []}, {"vpcLatticeConfigurations": [{"portName": "http", "roleArn": "r", "targetGroupArn": "t"}]},
        {"volumeConfigurations": [{"name": "data", "managedEBSVolume": {"roleArn": "arn:theirs", "sizeInGiB": 1}}]},
        {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}], "forceNewDeployment": true},
    ])
}

/// Calls of Application Auto Scaling with their members.
fn scalings() -> Value {
    let tracking =
        |metric: &str| json!({"TargetValue": 33, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}});
    json!([
        ["RegisterScalableTarget", {"MinCapacity": 1, "MaxCapacity": 9}], ["RegisterScalableTarget", {"MinCapacity": 5, "MaxCapacity": 6}],
        ["RegisterScalableTarget", {"SuspendedState": {"DynamicScalingInSuspended": true}}],
        ["RegisterScalableTarget", {"SuspendedState": {"DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false}}],
        ["DeregisterScalableTarget", {}],
        ["PutScalingPolicy", {"PolicyName": "one", "PolicyType": "TargetTrackingScaling",
                              "TargetTrackingScalingPolicyConfiguration": tracking("ECSServiceAverageCPUUtilization")}],
        ["PutScalingPolicy", {"PolicyName": "two", "PolicyType": "TargetTrackingScaling",
                              "TargetTrackingScalingPolicyConfiguration": tracking("ECSServiceAverageCPUUtilization")}],
        ["PutScalingPolicy", {"PolicyName": "one", "PolicyType": "TargetTrackingScaling",
                              "TargetTrackingScalingPolicyConfiguration": tracking("ECSServiceAverageMemoryUtilization")}],
        ["PutScalingPolicy", {"PolicyName": "theirs", "PolicyType": "TargetTrackingScaling",
                              "TargetTrackingScalingPolicyConfiguration": tracking("ECSServiceAverageMemoryUtilization")}],
        ["DeleteScalingPolicy", {"PolicyName": "one"}], ["DeleteScalingPolicy", {"PolicyName": "two"}],
        ["PutScheduledAction", {"ScheduledActionName": "morning", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MaxCapacity": 5}}],
        ["PutScheduledAction", {"ScheduledActionName": "theirs", "Schedule": "at(2030-01-01T00:00:00)", "ScalableTargetAction": {"MaxCapacity": 5}}],
        ["DeleteScheduledAction", {"ScheduledActionName": "morning"}], ["DeleteScheduledAction", {"ScheduledActionName": "evening"}],
    ])
}
