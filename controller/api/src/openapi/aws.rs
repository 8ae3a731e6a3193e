//! Schemas of AWS documents, from the field catalogue and the comparison rules. The words are our own: what a field
//! does in AWS stands in AWS's documentation, and what evenkeel does with it stands here.

use evenkeel_core::canonical::{DocumentKind, Rule};
use evenkeel_core::catalogue::{Bounds, Catalogue, Document, Shape, ShapeKind, Structure};
use evenkeel_core::plan::service::{FIELDS, Field, UnderCodeDeploy};
use serde_json::{Map, Value, json};

/// Schema of an AWS document in a manifest.
pub(super) fn document(document: Document) -> Value {
    let rules = match document {
        Document::Cluster => DocumentKind::Cluster,
        Document::TaskDefinition => DocumentKind::TaskDefinition,
        Document::Service => DocumentKind::Service,
        Document::Scaling => DocumentKind::Scaling,
    };
    let mut schema = of(Catalogue::get().document(document), rules.rules(), 0);
    if document == Document::Service
        && let Some(members) = schema["properties"].as_object_mut()
    {
        for field in FIELDS {
            if let Some(member) = members.get_mut(field.name) {
                say(member, &what_a_change_does(field));
            }
        }
    }
    schema
}

/// No AWS document nests deeper; a shape that held itself would never end.
const DEEPEST: usize = 24;

fn of(shape: &'static Shape, rule: &Rule, depth: usize) -> Value {
    if depth > DEEPEST {
        return json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    }
    let mut schema = match &shape.kind {
        ShapeKind::Structure(structure) => structured(structure, shape, rule, depth),
        ShapeKind::List { element, bounds } => {
            let mut list = json!({"type": "array", "items": of(element.shape(), rule.element(), depth + 1)});
            bounded(&mut list, *bounds, "minItems", "maxItems");
            list
        }
        ShapeKind::Map { value, .. } => {
            json!({"type": "object", "additionalProperties": of(value.shape(), Rule::none(), depth + 1)})
        }
        ShapeKind::String { values, bounds } => {
            let mut text = json!({"type": "string"});
            if !values.is_empty() {
                text["enum"] = json!(values);
            }
            bounded(&mut text, *bounds, "minLength", "maxLength");
            text
        }
        ShapeKind::Integer(bounds) => number("int32", *bounds),
        ShapeKind::Long(bounds) => number("int64", *bounds),
        ShapeKind::Double(bounds) => {
            let mut number = json!({"type": "number", "format": "double"});
            bounded(&mut number, *bounds, "minimum", "maximum");
            number
        }
        ShapeKind::Boolean => json!({"type": "boolean"}),
        ShapeKind::Timestamp => json!({"type": "string", "format": "date-time"}),
        ShapeKind::Blob => json!({"type": "string", "format": "byte"}),
        ShapeKind::Document => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    };
    if rule.secret {
        say(&mut schema, "It may be a secret: it is shown masked.");
    }
    if !rule.text.is_empty() && !rule.secret {
        say(&mut schema, &format!("Compared with the rule: {}.", rule.text));
    }
    schema
}

fn number(format: &str, bounds: Bounds) -> Value {
    let mut number = json!({"type": "integer", "format": format});
    bounded(&mut number, bounds, "minimum", "maximum");
    number
}

fn bounded(schema: &mut Value, bounds: Bounds, least: &str, most: &str) {
    for (word, bound) in [(least, bounds.min), (most, bounds.max)] {
        // Bounds of the models are whole numbers; a text of at least none is any text.
        #[allow(clippy::cast_possible_truncation)]
        if let Some(bound) = bound.filter(|bound| *bound != 0.0 || word == "minimum") {
            schema[word] = if bound.fract() == 0.0 { json!(bound as i64) } else { json!(bound) };
        }
    }
}

fn structured(structure: &Structure, shape: &Shape, rule: &Rule, depth: usize) -> Value {
    let mut members = Map::new();
    for (name, member) in &structure.members {
        // Rules know members by the spelling that the API answers with, and so does the catalogue.
        let mut schema = of(member.shape(), rule.member(name), depth + 1);
        if structure.deprecated.contains(name) {
            say(&mut schema, "AWS calls it deprecated.");
        }
        if schema.get("description").is_none() {
            say(&mut schema, &format!("{name} of AWS's {}.", shape.name));
        }
        members.insert(lower_initial(name), schema);
    }
    let mut schema = json!({"type": "object", "properties": members});
    if !structure.required.is_empty() {
        schema["required"] = structure.required.iter().map(|name| lower_initial(name)).collect();
    }
    if structure.union {
        say(&mut schema, "Exactly one of its members is given.");
    }
    schema
}

/// Manifests may write either initial; one spelling is enough to explain, and lower case is ECS's own.
fn lower_initial(name: &str) -> String {
    name[..1].to_ascii_lowercase() + &name[1..]
}

fn what_a_change_does(field: &Field) -> String {
    let mut told = vec![match (field.update, field.rollout) {
        (false, _) => "It cannot be changed on a live service: the difference is reported.",
        (true, true) => "A change starts a rollout.",
        (true, false) => "A change starts no rollout.",
    }];
    if field.guarded {
        told.push("Taking it away from a live service waits for approval.");
    }
    match field.code_deploy {
        UnderCodeDeploy::Update => {}
        _ if !field.update => {}
        UnderCodeDeploy::Deployment => {
            told.push("Under the CODE_DEPLOY controller it changes by a CodeDeploy deployment.")
        }
        UnderCodeDeploy::Never => told.push("Under the CODE_DEPLOY controller it cannot be updated."),
    }
    told.join(" ")
}

/// Adds a sentence to a description.
fn say(schema: &mut Value, sentence: &str) {
    let said = schema["description"].as_str().map(|said| format!("{said} ")).unwrap_or_default();
    schema["description"] = format!("{said}{sentence}").into();
}
