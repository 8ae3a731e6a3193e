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
/// evenkeel's own group.
pub(crate) const OWN: GroupVersion = GroupVersion { group: GROUP, version: VERSION };

impl GroupVersion {
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
    /// Short name for command lines.
    pub(crate) short_name: &'static str,
    /// Names for groups of resources, as in `kubectl get evenkeel`.
    pub(crate) categories: &'static [&'static str],
    /// Whether its objects live in namespaces.
    pub(crate) namespaced: bool,
    /// The stored kind that its objects are made from.
    pub(crate) stored: Kind,
    /// Makes the served document of a stored object.
    pub(crate) document: fn(&Object) -> Value,
    /// Columns of its Table.
    pub(crate) columns: &'static [Column],
    /// Fields that a field selector may name, as paths into the document, besides name and namespace.
    pub(crate) selectable: &'static [&'static str],
}

/// All resources that are served.
pub(crate) static RESOURCES: [Resource; 5] = [
    own(Kind::Cluster, "cluster", columns::CLUSTER),
    own(Kind::TaskDefinition, "taskdefinition", columns::TASK_DEFINITION),
    own(Kind::Service, "service", columns::SERVICE),
    // kubectl reads the namespace whenever it does not find an object in it. There is one for each Cluster.
    Resource {
        group: CORE.group,
        kind: "Namespace",
        plural: "namespaces",
        singular: "namespace",
        short_name: "ns",
        categories: &[],
        namespaced: false,
        stored: Kind::Cluster,
        document: document::namespace,
        columns: columns::NAMESPACE,
        selectable: &["status.phase"],
    },
    Resource {
        group: CORE.group,
        kind: Kind::Event.name(),
        plural: Kind::Event.plural(),
        singular: "event",
        short_name: Kind::Event.short_name(),
        categories: &[],
        namespaced: Kind::Event.namespaced(),
        stored: Kind::Event,
        document: document::event,
        columns: columns::EVENT,
        selectable: &[
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
        ],
    },
];

const fn own(kind: Kind, singular: &'static str, columns: &'static [Column]) -> Resource {
    Resource {
        group: OWN.group,
        kind: kind.name(),
        plural: kind.plural(),
        singular,
        short_name: kind.short_name(),
        categories: &["evenkeel", "all"],
        namespaced: kind.namespaced(),
        stored: kind,
        document: document::own,
        columns,
        selectable: &["status.sync", "status.health"],
    }
}

impl Resource {
    /// Its group and version.
    pub(crate) fn group_version(&self) -> GroupVersion {
        if self.group.is_empty() { CORE } else { OWN }
    }

    /// `plural.group`, as messages name it.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}
