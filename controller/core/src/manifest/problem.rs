//! Problems with their place in a file.

use serde::Serialize;

use super::text::{Document, Fault, Location};
use crate::catalogue::{Problem, Severity};

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileProblem {
    /// The file, relative to the root of the directory.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Whether it keeps the file's objects from being applied.
    pub severity: Severity,
    /// RFC 6901 pointer into the document in the file; empty for the whole of it.
    pub pointer: String,
    /// What is wrong and what to do. Holds no value that may be a secret.
    pub message: String,
    /// Stable kebab-case name of the rule that was broken.
    pub rule: &'static str,
}

impl FileProblem {
    /// A problem of a document, with the place of its path.
    pub(super) fn of(document: &Document, problem: Problem) -> Self {
        let Location { line, column } = document.locate(&problem.path, problem.at_key);
        Self {
            file: document.file.path.clone(),
            line,
            column,
            severity: problem.severity,
            pointer: problem.path,
            message: problem.message,
            rule: problem.rule,
        }
    }

    /// What keeps a file from being read.
    pub(super) fn fault(file: &str, fault: Fault) -> Self {
        Self {
            file: file.to_owned(),
            line: fault.location.line,
            column: fault.location.column,
            severity: Severity::Error,
            pointer: String::new(),
            message: fault.message,
            rule: fault.rule,
        }
    }
}

/// `file:line:column: error: message (rule)`, which editors and people know.
impl std::fmt::Display for FileProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, line, column, message, rule, .. } = self;
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{file}:{line}:{column}: {severity}: {message} ({rule})")
    }
}
