//! What clients ask first: which groups, versions and resources there are.

use serde_json::{Value, json};

use crate::resource::{CORE, EVENTS, GroupVersion, OWN, Resource};

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
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [members(EVENTS), members(OWN)]})
}

/// `GET /apis/GROUP`.
pub(crate) fn group(group_version: GroupVersion) -> Value {
    let mut group = members(group_version);
    group["kind"] = "APIGroup".into();
    group["apiVersion"] = "v1".into();
    group
}

fn members(group_version: GroupVersion) -> Value {
    let version = json!({"groupVersion": group_version.api_version(), "version": group_version.version});
    json!({"name": group_version.group, "versions": [version], "preferredVersion": version})
}

/// `GET /api/v1` and `GET /apis/GROUP/VERSION`.
pub(crate) fn resources(group_version: GroupVersion) -> Value {
    let entry = |resource: &Resource| {
        json!({
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": resource.verbs,
            "shortNames": resource.short_names(),
            "categories": resource.categories,
        })
    };
    let below = |resource: &Resource| {
        let (plural, namespaced) = (resource.plural, resource.namespaced);
        let entry = |(name, [group, version, kind]): (&str, [&str; 3])| {
            json!({
                "name": format!("{plural}/{name}"),
                "singularName": "",
                "namespaced": namespaced,
                "group": group,
                "version": version,
                "kind": kind,
                "verbs": ["get"],
            })
        };
        resource.subresources().into_iter().map(entry).collect::<Vec<_>>()
    };
    let entries = group_version.resources().flat_map(|resource| [vec![entry(resource)], below(resource)].concat());
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version.api_version(),
        "resources": entries.collect::<Vec<_>>(),
    })
}

/// `GET /api`, aggregated.
pub(crate) fn core_aggregated(version: &str) -> Value {
    aggregated(version, &[(CORE, json!({"creationTimestamp": null}))])
}

/// `GET /apis`, aggregated.
pub(crate) fn groups_aggregated(version: &str) -> Value {
    let group = |it: GroupVersion| (it, json!({"name": it.group, "creationTimestamp": null}));
    aggregated(version, &[group(EVENTS), group(OWN)])
}

fn aggregated(version: &str, groups: &[(GroupVersion, Value)]) -> Value {
    let group = |(group_version, metadata): &(GroupVersion, Value)| {
        let entry = |resource: &Resource| {
            let kind =
                |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
            let below = resource.subresources().into_iter().map(|(name, [group, version, of])| {
                json!({"subresource": name, "responseKind": kind(group, version, of), "verbs": ["get"]})
            });
            json!({
                "resource": resource.plural,
                "responseKind": kind(resource.group, group_version.version, resource.kind),
                "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": resource.singular,
                "shortNames": resource.short_names(),
                "categories": resource.categories,
                "verbs": resource.verbs,
                "subresources": below.collect::<Vec<_>>(),
            })
        };
        let resources: Vec<Value> = group_version.resources().map(entry).collect();
        let version = json!({"version": group_version.version, "freshness": "Current", "resources": resources});
        json!({"metadata": metadata, "versions": [version]})
    };
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": groups.iter().map(group).collect::<Vec<_>>(),
    })
}
