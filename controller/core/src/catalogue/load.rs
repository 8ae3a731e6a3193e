//! From `data/catalogue.json` to the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Bounds, Catalogue, Shape, ShapeKind, ShapeRef, Structure};
use crate::operation::Operation;

#[derive(Deserialize)]
struct Raw {
    botocore: String,
    services: BTreeMap<String, RawService>,
}

#[derive(Deserialize)]
struct RawService {
    operations: BTreeMap<String, (String, String)>,
    shapes: BTreeMap<String, RawShape>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum RawShape {
    Structure {
        #[serde(default)]
        members: BTreeMap<String, String>,
        #[serde(default)]
        required: BTreeSet<String>,
        #[serde(default)]
        deprecated: BTreeSet<String>,
        #[serde(default)]
        union: bool,
    },
    List {
        element: String,
        #[serde(flatten)]
        bounds: RawBounds,
    },
    Map {
        key: String,
        value: String,
    },
    String {
        #[serde(default, rename = "enum")]
        values: Vec<String>,
        #[serde(flatten)]
        bounds: RawBounds,
    },
    Integer(RawBounds),
    Long(RawBounds),
    #[serde(alias = "float")]
    Double(RawBounds),
    Boolean,
    Timestamp,
    Blob,
    Document,
}

#[derive(Deserialize)]
struct RawBounds {
    min: Option<f64>,
    max: Option<f64>,
}

impl From<RawBounds> for Bounds {
    fn from(RawBounds { min, max }: RawBounds) -> Self {
        Self { min, max }
    }
}

/// The catalogue that is built in. Only a broken build can make it panic, and every test that uses it would tell.
pub(super) fn built_in() -> Catalogue {
    let raw: Raw = serde_json::from_str(include_str!("../../data/catalogue.json"))
        .expect("data/catalogue.json is what tools/refresh_catalogue.py writes");
    let mut shapes = Vec::new();
    let mut names = BTreeMap::new();
    let mut requests = BTreeMap::new();
    for (service, RawService { operations, shapes: raw_shapes }) in raw.services {
        for (index, name) in raw_shapes.keys().enumerate() {
            names.insert((service.clone(), name.clone()), ShapeRef(shapes.len() + index));
        }
        let refer = |name: &str| names[&(service.clone(), name.to_owned())];
        shapes.extend(raw_shapes.into_iter().map(|(name, raw)| Shape { name, kind: kind(raw, refer) }));
        requests.extend(operations.into_iter().map(|(name, (input, output))| {
            let target = (service.clone(), name);
            (target, (refer(&input), refer(&output)))
        }));
    }
    let operations = Operation::ALL
        .iter()
        .map(|operation| {
            // The catalogue calls services as IAM and botocore do.
            let target = (operation.service().iam_prefix().to_owned(), operation.name().to_owned());
            let shapes = requests.get(&target);
            (*operation, *shapes.unwrap_or_else(|| panic!("run tools/refresh_catalogue.py: no shapes of {operation}")))
        })
        .collect();
    let mut catalogue = Catalogue { botocore: raw.botocore, shapes, operations, documents: [ShapeRef(0); 4] };
    catalogue.documents = catalogue.add_documents(|service, name| names[&(service.to_owned(), name.to_owned())]);
    catalogue
}

fn kind(raw: RawShape, refer: impl Fn(&str) -> ShapeRef) -> ShapeKind {
    match raw {
        RawShape::Structure { members, required, deprecated, union } => {
            let members = members.into_iter().map(|(name, shape)| (name, refer(&shape))).collect();
            ShapeKind::Structure(Structure { members, required, deprecated, union, output_only: BTreeSet::new() })
        }
        RawShape::List { element, bounds } => ShapeKind::List { element: refer(&element), bounds: bounds.into() },
        RawShape::Map { key, value } => ShapeKind::Map { key: refer(&key), value: refer(&value) },
        RawShape::String { values, bounds } => ShapeKind::String { values, bounds: bounds.into() },
        RawShape::Integer(bounds) => ShapeKind::Integer(bounds.into()),
        RawShape::Long(bounds) => ShapeKind::Long(bounds.into()),
        RawShape::Double(bounds) => ShapeKind::Double(bounds.into()),
        RawShape::Boolean => ShapeKind::Boolean,
        RawShape::Timestamp => ShapeKind::Timestamp,
        RawShape::Blob => ShapeKind::Blob,
        RawShape::Document => ShapeKind::Document,
    }
}

impl Catalogue {
    /// Adds the shapes of the four documents that stand in manifests, in the order of [`super::Document`].
    fn add_documents(&mut self, named: impl Fn(&str, &str) -> ShapeRef) -> [ShapeRef; 4] {
        let ecs = |name| named("ecs", name);
        let aas = |name| named("application-autoscaling", name);
        let cluster = self.declared(ecs("CreateClusterRequest"), &["clusterName"], Some(ecs("Cluster")));
        let task_definition =
            self.declared(ecs("RegisterTaskDefinitionRequest"), &["family"], Some(ecs("TaskDefinition")));
        let service = self.declared(ecs("CreateServiceRequest"), &["serviceName"], Some(ecs("Service")));

        let target = ["ServiceNamespace", "ResourceId", "ScalableDimension"];
        let policy = self.declared(aas("PutScalingPolicyRequest"), &target, None);
        let action = self.declared(aas("PutScheduledActionRequest"), &target, None);
        let policies = self.list("Policies", policy);
        let actions = self.list("ScheduledActions", action);
        let mut frame = self.structure(aas("RegisterScalableTargetRequest"));
        let ours = ["MinCapacity", "MaxCapacity", "SuspendedState", "Tags"];
        frame.members.retain(|name, _| ours.contains(&name.as_str()));
        frame.members.extend([("Policies".to_owned(), policies), ("ScheduledActions".to_owned(), actions)]);
        frame.required = ["MinCapacity", "MaxCapacity"].map(str::to_owned).into();
        let scaling = self.push("Scaling", ShapeKind::Structure(frame));
        [cluster, task_definition, service, scaling]
    }

    /// A request as a manifest declares it: `implied` members are filled in by evenkeel; `answer` is how AWS shows the
    /// same thing, which people paste into manifests.
    fn declared(&mut self, request: ShapeRef, implied: &[&str], answer: Option<ShapeRef>) -> ShapeRef {
        let mut structure = self.structure(request);
        structure.required.retain(|name| !implied.contains(&name.as_str()));
        if let Some(answer) = answer {
            let answered = self.structure(answer).members.into_keys();
            structure.output_only = answered.filter(|name| !structure.members.contains_key(name)).collect();
        }
        let name = self.shapes[request.0].name.clone();
        self.push(&name, ShapeKind::Structure(structure))
    }

    fn structure(&self, of: ShapeRef) -> Structure {
        self.shapes[of.0].structure().cloned().unwrap_or_default()
    }

    fn list(&mut self, name: &str, element: ShapeRef) -> ShapeRef {
        self.push(name, ShapeKind::List { element, bounds: Bounds::default() })
    }

    fn push(&mut self, name: &str, kind: ShapeKind) -> ShapeRef {
        self.shapes.push(Shape { name: name.to_owned(), kind });
        ShapeRef(self.shapes.len() - 1)
    }
}
