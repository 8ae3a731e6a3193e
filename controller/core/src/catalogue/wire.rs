//! From a document as people write it to wire form, with everything that the catalogue finds wrong on the way.

use serde_json::{Map, Value};

use super::near::nearest;
use super::{Problem, Shape, ShapeKind, Structure, found, other_initial, pointer, scalar};

/// A document in wire form.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// The document: members spelled as AWS spells them, times as epoch seconds, no nulls.
    pub value: Value,
    /// What is worth telling about the document as written.
    pub warnings: Vec<Problem>,
}

/// Turns a document as written into wire form.
///
/// Members may begin with a letter of either case; keys of maps (docker labels, log options) are the user's and stay.
/// Null means absent, at any depth. ISO 8601 times become epoch seconds. A whole number is taken for text only in
/// a task definition's `cpu` and `memory`. A member that the catalogue does not know is passed on with a warning,
/// unless a known name is near. Paths of problems point into `written`.
///
/// # Errors
/// All problems of the document, warnings too, if any of them is an error.
pub fn to_wire(written: &Value, shape: &'static Shape) -> Result<Wire, Vec<Problem>> {
    let mut conversion = Conversion { path: String::new(), problems: Vec::new() };
    let value = conversion.value(written, shape);
    let problems = conversion.problems;
    if problems.iter().any(Problem::is_error) { Err(problems) } else { Ok(Wire { value, warnings: problems }) }
}

/// The place in a document as written that a pointer into its wire form stands for. What is not there as written (a
/// missing member) is placed at the object that lacks it.
pub fn original_path(written: &Value, wire_path: &str) -> String {
    let mut here = written;
    let mut path = String::new();
    for segment in pointer::segments(wire_path) {
        let step = match here {
            Value::Object(members) => {
                let named = |name: &str| members.get_key_value(name).filter(|(_, value)| !value.is_null());
                let other = || named(&other_initial(&segment)?);
                named(&segment).or_else(other).map(|(key, value)| (key.clone(), value))
            }
            Value::Array(elements) => {
                let given = elements.iter().enumerate().filter(|(_, element)| !element.is_null());
                let nth = segment.parse().ok().and_then(|index: usize| given.clone().nth(index));
                nth.map(|(index, element)| (index.to_string(), element))
            }
            _ => None,
        };
        let Some((key, value)) = step else { break };
        pointer::push(&mut path, &key);
        here = value;
    }
    path
}

struct Conversion {
    path: String,
    problems: Vec<Problem>,
}

