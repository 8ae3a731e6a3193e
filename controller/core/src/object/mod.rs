//! Objects with kube metadata: what the store keeps, the API serves and the reconcilers work on.

mod kind;
mod metadata;

pub use kind::Kind;
pub use metadata::{Metadata, ResourceVersion};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// API group of all evenkeel objects.
pub const GROUP: &str = "evenkeel.dev";
/// Version of the API group.
pub const VERSION: &str = "v1alpha1";
/// `apiVersion` of all evenkeel objects.
pub const API_VERSION: &str = "evenkeel.dev/v1alpha1";

/// The finalizer that holds a deleted object until AWS is clean.
pub const FINALIZER: &str = "evenkeel.dev/aws";

/// Name of the one Installation that a store holds.
pub const INSTALLATION: &str = "evenkeel";

/// Names one object: its kind, its namespace (empty for cluster-scoped kinds) and its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Kind of the object.
    pub kind: Kind,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectKey {
    /// A key; `namespace` is ignored for cluster-scoped kinds.
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        let namespace = if kind.namespaced() { namespace.to_owned() } else { String::new() };
        Self { kind, namespace, name: name.to_owned() }
    }

    /// Key of the one Installation.
    pub fn installation() -> Self {
        Self::new(Kind::Installation, "", INSTALLATION)
    }

    /// Key of the Cluster object that a namespace stands for (a namespace bears its Cluster's name).
    pub fn cluster_of(&self) -> Self {
        match self.kind {
            Kind::Cluster => self.clone(),
            // It is in none.
            Kind::Installation => Self::new(Kind::Cluster, "", ""),
            _ => Self::new(Kind::Cluster, "", &self.namespace),
        }
    }
}

/// `Kind/name`, or `Kind/namespace/name` for namespaced kinds.
impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}/{}", self.kind, self.name)
        } else {
            write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// One object. `spec` and `status` stay JSON: AWS documents inside them pass through unread members untouched.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Kind; `apiVersion` follows from it.
    pub kind: Kind,
    /// Kube metadata.
    pub metadata: Metadata,
    /// What is wanted. `Null` for kinds without one.
    pub spec: Value,
    /// What was seen and decided last. `Null` until first written.
    pub status: Value,
}

impl Object {
    /// A new object without status, as a manifest would make it.
    pub fn new(key: &ObjectKey, spec: Value) -> Self {
        let metadata = Metadata {
            name: key.name.clone(),
            namespace: (!key.namespace.is_empty()).then(|| key.namespace.clone()),
            ..Metadata::default()
        };
        Self { kind: key.kind, metadata, spec, status: Value::Null }
    }

    /// The object's key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.kind, self.metadata.namespace.as_deref().unwrap_or(""), &self.metadata.name)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    api_version: String,
    kind: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    spec: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    status: Value,
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            api_version: self.kind.api_version().to_owned(),
            kind: self.kind.name().to_owned(),
            metadata: self.metadata.clone(),
            spec: self.spec.clone(),
            status: self.status.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let kind =
            Kind::from_name(&wire.kind).ok_or_else(|| de::Error::custom(format!("unknown kind {:?}", wire.kind)))?;
        Ok(Self { kind, metadata: wire.metadata, spec: wire.spec, status: wire.status })
    }
}
