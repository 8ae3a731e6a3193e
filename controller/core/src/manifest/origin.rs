//! Where an object's content was written.

use std::sync::Arc;

use super::problem::FileProblem;
use super::text::{Document, Location};
use crate::catalogue::Problem;
use crate::object::Object;

/// An object that stands in a file.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The object: variables are substituted, and a task definition that stands in a file of its own is inlined.
    pub object: Object,
    /// Where it was written.
    pub origin: Origin,
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
