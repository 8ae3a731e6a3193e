#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Desired, Observed, plan};
use crate::memory::Memory;
use crate::operation::Operation;
use crate::plan::{Mandate, Observation, Owner, Plan};
use crate::reason::Reason;
use crate::spec::{Adoption, ClusterSpec, DriftMode};

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

struct World {
    desired: Desired,
    observed: Observed,
    memory: Memory,
}

/// A cluster of ours that is as declared: Container Insights on, two capacity providers, one tag.
fn world() -> World {
    let spec: ClusterSpec = serde_json::from_value(json!({"region": "eu-west-1"})).unwrap();
    let document = json!({"settings": [{"name": "containerInsights", "value": "enabled"}],
                          "capacityProviders": ["FARGATE", "FARGATE_SPOT"]});
    let desired = Desired {
        name: "prod".into(),
        owner: Owner { installation: "test".into(), object: "prod".into(), uid: "uid-1".into() },
        document: document.as_object().cloned(),
        tags: BTreeMap::from([("team".into(), "shop".into())]),
        mandate: Mandate {
            policy: spec.policy(),
            holds: crate::plan::Holds::default(),
            approvals: BTreeSet::new(),
            retry: None,
            deleting: false,
        },
    };
    let cluster = json!({
        "clusterArn": "arn:cluster", "clusterName": "prod", "status": "ACTIVE",
        "settings": [{"name": "containerInsights", "value": "enabled"}],
        "capacityProviders": ["FARGATE_SPOT", "FARGATE"], "defaultCapacityProviderStrategy": [],
        "tags": [{"key": "team", "value": "shop"}, {"key": "evenkeel.dev/installation", "value": "test"},
                 {"key": "evenkeel.dev/object", "value": "prod"}, {"key": "costs", "value": "theirs"}],
    });
    let observed = Observed { cluster: Observation::Present(cluster), read_at: now() };
    World { desired, observed, memory: Memory::default() }
}

impl World {
    fn plan(&self) -> Plan {
        plan(&self.desired, &self.observed, &self.memory, now())
    }

    fn live(mut self, member: &str, value: Value) -> Self {
        let Observation::Present(cluster) = &mut self.observed.cluster else { panic!("there is no cluster") };
        cluster[member] = value;
        self
    }
}

fn operations(plan: &Plan) -> Vec<Operation> {
    plan.actions.iter().map(|action| action.operation).collect()
}

fn reasons(plan: &Plan) -> Vec<Reason> {
    plan.waiting.iter().map(|waiting| waiting.reason).collect()
}

#[test]
fn a_cluster_in_line_needs_nothing() {
    let plan = world().plan();
    assert!(plan.is_quiet() && plan.drift.is_empty(), "{plan:#?}");
}

#[test]
fn a_declared_setting_is_corrected_and_others_are_left_alone() {
    let off = json!([{"name": "containerInsights", "value": "disabled"}, {"name": "new", "value": "on"}]);
    let plan = world().live("settings", off).plan();
    assert_eq!(operations(&plan), [Operation::UpdateCluster]);
    assert_eq!(plan.actions[0].body["settings"], json!([{"name": "containerInsights", "value": "enabled"}]));
    assert_eq!(plan.drift.len(), 1);
}

#[test]
fn a_missing_cluster_is_created_if_it_is_declared_and_waited_for_if_not() {
    let mut missing = world();
    missing.observed.cluster = Observation::Absent;
    assert_eq!(operations(&missing.plan()), [Operation::CreateCluster]);
    missing.desired.document = None;
    assert_eq!(reasons(&missing.plan()), [Reason::ClusterNotReady]);
    missing.observed.cluster = Observation::Unknown;
    assert_eq!(reasons(&missing.plan()), [Reason::ObservationUnknown]);
}

#[test]
fn another_installations_cluster_is_a_conflict_and_nobodys_is_only_reported() {
    let tag = |value: &str| json!([{"key": "evenkeel.dev/installation", "value": value}]);
    assert_eq!(reasons(&world().live("tags", tag("other")).plan()), [Reason::OwnershipConflict]);
    let mut nobodys = world().live("tags", json!([]));
    let plan = nobodys.plan();
    assert!(plan.actions.is_empty() && !plan.proposed.is_empty() && plan.applied.is_null());
    assert_eq!(reasons(&plan), [Reason::AwaitingAdoption]);
    nobodys.desired.mandate.policy.adoption = Adoption::Adopt;
    assert_eq!(operations(&nobodys.plan()), [Operation::TagResource]);
}

#[test]
fn a_tag_that_is_no_longer_declared_is_removed() {
    let mut world = world();
    world.memory.applied = json!({"tags": ["team", "costs"]});
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::UntagResource]);
    assert_eq!(plan.actions[0].body["tagKeys"], json!(["costs"]));
}

#[test]
fn capacity_providers_are_added_at_once_and_taken_away_after_approval() {
    let plan = world().live("capacityProviders", json!(["FARGATE"])).plan();
    assert_eq!(operations(&plan), [Operation::PutClusterCapacityProviders]);

    let strategy =
        json!([{"capacityProvider": "theirs", "base": 1, "weight": 0}, {"capacityProvider": "FARGATE", "weight": 1}]);
    let more = json!(["FARGATE", "FARGATE_SPOT", "theirs"]);
    let mut world = world().live("capacityProviders", more).live("defaultCapacityProviderStrategy", strategy);
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(reasons(&plan), [Reason::AwaitingApproval]);
    let token = plan.waiting[0].message.rsplit('=').next().unwrap().to_owned();
    world.desired.mandate.approvals.insert(token);
    let body = &world.plan().actions[0].body;
    // The strategy is not declared and stays, but for the provider that goes: AWS would refuse the two together.
    assert_eq!(body["defaultCapacityProviderStrategy"], json!([{"capacityProvider": "FARGATE", "weight": 1}]));
}

#[test]
fn a_value_that_aws_does_not_show_is_not_sent_again() {
    let mut world = world().live("settings", json!([]));
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::UpdateCluster]);
    world.memory = plan.memory.clone();
    plan.remember_applied(&mut world.memory, now());
    world.observed.read_at += SignedDuration::from_secs(20);
    let plan = world.plan();
    assert!(plan.actions.is_empty(), "{plan:#?}");
    assert_eq!(reasons(&plan), [Reason::NotReflected]);
    world.desired.mandate.retry = Some("please".into());
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::UpdateCluster], "somebody asked");
    world.memory = plan.memory.clone();
    plan.remember_applied(&mut world.memory, now());
    world.observed.read_at += SignedDuration::from_secs(20);
    assert!(!world.plan().waiting.is_empty(), "a request is honoured once");
}

#[test]
fn modes_report_and_ignore_change_nothing() {
    for mode in [DriftMode::Report, DriftMode::Ignore] {
        let mut world = world().live("settings", json!([]));
        world.desired.mandate.policy.drift = mode;
        let plan = world.plan();
        assert!(plan.actions.is_empty());
        assert_eq!(plan.drift.is_empty(), mode == DriftMode::Ignore);
    }
}

#[test]
fn of_a_deleted_cluster_object_only_our_tags_come_off() {
    let mut world = world();
    world.desired.mandate.deleting = true;
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::UntagResource]);
    assert!(world.live("tags", json!([])).plan().finalized);
}
