//! The field catalogue: what AWS documents may hold, and their wire form.
//!
//! `data/catalogue.json` is derived from the public AWS API models by `tools/refresh_catalogue.py`: names, types,
//! enumerations, bounds, required members; no prose. It lets a document be checked offline with exact paths, and
//! turned into the form that goes over the wire. It is never used to drop a member that it does not know.

pub mod fargate;
pub mod units;

mod load;
mod near;
pub mod pointer;
mod problem;
mod scalar;
mod wire;

pub use problem::{Problem, Severity};
pub use wire::{Wire, original_path, to_wire};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::Value;

use crate::operation::Operation;

/// All shapes of the requests and answers that evenkeel knows.
#[derive(Debug)]
pub struct Catalogue {
    botocore: String,
    shapes: Vec<Shape>,
    operations: BTreeMap<Operation, (ShapeRef, ShapeRef)>,
    documents: [ShapeRef; 4],
}

impl Catalogue {
    /// The built-in catalogue, read on first use.
    pub fn get() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(load::built_in)
    }

    /// Version of botocore whose models it was derived from.
    pub fn model_version(&self) -> &str {
        &self.botocore
    }

    /// Shape of an operation's request.
    pub fn input(&'static self, operation: Operation) -> &'static Shape {
        self.operations[&operation].0.shape()
    }

    /// Shape of an operation's answer.
    pub fn output(&'static self, operation: Operation) -> &'static Shape {
        self.operations[&operation].1.shape()
    }

    /// Shape of an AWS document in a manifest.
    pub fn document(&'static self, document: Document) -> &'static Shape {
        self.documents[document as usize].shape()
    }
}

/// The AWS documents that stand in manifests. They are the request shapes, with nothing required that evenkeel
/// fills in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `spec.cluster`: CreateCluster. `clusterName` may be left out.
    Cluster,
    /// `spec.taskDefinition`: RegisterTaskDefinition. `family` may be left out.
    TaskDefinition,
    /// `spec.service`: CreateService. `serviceName` may be left out.
    Service,
    /// `spec.scaling`: evenkeel's own frame (`MinCapacity`, `MaxCapacity`, `SuspendedState`, `Policies`,
    /// `ScheduledActions`, `Tags`) around PutScalingPolicy and PutScheduledAction requests without `ServiceNamespace`,
    /// `ResourceId` and `ScalableDimension`.
    Scaling,
}

/// One shape of the API models.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its name in the model, such as `ContainerDefinition`.
    pub name: String,
    /// What it is.
    pub kind: ShapeKind,
}

/// What a shape is.
#[derive(Clone, Debug)]
pub enum ShapeKind {
    /// An object with known members.
    Structure(Structure),
    /// A list of one shape.
    List {
        /// Shape of the elements.
        element: ShapeRef,
        /// How many elements there may be.
        bounds: Bounds,
    },
    /// An object whose keys are the user's.
    Map {
        /// Shape of the keys.
        key: ShapeRef,
        /// Shape of the values.
        value: ShapeRef,
    },
    /// Text.
    String {
        /// The values that the model lists; empty when it lists none. AWS may know more than the model.
        values: Vec<String>,
        /// Length in characters.
        bounds: Bounds,
    },
    /// A whole number of 32 bits.
    Integer(Bounds),
    /// A whole number of 64 bits.
    Long(Bounds),
    /// A number that may have decimals.
    Double(Bounds),
    /// `true` or `false`.
    Boolean,
    /// A point in time: epoch seconds on the wire.
    Timestamp,
    /// Base64 text.
    Blob,
    /// Any JSON.
    Document,
}

/// A structure's members.
#[derive(Clone, Debug, Default)]
pub struct Structure {
    /// Members by name, as spelled on the wire.
    pub members: BTreeMap<String, ShapeRef>,
    /// Members that must be there.
    pub required: BTreeSet<String>,
    /// Members that AWS calls deprecated.
    pub deprecated: BTreeSet<String>,
    /// Names that AWS answers with in this place but does not take (`taskDefinitionArn`, `runningCount`, …). Known
    /// for manifest documents only.
    pub output_only: BTreeSet<String>,
    /// Whether exactly one member may be given.
    pub union: bool,
}

impl Structure {
    /// A member's name as spelled on the wire, for a name whose initial letter may be of the other case.
    pub fn spelled(&self, name: &str) -> Option<&str> {
        let exact = self.members.get_key_value(name);
        let found = exact.or_else(|| self.members.get_key_value(other_initial(name)?.as_str()));
        found.map(|(name, _)| name.as_str())
    }
}

/// Inclusive bounds of a number, a length in characters, or a count of elements.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Least value, if the model has one.
    pub min: Option<f64>,
    /// Greatest value, if the model has one.
    pub max: Option<f64>,
}

impl Bounds {
    /// Whether a value is within.
    pub fn contains(self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// `at least 1`, `at most 50`, or `1 to 50`.
impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, "{min} to {max}"),
            (Some(min), None) => write!(f, "at least {min}"),
            (None, Some(max)) => write!(f, "at most {max}"),
            (None, None) => f.write_str("any"),
        }
    }
}

/// Refers to a shape of the built-in catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeRef(usize);

impl ShapeRef {
    /// The shape.
    pub fn shape(self) -> &'static Shape {
        &Catalogue::get().shapes[self.0]
    }
}

impl Shape {
    /// The structure, if it is one.
    pub fn structure(&self) -> Option<&Structure> {
        match &self.kind {
            ShapeKind::Structure(structure) => Some(structure),
            _ => None,
        }
    }

    /// Shape of a structure's member by its wire name, or of a map's values.
    pub fn member(&self, name: &str) -> Option<&'static Shape> {
        match &self.kind {
            ShapeKind::Structure(structure) => structure.members.get(name).map(|member| member.shape()),
            ShapeKind::Map { value, .. } => Some(value.shape()),
            _ => None,
        }
    }

    /// Shape of a list's elements.
    pub fn element(&self) -> Option<&'static Shape> {
        match self.kind {
            ShapeKind::List { element, .. } => Some(element.shape()),
            _ => None,
        }
    }

    /// Shape of what an RFC 6901 pointer in wire spelling leads to, as far as the catalogue knows it.
    pub fn at(&'static self, pointer: &str) -> Option<&'static Self> {
        pointer::segments(pointer).try_fold(self, |shape, segment| match shape.kind {
            ShapeKind::List { .. } => shape.element(),
            _ => shape.member(&segment),
        })
    }
}

/// The name with its initial letter in the other case: AWS's two services differ in nothing else.
fn other_initial(name: &str) -> Option<String> {
    let initial = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let other = if initial.is_ascii_lowercase() { initial.to_ascii_uppercase() } else { initial.to_ascii_lowercase() };
    Some(format!("{other}{}", &name[1..]))
}

/// What a value is, in words; never the value itself, which may be a secret.
fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with decimals",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
