//! Where an object's content was written.

use std::sync::Arc;

use serde_json::Value;

use super::problem::FileProblem;
use super::text::{Document, Location};
use crate::catalogue::Problem;
use crate::object::{Object, ObjectKey};

/// An object that stands in a file. Its spec is kept as text, which takes a fifth of what a tree does: all of a directory
/// are in memory together.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The object's key.
    pub key: ObjectKey,
    /// Where it was written.
    pub origin: Origin,
    /// Without its spec.
    object: Object,
    spec: Box<str>,
}

/// How deep a spec nests at most. JSON is read 127 deep, and an object is around the spec.
const MAX_DEPTH: usize = 120;

impl Manifest {
    /// An object and where it was written.
    pub(super) fn new(mut object: Object, origin: Origin) -> Result<Self, Problem> {
        let spec = std::mem::take(&mut object.spec);
        if is_deeper(&spec, MAX_DEPTH) {
            let message = format!("lists and mappings nest more than {MAX_DEPTH} deep here: no AWS document does");
            return Err(Problem::error("/spec", "too-deep", message));
        }
        Ok(Self { key: object.key(), origin, object, spec: spec.to_string().into_boxed_str() })
    }

    /// The object: variables are substituted, and a task definition that stands in a file of its own is inlined.
    pub fn object(&self) -> Object {
        // What was written from a tree that is not too deep can be read.
        Object { spec: serde_json::from_str(&self.spec).unwrap_or_default(), ..self.object.clone() }
    }
}

fn is_deeper(value: &Value, than: usize) -> bool {
    let mut inner: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(elements) => Box::new(elements.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => return false,
    };
    than == 0 || inner.any(|value| is_deeper(value, than - 1))
}

/// Where an object was written, down to each member.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The document that it is, without its content.
    pub(super) document: Arc<Document>,
    /// The document that was put in `spec.taskDefinition`, also without its content.
    pub(super) inlined: Option<Inlined>,
    /// The `evenkeel.yaml` whose include rendered it.
    pub(super) via: Option<String>,
}

/// A task definition from a file of its own.
#[derive(Clone, Debug)]
pub(super) struct Inlined {
    pub(super) document: Arc<Document>,
    /// Whether it stands there as describe-task-definition prints it: under `taskDefinition`, with `tags` beside.
    pub(super) described: bool,
}

const INLINED_AT: &str = "/spec/taskDefinition";

impl Origin {
    /// The manifest's file, relative to the root of the directory.
    pub fn file(&self) -> &str {
        &self.document.file.path
    }

    /// Which document of the file, from 0.
    pub fn document(&self) -> usize {
        self.document.index
    }

    /// Where the manifest begins.
    pub fn location(&self) -> Location {
        self.document.start
    }

    /// The `evenkeel.yaml` that included the manifest, if it is part of a template.
    pub fn included_by(&self) -> Option<&str> {
        self.via.as_deref()
    }

    /// A problem of the object, with the file, line and column where that was written.
    pub fn place(&self, problem: Problem) -> FileProblem {
        let (document, path) = match (&self.inlined, problem.path.strip_prefix(INLINED_AT)) {
            (Some(inlined), Some(rest)) if rest.is_empty() || rest.starts_with('/') => {
                (&inlined.document, inlined.path(rest))
            }
            _ => (&self.document, problem.path),
        };
        let mut placed = FileProblem::of(document, Problem { path, ..problem });
        if let Some(via) = &self.via {
            placed.message = format!("{} (as included by {via})", placed.message);
        }
        placed
    }
}

impl Inlined {
    fn path(&self, below: &str) -> String {
        let tags = below.strip_prefix("/tags").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match self.described {
            true if !tags => format!("/taskDefinition{below}"),
            _ => below.to_owned(),
        }
    }
}

/// `file:line`, and who included it.
impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file(), self.location().line)?;
        self.via.as_ref().map_or(Ok(()), |via| write!(f, " (as included by {via})"))
    }
}
