//! P13: the canonical form is one, and what AWS describes of an input is that input.

use evenkeel_core::canonical::{DocumentKind, content_hash};
use evenkeel_core::catalogue::{Catalogue, Document};
use evenkeel_core::desired::{Service, TaskDefinition};
use evenkeel_core::diff::{Ignore, Scope, diff};
use evenkeel_core::operation::Operation;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::catalogue::{KINDS, document, member};
use crate::definitions::{self, Place};
use crate::services::{Specs, sort, specs};
use crate::strategies::{config, with};
use crate::world::{CLUSTER, FAMILY, SERVICE, World};

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
        let specs = Specs { definition: json!({"taskDefinition": document}), service: Value::Null };
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

/// What shows on the PRIMARY deployment only, and so nowhere where there is none, as under CODE_DEPLOY.
const DEPLOYED: [&str; 3] = ["serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"];

fn primary(service: &Value) -> Option<&Value> {
    service["deployments"].as_array()?.iter().find(|one| one["status"] == "PRIMARY")
}

/// What AWS shows of a service, with what it shows on the PRIMARY deployment.
fn described(service: &Value) -> Value {
    let primary = primary(service);
    let mut whole = service.clone();
    for name in DEPLOYED {
        whole[name] = primary.map(|primary| primary[name].clone()).unwrap_or_default();
    }
    whole
}

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn whatever_member_the_models_know_comes_back_as_it_was_registered(
        (base, task, container) in prop_oneof![Just(Place::Fargate), Just(Place::Bridge)].prop_flat_map(|place| {
            let shape = Catalogue::get().document(Document::TaskDefinition);
            let container = shape.at("/containerDefinitions/0").unwrap();
            (definitions::document(place), member(shape), member(container))
        })
    ) {
        let mut document = with(base, task);
        if document["containerDefinitions"][0].is_object() {
            document["containerDefinitions"][0] = with(document["containerDefinitions"][0].take(), container);
        }
        let specs = Specs { definition: json!({"taskDefinition": document}), service: Value::Null };
        // What AWS refuses, or we do, never comes back.
        let Ok(checked) = TaskDefinition::check(FAMILY, &specs.definition).into_result() else { return Ok(()) };
        let mut world = World::new(&specs);
        let Ok(answer) = world.aws(Operation::RegisterTaskDefinition, &checked.document) else { return Ok(()) };
        let kind = DocumentKind::TaskDefinition;
        let drift = diff(kind, &checked.document, &answer["taskDefinition"], Scope::Whole, "", &Ignore::default());
        prop_assert_eq!(drift, vec![]);
    }

    #[test]
    fn whatever_member_the_models_know_comes_back_as_the_service_was_created(
        (specs, other) in sort().prop_flat_map(|sort| (specs(sort), member(Catalogue::get().document(Document::Service))))
    ) {
        // They show in the service revision only.
        let hidden = ["monitoring", "gatewayConnectors", "role", "tags"];
        prop_assume!(!other.as_object().unwrap().keys().any(|name| hidden.contains(&name.as_str())));
        let mut service = specs.service.clone();
        service["service"] = with(service["service"].take(), other);
        let definition = &specs.definition["taskDefinition"];
        let Ok(checked) = Service::check(SERVICE, &service, Some(definition)).into_result() else { return Ok(()) };
        let mut world = World::new(&specs);
        let wanted = world.wanted_definition();
        world.aws(Operation::RegisterTaskDefinition, &wanted.document).unwrap();
        let members = json!({"cluster": CLUSTER, "serviceName": SERVICE, "taskDefinition": FAMILY});
        let mut body = with(Value::Object(checked.document.clone()), members);
        if body["schedulingStrategy"] != "DAEMON" && body.get("desiredCount").is_none() {
            body["desiredCount"] = json!(1);
        }
        let Ok(answer) = world.aws(Operation::CreateService, &body) else { return Ok(()) };
        let unseen = |name: &str| DEPLOYED.contains(&name) && primary(&answer["service"]).is_none();
        let shown = |name: &str| !hidden.contains(&name) && !unseen(name);
        let declared: Map<String, Value> = checked.document.into_iter().filter(|(name, _)| shown(name)).collect();
        let shown = described(&answer["service"]);
        let mut drift = diff(DocumentKind::Service, &declared.into(), &shown, Scope::Declared, "", &Ignore::default());
        // CODE_DEPLOY shows the resolved version at once; the planner knows.
        drift.retain(|drift| drift.path != "/platformVersion");
        prop_assert_eq!(drift, vec![]);
    }
}
