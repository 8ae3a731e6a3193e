//! Determinism: the order of what AWS does not order changes nothing in a plan.

use evenkeel_core::canonical::content_hash;
use evenkeel_core::catalogue::Catalogue;
use evenkeel_core::plan::service::{Observed, TaskDefinition};
use evenkeel_core::plan::{Observation, Plan, service};
use proptest::prelude::*;
use serde_json::Value;

use crate::catalogue::{KINDS, document};
use crate::edits::edits;
use crate::services::{Sort, sort, specs};
use crate::strategies::config;
use crate::world::World;

/// Lists whose order AWS does not keep or that mean nothing in another one. Written down here a second time, on
/// purpose: apart from the comparison rules.
const UNORDERED: &[&str] = &[
    "containerDefinitions",
    "environment",
    "secrets",
    "portMappings",
    "mountPoints",
    "volumesFrom",
    "links",
    "dependsOn",
    "ulimits",
    "systemControls",
    "extraHosts",
    "add",
    "drop",
    "dockerSecurityOptions",
    "secretOptions",
    "volumes",
    "requiresCompatibilities",
    "placementConstraints",
    "properties",
    "ignoredExitCodes",
    "tags",
    "subnets",
    "securityGroups",
    "capacityProviderStrategy",
    "alarmNames",
    "lifecycleStages",
    "lifecycleHooks",
    "services",
    "clientAliases",
    "volumeConfigurations",
    "tagSpecifications",
    "vpcLatticeConfigurations",
    "metricNames",
    "Policies",
    "ScheduledActions",
    "StepAdjustments",
    "Dimensions",
    "settings",
    "capacityProviders",
    "defaultCapacityProviderStrategy",
    "devices",
    "tmpfs",
];

/// Turns every such list round, or by one place.
fn reordered(value: &Value, turn: bool) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let mut value = reordered(value, turn);
                if let Some(list) =
                    value.as_array_mut().filter(|list| UNORDERED.contains(&name.as_str()) && list.len() > 1)
                {
                    if turn { list.reverse() } else { list.rotate_left(1) }
                }
                (name.clone(), value)
            })
            .collect(),
        Value::Array(elements) => elements.iter().map(|element| reordered(element, turn)).collect(),
        other => other.clone(),
    }
}

fn reordered_list(list: &Observation<Vec<Value>>) -> Observation<Vec<Value>> {
    match list {
        Observation::Present(list) => Observation::Present(list.iter().rev().map(|one| reordered(one, true)).collect()),
        other => other.clone(),
    }
}

/// What a plan decides: where things differ, what is called for it, what is waited for.
fn decision(plan: &Plan) -> (Vec<(String, String)>, Vec<String>, Vec<String>) {
    let mut calls: Vec<String> =
        plan.actions.iter().map(|action| format!("{} {}", action.operation, action.reason)).collect();
    calls.sort();
    (
        plan.drift.iter().map(|drift| (drift.path.clone(), drift.rule.clone())).collect(),
        calls,
        plan.waiting.iter().map(|waiting| waiting.message.clone()).collect(),
    )
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn the_order_of_what_aws_does_not_order_changes_nothing_in_a_plan(
        (_, specs, edits, turn) in sort().prop_flat_map(|sort: Sort| (Just(sort), specs(sort), edits(sort), any::<bool>()))
    ) {
        let mut world = World::new(&specs);
        world.converge();
        for edit in edits {
            edit.apply(&mut world);
        }
        world.wait(jiff::SignedDuration::from_secs(20));
        let desired = world.wanted_service(TaskDefinition::NotOurs);
        let observed = world.observe(&desired);
        let plan = |desired, observed: &Observed| service::plan(desired, observed, &world.memory, world.now);
        let planned = plan(&desired, &observed);
        let mut shuffled = observed.clone();
        if let Observation::Present(service) = &mut shuffled.service {
            *service = reordered(service, turn);
        }
        shuffled.policies = reordered_list(&observed.policies);
        shuffled.scheduled_actions = reordered_list(&observed.scheduled_actions);
        prop_assert_eq!(decision(&plan(&desired, &shuffled)), decision(&planned), "as observed");
        let mut shuffled = desired.clone();
        let document = reordered(&Value::Object(desired.document.clone()), turn);
        shuffled.document = document.as_object().cloned().unwrap();
        shuffled.scaling = desired.scaling.clone().and_then(|scaling| reordered(&Value::Object(scaling), turn).as_object().cloned());
        prop_assert_eq!(decision(&plan(&shuffled, &observed)), decision(&planned), "as desired");
    }

    #[test]
    fn reordered_documents_have_the_same_content(
        (index, document, turn) in (0..KINDS.len(), any::<bool>()).prop_flat_map(|(index, turn)| {
            (Just(index), document(Catalogue::get().document(KINDS[index].1)), Just(turn))
        })
    ) {
        let kind = KINDS[index].0;
        prop_assert_eq!(content_hash(kind, &reordered(&document, turn)), content_hash(kind, &document));
    }
}
