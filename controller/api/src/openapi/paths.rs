//! What can be asked for under which path.

use serde_json::{Map, Value, json};

use super::kind::{gvk, schema_name};
use crate::resource::Resource;

/// The paths of a resource with their operations.
pub(super) fn of(resource: &Resource) -> [(String, Value); 2] {
    let scope = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("/{}{scope}/{}", resource.group_version().path(), resource.plural);
    let one = format!("{collection}/{{name}}");
    let has = |verb: &&Verb| resource.verbs.contains(&verb.name);
    let item = |verbs: &[Verb], names: &[&str]| {
        let mut item: Map<String, Value> =
            verbs.iter().filter(has).map(|verb| (verb.method.to_owned(), verb.operation(resource))).collect();
        item.insert("parameters".into(), names.iter().map(|name| in_path(name)).collect());
        Value::Object(item)
    };
    let in_namespace: &[&str] = if resource.namespaced { &["namespace"] } else { &[] };
    let names = [in_namespace, &["name"]].concat();
    [(collection, item(&ON_COLLECTION, in_namespace)), (one, item(&ON_OBJECT, &names))]
}

struct Verb {
    name: &'static str,
    method: &'static str,
    /// kube's word for it.
    action: &'static str,
    parameters: &'static [(&'static str, &'static str, &'static str)],
    bodies: &'static [&'static str],
}

const READ: &[(&str, &str, &str)] = &[
    ("labelSelector", "string", "Only objects with these labels."),
    ("fieldSelector", "string", "Only objects with these fields."),
    ("limit", "integer", "Most objects in one answer."),
    ("continue", "string", "Where the previous answer ended."),
    ("resourceVersion", "string", "Where a watch starts, or how old an answer may be."),
    ("resourceVersionMatch", "string", "NotOlderThan or Exact."),
    ("watch", "boolean", "Changes as they happen, one JSON document a line."),
    ("allowWatchBookmarks", "boolean", "Whether a watch tells now and then how far it is."),
    ("sendInitialEvents", "boolean", "Whether a watch begins with what is there."),
    ("timeoutSeconds", "integer", "How long a watch lasts."),
];
/// kubectl looks for `fieldValidation` before it sends an object: where it is missing, it checks by itself, with
/// OpenAPI v2.
const WRITE: &[(&str, &str, &str)] = &[
    ("dryRun", "string", "All: nothing is written, and warnings say what would come of it."),
    ("fieldManager", "string", "Who writes; not kept."),
    ("fieldValidation", "string", "Unknown fields are always told; this changes nothing."),
    ("force", "boolean", "For server-side apply; not needed, since nobody owns fields."),
];
const DELETE_ALL: &[(&str, &str, &str)] = &[
    ("labelSelector", "string", "Only objects with these labels."),
    ("fieldSelector", "string", "Only objects with these fields."),
    ("dryRun", "string", "All: nothing is deleted."),
];
const JSON: &str = "application/json";

const ON_COLLECTION: [Verb; 3] = [
    Verb { name: "list", method: "get", action: "list", parameters: READ, bodies: &[] },
    Verb { name: "create", method: "post", action: "post", parameters: WRITE, bodies: &[JSON] },
    Verb {
        name: "deletecollection",
        method: "delete",
        action: "deletecollection",
        parameters: DELETE_ALL,
        bodies: &[JSON],
    },
];

const ON_OBJECT: [Verb; 4] = [
    Verb { name: "get", method: "get", action: "get", parameters: &[], bodies: &[] },
    Verb { name: "update", method: "put", action: "put", parameters: WRITE, bodies: &[JSON] },
    Verb { name: "delete", method: "delete", action: "delete", parameters: WRITE, bodies: &[JSON] },
    // Never a strategic merge patch: kubectl would send one.
    Verb {
        name: "patch",
        method: "patch",
        action: "patch",
        parameters: WRITE,
        bodies: &["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"],
    },
];

impl Verb {
    fn operation(&self, resource: &Resource) -> Value {
        let object = json!({"$ref": format!("#/components/schemas/{}", schema_name(resource))});
        let answer = match self.name {
            "list" | "deletecollection" => json!({
                "type": "object",
                "properties": {"items": {"type": "array", "items": object}, "metadata": {"type": "object"}},
            }),
            _ => object,
        };
        let mut operation = json!({
            "operationId": format!("{}{}{}", self.name, resource.group_version().version, resource.kind)
                + if resource.group == "events.k8s.io" { "InEventsGroup" } else { "" },
            "x-kubernetes-action": self.action,
            "x-kubernetes-group-version-kind": gvk(resource),
            "parameters": self.parameters.iter().map(|it| in_query(*it)).collect::<Vec<_>>(),
            "responses": {
                if self.method == "post" { "201" } else { "200" }: {
                    "description": "OK",
                    "content": {JSON: {"schema": answer}},
                },
                "default": {"description": "A kube Status that says what is wrong."},
            },
        });
        if !self.bodies.is_empty() {
            let content = self.bodies.iter().map(|media| {
                // A JSON patch is a list, the others are objects in part or whole.
                let kind = if media.contains("json-patch") { "array" } else { "object" };
                let items = if kind == "array" { json!({"type": kind, "items": {}}) } else { json!({"type": kind}) };
                ((*media).to_owned(), json!({"schema": items}))
            });
            operation["requestBody"] = json!({"content": content.collect::<Map<_, _>>()});
        }
        operation
    }
}

fn in_query((name, kind, description): (&str, &str, &str)) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": kind}, "description": description})
}

fn in_path(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
}
