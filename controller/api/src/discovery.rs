//! What clients ask first: which groups, versions and resources there are.

use serde_json::{Value, json};

use crate::resource::{CORE, GroupVersion, OWN, Resource};

/// What can be done with every resource.
const VERBS: [&str; 3] = ["get", "list", "watch"];

/// `GET /version`. kubectl wants all members to be there, and takes the minor for what the server can do: 1.33 is a
/// version that all of today's clients work with.
pub(crate) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "33",
        "gitVersion": concat!("v1.33.1+evenkeel-", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "",
        "goVersion": "",
        "compiler": "",
        "platform": "",
    })
}

/// `GET /api`, plain.
pub(crate) fn core() -> Value {
    json!({"kind": "APIVersions", "versions": [CORE.version], "serverAddressByClientCIDRs": []})
}

/// `GET /apis`, plain.
pub(crate) fn groups() -> Value {
    let mut group = group();
    if let Some(members) = group.as_object_mut() {
        members.remove("kind");
        members.remove("apiVersion");
    }
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]})
}

/// `GET /apis/GROUP`.
pub(crate) fn group() -> Value {
    let version = json!({"groupVersion": OWN.api_version(), "version": OWN.version});
    json!({
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": OWN.group,
        "versions": [version],
        "preferredVersion": version,
    })
}

/// `GET /api/v1` and `GET /apis/GROUP/VERSION`.
pub(crate) fn resources(group_version: GroupVersion) -> Value {
    let entry = |resource: &Resource| {
        json!({
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": VERBS,
            "shortNames": [resource.short_name],
            "categories": resource.categories,
        })
    };
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version.api_version(),
        "resources": group_version.resources().map(entry).collect::<Vec<_>>(),
    })
}

/// `GET /api`, aggregated.
pub(crate) fn core_aggregated(version: &str) -> Value {
    aggregated(version, CORE, json!({"creationTimestamp": null}))
}

/// `GET /apis`, aggregated.
pub(crate) fn groups_aggregated(version: &str) -> Value {
    aggregated(version, OWN, json!({"name": OWN.group, "creationTimestamp": null}))
}

fn aggregated(version: &str, group_version: GroupVersion, metadata: Value) -> Value {
    let entry = |resource: &Resource| {
        json!({
            "resource": resource.plural,
            "responseKind": {"group": resource.group, "version": group_version.version, "kind": resource.kind},
            "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
            "singularResource": resource.singular,
            "shortNames": [resource.short_name],
            "categories": resource.categories,
            "verbs": VERBS,
        })
    };
    let resources: Vec<Value> = group_version.resources().map(entry).collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": [{
            "metadata": metadata,
            "versions": [{"version": group_version.version, "freshness": "Current", "resources": resources}],
        }],
    })
}
