//! A service that is in line, to be bent by each test.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::memory::{Intent, Memory, Rollout};
use crate::operation::Operation;
use crate::plan::service::{Desired, Observed, TaskDefinition, field, plan, rollout};
use crate::plan::{Mandate, Observation, Owner, Plan, check};
use crate::reason::Reason;
use crate::spec::{Adoption, Defaults, DriftMode, ServiceSpec};
use crate::view::ServiceView;

pub(super) const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7";

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) desired: Desired,
    pub(super) observed: Observed,
    pub(super) memory: Memory,
}

/// A managed service with one task definition, two tasks and no scaling, exactly as declared.
pub(super) fn world() -> World {
    let spec: ServiceSpec = serde_json::from_value(json!({"service": {}})).unwrap();
    let owner = Owner { installation: "test".into(), object: "prod/web".into(), uid: "uid-1".into() };
    let document = json!({
        "desiredCount": 2, "launchType": "FARGATE", "healthCheckGracePeriodSeconds": 300,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-1"]}},
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100,
                                    "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        "loadBalancers": [{"targetGroupArn": "tg-1", "containerName": "app", "containerPort": 80}],
    });
    let desired = Desired {
        cluster: "prod".into(),
        service: "web".into(),
        owner,
        generation: 1,
        document: document.as_object().unwrap().clone(),
        tags: BTreeMap::from([("team".into(), "shop".into())]),
        task_definition: TaskDefinition::Content { arn: ARN.into(), hash: "v1-aa".into() },
        code_deploy: crate::spec::CodeDeploy::default(),
        scaling: None,
        mandate: Mandate {
            policy: spec.policy(&Defaults::default()),
            holds: crate::plan::Holds::default(),
            approvals: BTreeSet::new(),
            retry: None,
            deleting: false,
        },
        blocked: Vec::new(),
    };
    let service = json!({
        "serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/prod/web", "serviceName": "web", "status": "ACTIVE",
        "clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod", "createdAt": 1_600_000_000.5,
        "desiredCount": 2, "runningCount": 2, "pendingCount": 0, "launchType": "FARGATE", "taskDefinition": ARN,
        "platformVersion": "LATEST", "platformFamily": "Linux", "schedulingStrategy": "REPLICA", "propagateTags": "NONE",
        "deploymentController": {"type": "ECS"}, "enableECSManagedTags": false, "enableExecuteCommand": false,
        "availabilityZoneRebalancing": "ENABLED", "placementConstraints": [], "placementStrategy": [],
        "serviceRegistries": [], "healthCheckGracePeriodSeconds": 300,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-b", "subnet-a"], "securityGroups": ["sg-1"],
                                                         "assignPublicIp": "DISABLED"}},
        "deploymentConfiguration": {"strategy": "ROLLING", "maximumPercent": 200, "minimumHealthyPercent": 100,
                                    "bakeTimeInMinutes": 0,
                                    "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        "loadBalancers": [{"targetGroupArn": "tg-1", "containerName": "app", "containerPort": 80}],
        "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": ARN, "rolloutState": "COMPLETED",
                         "desiredCount": 2, "runningCount": 2, "pendingCount": 0, "failedTasks": 0}],
        "tags": [{"key": "team", "value": "shop"}, {"key": "evenkeel.dev/installation", "value": "test"},
                 {"key": "evenkeel.dev/object", "value": "prod/web"}, {"key": "costs", "value": "somebody's"}],
    });
    let observed = Observed {
        service: Observation::Present(service),
        revision_content: Some("v1-aa".into()),
        target: Observation::Absent,
        policies: Observation::Present(Vec::new()),
        scheduled_actions: Observation::Present(Vec::new()),
        read_at: now(),
        ..Observed::default()
    };
    World { desired, observed, memory: Memory::default() }
}

impl World {
    /// The plan, which must stand up to the checker and be the same when made again.
    pub(super) fn plan(&self) -> Plan {
        let plan = plan(&self.desired, &self.observed, &self.memory, now());
        assert_eq!(check::service(&self.desired, &self.observed, &plan), Vec::<String>::new());
        assert_eq!(plan, super::super::plan(&self.desired, &self.observed, &self.memory, now()));
        plan
    }

