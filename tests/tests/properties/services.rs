//! Random services with scaling that AWS takes.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::definitions::{self, Place};
use crate::strategies::{Member, always, fixed, maybe, object, one, some, with};

/// What a service is for good: the rest can be changed on a live one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Fargate,
    FargateWithVolume,
    Providers,
    Ec2,
    Daemon,
    CodeDeploy,
}

impl Sort {
    pub(crate) fn place(self) -> Place {
        match self {
            Self::Fargate | Self::Providers | Self::CodeDeploy => Place::Fargate,
            Self::FargateWithVolume => Place::FargateWithVolume,
            Self::Ec2 | Self::Daemon => Place::Bridge,
        }
    }
}

pub(crate) fn sort() -> impl Strategy<Value = Sort> {
    prop_oneof![
        4 => Just(Sort::Fargate), 1 => Just(Sort::FargateWithVolume), 2 => Just(Sort::Providers), 2 => Just(Sort::Ec2),
        1 => Just(Sort::Daemon), 1 => Just(Sort::CodeDeploy),
    ]
}

/// Manifests: `spec` of a TaskDefinition and of the Service that runs it.
#[derive(Clone)]
pub(crate) struct Specs {
    pub(crate) definition: Value,
    pub(crate) service: Value,
}

/// As JSON, to be read and pasted.
impl std::fmt::Debug for Specs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.definition, self.service)
    }
}

/// Random manifests of one sort.
pub(crate) fn specs(sort: Sort) -> BoxedStrategy<Specs> {
    (definitions::spec(sort.place()), spec(sort))
        .prop_map(|(definition, service)| Specs { definition, service })
        .boxed()
}

/// Two generations of manifests of one sort, whose task definition changes where that is evenkeel's to roll out.
pub(crate) fn two_generations() -> impl Strategy<Value = (Sort, Specs, Specs)> {
    sort().prop_flat_map(|sort| (Just(sort), specs(sort), specs(sort))).prop_map(|(sort, first, mut second)| {
        if sort == Sort::CodeDeploy {
            // CodeDeploy rolls out, not evenkeel.
            second.definition = first.definition.clone();
            for member in [
                "loadBalancers",
                "networkConfiguration",
                "enableExecuteCommand",
                "availabilityZoneRebalancing",
                "platformVersion",
            ] {
                let kept = first.service["service"].get(member).cloned();
                if let Some(members) = second.service["service"].as_object_mut() {
                    members.remove(member);
                    members.extend(kept.map(|value| (member.to_owned(), value)));
                }
            }
        }
        (sort, first, second)
    })
}

fn spec(sort: Sort) -> BoxedStrategy<Value> {
    let scaling = if sort == Sort::Daemon { Just(None).boxed() } else { prop::option::of(scaling()).boxed() };
    (service(sort), scaling)
        .prop_map(|(service, scaling)| {
            let spec = json!({"taskDefinition": "web", "service": service, "adoption": "Adopt"});
            match scaling {
                Some(scaling) => with(spec, json!({"scaling": scaling})),
                None => spec,
            }
        })
        .boxed()
}

