//! JSON Schema for editors and CI: the same schemas, for manifests before variables are filled in.

use serde_json::{Map, Value, json};

use super::document;
use crate::resource::{OWN, Resource};

/// Kinds that manifests have.
pub(crate) fn kinds() -> Vec<&'static str> {
    declared().map(|resource| resource.kind).collect()
}

/// The resources that manifests declare: all of ours that may be created, if only in a dry run.
fn declared() -> impl Iterator<Item = &'static Resource> {
    OWN.resources().filter(|resource| resource.verbs.contains(&"create"))
}

/// JSON Schema (draft 7, which editors and kubeconform both take) of one kind, or of whichever kind a document has.
pub(crate) fn schema(kind: Option<&str>) -> Option<Value> {
    let mut resources: Vec<&Resource> = declared().collect();
    resources.retain(|resource| kind.is_none_or(|kind| resource.kind.eq_ignore_ascii_case(kind)));
    let mut definitions = Map::new();
    for (name, schema) in document(OWN)["components"]["schemas"].as_object()? {
        let mut schema = schema.clone();
        turn(&mut schema);
        definitions.insert(name.clone(), schema);
    }
    for resource in &resources {
        let schema = definitions.get_mut(&super::kind::schema_name(resource))?;
        schema["properties"]["apiVersion"] = json!({"const": OWN.api_version()});
        schema["properties"]["kind"] = json!({"const": resource.kind});
        schema["required"] = json!(["apiVersion", "kind", "metadata", "spec"]);
        schema["additionalProperties"] = false.into();
    }
    let reference =
        |resource: &&Resource| json!({"$ref": format!("#/definitions/{}", super::kind::schema_name(resource))});
    let mut whole = match resources.as_slice() {
        [] => return None,
        [one] => reference(one),
        many => {
            // By its kind, so that an editor tells what is wrong with a Service as a Service.
            let choices = many.iter().map(|one| {
                json!({"if": {"properties": {"kind": {"const": one.kind}}, "required": ["kind"]}, "then": reference(one)})
            });
            json!({"allOf": choices.collect::<Vec<_>>(), "properties": {"kind": {"enum": kinds()}}, "required": ["kind"]})
        }
    };
    whole["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    whole["title"] = "evenkeel manifest".into();
    whole["definitions"] = definitions.into();
    Some(whole)
}

/// Turns a schema of served objects into one of what people write.
fn turn(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("x-kubernetes-"));
            if let Some(reference) = members.get_mut("$ref") {
                *reference =
                    reference.as_str().unwrap_or_default().replace("#/components/schemas/", "#/definitions/").into();
            }
            members.values_mut().for_each(turn);
            // A property may be named `type` or `format`: only those of a schema are texts.
            let word = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
            match (word("type").as_deref(), word("format").as_deref()) {
                // Epoch seconds do as well.
                (Some("string"), Some("date-time")) => drop(members.remove("type")),
                (Some("integer" | "number" | "boolean"), _) => or_variable(members),
                (Some("string"), _) if members.get("enum").is_some_and(Value::is_array) => {
                    // AWS may know more values than the models do; an editor still offers those that are known.
                    let known = members.remove("enum").unwrap_or_default();
                    members.insert("anyOf".into(), json!([{"enum": known}, {"type": "string"}]));
                }
                (Some("string"), _) if members.get("pattern").is_some_and(Value::is_string) => or_variable(members),
                _ => {}
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(turn),
        _ => {}
    }
}

/// A value, or a variable that will be one.
fn or_variable(members: &mut Map<String, Value>) {
    let description = members.remove("description");
    let value = Value::Object(std::mem::take(members));
    members.insert("anyOf".into(), json!([value, {"type": "string", "pattern": r"\$\{[^}]+\}"}]));
    members.extend(description.map(|description| ("description".to_owned(), description)));
}