impl Conversion {
    fn error(&mut self, rule: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::error(self.path.as_str(), rule, message));
    }

    fn within<T>(&mut self, segment: &str, visit: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        pointer::push(&mut self.path, segment);
        let result = visit(self);
        self.path.truncate(length);
        result
    }

    fn value(&mut self, written: &Value, shape: &'static Shape) -> Value {
        match (&shape.kind, written) {
            (ShapeKind::Structure(structure), Value::Object(members)) => {
                self.structure(members, structure, &shape.name)
            }
            (ShapeKind::List { element, bounds }, Value::Array(elements)) => {
                let given = elements.iter().enumerate().filter(|(_, element)| !element.is_null());
                let list: Vec<_> = given
                    .map(|(index, value)| self.within(&index.to_string(), |this| this.value(value, element.shape())))
                    .collect();
                if !bounds.contains(list.len() as f64) {
                    self.error("wrong-length", format!("has {} elements; AWS takes {bounds}", list.len()));
                }
                Value::Array(list)
            }
            (ShapeKind::Map { key, value }, Value::Object(members)) => {
                let given = members.iter().filter(|(_, value)| !value.is_null());
                let map = given.map(|(name, written)| {
                    let converted = self.within(name, |this| {
                        if let Err((rule, message)) = scalar::text(name, key.shape()) {
                            this.problems.push(Problem::error(this.path.as_str(), rule, message).at_key());
                        }
                        this.value(written, value.shape())
                    });
                    (name.clone(), converted)
                });
                map.collect()
            }
            (ShapeKind::Document, _) => without_nulls(written),
            (ShapeKind::Structure(_) | ShapeKind::Map { .. }, _) => self.wrong(written, "an object", ""),
            (ShapeKind::List { element, .. }, _) => {
                let one = match (&element.shape().kind, written) {
                    (ShapeKind::Structure(_), Value::Object(_)) | (ShapeKind::String { .. }, Value::String(_)) => {
                        "; put it into a list, even if it is the only one"
                    }
                    _ => "",
                };
                self.wrong(written, "a list", one)
            }
            _ => match scalar::convert(written, shape) {
                Ok((value, None)) => value,
                Ok((value, Some((rule, message)))) => {
                    self.problems.push(Problem::warning(self.path.as_str(), rule, message));
                    value
                }
                Err((rule, message)) => {
                    self.error(rule, message);
                    Value::Null
                }
            },
        }
    }

    fn wrong(&mut self, written: &Value, expected: &str, hint: &str) -> Value {
        self.error("wrong-type", format!("expected {expected}, found {}{hint}", found(written)));
        Value::Null
    }

    fn structure(&mut self, members: &Map<String, Value>, structure: &Structure, name: &str) -> Value {
        let mut wire = Map::new();
        for (key, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            self.within(key, |this| match structure.spelled(key) {
                Some(spelled) if wire.contains_key(spelled) => {
                    let message = format!("`{spelled}` is given twice, in two spellings; keep one");
                    this.problems.push(Problem::error(this.path.as_str(), "duplicate-member", message).at_key());
                }
                Some(spelled) => {
                    let converted = match value {
                        Value::Number(size) if task_size(name, spelled) && !size.is_f64() => size.to_string().into(),
                        _ => this.value(value, structure.members[spelled].shape()),
                    };
                    wire.insert(spelled.to_owned(), converted);
                }
                None => wire.extend(this.unknown(key, value, structure).map(|value| (key.clone(), value))),
            });
        }
        let missing = structure.required.iter().filter(|required| !wire.contains_key(*required));
        for required in missing {
            self.error("missing-member", format!("`{required}` is missing"));
        }
        if structure.union && wire.len() > 1 {
            let given: Vec<_> = wire.keys().map(|key| format!("`{key}`")).collect();
            self.error("one-of", format!("only one of {} may be given", given.join(", ")));
        }
        Value::Object(wire)
    }

    /// A member that the catalogue does not know: what to send for it, if anything.
    fn unknown(&mut self, key: &str, value: &Value, structure: &Structure) -> Option<Value> {
        let path = self.path.as_str();
        if structure.output_only.contains(key) {
            let message = format!("`{key}` is something that AWS answers with and does not take; it is left out");
            self.problems.push(Problem::warning(path, "output-only", message).at_key());
            return None;
        }
        if let Some(near) = nearest(key, structure.members.keys().map(String::as_str)) {
            let message = format!("AWS has no `{key}` here; did you mean `{near}`?");
            self.problems.push(Problem::error(path, "misspelled-member", message).at_key());
            return None;
        }
        let message = format!("`{key}` is not known here; it is sent to AWS as it stands");
        self.problems.push(Problem::warning(path, "unknown-member", message).at_key());
        Some(without_nulls(value))
    }
}

/// Task-level sizes are strings to AWS, and everybody writes `cpu: 256`.
fn task_size(structure: &str, member: &str) -> bool {
    structure == "RegisterTaskDefinitionRequest" && matches!(member, "cpu" | "memory")
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().filter(|element| !element.is_null()).map(without_nulls).collect(),
        Value::Object(members) => {
            let given = members.iter().filter(|(_, value)| !value.is_null());
            given.map(|(key, value)| (key.clone(), without_nulls(value))).collect()
        }
        scalar => scalar.clone(),
    }
}
