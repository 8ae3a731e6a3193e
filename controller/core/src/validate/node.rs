//! A place in a document: a value that may be absent, and the pointer to it.

use serde_json::Value;

use crate::catalogue::{Problem, pointer};

/// One value of a document, or the absence of it. Reading never fails: what is of another type is absent here, and
/// the catalogue has told about it.
#[derive(Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    /// RFC 6901 pointer to it.
    pub(super) path: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// A member of an object.
    pub(super) fn member(&self, name: &str) -> Self {
        Self { value: self.value.get(name).unwrap_or(&Value::Null), path: pointer::join(&self.path, name) }
    }

    /// What a pointer such as `/deploymentConfiguration/alarms` leads to.
    pub(super) fn at(&self, path: &str) -> Self {
        pointer::segments(path).fold(self.clone(), |node, segment| node.member(&segment))
    }

    /// The elements of a list.
    pub(super) fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        let path = self.path.clone();
        items.iter().enumerate().map(move |(index, value)| Self { value, path: format!("{path}/{index}") })
    }

    /// The keys of an object.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.value.as_object().into_iter().flat_map(|members| members.keys().map(String::as_str))
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The text of a member, or nothing at all.
    pub(super) fn text_of(&self, name: &str) -> &'a str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn int(&self) -> Option<i64> {
        self.value.as_i64()
    }

    pub(super) fn number(&self) -> Option<f64> {
        self.value.as_f64()
    }

    pub(super) fn is_true(&self) -> bool {
        self.value.as_bool() == Some(true)
    }

    /// The value itself, for comparing.
    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// How many elements or members there are.
    pub(super) fn len(&self) -> usize {
        match self.value {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        }
    }

    /// Whether it is there at all.
    pub(super) fn exists(&self) -> bool {
        !self.value.is_null()
    }

    /// Whether it says anything: `[]`, `{}`, `""`, `false` and `0` do not.
    pub(super) fn given(&self) -> bool {
        match self.value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(_) | Value::Object(_) => self.len() > 0,
        }
    }

    pub(super) fn error(&self, rule: &'static str, message: impl Into<String>) -> Problem {
        Problem::error(self.path.as_str(), rule, message)
    }

    pub(super) fn warning(&self, rule: &'static str, message: impl Into<String>) -> Problem {
        Problem::warning(self.path.as_str(), rule, message)
    }
}

/// Tells about each node whose text an earlier one has.
pub(super) fn unique<'a>(
    nodes: impl Iterator<Item = Node<'a>>,
    rule: &'static str,
    what: &str,
    found: &mut Vec<Problem>,
) {
    let mut seen = std::collections::BTreeSet::new();
    for node in nodes {
        if let Some(text) = node.text().filter(|text| !seen.insert(*text)) {
            found.push(node.error(rule, format!("there is another {what} {text:?}")));
        }
    }
}
