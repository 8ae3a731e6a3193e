//! Rules for `spec.scaling`.

use serde_json::Value;

use super::node::{Node, unique};
use super::tags;
use crate::catalogue::{Catalogue, Document, Problem, Wire, to_wire};

mod policy;
mod schedule;

/// Turns `spec.scaling` as written into wire form: `{MinCapacity, MaxCapacity, SuspendedState, Policies:
/// [PutScalingPolicy], ScheduledActions: [PutScheduledAction], Tags}`, the requests without `ServiceNamespace`,
/// `ResourceId` and `ScalableDimension`.
///
/// # Errors
/// As [`to_wire`].
pub fn scaling_to_wire(written: &Value) -> Result<Wire, Vec<Problem>> {
    to_wire(written, Catalogue::get().document(Document::Scaling))
}

/// Most policies and scheduled actions of a target (Application Auto Scaling quotas).
const LENGTHS: [(&str, usize); 2] = [("Policies", 50), ("ScheduledActions", 200)];

/// Checks `spec.scaling` in wire form.
pub fn scaling(doc: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    let doc = Node::root(doc);
    capacity(&doc, &mut found);
    tags::tag_map(&doc.member("Tags"), &mut found);
    for (name, most) in LENGTHS {
        let list = doc.member(name);
        if list.len() > most {
            found.push(list.error("wrong-length", format!("has {} elements; AWS takes {most}", list.len())));
        }
    }
    policy::check(&doc.member("Policies"), &mut found);
    let actions = doc.member("ScheduledActions");
    let names = actions.items().map(|action| action.member("ScheduledActionName"));
    unique(names, "duplicate-scheduled-action", "scheduled action", &mut found);
    for action in actions.items() {
        schedule::check(&action, &mut found);
    }
    found
}

/// Checks `MinCapacity` and `MaxCapacity` of a target or a scheduled action.
fn capacity(node: &Node<'_>, found: &mut Vec<Problem>) {
    let [min, max] = ["MinCapacity", "MaxCapacity"].map(|name| node.member(name));
    for bound in [&min, &max] {
        if let Some(count) = bound.int().filter(|count| *count < 0) {
            found.push(bound.error("capacity", format!("{count} is below 0")));
        }
    }
    if let (Some(least), Some(most)) = (min.int(), max.int())
        && least > most
    {
        found.push(min.error("capacity", format!("the minimum {least} is above the maximum {most}")));
    }
}

#[cfg(test)]
mod tests;
