//! Canonical form: two documents that mean the same to AWS have the same canonical form.
//!
//! It is for comparing and hashing only and is never sent: what a manifest leaves out stays out of every request.
//! All of AWS's ways to write one thing in several forms (defaults that it fills in, lists that it reorders, units,
//! letter case) stand in the tables under `data/rules`, and the few that depend on a neighbouring field stand here.

mod hash;
mod rules;

use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::catalogue::units;

pub use hash::{ContentHash, content_hash};
pub use rules::{Form, Order, Rule};

/// The kinds of AWS document that can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// RegisterTaskDefinition input, or the `taskDefinition` that AWS describes.
    TaskDefinition,
    /// CreateService input, or a service that AWS describes.
    Service,
    /// CreateCluster input, or a cluster that AWS describes.
    Cluster,
    /// A service's scaling: members of the scalable target with `Policies` and `ScheduledActions`.
    Scaling,
}

impl DocumentKind {
    /// The comparison rules of this kind of document.
    pub fn rules(self) -> &'static Rule {
        static TABLES: [OnceLock<Rule>; 4] = [const { OnceLock::new() }; 4];
        let (slot, table) = match self {
            Self::TaskDefinition => (0, include_str!("../../data/rules/task-definition.rules")),
            Self::Service => (1, include_str!("../../data/rules/service.rules")),
            Self::Cluster => (2, include_str!("../../data/rules/cluster.rules")),
            Self::Scaling => (3, include_str!("../../data/rules/scaling.rules")),
        };
        TABLES[slot]
            .get_or_init(|| Rule::parse(table).unwrap_or_else(|why| panic!("comparison rules of {self:?}: {why}")))
    }

    /// The document without what depends on a neighbouring field, ready for rules that look at one path only.
    pub fn settle(self, document: &Value) -> Value {
        let mut document = document.clone();
        if self == Self::TaskDefinition {
            settle_task_definition(&mut document);
        }
        document
    }

    /// Canonical form of a whole document in wire form. `Null` stands for "nothing declared".
    pub fn canonical(self, document: &Value) -> Value {
        canonical(&self.settle(document), self.rules()).unwrap_or(Value::Null)
    }
}

/// Members that DescribeTaskDefinition adds and RegisterTaskDefinition does not take (ECS API reference).
const TASK_DEFINITION_OUTPUT_ONLY: [&str; 10] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
    // Tags live outside the revision's content: they can be changed, the content cannot.
    "tags",
];

fn settle_task_definition(document: &mut Value) {
    let Some(root) = document.as_object_mut() else { return };
    for member in TASK_DEFINITION_OUTPUT_ONLY {
        root.remove(member);
    }
    let mode = root.get("networkMode").and_then(Value::as_str).unwrap_or("bridge").to_owned();
    let containers = root.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        let ports = container.get_mut("portMappings").and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
            let host = port.get("hostPort").and_then(Value::as_i64).unwrap_or(0);
            let same = port.get("containerPort").and_then(Value::as_i64) == Some(host);
            // awsvpc and host take the container's port; bridge picks one at run time, described as 0. In host
            // mode both 0 and the container's port have been seen for an absent one.
            if host == 0 || (same && (mode == "awsvpc" || mode == "host")) {
                port.remove("hostPort");
            }
        }
    }
}

/// Canonical form of one value under its rule; `None` when it equals an absent one.
pub fn canonical(value: &Value, rule: &Rule) -> Option<Value> {
    let value = match value {
        Value::Null => return None,
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .iter()
                .filter_map(|(name, member)| Some((name.clone(), canonical(member, rule.member(name))?)))
                .collect();
            if members.is_empty() {
                return None;
            }
            Value::Object(members)
        }
        Value::Array(elements) => {
            let mut elements: Vec<(String, Value)> = elements
                .iter()
                .filter_map(|element| {
                    // Identity is read before defaults are dropped from the element.
                    let key = rule.key_of(element).unwrap_or_default();
                    Some((key, canonical(element, rule.element())?))
                })
                .collect();
            match rule.order {
                Order::Ordered => {}
                Order::Set => elements.sort_by_cached_key(|(_, element)| element.to_string()),
                Order::Keyed(_) => elements.sort_by_cached_key(|(key, element)| (key.clone(), element.to_string())),
            }
            if elements.is_empty() {
                return None;
            }
            Value::Array(elements.into_iter().map(|(_, element)| element).collect())
        }
        scalar => canonical_scalar(scalar, rule),
    };
    let absent = rule.default.as_ref().is_some_and(|default| *default == value);
    (!absent).then_some(value)
}

fn canonical_scalar(value: &Value, rule: &Rule) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            // 60 and 60.0 are one number; JSON keeps them apart. 2^53 bounds what a double holds exactly.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 =>
            {
                #[allow(clippy::cast_possible_truncation)]
                Value::from(float as i64)
            }
            _ => value.clone(),
        },
        Value::String(text) => {
            let text = match rule.form {
                Form::Exact => text.clone(),
                Form::CpuUnits => units::parse_cpu(text).map_or_else(|| text.clone(), |units| units.to_string()),
                Form::MemoryUnits => units::parse_memory(text).map_or_else(|| text.clone(), |mib| mib.to_string()),
                Form::LowerCase => text.to_lowercase(),
                Form::UpperCase => text.to_uppercase(),
            };
            let synonym = rule.synonyms.iter().find(|(from, _)| *from == text);
            Value::String(synonym.map_or(text, |(_, to)| to.clone()))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
