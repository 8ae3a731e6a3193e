//! P8: nothing that AWS takes is without effect, and every list says how it compares. When AWS's models grow, these
//! tests fail until somebody has decided about the new member.

use std::collections::BTreeSet;

use evenkeel_core::canonical::{DocumentKind, content_hash};
use evenkeel_core::catalogue::{Catalogue, Document, ShapeKind};
use evenkeel_core::diff::{Ignore, Scope, diff};
use evenkeel_core::operation::Operation;
use evenkeel_core::plan::service::FIELDS;
use serde_json::{Value, json};

use crate::catalogue::{KINDS, at, leaves, two};

/// Members that are not content, with the reason.
const NO_CONTENT: [(DocumentKind, &str, &str); 1] =
    [(DocumentKind::TaskDefinition, "tags", "tags of a revision can be changed, its content cannot; compared apart")];

fn is_no_content(kind: DocumentKind, path: &str) -> bool {
    let first = path.split(['.', '[']).next();
    NO_CONTENT.iter().any(|(of, member, _)| *of == kind && first == Some(*member))
}

#[test]
fn every_member_that_the_models_know_counts() {
    for (kind, document) in KINDS {
        let scalars = leaves(document).into_iter().filter(|leaf| !matches!(leaf.shape.kind, ShapeKind::List { .. }));
        let mut silent = Vec::new();
        for leaf in scalars {
            let (one, other) = two(leaf.shape);
            let (one, other) = (at(&leaf.path, &one), at(&leaf.path, &other));
            let hash = content_hash(kind, &one) != content_hash(kind, &other);
            let drift = |want: &Value, have: &Value| {
                !diff(kind, want, have, Scope::Declared, "", &Ignore::default()).is_empty()
            };
            let seen = hash && drift(&one, &other) && drift(&other, &one);
            if seen == is_no_content(kind, &leaf.path) {
                silent.push(leaf.path);
            }
        }
        assert!(
            silent.is_empty(),
            "{kind:?}: a change here changes nothing (or the exception is out of date): {silent:#?}"
        );
    }
}

#[test]
fn every_list_that_the_models_know_has_a_rule_of_its_own() {
    for (kind, document) in KINDS {
        let rules: BTreeSet<String> = paths(kind);
        let lists = leaves(document).into_iter().filter(|leaf| matches!(leaf.shape.kind, ShapeKind::List { .. }));
        let missing: Vec<String> = lists
            .map(|leaf| leaf.path)
            .filter(|path| !is_no_content(kind, path) && !rules.contains(path.trim_end_matches("[]")))
            .collect();
        assert!(missing.is_empty(), "{kind:?}: say in data/rules whether the order means anything: {missing:#?}");
    }
}

#[test]
fn every_rule_is_about_a_path_that_the_models_know() {
    for (kind, document) in KINDS {
        let known: Vec<String> = leaves(document).into_iter().map(|leaf| leaf.path).collect();
        let is_known = |rule: &str| {
            let inside_a_map =
                |path: &String| rule.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.'));
            known.iter().any(|path| path.trim_end_matches("[]") == rule || inside_a_map(path))
        };
        let unknown: Vec<String> = paths(kind).into_iter().filter(|rule| !is_known(rule)).collect();
        assert!(unknown.is_empty(), "{kind:?}: nothing stands at {unknown:#?}");
    }
}

fn paths(kind: DocumentKind) -> BTreeSet<String> {
    kind.rules().paths().into_iter().collect()
}

/// Members of CreateService that are not compared as members of the service, with the reason.
const APART: [(&str, &str); 6] = [
    ("cluster", "identity: from the namespace"),
    ("serviceName", "identity"),
    ("taskDefinition", "resolved from spec.taskDefinition; its content is compared"),
    ("desiredCount", "compared with the scalable target's range"),
    ("tags", "compared by key; TagResource changes them"),
    ("clientToken", "not a property of the service: a token of the request"),
];

#[test]
fn every_member_of_create_service_is_classified() {
    let members =
        |operation| Catalogue::get().input(operation).structure().unwrap().members.keys().collect::<BTreeSet<_>>();
    let update = members(Operation::UpdateService);
    for member in members(Operation::CreateService) {
        let apart = APART.iter().any(|(name, _)| name == member);
        let field = FIELDS.iter().find(|field| field.name == member);
        assert!(apart != field.is_some(), "{member}: say in plan/service/field.rs what changing it does");
        let Some(field) = field else { continue };
        // The API would take another controller in an update; evenkeel reports it, since it means moving a deployment
        // system and not a value.
        let expected = update.contains(member) && member != "deploymentController";
        assert_eq!(field.update, expected, "{member}: UpdateService and the table differ");
    }
    let shape = Catalogue::get().document(Document::Service).structure().unwrap();
    let unknown: Vec<_> = FIELDS.iter().filter(|field| !shape.members.contains_key(field.name)).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn a_member_that_only_a_newer_model_knows_counts_too() {
    for (kind, _) in KINDS {
        let (one, other) = (json!({"brandNew": {"x": [1]}}), json!({"brandNew": {"x": [2]}}));
        assert_ne!(content_hash(kind, &one), content_hash(kind, &other), "{kind:?}");
    }
}
