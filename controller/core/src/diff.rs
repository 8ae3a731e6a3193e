//! The difference between what is declared and what is observed: three-way, and only over what is declared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::{DocumentKind, Order, Rule, canonical};
use crate::catalogue::pointer::join;

/// One path on which desired and observed differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Where, as an RFC 6901 pointer from the object's `spec`, such as `/service/desiredCount`. Elements of lists that
    /// AWS does not order are named by their key (`/taskDefinition/containerDefinitions/app/image`), others by index.
    pub path: String,
    /// The wanted value in wire form; absent: the path is to be absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub desired: Option<Value>,
    /// The value that AWS shows; absent: AWS shows none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub observed: Option<Value>,
    /// The comparison rule behind it, such as `set` or `default "NONE"`.
    pub rule: String,
}

/// What of the observed document is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only declared paths: what AWS or others add elsewhere is nobody's drift. For mutable resources.
    Declared,
    /// Everything: content that nobody declared is a difference too. For immutable content such as a revision.
    Whole,
}

/// Paths that are not compared: RFC 6901 pointers, each covering everything below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ignore(Vec<String>);

impl Ignore {
    /// Ignores these paths and all below them.
    pub fn new(pointers: impl IntoIterator<Item = String>) -> Self {
        Self(pointers.into_iter().collect())
    }

