//! Variables: `${name}` in scalars that have been parsed, never in text that has not.
//!
//! A scalar that is one variable takes the variable's value with its type; inside other text the value is written out.
//! `$${` stands for the text `${`. Everything else is an error where it stands: an undefined name, a default, a name
//! of a member.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::text::MAX_FILE_BYTES;
use crate::catalogue::{Problem, pointer};
use crate::spec::did_you_mean;

/// How much a file may take from variables: counts each use and the text it brings, also in variables that use others.
const MAX_EXPANDED_BYTES: usize = 4 * MAX_FILE_BYTES;

/// The variables that hold at one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    values: BTreeMap<String, Value>,
    /// Those of the including directory, which a template's own do not replace.
    fixed: BTreeSet<String>,
}

impl Scope {
    /// The scope of a directory inside: its own variables replace those around it.
    pub(super) fn within(&self, own: &BTreeMap<String, Value>) -> Self {
        let mut inner = self.clone();
        for (name, value) in own {
            if !self.fixed.contains(name) {
                inner.values.insert(name.clone(), value.clone());
            }
        }
        inner
    }

    /// The scope at the top of a template that is included here: these variables hold, whatever the template says.
    pub(super) fn include(&self) -> Self {
        Self { fixed: self.values.keys().cloned().collect(), ..self.clone() }
    }
}

/// Whether `name` can be used as `${name}`.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Puts the values of variables in all scalars of `value`.
pub(super) fn substitute(value: &mut Value, scope: &Scope) -> Vec<Problem> {
    let mut expansion = Expansion { scope, left: MAX_EXPANDED_BYTES, problems: Vec::new() };
    expansion.node(value, "");
    expansion.problems
}

struct Expansion<'a> {
    scope: &'a Scope,
    left: usize,
    problems: Vec<Problem>,
}

impl Expansion<'_> {
    fn node(&mut self, value: &mut Value, path: &str) {
        match value {
            Value::String(text) if text.contains("${") => match self.text(text, &mut Vec::new()) {
                Ok(expanded) => *value = expanded,
                Err((rule, message)) => self.problems.push(Problem::error(path, rule, message)),
            },
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &pointer::join(path, &index.to_string()));
                }
            }
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    let path = pointer::join(path, name);
                    if name.contains("${") {
                        let message = "variables have no effect in names of members: write the name out, or list the \
                             file in evenkeel.yaml under files with substitute: false";
                        self.problems.push(Problem::error(&path, "variable", message).at_key());
                    }
                    self.node(member, &path);
                }
            }
            _ => {}
        }
    }

    /// `using` holds the variables whose values are being expanded around this text.
    fn text(&mut self, text: &str, using: &mut Vec<String>) -> Result<Value, (&'static str, String)> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let before = &rest[..start];
            let after = &rest[start + 2..];
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
                rest = after;
                continue;
            }
            let end =
                after.find('}').ok_or_else(|| ("variable", "${ without }: for the text ${ write $${".to_owned()))?;
            let value = self.variable(&after[..end], using)?;
            let whole = before.is_empty() && expanded.is_empty() && after.len() == end + 1;
            if whole && rest.len() == text.len() {
                return Ok(value);
            }
            expanded.push_str(before);
            match value {
                Value::String(value) => expanded.push_str(&value),
                Value::Bool(value) => expanded.push_str(&value.to_string()),
                Value::Number(value) if !value.is_f64() => expanded.push_str(&value.to_string()),
                // 1.10 has become 1.1 when it was parsed; nobody means that in a tag or a name.
                _ => {
                    let name = &after[..end];
                    let message = format!(
                        "{name} is a decimal number, which can be written in more ways than one: quote it where it is defined"
                    );
                    return Err(("variable", message));
                }
            }
            rest = &after[end + 1..];
        }
        expanded.push_str(rest);
        Ok(Value::String(expanded))
    }

    fn variable(&mut self, name: &str, using: &mut Vec<String>) -> Result<Value, (&'static str, String)> {
        let known = self.scope.values.keys().map(String::as_str);
        if !is_name(name) {
            let message = "${…} holds the name of a variable and nothing else: for the text ${ write $${";
            return Err(("variable", message.to_owned()));
        }
        let Some(value) = self.scope.values.get(name) else {
            let hint = match did_you_mean(name, known) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "define it in evenkeel.yaml".to_owned(),
            };
            return Err((
                "undefined-variable",
                format!("no variable {name} is defined here: {hint} (for the text itself write $${{{name}}})"),
            ));
        };
        if let Some(first) = using.iter().position(|used| used == name) {
            return Err((
                "variable",
                format!("the value of {name} needs itself: {} → {name}", using[first..].join(" → ")),
            ));
        }
        let cost = 1 + value.as_str().map_or(0, str::len);
        self.left = self.left.checked_sub(cost).ok_or_else(|| {
            (
                "variable",
                format!("variables bring more than {MAX_EXPANDED_BYTES} bytes into this file: no more is read"),
            )
        })?;
        let Value::String(text) = value else { return Ok(value.clone()) };
        using.push(name.to_owned());
        let expanded = self.text(text, using);
        using.pop();
        let expanded = expanded?;
        // What nested variables grew to counts each time it is used.
        self.left = self.left.saturating_sub(expanded.as_str().map_or(0, str::len));
        Ok(expanded)
    }
}