fn service(sort: Sort) -> BoxedStrategy<Value> {
    let mut members = vec![
        maybe("healthCheckGracePeriodSeconds", one(json!([0, 30, 300]))),
        maybe("enableECSManagedTags", one(json!([false, true]))),
        maybe("propagateTags", one(json!(["NONE", "SERVICE", "TASK_DEFINITION"]))),
        maybe("enableExecuteCommand", one(json!([false, true]))),
        maybe(
            "tags",
            some(
                json!([{"key": "team", "value": "shop"}, {"key": "env", "value": "prod"}, {"key": "empty", "value": ""}]),
                0,
            ),
        ),
        maybe("deploymentConfiguration", deployment_configuration(sort)),
    ];
    if sort != Sort::Daemon {
        members.push(always("desiredCount", one(json!([0, 1, 2, 3]))));
        members.push(maybe("schedulingStrategy", one(json!(["REPLICA"]))));
    }
    if sort.place().is_fargate() {
        members.push(always("networkConfiguration", network()));
    }
    match sort {
        Sort::Fargate | Sort::FargateWithVolume => members.extend(fargate(sort)),
        Sort::Providers => members.push(always("capacityProviderStrategy", one(json!([
            [{"capacityProvider": "FARGATE", "weight": 1}],
            [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 4}],
            [{"capacityProvider": "FARGATE_SPOT", "weight": 0, "base": 0}, {"capacityProvider": "FARGATE"}],
        ])))),
        Sort::Ec2 => members.extend([
            maybe("launchType", one(json!(["EC2"]))),
            maybe("loadBalancers", balancers()),
            maybe("placementConstraints", constraints()),
            maybe("placementStrategy", one(json!([
                [], [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "binpack", "field": "memory"}],
                [{"type": "spread", "field": "instanceId"}], [{"type": "spread", "field": "host"}],
                [{"type": "binpack", "field": "CPU"}, {"type": "spread", "field": "attribute:ecs.availability-zone"}], [{"type": "random"}],
            ]))),
        ]),
        Sort::Daemon => members.extend([
            fixed("launchType", json!("EC2")),
            fixed("schedulingStrategy", json!("DAEMON")),
            maybe("placementConstraints", constraints()),
        ]),
        Sort::CodeDeploy => members.extend([
            fixed("launchType", json!("FARGATE")),
            fixed("deploymentController", json!({"type": "CODE_DEPLOY"})),
            always("loadBalancers", one(json!([[balancer("blue", 80)]]))),
            maybe("platformVersion", one(json!(["LATEST", "1.4.0"]))),
        ]),
    }
    object(members)
}

