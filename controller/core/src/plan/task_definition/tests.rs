#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Desired, Observed, Revision, plan};
use crate::canonical::{DocumentKind, content_hash};
use crate::desired::Suspension;
use crate::memory::Memory;
use crate::operation::Operation;
use crate::plan::{Mandate, Observation, Owner, Plan, TAG_CONTENT, TAG_INSTALLATION};
use crate::reason::Reason;
use crate::spec::{Adoption, Defaults, DeletionPolicy, DriftMode, TaskDefinitionSpec};

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn document(image: &str) -> Value {
    json!({"family": "web", "containerDefinitions": [{"name": "app", "image": image}]})
}

fn arn(number: u64) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{number}")
}

struct World {
    desired: Desired,
    observed: Observed,
    memory: Memory,
}

/// A definition with image `app:2`, and live revisions with these images, oldest first, that are ours.
fn world(images: &[&str]) -> World {
    let spec: TaskDefinitionSpec = serde_json::from_value(json!({})).unwrap();
    let desired = Desired {
        family: "web".into(),
        owner: Owner { installation: "test".into(), object: "prod/web".into(), uid: "uid-1".into() },
        generation: 1,
        document: document("app:2"),
        tags: BTreeMap::from([("team".into(), "shop".into())]),
        retain: None,
        mandate: Mandate {
            policy: spec.policy(&Defaults::default()),
            holds: crate::plan::Holds::default(),
            approvals: BTreeSet::new(),
            retry: None,
            deleting: false,
        },
    };
    let tags = BTreeMap::from([("team".into(), "shop".into()), (TAG_INSTALLATION.into(), "test".into())]);
    let revisions: BTreeMap<String, Revision> = (1..)
        .zip(images)
        .map(|(number, image)| {
            let described = document(image);
            let content = content_hash(DocumentKind::TaskDefinition, &described);
            (arn(number), Revision { document: described, content, tags: tags.clone() })
        })
        .collect();
    let active = Observation::Present(revisions.keys().rev().cloned().collect());
    World { desired, observed: Observed { active, revisions, needed: None, read_at: now() }, memory: Memory::default() }
}

impl World {
    fn plan(&self) -> Plan {
        plan(&self.desired, &self.observed, &self.memory, now())
    }

    fn tag(mut self, number: u64, key: &str, value: Option<&str>) -> Self {
        let tags = &mut self.observed.revisions.get_mut(&arn(number)).unwrap().tags;
        match value {
            Some(value) => tags.insert(key.into(), value.into()),
            None => tags.remove(key),
        };
        self
    }
}

fn operations(plan: &Plan) -> Vec<Operation> {
    plan.actions.iter().map(|action| action.operation).collect()
}

#[test]
fn an_active_revision_with_the_content_is_adopted_whatever_its_number() {
    let plan = world(&["app:2", "app:3"]).plan();
    assert!(plan.is_quiet() && plan.drift.is_empty(), "{plan:#?}");
    assert_eq!(plan.memory.revisions.into_values().collect::<Vec<_>>(), [arn(1)]);
}

#[test]
fn content_that_no_revision_has_is_registered_with_its_hash_and_says_what_differs() {
    let world = world(&["app:1"]);
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::RegisterTaskDefinition]);
    let tags = crate::view::tags(plan.actions[0].body.get("tags"));
    assert_eq!(tags[TAG_CONTENT], world.desired.content());
    assert_eq!((tags[TAG_INSTALLATION].as_str(), tags["team"].as_str()), ("test", "shop"));
    assert_eq!(plan.drift[0].path, "/taskDefinition/containerDefinitions/app/image");
    assert_eq!(plan.memory.intent.unwrap().content, world.desired.content());
}

#[test]
fn a_family_without_revisions_gets_its_first_one() {
    assert_eq!(operations(&world(&[]).plan()), [Operation::RegisterTaskDefinition]);
}

#[test]
fn a_family_that_could_not_be_read_is_not_registered_again() {
    let mut world = world(&[]);
    world.observed.active = Observation::Unknown;
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(plan.waiting[0].reason, Reason::ObservationUnknown);
}

#[test]
fn an_open_intent_waits_until_a_registration_would_show() {
    let mut world = world(&["app:1"]);
    world.memory = world.plan().memory;
    let plan = world.plan();
    assert!(plan.actions.is_empty(), "registering takes no token: {plan:#?}");
    assert_eq!(plan.waiting[0].reason, Reason::AwaitingWrite);
    world.observed.read_at += SignedDuration::from_secs(15);
    assert_eq!(operations(&world.plan()), [Operation::RegisterTaskDefinition]);
}

