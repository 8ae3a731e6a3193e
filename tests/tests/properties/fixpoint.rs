//! P1: whatever is declared and whatever others do, a few passes bring AWS in line, and then nothing is written.

use evenkeel_core::operation::Operation;
use evenkeel_sandbox::Options;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::edits::{edits, updates};
use crate::oracle::{differences, footprint};
use crate::services::{Sort, sort, specs, two_generations};
use crate::strategies::{config, one, with};
use crate::world::{CLUSTER, SERVICE, World};

proptest! {
    #![proptest_config(config(80))]

    #[test]
    fn after_foreign_edits_plans_bring_everything_in_line_and_then_stop(
        (specs, rounds) in sort().prop_flat_map(|sort| (specs(sort), prop::collection::vec(edits(sort), 1..3)))
    ) {
        let mut world = World::new(&specs);
        world.converge();
        prop_assert_eq!(differences(&mut world), Vec::<String>::new());
        for edits in rounds {
            for edit in edits {
                edit.apply(&mut world);
                world.wait(SignedDuration::from_secs(20));
            }
            world.converge();
            prop_assert_eq!(differences(&mut world), Vec::<String>::new());
        }
    }

    #[test]
    fn another_generation_of_the_manifests_is_taken_over_and_the_first_one_again(
        (_, first, second) in two_generations()
    ) {
        let mut world = World::new(&first);
        world.converge();
        for specs in [&second, &first] {
            world.declare(specs);
            world.converge();
            prop_assert_eq!(differences(&mut world), Vec::<String>::new());
            let mut fresh = World::new(specs);
            fresh.converge();
            prop_assert_eq!(footprint(&mut world), footprint(&mut fresh), "what was declared before has left something");
        }
    }
}

/// Members of a Fargate service, each as it is in the request.
const MEMBERS: &[&str] = &[
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "propagateTags",
    "loadBalancers",
    "deploymentConfiguration",
    "serviceConnectConfiguration",
    "availabilityZoneRebalancing",
    "vpcLatticeConfigurations",
];

proptest! {
    #![proptest_config(config(30))]

    #[test]
    fn a_value_that_aws_accepts_and_does_not_show_is_sent_once(
        specs in specs(Sort::Fargate), unheeded in select(MEMBERS)
    ) {
        let options = Options { unheeded: vec![unheeded.to_owned()], ..Options::default() };
        let mut world = World::with(options, &specs);
        for _ in 0..12 {
            let _ = world.pass();
            world.wait(SignedDuration::from_secs(20));
        }
        let before = world.written.len();
        for _ in 0..3 {
            world.wait(SignedDuration::from_hours(1));
            let _ = world.pass();
        }
        prop_assert_eq!(world.written.len(), before, "{:#?}", &world.written[before..]);
        let updates = world.written.iter().filter(|action| action.operation == Operation::UpdateService);
        prop_assert!(updates.filter(|action| action.body.get(unheeded).is_some()).count() <= 1);
    }

    #[test]
    fn reads_that_lag_behind_writes_cost_no_second_write(
        (_, first, second) in two_generations(), seconds in 1_i64..14
    ) {
        let mut writes = Vec::new();
        for staleness in [0, seconds] {
            let options = Options { staleness: SignedDuration::from_secs(staleness), ..Options::default() };
            let mut world = World::with(options, &first);
            world.step = SignedDuration::from_secs(4);
            world.wait(SignedDuration::from_secs(20));
            world.converge();
            world.declare(&second);
            world.converge();
            prop_assert_eq!(differences(&mut world), Vec::<String>::new());
            let mut operations: Vec<_> = world.written.iter().map(|action| action.operation.name()).collect();
            operations.sort_unstable();
            writes.push(operations);
        }
        prop_assert_eq!(&writes[0], &writes[1]);
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn what_is_not_declared_is_nobodys_whatever_was_declared_before(
        (_, first, second) in two_generations(), theirs in prop::collection::vec(one(updates()), 4..12)
    ) {
        let mut world = World::new(&first);
        world.converge();
        world.declare(&second);
        world.converge();
        let written = world.written.len();
        let declared = |name: &String| second.service["service"].get(name).is_some();
        for members in theirs {
            // The count is owned in another way, and a strategy would take the launch type's place.
            let apart = |name: &String| ["desiredCount", "capacityProviderStrategy"].contains(&name.as_str());
            if members.as_object().unwrap().keys().any(|name| declared(name) || apart(name)) {
                continue;
            }
            // AWS may refuse it: then nothing happened.
            let _ = world.aws(Operation::UpdateService, &with(json!({"cluster": CLUSTER, "service": SERVICE}), members));
            world.wait(SignedDuration::from_secs(60));
            let plan = world.pass();
            prop_assert!(plan.drift.is_empty(), "{:#?}", plan.drift);
        }
        prop_assert_eq!(world.written.len(), written);
    }
}
