//! P10: autoscaling owns the count. Whoever moves it within the range is left alone.

use evenkeel_core::operation::Operation;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use crate::services::{Sort, Specs, specs};
use crate::strategies::{config, with};
use crate::world::World;

/// A Fargate service that scales within this range, otherwise random.
fn scaling(min: u32, max: u32) -> impl Strategy<Value = Specs> {
    specs(Sort::Fargate).prop_map(move |mut specs| {
        let scaling = json!({"scaling": {"minCapacity": min, "maxCapacity": max}});
        specs.service = with(specs.service, scaling);
        specs.service["service"]["desiredCount"] = json!(min);
        specs
    })
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn a_count_anywhere_within_the_range_never_provokes_a_write(
        (specs, counts) in (0_u32..4, 0_u32..5).prop_flat_map(|(min, width)| {
            (scaling(min, min + width), prop::collection::vec(min..=min + width, 1..6))
        })
    ) {
        let mut world = World::new(&specs);
        world.converge();
        let written = world.written.len();
        for count in counts {
            world.scale_to(count);
            // Passes come at any time: while tasks start as well as after.
            for seconds in [1, 4, 30] {
                world.wait(SignedDuration::from_secs(seconds));
                prop_assert!(world.pass().drift.is_empty());
            }
        }
        prop_assert_eq!(world.written.len(), written);
    }

    #[test]
    fn a_count_outside_the_range_costs_exactly_one_register_and_goes_to_the_nearest_bound(
        (specs, range, count) in (1_u32..4, 0_u32..5).prop_flat_map(|(min, width)| {
            let outside = prop_oneof![0..min, min + width + 1..min + width + 9];
            (scaling(min, min + width), Just((min, min + width)), outside)
        })
    ) {
        let mut world = World::new(&specs);
        world.converge();
        let written = world.written.len();
        world.scale_to(count);
        world.converge();
        let operations: Vec<_> = world.written[written..].iter().map(|action| action.operation).collect();
        prop_assert_eq!(operations, [Operation::RegisterScalableTarget]);
        let live = world.live().service.present().map(|service| service["desiredCount"].clone());
        prop_assert_eq!(live, Some(json!(count.clamp(range.0, range.1))));
    }
}
