//! From an object's spec to what plans work on: typed, in wire form, checked. What passes here cannot fail later.

mod annotations;
mod cluster;
mod service;
mod suspension;
mod task_definition;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::catalogue::{Problem, Shape, Wire, original_path, to_wire};
use crate::object::Object;

pub use annotations::{
    APPROVE, OPEN_BY, OPEN_REASON, OPEN_UNTIL, PIN, PIN_BY, PIN_INSTEAD_OF, PIN_REASON, PIN_UNTIL, Pin, RECONCILE,
    RETRY, SUSPEND, SUSPEND_BY, SUSPEND_REASON, SUSPEND_UNTIL, Term, mandate, pin, wanted,
};
pub use cluster::Cluster;
pub use service::Service;
pub use suspension::{Suspension, suspension};
pub use task_definition::TaskDefinition;

/// What checking a spec gave: the value unless a problem is an error, and all problems. Their paths are RFC 6901
/// pointers from the object's root, such as `/spec/service/desiredCount`.
#[derive(Clone, Debug)]
pub struct Checked<T> {
    /// What was read; `None` if any problem is an error.
    pub value: Option<T>,
    /// Errors and warnings.
    pub problems: Vec<Problem>,
}

impl<T> Checked<T> {
    fn new(value: T, problems: Vec<Problem>) -> Self {
        let broken = problems.iter().any(Problem::is_error);
        Self { value: (!broken).then_some(value), problems }
    }

    fn broken(problems: Vec<Problem>) -> Self {
        Self { value: None, problems }
    }

    /// The value, or what is wrong in one sentence: the first error and how many more there are.
    pub fn into_result(self) -> Result<T, String> {
        let errors: Vec<&Problem> = self.problems.iter().filter(|problem| problem.is_error()).collect();
        match (self.value, errors.as_slice()) {
            (Some(value), _) => Ok(value),
            (None, [first, rest @ ..]) if !rest.is_empty() => Err(format!("{first}, and {} more errors", rest.len())),
            (None, [first, ..]) => Err(first.to_string()),
            (None, []) => Err("the spec is invalid".to_owned()),
        }
    }
}

/// A document on its way: as written (with what is defaulted from outside it), where it stands, and its wire form.
struct Document {
    written: Value,
    at: &'static str,
    problems: Vec<Problem>,
}

impl Document {
    fn new(written: &Value, at: &'static str) -> Self {
        Self { written: written.clone(), at, problems: Vec::new() }
    }

    /// Gives a member that is absent a value from outside the document.
    fn default(mut self, member: &str, value: &str) -> Self {
        if let Some(members) = self.written.as_object_mut() {
            let capital = member[..1].to_uppercase() + &member[1..];
            let given = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
            if !given(member) && !given(&capital) {
                members.insert(member.to_owned(), value.into());
            }
        }
        self
    }

    fn wire(&mut self, shape: &'static Shape) -> Option<Value> {
        let (value, problems) = match to_wire(&self.written, shape) {
            Ok(Wire { value, warnings }) => (Some(value), warnings),
            Err(problems) => (None, problems),
        };
        let at = self.at;
        self.problems
            .extend(problems.into_iter().map(|problem| Problem { path: format!("{at}{}", problem.path), ..problem }));
        value
    }

    /// Adds what a check of the wire form found, at the places as written.
    fn found(&mut self, problems: Vec<Problem>) {
        let (at, written) = (self.at, &self.written);
        let placed = problems
            .into_iter()
            .map(|problem| Problem { path: format!("{at}{}", original_path(written, &problem.path)), ..problem });
        self.problems.extend(placed);
    }
}

/// Takes the tags out of a document.
fn take_tags(document: &mut Map<String, Value>) -> BTreeMap<String, String> {
    let tags = document.remove("tags");
    crate::view::tags(tags.as_ref())
}

fn text(document: &Map<String, Value>, member: &str) -> String {
    document.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Who manages an object's AWS resource.
pub fn owner(object: &Object, installation: &str) -> crate::plan::Owner {
    let namespace = object.metadata.namespace.as_deref();
    let name = &object.metadata.name;
    crate::plan::Owner {
        installation: installation.to_owned(),
        object: namespace.map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}")),
        uid: object.metadata.uid.clone(),
    }
}

#[cfg(test)]
mod tests;
