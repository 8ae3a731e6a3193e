//! Scaling that was declared when last applied and is declared no longer, member by member.
//!
//! PutScalingPolicy and PutScheduledAction replace an element as a whole, so for what went from inside one it is enough
//! to see it and to put the element again. What stays when it is left out of a request gets the value that it has
//! when nobody ever said anything (Application Auto Scaling API reference).

use serde_json::{Map, Value, json};

use super::Observed;
use crate::canonical::{Order, Rule, canonical};
use crate::catalogue::pointer::join;
use crate::diff::{Drift, masked};

const LISTS: [(&str, &str); 2] = [("Policies", "PolicyName"), ("ScheduledActions", "ScheduledActionName")];

/// The declared scaling with the value that removes it for what is no longer declared.
pub(super) fn effective(declared: &Map<String, Value>, observed: &Observed, applied: &Value) -> Map<String, Value> {
    let mut wanted = declared.clone();
    let Some(applied) = applied["scaling"].as_object() else { return wanted };
    for (switch, value) in applied.get("SuspendedState").and_then(Value::as_object).into_iter().flatten() {
        let state = wanted.entry("SuspendedState").or_insert_with(|| json!({}));
        if *value == true && state.get(switch).is_none() {
            state[switch] = json!(false);
        }
    }
    let live = [observed.policies.present(), observed.scheduled_actions.present()];
    for ((list, name), live) in LISTS.into_iter().zip(live) {
        let Some(before) = applied.get(list).and_then(Value::as_array) else { continue };
        let known = |element: &Value| before.iter().find(|before| before.get(name) == element.get(name));
        match wanted.get_mut(list).and_then(Value::as_array_mut) {
            // A time zone that is left out of a request stays.
            Some(elements) => {
                for element in elements.iter_mut().filter(|element| element.get("Timezone").is_none()) {
                    if known(element).is_some_and(|before| before.get("Timezone").is_some()) {
                        element["Timezone"] = json!("UTC");
                    }
                }
            }
            // The list is nobody's any more, but for what we put in it.
            None => {
                if let Some(live) = live.filter(|live| live.iter().any(|element| known(element).is_some())) {
                    let others = live.iter().filter(|element| known(element).is_none()).cloned().collect();
                    wanted.insert(list.into(), Value::Array(others));
                }
            }
        }
    }
    wanted
}

/// What stands in live policies and scheduled actions, was declared when last applied, and is declared no longer.
pub(super) fn left_over(wanted: &Value, seen: &Value, applied: &Value, rules: &Rule) -> Vec<Drift> {
    let mut drift = Vec::new();
    for (list, _) in LISTS {
        let at = join("/scaling", list);
        walk([&applied["scaling"][list], &wanted[list], &seen[list]], rules.member(list), &at, &mut drift);
    }
    drift
}

fn walk([before, want, have]: [&Value; 3], rule: &Rule, path: &str, drift: &mut Vec<Drift>) {
    match (before, want, have) {
        (Value::Object(before), Value::Object(want), Value::Object(have)) => {
            for (name, before) in before {
                let (path, rule) = (join(path, name), rule.member(name));
                match (want.get(name), have.get(name)) {
                    (Some(want), Some(have)) => walk([before, want, have], rule, &path, drift),
                    (None, Some(have)) if canonical(have, rule).is_some() => drift.push(Drift {
                        path,
                        desired: None,
                        observed: Some(masked(have, rule)),
                        rule: "declared when last applied, no longer declared".into(),
                    }),
                    _ => {}
                }
            }
        }
        (Value::Array(before), Value::Array(want), Value::Array(have)) if matches!(rule.order, Order::Keyed(_)) => {
            for before in before {
                let key = rule.key_of(before).unwrap_or_default();
                let with_key =
                    |list: &[Value]| list.iter().find(|one| rule.key_of(one).as_ref() == Some(&key)).cloned();
                if let (Some(want), Some(have)) = (with_key(want), with_key(have)) {
                    walk([before, &want, &have], rule.element(), &join(path, &key), drift);
                }
            }
        }
        _ => {}
    }
}
