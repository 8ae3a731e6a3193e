//! All that AWS has, without what differs from one run to the next: times, and names that AWS chooses.

use std::collections::BTreeMap;

use evenkeel_core::operation::Operation;
use serde_json::{Map, Value, json};

use crate::World;

/// Members that are times, identities or histories.
const CHANCE: [&str; 24] = [
    "createdAt",
    "updatedAt",
    "registeredAt",
    "deregisteredAt",
    "stabilityStatusAt",
    "startedAt",
    "finishedAt",
    "id",
    "events",
    "taskSetArn",
    "externalId",
    "serviceRevisionArn",
    "startedBy",
    "CreationTime",
    "PolicyARN",
    "Alarms",
    "ScheduledActionARN",
    "ScalableTargetARN",
    "currentServiceDeployment",
    "currentServiceRevisions",
    "serviceArn",
    "rolloutStateReason",
    "revision",
    "statistics",
];

/// Clusters, services with their scaling and the number of their rollouts, and the ACTIVE revisions. Revisions are told
/// by their content, so that two of the same are seen, and numbers do not matter.
pub fn account(world: &World) -> Value {
    let revisions = Revisions::of(world);
    let mut clusters = Map::new();
    for arn in list(world, Operation::ListClusters, &json!({}), "clusterArns") {
        let name = arn.as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned();
        let of = json!({"clusters": [name], "include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]});
        let cluster = world.aws(Operation::DescribeClusters, &of)["clusters"][0].clone();
        clusters.insert(format!("cluster {name}"), revisions.plain(&cluster));
        for service in list(world, Operation::ListServices, &json!({"cluster": name}), "serviceArns") {
            let service = service.as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
            let shown = world.service(&name, service);
            let of = json!({"cluster": name, "service": service});
            let rollouts = list(world, Operation::ListServiceDeployments, &of, "serviceDeployments").len();
            let found = json!({"service": revisions.plain(&shown), "rollouts": rollouts});
            clusters.insert(format!("service {name}/{service}"), found);
        }
    }
    let mut scaling = Map::new();
    for (operation, member) in [
        (Operation::DescribeScalableTargets, "ScalableTargets"),
        (Operation::DescribeScalingPolicies, "ScalingPolicies"),
        (Operation::DescribeScheduledActions, "ScheduledActions"),
    ] {
        let all = list(world, operation, &json!({"ServiceNamespace": "ecs"}), member);
        let mut all: Vec<Value> = all.iter().map(|one| revisions.plain(one)).collect();
        all.sort_by_key(Value::to_string);
        scaling.insert(member.to_owned(), all.into());
    }
    let deployments = list(world, Operation::ListDeployments, &json!({}), "deployments").len();
    json!({"ecs": clusters, "scaling": scaling, "codeDeploy": deployments, "revisions": revisions.active})
}

/// All pages of a list.
fn list(world: &World, operation: Operation, of: &Value, member: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let (mut body, token) = (of.clone(), if member.starts_with('S') { "NextToken" } else { "nextToken" });
    loop {
        let answer = world.aws(operation, &body);
        found.extend(answer[member].as_array().cloned().unwrap_or_default());
        if answer[token].is_null() {
            return found;
        }
        body[token] = answer[token].clone();
    }
}

/// What stands in the revisions.
struct Revisions {
    /// By ARN.
    contents: BTreeMap<String, String>,
    /// Contents of the ACTIVE ones, sorted.
    active: Vec<String>,
}

impl Revisions {
    fn of(world: &World) -> Self {
        let mut found = Self { contents: BTreeMap::new(), active: Vec::new() };
        for status in ["ACTIVE", "INACTIVE"] {
            for arn in list(world, Operation::ListTaskDefinitions, &json!({"status": status}), "taskDefinitionArns") {
                let arn = arn.as_str().unwrap_or_default().to_owned();
                let shown =
                    &world.aws(Operation::DescribeTaskDefinition, &json!({"taskDefinition": arn}))["taskDefinition"];
                let content = format!("{} {}", shown["family"], shown["containerDefinitions"]);
                if status == "ACTIVE" {
                    found.active.push(content.clone());
                }
                found.contents.insert(arn, content);
            }
        }
        found.active.sort();
        found
    }

    /// A document without what is chance.
    fn plain(&self, document: &Value) -> Value {
        match document {
            Value::Object(members) => {
                let kept = members.iter().filter(|(name, _)| !CHANCE.contains(&name.as_str()));
                kept.map(|(name, value)| (name.clone(), self.plain(value))).collect()
            }
            Value::Array(elements) => elements.iter().map(|element| self.plain(element)).collect(),
            Value::String(text) => {
                self.contents.get(text).map_or_else(|| document.clone(), |known| known.clone().into())
            }
            other => other.clone(),
        }
    }
}
