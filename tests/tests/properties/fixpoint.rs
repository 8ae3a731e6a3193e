//! P1: whatever is declared and whatever others do, a few passes bring AWS in line, and then nothing is written.

use jiff::SignedDuration;
use proptest::prelude::*;

use crate::edits::edits;
use crate::oracle::differences;
use crate::services::{sort, specs, two_generations};
use crate::strategies::config;
use crate::world::World;

proptest! {
    #![proptest_config(config(150))]

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
        }
    }
}
