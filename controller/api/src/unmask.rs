//! Clients see masks in place of secrets, and send back what they saw: the secrets are put where they were.

use evenkeel_core::diff::MASK;
use serde_json::Value;

/// `wanted`, with what is as `served` taken from `stored`, of which it is the masked form.
pub(crate) fn unmasked(wanted: &Value, served: &Value, stored: &Value) -> Value {
    if wanted == served {
        return stored.clone();
    }
    match (wanted, served, stored) {
        (Value::Object(members), Value::Object(seen), Value::Object(_)) => {
            let member = |(name, member): (&String, &Value)| {
                let there = member_of(stored, name);
                (name.clone(), unmasked(member, seen.get(name).unwrap_or(&Value::Null), there))
            };
            Value::Object(members.iter().map(member).collect())
        }
        (Value::Array(elements), Value::Array(seen), Value::Array(kept)) => {
            let element = |(index, element): (usize, &Value)| {
                // Containers, variables and volumes have names, and may have moved.
                let at = match element.get("name") {
                    Some(name) => seen.iter().position(|other| other.get("name") == Some(name)),
                    None => Some(index),
                };
                let of = |list: &'_ [Value]| at.and_then(|at| list.get(at)).cloned().unwrap_or_default();
                unmasked(element, &of(seen), &of(kept))
            };
            Value::Array(elements.iter().enumerate().map(element).collect())
        }
        _ => wanted.clone(),
    }
}

/// A member by its served name: stored documents may have the initial in upper case, as AWS's own tools write it.
fn member_of<'a>(stored: &'a Value, name: &str) -> &'a Value {
    stored.get(name).unwrap_or_else(|| {
        let mut initial = name.chars();
        let upper = initial.next().map(|first| format!("{}{}", first.to_ascii_uppercase(), initial.as_str()));
        &stored[upper.unwrap_or_default().as_str()]
    })
}

/// Whether a mask is left that stands for nothing.
pub(crate) fn holds_mask(value: &Value) -> bool {
    match value {
        Value::String(text) => text == MASK,
        Value::Array(elements) => elements.iter().any(holds_mask),
        Value::Object(members) => members.values().any(holds_mask),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn containers(image: &str, variables: &[(&str, &str)]) -> Value {
        let variable = |(name, value): &(&str, &str)| json!({"name": name, "value": value});
        let environment: Vec<Value> = variables.iter().map(variable).collect();
        json!({"containerDefinitions": [{"name": "app", "image": image, "environment": environment}]})
    }

    #[test]
    fn a_mask_that_comes_back_is_the_secret_it_stood_for() {
        let stored = containers("web:1", &[("A", "secret-a"), ("B", "secret-b")]);
        let served = containers("web:1", &[("A", MASK), ("B", MASK)]);
        let wanted = containers("web:2", &[("B", MASK), ("A", "new")]);
        let expected = containers("web:2", &[("B", "secret-b"), ("A", "new")]);
        assert_eq!(unmasked(&wanted, &served, &stored), expected);
        assert!(!holds_mask(&expected));
    }

    #[test]
    fn a_mask_that_stands_for_nothing_is_found() {
        let stored = containers("web:1", &[("A", "secret-a")]);
        let served = containers("web:1", &[("A", MASK)]);
        assert!(holds_mask(&unmasked(&containers("web:1", &[("NEW", MASK)]), &served, &stored)));
    }
}
