//! OpenAPI v3: what `kubectl explain` reads.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use evenkeel_core::spec::{ClusterSpec, ServiceSpec, TaskDefinitionSpec};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::resource::{CORE, GroupVersion, OWN, Resource};

/// `GET /openapi/v3`: where the documents are. The hash lets kubectl keep one until it changes.
pub(crate) fn index() -> Value {
    let entry = |group_version: GroupVersion| {
        let path = group_version.path();
        let mut hasher = DefaultHasher::new();
        document(group_version).to_string().hash(&mut hasher);
        let url = format!("/openapi/v3/{path}?hash={:016X}", hasher.finish());
        (path, json!({"serverRelativeURL": url}))
    };
    json!({"paths": Map::from_iter([CORE, OWN].map(entry))})
}

/// `GET /openapi/v3/...`: the document of a group and version.
pub(crate) fn document(group_version: GroupVersion) -> &'static Value {
    static DOCUMENTS: [OnceLock<Value>; 2] = [const { OnceLock::new() }; 2];
    DOCUMENTS[usize::from(group_version == OWN)].get_or_init(|| build(group_version))
}

fn build(group_version: GroupVersion) -> Value {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in group_version.resources() {
        paths.extend(operations(resource));
        schemas.insert(schema_name(resource), schema(resource, &mut generator));
    }
    schemas.extend(generator.take_definitions(true));
    schemas.values_mut().for_each(drop_null);
    schemas.insert("ObjectMeta".into(), object_meta());
    json!({
        "openapi": "3.0.0",
        "info": {"title": "evenkeel", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn kind(resource: &Resource) -> Value {
    json!({"group": resource.group, "version": resource.group_version().version, "kind": resource.kind})
}

fn schema_name(resource: &Resource) -> String {
    match resource.group {
        "" => format!("v1.{}", resource.kind),
        _ => format!("dev.evenkeel.{}.{}", OWN.version, resource.kind),
    }
}

fn operations(resource: &Resource) -> [(String, Value); 2] {
    let scope = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("/{}{scope}/{}", resource.group_version().path(), resource.plural);
    let operation = |action: &str| {
        let content = json!({"schema": {"$ref": format!("#/components/schemas/{}", schema_name(resource))}});
        json!({"get": {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind(resource),
            "responses": {"200": {"description": "OK", "content": {"application/json": content}}},
        }})
    };
    let one = format!("{collection}/{{name}}");
    [(collection, operation("list")), (one, operation("get"))]
}

fn schema(resource: &Resource, generator: &mut SchemaGenerator) -> Value {
    let mut properties = json!({
        "apiVersion": {"type": "string", "description": "Group and version of the kind."},
        "kind": {"type": "string", "description": "Kind of the object."},
        "metadata": {
            "description": "Name, namespace, labels and what the store says of the object.",
            "allOf": [{"$ref": "#/components/schemas/ObjectMeta"}],
        },
        "status": {
            "type": "object",
            "description": "What was seen and decided last.",
            "x-kubernetes-preserve-unknown-fields": true,
        },
    });
    let (description, spec) = match resource.kind {
        "Cluster" => ("One ECS cluster in one account and region.", Some(generator.subschema_for::<ClusterSpec>())),
        "TaskDefinition" => (
            "A task definition family and the content that its newest revision is to have.",
            Some(generator.subschema_for::<TaskDefinitionSpec>()),
        ),
        "Service" => ("An ECS service with its scaling.", Some(generator.subschema_for::<ServiceSpec>())),
        "Namespace" => ("Stands for the Cluster of the same name.", None),
        _ => ("Something that happened to an object.", None),
    };
    if let Some(spec) = spec {
        properties["spec"] = json!({"description": "What is wanted.", "allOf": [spec]});
    }
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "x-kubernetes-group-version-kind": [kind(resource)],
    })
}

/// Turns "this or null" into "this": kubectl follows only references that stand alone, and absent is what null means.
fn drop_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(mut choices)) = members.remove("anyOf") {
                choices.retain(|choice| choice["enum"] != json!([null]));
                let word = if choices.len() == 1 { "allOf" } else { "anyOf" };
                members.insert(word.into(), choices.into());
            }
            members.values_mut().for_each(drop_null);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_null),
        _ => {}
    }
}

fn object_meta() -> Value {
    let texts = |description: &str| json!({"type": "object", "description": description, "additionalProperties": {"type": "string"}});
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "description": "Kube metadata.",
        "properties": {
            "name": text("Name, unique per kind and namespace."),
            "namespace": text("Name of the Cluster that the object belongs to."),
            "uid": text("Identity over time: an object deleted and made again has another."),
            "resourceVersion": text("Version of the last write."),
            "generation": {"type": "integer", "description": "Counts changes of spec."},
            "creationTimestamp": text("When the object was first stored."),
            "deletionTimestamp": text("When deletion was asked for."),
            "finalizers": {
                "type": "array",
                "description": "Who must still clean up before a deleted object may go.",
                "items": {"type": "string"},
            },
            "labels": texts("Labels, for selection."),
            "annotations": texts("Annotations; operating intent stands here."),
        },
    })
}
