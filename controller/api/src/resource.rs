//! What is served: one row a resource. Everything else in this crate reads this table.

use evenkeel_core::object::{GROUP, Kind, Object, VERSION};
use serde_json::Value;

use crate::document;
use crate::table::columns::{self, Column};

/// A group and version of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupVersion {
    /// API group; empty for kube's core group.
    pub(crate) group: &'static str,
    /// Version within the group.
    pub(crate) version: &'static str,
}

/// Kube's core group.
pub(crate) const CORE: GroupVersion = GroupVersion { group: "", version: "v1" };
/// Kube's newer group for events; the same objects are in the core group.
pub(crate) const EVENTS: GroupVersion = GroupVersion { group: "events.k8s.io", version: "v1" };
/// evenkeel's own group.
pub(crate) const OWN: GroupVersion = GroupVersion { group: GROUP, version: VERSION };

/// All of them, in the order in which clients prefer them.
pub(crate) const GROUP_VERSIONS: [GroupVersion; 3] = [CORE, EVENTS, OWN];

impl GroupVersion {
    /// The one with this group and version, if it is served.
    pub(crate) fn named(group: &str, version: &str) -> Option<Self> {
        GROUP_VERSIONS.into_iter().find(|it| it.group == group && it.version == version)
    }

    /// `apiVersion` of its objects.
    pub(crate) fn api_version(self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Its path, without a slash at either end.
    pub(crate) fn path(self) -> String {
        let root = if self.group.is_empty() { "api" } else { "apis" };
        format!("{root}/{}", self.api_version())
    }

    /// The resources in it.
    pub(crate) fn resources(self) -> impl Iterator<Item = &'static Resource> {
        RESOURCES.iter().filter(move |resource| resource.group == self.group)
    }
}

/// One resource.
#[derive(Debug)]
pub(crate) struct Resource {
    /// API group; empty for kube's core group.
    pub(crate) group: &'static str,
    /// `kind` of its objects.
    pub(crate) kind: &'static str,
    /// Lower-case plural, as in paths.
    pub(crate) plural: &'static str,
    /// Lower-case singular.
    pub(crate) singular: &'static str,
    /// Short name for command lines; empty for none.
    pub(crate) short_name: &'static str,
    /// Names for groups of resources, as in `kubectl get evenkeel`.
    pub(crate) categories: &'static [&'static str],
    /// What can be done with its objects.
    pub(crate) verbs: &'static [&'static str],
    /// Whether its objects have a count of what runs.
    pub(crate) scales: bool,
    /// Whether its objects live in namespaces.
    pub(crate) namespaced: bool,
    /// The stored kind that its objects are made from.
    pub(crate) stored: Kind,
    /// Makes the served document of a stored object.
    pub(crate) document: fn(Object) -> Value,
    /// Whether documents are stored as they are served, but for masks.
    pub(crate) verbatim: bool,
    /// Columns of its Table.
    pub(crate) columns: &'static [Column],
    /// Fields that a field selector may name, as paths into the document, besides name and namespace.
    pub(crate) selectable: &'static [&'static str],
}

/// All resources that are served.
pub(crate) static RESOURCES: [Resource; 7] = [
    own(Kind::Cluster, "cluster", columns::CLUSTER),
    own(Kind::TaskDefinition, "taskdefinition", columns::TASK_DEFINITION),
    own(Kind::Service, "service", columns::SERVICE),
    // It is there, and is operated on.
    Resource {
        verbs: &["get", "list", "patch", "update", "watch"],
        categories: &["evenkeel"],
        ..own(Kind::Installation, "installation", columns::INSTALLATION)
    },
    // kubectl reads the namespace whenever it does not find an object in it. There is one for each Cluster.
    Resource {
        group: CORE.group,
        kind: "Namespace",
        plural: "namespaces",
        singular: "namespace",
        short_name: "ns",
        categories: &[],
        verbs: &["get", "list", "watch"],
        scales: false,
        namespaced: false,
        stored: Kind::Cluster,
        document: document::namespace,
        verbatim: false,
        columns: columns::NAMESPACE,
        selectable: &["status.phase"],
    },
    event(
        CORE,
        Kind::Event.short_name(),
        document::event,
        &[
            "involvedObject.apiVersion",
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.uid",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "type",
            "reportingComponent",
            "source",
        ],
    ),
    // Without a short name, which kubectl would call ambiguous.
    event(
        EVENTS,
        "",
        document::event_v1,
        &[
            "regarding.apiVersion",
            "regarding.kind",
            "regarding.name",
            "regarding.namespace",
            "regarding.uid",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reason",
            "type",
            "reportingController",
        ],
    ),
];

const fn event(
    group_version: GroupVersion,
    short_name: &'static str,
    document: fn(Object) -> Value,
    selectable: &'static [&'static str],
) -> Resource {
    Resource {
        group: group_version.group,
        kind: Kind::Event.name(),
        plural: Kind::Event.plural(),
        singular: "event",
        short_name,
        categories: &[],
        // Anybody may tell what happens.
        verbs: &["create", "get", "list", "patch", "update", "watch"],
        scales: false,
        namespaced: Kind::Event.namespaced(),
        stored: Kind::Event,
        document,
        verbatim: false,
        columns: columns::EVENT,
        selectable,
    }
}

const fn own(kind: Kind, singular: &'static str, columns: &'static [Column]) -> Resource {
    Resource {
        group: OWN.group,
        kind: kind.name(),
        plural: kind.plural(),
        singular,
        short_name: kind.short_name(),
        categories: &["evenkeel", "all"],
        // What git owns is created and changed here in dry runs only.
        verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        scales: matches!(kind, Kind::Service),
        namespaced: kind.namespaced(),
        stored: kind,
        document: document::own,
        verbatim: true,
        columns,
        selectable: &["status.sync", "status.health"],
    }
}

impl Resource {
    /// Its group and version.
    pub(crate) fn group_version(&self) -> GroupVersion {
        GROUP_VERSIONS.into_iter().find(|it| it.group == self.group).unwrap_or(OWN)
    }

    /// Its subresources, with group, version and kind of what is read there. They are only read.
    pub(crate) fn subresources(&self) -> Vec<(&'static str, [&'static str; 3])> {
        let GroupVersion { group, version } = self.group_version();
        let status = (self.group == OWN.group).then_some(("status", [group, version, self.kind]));
        let scale = self.scales.then_some(("scale", ["autoscaling", "v1", "Scale"]));
        status.into_iter().chain(scale).collect()
    }

    /// Short names for command lines.
    pub(crate) fn short_names(&self) -> Vec<&'static str> {
        [self.short_name].into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// `plural.group`, as messages name it.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}
