//! A Cluster, checked.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Checked, Document, mandate, owner, take_tags, text};
use crate::catalogue::Catalogue;
use crate::object::Object;
use crate::operation::Operation;
use crate::plan::{self, Holds};
use crate::spec::{self, ClusterSpec};
use crate::validate;

/// A Cluster whose spec has been read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The spec.
    pub spec: ClusterSpec,
    /// AWS name: `clusterName`, else the object's name.
    pub name: String,
    /// CreateCluster input without name and tags; `None` when the cluster is somebody else's.
    pub document: Option<Map<String, Value>>,
    /// Declared tags.
    pub tags: BTreeMap<String, String>,
}

impl Cluster {
    /// Reads and checks the spec of a Cluster.
    pub fn check(name: &str, spec: &Value) -> Checked<Self> {
        let spec: ClusterSpec = match spec::read(spec, "/spec") {
            Ok(spec) => spec,
            Err(problems) => return Checked::broken(problems),
        };
        let Some(written) = &spec.cluster else {
            return Checked::new(
                Self { name: name.to_owned(), document: None, tags: BTreeMap::new(), spec },
                Vec::new(),
            );
        };
        let mut document = Document::new(written, "/spec/cluster").default("clusterName", name);
        let Some(wire) = document.wire(Catalogue::get().input(Operation::CreateCluster)) else {
            return Checked::broken(document.problems);
        };
        document.found(validate::cluster(&wire));
        let mut members = wire.as_object().cloned().unwrap_or_default();
        let tags = take_tags(&mut members);
        let name = text(&members, "clusterName");
        members.remove("clusterName");
        Checked::new(Self { name, document: Some(members), tags, spec }, document.problems)
    }

    /// What its plan works on.
    pub fn desired(&self, object: &Object, installation: &str, holds: &Holds) -> plan::cluster::Desired {
        plan::cluster::Desired {
            name: self.name.clone(),
            owner: owner(object, installation),
            document: self.document.clone(),
            tags: self.tags.clone(),
            mandate: mandate(self.spec.policy(), &object.metadata, holds),
        }
    }
}