#[test]
fn a_revision_that_was_just_registered_counts_before_lists_show_it_and_not_for_ever() {
    let mut world = world(&["app:1"]);
    let plan = world.plan();
    world.memory = plan.memory;
    world.memory.record(&plan.actions[0], &json!({"taskDefinition": {"taskDefinitionArn": arn(2)}}), now());
    assert!(world.plan().actions.is_empty());
    world.observed.read_at += SignedDuration::from_secs(15);
    assert_eq!(operations(&world.plan()), [Operation::RegisterTaskDefinition], "it was deregistered");
}

#[test]
fn a_family_of_somebody_else_is_not_added_to_unless_adopted() {
    let mut foreign = world(&["app:1"]).tag(1, TAG_INSTALLATION, None);
    let plan = foreign.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(plan.proposed.len(), 1);
    assert_eq!(plan.waiting[0].reason, Reason::AwaitingAdoption);
    foreign.desired.mandate.policy.adoption = Adoption::Adopt;
    assert_eq!(operations(&foreign.plan()), [Operation::RegisterTaskDefinition]);
}

#[test]
fn declared_tags_are_corrected_on_the_revision_and_others_left_alone() {
    let world = world(&["app:2"]).tag(1, "team", Some("theirs")).tag(1, "costs", Some("theirs"));
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::TagResource]);
    assert_eq!(plan.actions[0].body, json!({"resourceArn": arn(1), "tags": [{"key": "team", "value": "shop"}]}));
}

#[test]
fn a_tag_that_is_no_longer_declared_is_removed() {
    let mut world = world(&["app:2"]).tag(1, "env", Some("prod"));
    assert!(world.plan().is_quiet(), "never declared: nobody's");
    world.memory.applied = json!({"tags": ["env", "team"]});
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::UntagResource]);
    assert_eq!(plan.actions[0].body["tagKeys"], json!(["env"]));
}

#[test]
fn tags_that_aws_does_not_show_are_not_sent_again() {
    let mut world = world(&["app:2"]).tag(1, "team", None);
    let plan = world.plan();
    world.memory = plan.memory.clone();
    plan.remember_applied(&mut world.memory, now());
    world.observed.read_at += SignedDuration::from_secs(20);
    let plan = world.plan();
    assert!(plan.actions.is_empty(), "{plan:#?}");
    assert_eq!(plan.waiting[0].reason, Reason::NotReflected);
}

#[test]
fn in_report_mode_a_missing_revision_is_only_proposed() {
    let mut world = world(&["app:1"]);
    world.desired.mandate.policy.drift = DriftMode::Report;
    let plan = world.plan();
    assert!(plan.actions.is_empty() && plan.memory.intent.is_none());
    assert_eq!(plan.proposed.len(), 1);
}

#[test]
fn of_a_deleted_definition_only_what_we_registered_is_deregistered_and_only_with_delete() {
    let mut world = world(&["app:1", "app:2"]);
    world.desired.mandate.deleting = true;
    world.memory.revisions.insert("v1-x".into(), arn(2));
    assert!(world.plan().finalized, "Retain");
    world.desired.mandate.policy.deletion_policy = DeletionPolicy::Delete;
    let plan = world.plan();
    assert_eq!(operations(&plan), [Operation::DeregisterTaskDefinition]);
    assert_eq!(plan.actions[0].body["taskDefinition"], arn(2));
    world.desired.mandate.holds.suspension = Some(Suspension::default());
    let plan = world.plan();
    assert!(plan.actions.is_empty() && !plan.finalized, "suspended");
    assert_eq!(plan.waiting[0].reason, Reason::Suspended);
}

#[test]
fn of_the_revisions_that_we_registered_the_newest_stay_and_those_that_are_needed() {
    let arn = |number: u32| format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{number}");
    let mut world = world(&[]);
    let content = world.desired.content();
    world.observed.active = Observation::Present((1..=9).rev().map(arn).collect());
    world.memory.revisions.insert(content, arn(9));
    // 5 is somebody else's.
    world.memory.registered = [1, 2, 3, 4, 6, 7, 8, 9].map(arn).into();
    world.desired.retain = Some(3);
    let gone = |world: &World| -> Vec<String> {
        let plan = plan(&world.desired, &world.observed, &world.memory, now());
        plan.actions.iter().map(|action| action.body["taskDefinition"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(gone(&world), Vec::<String>::new(), "what services need is not known");
    world.observed.needed = Some([arn(2), arn(9)].into());
    assert_eq!(gone(&world), [1, 3, 4, 6].map(arn));
    world.desired.retain = None;
    assert_eq!(gone(&world), Vec::<String>::new());
}
