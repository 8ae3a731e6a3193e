//! What is wrong with a document, and where.

use serde::Serialize;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// AWS would refuse the document, or it does not say what its author meant: it is not applied.
    Error,
    /// AWS would take it, and somebody may regret it: it is applied.
    Warning,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// RFC 6901 pointer to the place, relative to the document.
    pub path: String,
    /// Whether it is the key at `path`, rather than its value, that is wrong.
    pub at_key: bool,
    /// What is wrong and what to do. Holds no value that may be a secret.
    pub message: String,
    /// Stable kebab-case name of the rule that was broken.
    pub rule: &'static str,
}

impl Problem {
    /// A problem that keeps the document from being applied.
    pub fn error(path: impl Into<String>, rule: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.into(), at_key: false, message: message.into(), rule }
    }

    /// A problem that is told and nothing else.
    pub fn warning(path: impl Into<String>, rule: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, rule, message) }
    }

    /// The same problem, with the key to blame.
    #[must_use]
    pub fn at_key(self) -> Self {
        Self { at_key: true, ..self }
    }

    /// Whether it keeps the document from being applied.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `path: message (rule)`.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        write!(f, "{path}: {} ({})", self.message, self.rule)
    }
}
