//! Schemas of kinds: our own part from the types, AWS's part from the catalogue.

use evenkeel_core::catalogue::Document;
use evenkeel_core::spec::{ClusterSpec, ServiceSpec, TaskDefinitionSpec};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::aws;
use crate::resource::{OWN, Resource};

/// The members of specs that are AWS documents.
const DOCUMENTS: [(&str, &str, Document); 4] = [
    ("ClusterSpec", "cluster", Document::Cluster),
    ("TaskDefinitionSpec", "taskDefinition", Document::TaskDefinition),
    ("ServiceSpec", "service", Document::Service),
    ("ServiceSpec", "scaling", Document::Scaling),
];

/// Group, version and kind, as kubectl looks for them.
pub(super) fn gvk(resource: &Resource) -> Value {
    json!({"group": resource.group, "version": resource.group_version().version, "kind": resource.kind})
}

/// Name of a kind's schema.
pub(super) fn schema_name(resource: &Resource) -> String {
    match resource.group {
        "" => format!("v1.{}", resource.kind),
        _ if resource.group == OWN.group => format!("dev.evenkeel.{}.{}", OWN.version, resource.kind),
        group => format!("{group}.v1.{}", resource.kind),
    }
}

/// Schema of a kind.
pub(super) fn schema(resource: &Resource, generator: &mut SchemaGenerator) -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let mut properties = json!({
        "apiVersion": text("Group and version of the kind."),
        "kind": text("Kind of the object."),
        "metadata": {
            "description": "Name, namespace, labels and what the store says of the object.",
            "allOf": [{"$ref": "#/components/schemas/ObjectMeta"}],
        },
    });
    let (description, spec) = match resource.kind {
        "Cluster" => (
            "One ECS cluster in one account and region. Its name is the namespace of all that is in it.",
            Some(generator.subschema_for::<ClusterSpec>()),
        ),
        "TaskDefinition" => (
            "A task definition family and the content that its newest revision is to have.",
            Some(generator.subschema_for::<TaskDefinitionSpec>()),
        ),
        "Service" => ("An ECS service with its scaling.", Some(generator.subschema_for::<ServiceSpec>())),
        "Installation" => ("This installation of evenkeel itself: what is said of it holds for all Clusters.", None),
        "Namespace" => ("Stands for the Cluster of the same name.", None),
        _ => ("Something that happened to an object.", None),
    };
    if resource.group == OWN.group {
        properties["status"] = json!({
            "description": "What was seen and decided last.",
            "allOf": [{"$ref": "#/components/schemas/Status"}],
        });
    }
    match spec {
        Some(spec) => {
            properties["spec"] = json!({"description": "What is wanted; git alone changes it.", "allOf": [spec]});
        }
        None if resource.group == OWN.group => {}
        None if resource.kind == "Namespace" => {
            properties["status"] = json!({
                "type": "object",
                "description": "Whether the Cluster is there.",
                "properties": {"phase": text("Active, or Terminating while the Cluster is deleted.")},
            });
        }
        None => {
            for column in resource.selectable {
                let name = column.split('.').next().unwrap_or_default();
                let nested = column.contains('.') || name == "source";
                properties[name] = match nested {
                    true => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
                    false => text("Member of kube's event."),
                };
            }
        }
    }
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "x-kubernetes-group-version-kind": [gvk(resource)],
    })
}

/// Puts AWS's documents where the types have "any object", and adds what all kinds have in common.
pub(super) fn complete(schemas: &mut Map<String, Value>) {
    for (spec, member, document) in DOCUMENTS {
        let Some(place) = schemas.get_mut(spec).map(|schema| &mut schema["properties"][member]) else { continue };
        let description = place["description"].take();
        *place = aws::document(document);
        place["description"] = description;
    }
    schemas.values_mut().for_each(drop_null);
    schemas.insert("ObjectMeta".into(), object_meta());
    schemas.insert("Status".into(), status());
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
            members.remove("nullable");
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
            "annotations": texts(
                "Annotations. Those of evenkeel.dev operate: suspend, suspend-reason, suspended-by, suspended-until, \
                 reconcile-requested-at, approve, retry, pin, open-until.",
            ),
        },
    })
}

/// What every kind says of itself (the status of one kind has more members than are named here).
fn status() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let list = |description: &str, members: &[(&str, &str)]| {
        let members: Map<String, Value> = members.iter().map(|(name, about)| ((*name).into(), text(about))).collect();
        json!({"type": "array", "description": description, "items": {"type": "object", "properties": members}})
    };
    json!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
            "observedGeneration": {"type": "integer", "description": "The generation that this status speaks of."},
            "sync": text("Synced, OutOfSync or Unknown: whether AWS is as declared."),
            "health": text("Healthy, Progressing, Degraded, Missing or Unknown: how what runs is doing."),
            "conditions": list(
                "Ready, Reconciling, Stalled, Drifted and Healthy, each with a reason.",
                &[
                    ("type", "Which condition."),
                    ("status", "True, False or Unknown."),
                    ("reason", "Why, in one word from a closed list."),
                    ("message", "Why, for people."),
                    ("lastTransitionTime", "When it last changed."),
                ],
            ),
            "drift": list(
                "Declared fields that AWS shows otherwise.",
                &[
                    ("path", "Which field, as a pointer into the AWS document."),
                    ("desired", "What is declared; secrets are masked."),
                    ("observed", "What AWS shows; secrets are masked."),
                    ("rule", "How the two were compared."),
                    ("by", "Who made it differ, as CloudTrail names them; source, if what is declared changed; or unknown."),
                    ("at", "When they did."),
                ],
            ),
            "lastForeignChange": {
                "type": "object",
                "description": "Who was the last to make a declared field differ, as CloudTrail recorded it.",
                "properties": {
                    "path": text("Which field."),
                    "by": text("Who."),
                    "at": text("When."),
                },
            },
            "waiting": list("What is waited for.", &[("reason", "Why."), ("message", "Why, and what to do.")]),
            "proposed": list(
                "What would be done if policy allowed it.",
                &[("operation", "The AWS operation."), ("reason", "What it is for.")],
            ),
            "lastAppliedRevision": text("The revision of git that AWS was last seen to be in line with."),
            "lastAttemptedRevision": text("The revision of git that is worked on."),
            "lastHandledReconcileAt": text("The request to reconcile that was answered last."),
        },
    })
}
