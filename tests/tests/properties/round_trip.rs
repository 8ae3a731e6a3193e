//! P13: the canonical form is one, and what AWS describes of an input is that input.

use evenkeel_core::canonical::{DocumentKind, content_hash};
use evenkeel_core::catalogue::Catalogue;
use evenkeel_core::diff::{Ignore, Scope, diff};
use evenkeel_core::operation::Operation;
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::catalogue::{KINDS, document};
use crate::definitions::{self, Place};
use crate::services::{sort, specs};
use crate::strategies::config;
use crate::world::{FAMILY, World};

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn the_canonical_form_of_a_canonical_form_is_itself_and_nothing_differs_from_itself(
        (index, document) in (0..KINDS.len()).prop_flat_map(|index| {
            (Just(index), document(Catalogue::get().document(KINDS[index].1)))
        })
    ) {
        let kind = KINDS[index].0;
        let canonical = kind.canonical(&document);
        prop_assert_eq!(kind.canonical(&canonical), canonical.clone());
        for scope in [Scope::Declared, Scope::Whole] {
            prop_assert_eq!(diff(kind, &document, &document, scope, "", &Ignore::default()), vec![]);
            // A canonical form means what the document means; settled paths are gone from one side only.
            prop_assert_eq!(diff(kind, &canonical, &document, scope, "", &Ignore::default()), vec![]);
        }
    }

    #[test]
    fn a_described_revision_has_the_content_that_was_registered(
        document in prop_oneof![
            definitions::document(Place::Fargate), definitions::document(Place::FargateWithVolume), definitions::document(Place::Bridge),
        ]
    ) {
        let specs = crate::services::Specs { definition: serde_json::json!({"taskDefinition": document}), service: serde_json::Value::Null };
        let mut world = World::new(&specs);
        let wanted = world.wanted_definition();
        // The second of two revisions: AWS's order differs from one to the other.
        for _ in 0..2 {
            let answer = world.aws(Operation::RegisterTaskDefinition, &wanted.document).unwrap();
            prop_assert_eq!(content_hash(DocumentKind::TaskDefinition, &answer["taskDefinition"]), wanted.content());
            let described = world.revision(answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap());
            prop_assert_eq!(&described.content, &wanted.content());
            let drift = diff(DocumentKind::TaskDefinition, &wanted.document, &described.document, Scope::Whole, "", &Ignore::default());
            prop_assert_eq!(drift, vec![], "{}", FAMILY);
        }
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn what_was_just_created_shows_no_drift(specs in sort().prop_flat_map(specs)) {
        let mut world = World::new(&specs);
        // Registers, then creates.
        for _ in 0..2 {
            let _ = world.pass();
            world.wait(SignedDuration::from_secs(20));
        }
        prop_assert!(world.written.iter().any(|action| action.operation == Operation::CreateService));
        let plan = world.pass();
        prop_assert!(plan.drift.is_empty() && plan.is_quiet(), "{:#?}", plan);
    }
}