    /// Whether a path is ignored, itself or as part of something that is.
    pub fn covers(&self, path: &str) -> bool {
        self.0.iter().any(|pointer| {
            path.strip_prefix(pointer.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The ignored paths strictly below a path.
    pub fn below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .map(String::as_str)
            .filter(move |pointer| pointer.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    }
}

/// Compares two documents of one kind. Paths begin with `base` (`/service`).
pub fn diff(
    kind: DocumentKind,
    declared: &Value,
    observed: &Value,
    scope: Scope,
    base: &str,
    ignore: &Ignore,
) -> Vec<Drift> {
    let (declared, observed) = (kind.settle(declared), kind.settle(observed));
    let mut walk = Walk { scope, ignore, drift: Vec::new() };
    walk.compare(Some(&declared), Some(&observed), kind.rules(), base.to_owned());
    walk.drift
}

/// Compares one member of a document that has already been settled.
pub fn diff_member(
    declared: Option<&Value>,
    observed: Option<&Value>,
    rule: &Rule,
    scope: Scope,
    path: &str,
    ignore: &Ignore,
) -> Vec<Drift> {
    let mut walk = Walk { scope, ignore, drift: Vec::new() };
    walk.compare(declared, observed, rule, path.to_owned());
    walk.drift
}

struct Walk<'a> {
    scope: Scope,
    ignore: &'a Ignore,
    drift: Vec<Drift>,
}

impl Walk<'_> {
    fn compare(&mut self, declared: Option<&Value>, observed: Option<&Value>, rule: &Rule, path: String) {
        if self.ignore.covers(&path) {
            return;
        }
        let canonical_of = |value: Option<&Value>| value.and_then(|value| canonical(value, rule));
        if canonical_of(declared) == canonical_of(observed) {
            return;
        }
        match (declared, observed) {
            (Some(Value::Object(want)), Some(Value::Object(have))) => {
                for (name, value) in want {
                    self.compare(Some(value), have.get(name), rule.member(name), join(&path, name));
                }
                if self.scope == Scope::Whole {
                    for (name, value) in have.iter().filter(|(name, _)| !want.contains_key(*name)) {
                        self.compare(None, Some(value), rule.member(name), join(&path, name));
                    }
                }
            }
            // A structure that AWS does not show at all is compared member by member too, so that defaults inside
            // it equal their absence and each difference has its own path.
            (Some(Value::Object(want)), None) if !want.is_empty() && declared_deeper(want) => {
                let before = self.drift.len();
                for (name, value) in want {
                    self.compare(Some(value), None, rule.member(name), join(&path, name));
                }
                if self.drift.len() == before {
                    self.found(declared, observed, rule, path);
                }
            }
            (Some(Value::Array(want)), Some(Value::Array(have))) => self.compare_lists(want, have, rule, path),
            _ => self.found(declared, observed, rule, path),
        }
    }

    fn compare_lists(&mut self, want: &[Value], have: &[Value], rule: &Rule, path: String) {
        match rule.order {
            Order::Keyed(_) => {
                let by_key = |list: &[Value]| -> BTreeMap<String, Vec<Value>> {
                    let mut map: BTreeMap<String, Vec<Value>> = BTreeMap::new();
                    for element in list.iter().filter(|element| canonical(element, rule.element()).is_some()) {
                        map.entry(rule.key_of(element).unwrap_or_default()).or_default().push(element.clone());
                    }
                    map
                };
                let (want, have) = (by_key(want), by_key(have));
                for (key, wanted) in &want {
                    let seen = have.get(key).map_or(&[][..], Vec::as_slice);
                    let path = join(&path, key);
                    match (wanted.as_slice(), seen) {
                        ([wanted], [seen]) => self.compare(Some(wanted), Some(seen), rule.element(), path),
                        ([wanted], []) => self.element(Some(wanted.clone()), None, rule, path),
                        // The same key several times: nothing tells the elements apart, so they stand as a whole.
                        (wanted, seen) => self.elements(wanted, seen, rule, path),
                    }
                }
                for (key, seen) in have.into_iter().filter(|(key, _)| !want.contains_key(key)) {
                    for element in seen {
                        self.element(None, Some(element), rule, join(&path, &key));
                    }
                }
            }
            // Lists of structures of equal length are told apart by place, so that AWS's additions to an element
            // stay nobody's drift; anything else is one difference.
            Order::Ordered if want.len() == have.len() && want.iter().all(Value::is_object) => {
                for (index, (want, have)) in want.iter().zip(have).enumerate() {
                    self.compare(Some(want), Some(have), rule.element(), format!("{path}/{index}"));
                }
            }
            Order::Ordered => self.found(Some(&want.into()), Some(&have.into()), rule, path),
            // In one order whatever AWS's is, so that the same difference looks the same in every read.
            Order::Set => {
                let sorted = |list: &[Value]| Value::Array(sorted(list, rule.element()));
                self.found(Some(&sorted(want)), Some(&sorted(have)), rule, path);
            }
        }
    }

    /// Elements of a keyed list that share their key.
    fn elements(&mut self, want: &[Value], have: &[Value], list: &Rule, path: String) {
        let rule = list.element();
        let (want, have) = (sorted(want, rule), sorted(have, rule));
        let canonical_of = |elements: &[Value]| -> Vec<_> { elements.iter().map(|e| canonical(e, rule)).collect() };
        if canonical_of(&want) != canonical_of(&have) {
            self.element(Some(want.into()), (!have.is_empty()).then(|| have.into()), list, path);
        }
    }

    fn element(&mut self, desired: Option<Value>, observed: Option<Value>, list: &Rule, path: String) {
        if self.ignore.covers(&path) {
            return;
        }
        let mask = |value: Option<Value>| match value {
            Some(Value::Array(elements)) => Some(masked(&Value::Array(elements), list)),
            value => value.map(|value| masked(&value, list.element())),
        };
        let (desired, observed) = (mask(desired), mask(observed));
        self.drift.push(Drift { path, desired, observed, rule: list.describe().to_owned() });
    }

    fn found(&mut self, declared: Option<&Value>, observed: Option<&Value>, rule: &Rule, path: String) {
        let present = |value: Option<&Value>| value.filter(|value| !value.is_null()).map(|value| masked(value, rule));
        self.drift.push(Drift {
            path,
            desired: present(declared),
            observed: present(observed),
            rule: rule.describe().to_owned(),
        });
    }
}

/// The elements of a list that has no order, in the order of what they mean.
fn sorted(list: &[Value], rule: &Rule) -> Vec<Value> {
    let mut list = list.to_vec();
    list.sort_by_cached_key(|element| canonical(element, rule).unwrap_or_default().to_string());
    list
}

/// Whether a structure has members that are themselves worth a path of their own.
fn declared_deeper(members: &serde_json::Map<String, Value>) -> bool {
    members.values().any(|member| !member.is_null())
}

/// What stands in place of a value that may be a secret.
pub const MASK: &str = "(masked)";

/// A copy of a document without values that may be secrets: environment values and tokens of log drivers. The names
/// stay, and so do `valueFrom` references, which are no secrets themselves.
pub fn masked(value: &Value, rule: &Rule) -> Value {
    match value {
        _ if rule.secret && !value.is_null() => MASK.into(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, member)| (name.clone(), masked(member, rule.member(name)))).collect(),
        ),
        Value::Array(elements) => elements.iter().map(|element| masked(element, rule.element())).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