fn fargate(sort: Sort) -> Vec<Member> {
    let volume = |options: Value| {
        json!([{"name": "data", "managedEBSVolume":
        with(json!({"roleArn": "arn:aws:iam::123456789012:role/ebs", "sizeInGiB": 20}), options)}])
    };
    let mut members = vec![
        fixed("launchType", json!("FARGATE")),
        maybe("deploymentController", one(json!([{"type": "ECS"}]))),
        maybe("platformVersion", one(json!(["LATEST", "1.4.0", "1.3.0"]))),
        maybe("availabilityZoneRebalancing", one(json!(["ENABLED", "DISABLED"]))),
        maybe("loadBalancers", balancers()),
        maybe("serviceRegistries", one(json!([[], [{"registryArn": "arn:aws:servicediscovery:x:1:service/srv-1"}]]))),
        maybe(
            "vpcLatticeConfigurations",
            some(
                json!([
                    {"portName": "http", "roleArn": "arn:role", "targetGroupArn": "arn:tg-1"},
                    {"portName": "admin", "roleArn": "arn:role", "targetGroupArn": "arn:tg-2"},
                ]),
                0,
            ),
        ),
        maybe(
            "monitoring",
            one(
                json!([{"metricConfigurations": [{"metricNames": ["CPUUtilization", "MemoryUtilization"], "resolutionSeconds": 20}]}]),
            ),
        ),
        maybe(
            "serviceConnectConfiguration",
            one(json!([
                {"enabled": false}, {"enabled": true, "namespace": "shop"},
                {"enabled": true, "namespace": "shop", "services": [{"portName": "http", "clientAliases": [{"port": 80}]},
                                                                    {"portName": "admin", "discoveryName": "admin"}]},
                {"enabled": true, "namespace": "shop", "services": [{"portName": "http", "clientAliases": [{"port": 80, "dnsName": "web"}]}],
                 "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}},
            ])),
        ),
    ];
    if sort == Sort::FargateWithVolume {
        members.push(always("volumeConfigurations", one(json!([
            volume(json!({})), volume(json!({"encrypted": true, "filesystemType": "ext4", "volumeType": "gp3", "throughput": 200})),
            volume(json!({"encrypted": false, "tagSpecifications": [{"resourceType": "volume", "propagateTags": "SERVICE",
                "tags": [{"key": "a", "value": "b"}, {"key": "c", "value": "d"}]}]})),
        ]))));
    }
    members
}

fn network() -> BoxedStrategy<Value> {
    object(vec![
        always("subnets", some(json!(["subnet-a", "subnet-b", "subnet-c"]), 1)),
        maybe("securityGroups", some(json!(["sg-1", "sg-2"]), 0)),
        maybe("assignPublicIp", one(json!(["ENABLED", "DISABLED"]))),
    ])
    .prop_map(|vpc| json!({"awsvpcConfiguration": vpc}))
    .boxed()
}

fn balancer(group: &str, port: u32) -> Value {
    let arn = format!("arn:aws:elasticloadbalancing:x:1:targetgroup/{group}/1");
    json!({"targetGroupArn": arn, "containerName": "app", "containerPort": port})
}

fn balancers() -> BoxedStrategy<Value> {
    one(json!([[], [balancer("blue", 80)], [balancer("blue", 80), balancer("admin", 8080)], [balancer("green", 80)]]))
}

fn constraints() -> BoxedStrategy<Value> {
    some(
        json!([{"type": "distinctInstance"}, {"type": "memberOf", "expression": "attribute:ecs.instance-type =~ t3.*"}]),
        0,
    )
}

/// Only percentages with which a single task can be replaced: a rollout that cannot progress fails at its deadline.
fn deployment_configuration(sort: Sort) -> BoxedStrategy<Value> {
    let mut members = vec![];
    if sort == Sort::Daemon {
        members.push(maybe("maximumPercent", one(json!([100]))));
        members.push(maybe("minimumHealthyPercent", one(json!([0]))));
    } else {
        members.push(maybe("maximumPercent", one(json!([200, 250, 300]))));
        members.push(maybe("minimumHealthyPercent", one(json!([0, 50, 100]))));
    }
    if sort != Sort::CodeDeploy {
        members.extend([
            maybe("strategy", one(json!(["ROLLING"]))),
            maybe("bakeTimeInMinutes", one(json!([0]))),
            maybe("deploymentCircuitBreaker", one(json!([
                {"enable": true, "rollback": true}, {"enable": false, "rollback": false},
                {"enable": true, "rollback": false, "thresholdConfiguration": {"type": "COUNT", "value": 7}, "resetOnHealthyTask": false},
            ]))),
            maybe("alarms", one(json!([{"alarmNames": ["b", "a"], "enable": true, "rollback": true},
                                       {"alarmNames": [], "enable": false, "rollback": false}]))),
            maybe("earlySuccessCriteria", one(json!([{"enable": true, "healthyPercent": 100}, {"enable": false}]))),
            maybe("lifecycleHooks", one(json!([[], [{"hookTargetArn": "arn:aws:lambda:x:1:function:f", "roleArn": "arn:role",
                "lifecycleStages": ["POST_SCALE_UP", "PRE_SCALE_UP"]}]]))),
        ]);
    }
    object(members)
}

fn scaling() -> BoxedStrategy<Value> {
    let range = one(json!([[0, 2], [1, 3], [2, 4], [3, 3]]));
    let suspended = prop::option::of(one(json!([
        {"dynamicScalingOutSuspended": true}, {"dynamicScalingInSuspended": false, "scheduledScalingSuspended": true}, {},
    ])));
    let actions = some(
        json!([
            {"scheduledActionName": "morning", "schedule": "cron(0 8 * * ? *)", "timezone": "Asia/Tokyo",
             "scalableTargetAction": {"minCapacity": 4, "maxCapacity": 8}},
            {"scheduledActionName": "evening", "schedule": "cron(0 20 * * ? *)", "scalableTargetAction": {"minCapacity": 1}},
            {"scheduledActionName": "once", "schedule": "at(2030-01-01T00:00:00)", "timezone": "UTC",
             "startTime": 1_767_300_000, "endTime": "2031-01-01T00:00:00Z", "scalableTargetAction": {"maxCapacity": 9}},
        ]),
        0,
    );
    let metric = |kind: &str| json!({"predefinedMetricType": kind});
    let tracking = |name: &str, kind: &str, target: Value, options: Value| {
        json!({"policyName": name, "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": with(json!({"targetValue": target, "predefinedMetricSpecification": metric(kind)}), options)})
    };
    let first = prop_oneof![
        Just(tracking("one", "ECSServiceAverageCPUUtilization", json!(60), json!({}))),
        Just(tracking(
            "one",
            "ECSServiceAverageMemoryUtilization",
            json!(70.5),
            json!({"disableScaleIn": true, "scaleInCooldown": 60})
        )),
        Just(tracking(
            "one",
            "ECSServiceAverageCPUUtilization",
            json!(60),
            json!({"disableScaleIn": false, "scaleOutCooldown": 0})
        )),
        Just(json!({"policyName": "one", "policyType": "StepScaling", "stepScalingPolicyConfiguration": {
            "adjustmentType": "ExactCapacity", "stepAdjustments": [{"metricIntervalLowerBound": 0, "scalingAdjustment": 3}]}})),
    ];
    let second = prop_oneof![
        Just(tracking("two", "ECSServiceAverageMemoryUtilization", json!(70), json!({}))),
        Just(tracking("two", "ECSServiceAverageCPUUtilization", json!(50), json!({}))),
        Just(
            json!({"policyName": "two", "policyType": "TargetTrackingScaling", "targetTrackingScalingPolicyConfiguration": {"targetValue": 5,
            "customizedMetricSpecification": {"metricName": "Queue", "namespace": "Shop", "statistic": "Average",
                "dimensions": [{"name": "b", "value": "1"}, {"name": "a", "value": "2"}]}}})
        ),
        Just(json!({"policyName": "two", "policyType": "StepScaling", "stepScalingPolicyConfiguration": {
            "adjustmentType": "PercentChangeInCapacity", "minAdjustmentMagnitude": 2, "cooldown": 120, "metricAggregationType": "Average",
            "stepAdjustments": [{"metricIntervalLowerBound": 10.5, "scalingAdjustment": 50}, {"metricIntervalUpperBound": 10.5, "scalingAdjustment": 10}]}})),
        Just(json!({"policyName": "two", "policyType": "PredictiveScaling", "predictiveScalingPolicyConfiguration": {
            "mode": "ForecastAndScale", "metricSpecifications": [{"targetValue": 40, "predefinedMetricPairSpecification": {"predefinedMetricType": "ECSServiceCPUUtilization"}}]}})),
        Just(json!({"policyName": "two", "policyType": "PredictiveScaling", "predictiveScalingPolicyConfiguration": {
            "metricSpecifications": [{"targetValue": 40.0, "predefinedMetricPairSpecification": {"predefinedMetricType": "ECSServiceCPUUtilization"}}]}})),
    ];
    let tracked = |policy: &Value| {
        policy.pointer("/targetTrackingScalingPolicyConfiguration/predefinedMetricSpecification").cloned()
    };
    let policies = (prop::option::of(first), prop::option::of(second)).prop_map(move |(first, second)| {
        // AWS takes one policy for each tracked metric.
        let rivals = first.as_ref().and_then(tracked).is_some()
            && first.as_ref().and_then(tracked) == second.as_ref().and_then(tracked);
        let second = second.filter(|_| !rivals);
        json!(second.into_iter().chain(first).collect::<Vec<_>>())
    });
    (range, suspended, prop::option::of(policies), prop::option::weighted(0.3, actions))
        .prop_map(|(range, suspended, policies, actions)| {
            let mut scaling = json!({"minCapacity": range[0], "maxCapacity": range[1]});
            for (member, value) in
                [("suspendedState", suspended), ("policies", policies), ("scheduledActions", actions)]
            {
                if let Some(value) = value {
                    scaling[member] = value;
                }
            }
            scaling
        })
        .boxed()
}
