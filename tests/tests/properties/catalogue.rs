//! Documents from AWS's own models: every member that the catalogue knows, whether anybody thought of it or not.

use evenkeel_core::canonical::DocumentKind;
use evenkeel_core::catalogue::{Catalogue, Document, Shape, ShapeKind};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// The kinds of document that are compared, with their shapes.
pub(crate) const KINDS: [(DocumentKind, Document); 4] = [
    (DocumentKind::TaskDefinition, Document::TaskDefinition),
    (DocumentKind::Service, Document::Service),
    (DocumentKind::Cluster, Document::Cluster),
    (DocumentKind::Scaling, Document::Scaling),
];

/// A random document of this shape: every optional member is there in one of three.
pub(crate) fn document(shape: &'static Shape) -> BoxedStrategy<Value> {
    match &shape.kind {
        ShapeKind::Structure(structure) => {
            let members: Vec<BoxedStrategy<Option<(String, Value)>>> = structure
                .members
                .iter()
                .map(|(name, member)| {
                    let name = name.clone();
                    let value = document(member.shape()).prop_map(move |value| (name.clone(), value));
                    prop::option::weighted(0.33, value).boxed()
                })
                .collect();
            members.prop_map(|members| Value::Object(members.into_iter().flatten().collect::<Map<_, _>>())).boxed()
        }
        ShapeKind::List { element, .. } => {
            prop::collection::vec(document(element.shape()), 0..3).prop_map(Value::Array).boxed()
        }
        ShapeKind::Map { value, .. } => {
            let members = prop::collection::btree_map("[a-c]", document(value.shape()), 0..3);
            members.prop_map(|members| json!(members)).boxed()
        }
        ShapeKind::String { values, .. } if !values.is_empty() => {
            select(values.clone()).prop_map(Value::String).boxed()
        }
        ShapeKind::String { .. } => "[a-c]{0,2}".prop_map(Value::String).boxed(),
        ShapeKind::Integer(_) | ShapeKind::Long(_) => {
            prop_oneof![Just(0), Just(1), Just(5), Just(80)].prop_map(|number: i64| json!(number)).boxed()
        }
        ShapeKind::Double(_) | ShapeKind::Timestamp => {
            prop_oneof![Just(json!(1)), Just(json!(1.0)), Just(json!(1.5))].boxed()
        }
        ShapeKind::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        ShapeKind::Blob | ShapeKind::Document => Just(json!("e30=")).boxed(),
    }
}

/// One optional member of a structure with a random value.
pub(crate) fn member(shape: &'static Shape) -> BoxedStrategy<Value> {
    let members: Vec<(&String, &'static Shape)> =
        shape.structure().unwrap().members.iter().map(|(name, member)| (name, member.shape())).collect();
    select(members).prop_flat_map(|(name, shape)| document(shape).prop_map(move |value| json!({name: value}))).boxed()
}

/// A path of a shape: `containerDefinitions[].environment[].value`, as the comparison rules write it.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) path: String,
    /// The shape that it ends at; for lists the list itself.
    pub(crate) shape: &'static Shape,
}

/// Every scalar, map and list below a shape.
pub(crate) fn leaves(document: Document) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(Catalogue::get().document(document), String::new(), &mut found);
    found
}

fn collect(shape: &'static Shape, path: String, found: &mut Vec<Leaf>) {
    match &shape.kind {
        ShapeKind::Structure(structure) => {
            for (name, member) in &structure.members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(member.shape(), path, found);
            }
        }
        ShapeKind::List { element, .. } => {
            let path = format!("{path}[]");
            found.push(Leaf { path: path.clone(), shape });
            collect(element.shape(), path, found);
        }
        _ => found.push(Leaf { path, shape }),
    }
}

/// A document that has `value` at a path, and in every list on the way one element.
pub(crate) fn at(path: &str, value: &Value) -> Value {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let inner = rest.map_or_else(|| value.clone(), |rest| at(rest, value));
    match first.strip_suffix("[]") {
        Some(name) => json!({name: [inner]}),
        None => json!({first: inner}),
    }
}

/// Two values of a scalar or map that differ.
pub(crate) fn two(shape: &Shape) -> (Value, Value) {
    match &shape.kind {
        ShapeKind::String { values, .. } if values.len() > 1 => (json!(values[0]), json!(values[1])),
        ShapeKind::String { .. } | ShapeKind::Blob | ShapeKind::Document => (json!("one"), json!("two")),
        ShapeKind::Integer(_) | ShapeKind::Long(_) | ShapeKind::Double(_) | ShapeKind::Timestamp => {
            (json!(7), json!(8))
        }
        ShapeKind::Boolean => (json!(true), json!(false)),
        ShapeKind::Map { .. } => (json!({"k": "one"}), json!({"k": "two"})),
        ShapeKind::Structure(_) | ShapeKind::List { .. } => panic!("{} is no leaf", shape.name),
    }
}