    /// The plan so many seconds later.
    pub(super) fn plan_at(&self, seconds: i64) -> Plan {
        plan(&self.desired, &self.observed, &self.memory, now() + SignedDuration::from_secs(seconds))
    }

    /// Hash of what rolls out.
    pub(super) fn content(&self) -> String {
        rollout::content(&self.desired, &field::effective(&self.desired, &self.memory.applied))
    }

    /// A rollout of what is wanted has begun, as the live service shows it.
    pub(super) fn begins(&mut self) {
        let (content, operation) = (self.content(), Operation::UpdateService);
        let intent = Intent { operation, content, generation: 1, at: now(), commit: None };
        let service = ServiceView(self.observed.service.present().unwrap());
        self.memory.started(Rollout::of(intent, service, None, now()), now());
    }

    pub(super) fn declare(mut self, member: &str, value: Value) -> Self {
        self.desired.document.insert(member.into(), value);
        self
    }

    pub(super) fn undeclare(mut self, member: &str) -> Self {
        self.desired.document.remove(member);
        self
    }

    /// What was declared when last applied is what is declared now; later changes of `desired` are seen as changes.
    pub(super) fn applied(mut self) -> Self {
        self.memory.applied = self.desired.applied();
        self
    }

    pub(super) fn live(mut self, pointer: &str, value: Value) -> Self {
        let Observation::Present(service) = &mut self.observed.service else { panic!("no live service") };
        match service.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => service[&pointer[1..]] = value,
        }
        self
    }

    pub(super) fn mode(mut self, mode: DriftMode) -> Self {
        self.desired.mandate.policy.drift = mode;
        self
    }

    pub(super) fn adoption(mut self, adoption: Adoption) -> Self {
        self.desired.mandate.policy.adoption = adoption;
        self
    }

    pub(super) fn ignore(mut self, pointer: &str) -> Self {
        self.desired.mandate.policy.ignore.push(pointer.parse().unwrap());
        self
    }

    pub(super) fn deleting(mut self) -> Self {
        self.desired.mandate.deleting = true;
        self
    }

    /// Declares scaling 2..4 with one target-tracking policy.
    pub(super) fn scaled(mut self) -> Self {
        let scaling = json!({"MinCapacity": 2, "MaxCapacity": 4, "Policies": [policy(60)]});
        self.desired.scaling = scaling.as_object().cloned();
        self
    }

    /// Shows a live target with these bounds, and the same policy.
    pub(super) fn target(mut self, min: i64, max: i64) -> Self {
        self.observed.target = Observation::Present(json!({
            "ServiceNamespace": "ecs", "ResourceId": "service/prod/web", "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": min, "MaxCapacity": max, "RoleARN": "arn:role", "CreationTime": 1.5,
            "SuspendedState": {"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false,
                               "ScheduledScalingSuspended": false},
        }));
        self.observed.policies = Observation::Present(vec![policy(60)]);
        self
    }

    /// The same world some time later: what was read is that much newer.
    pub(super) fn later(mut self, seconds: i64) -> Self {
        self.observed.read_at += SignedDuration::from_secs(seconds);
        self
    }
}

pub(super) fn policy(target: i64) -> Value {
    json!({"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": target, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}})
}

pub(super) fn operations(plan: &Plan) -> Vec<Operation> {
    plan.actions.iter().map(|action| action.operation).collect()
}

pub(super) fn paths(plan: &Plan) -> Vec<&str> {
    plan.drift.iter().map(|drift| drift.path.as_str()).collect()
}

pub(super) fn reasons(plan: &Plan) -> Vec<Reason> {
    plan.waiting.iter().map(|waiting| waiting.reason).collect()
}

/// The body of the only action of this operation.
pub(super) fn body(plan: &Plan, operation: Operation) -> Value {
    let mut found = plan.actions.iter().filter(|action| action.operation == operation);
    let body = found.next().unwrap_or_else(|| panic!("no {operation} in {plan:#?}")).body.clone();
    assert!(found.next().is_none(), "several {operation}");
    body
}
