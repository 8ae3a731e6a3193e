//! Helpers for tests of rules: a sound document, one change, and what is told.

use serde_json::Value;

use crate::catalogue::{Problem, Severity};

/// The document with one value replaced, added (`/list/-` appends), or, with null, removed.
pub(super) fn with(mut doc: Value, pointer: &str, value: Value) -> Value {
    let (parent, last) = pointer.rsplit_once('/').unwrap_or_default();
    match doc.pointer_mut(parent) {
        Some(Value::Object(members)) if value.is_null() => drop(members.remove(last)),
        Some(Value::Object(members)) => drop(members.insert(last.to_owned(), value)),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) => items[index] = value,
            Err(_) => items.push(value),
        },
        _ => panic!("nothing at {parent:?}"),
    }
    doc
}

/// What is told, as `error rule /path`, joined by `, `.
pub(super) fn rules(problems: &[Problem]) -> String {
    let told = problems.iter().map(|problem| {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        format!("{severity} {} {}", problem.rule, problem.path)
    });
    told.collect::<Vec<_>>().join(", ")
}
