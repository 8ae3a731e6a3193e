//! Patches: a document in, the changed document out. Pure.

use evenkeel_core::catalogue::pointer;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::failure::Failure;

/// A merge patch (RFC 7396): members of `patch` replace those of `target`, and `null` takes one away.
pub(crate) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(members) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(target) = target {
        for (name, member) in members {
            match member {
                Value::Null => drop(target.remove(&name)),
                member => merge(target.entry(name).or_insert(Value::Null), member),
            }
        }
    }
}

/// One step of a JSON patch (RFC 6902).
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Step {
    Add {
        path: String,
        #[serde(default)]
        value: Value,
    },
    Replace {
        path: String,
        #[serde(default)]
        value: Value,
    },
    Test {
        path: String,
        #[serde(default)]
        value: Value,
    },
    Remove {
        path: String,
    },
    Move {
        from: String,
        path: String,
    },
    Copy {
        from: String,
        path: String,
    },
}

/// Most steps of one patch; kube's own limit.
const MAX_STEPS: usize = 10_000;

/// Most bytes that the copies of one patch may make, as JSON; without a bound, thirty of them fill the memory. Kube's
/// own limit is that of bodies as well.
const MAX_COPIED: usize = crate::body::MAX_BYTES;

/// Reads a JSON patch.
pub(crate) fn steps(patch: Value) -> Result<Vec<Step>, Failure> {
    let steps: Vec<Step> = serde_json::from_value(patch)
        .map_err(|error| Failure::bad_request(format!("the JSON patch cannot be read: {error}")))?;
    match steps.len() {
        0..=MAX_STEPS => Ok(steps),
        more => Err(Failure::bad_request(format!("a JSON patch has at most {MAX_STEPS} steps, and this one {more}"))),
    }
}

/// Applies a JSON patch.
///
/// # Errors
/// The step that does not fit, in words; what `target` is then means nothing.
pub(crate) fn json(target: &mut Value, steps: &[Step]) -> Result<(), String> {
    let mut copied = 0;
    for step in steps {
        match step {
            Step::Add { path, value } => add(target, path, value.clone())?,
            Step::Replace { path, value } => match target.pointer_mut(path) {
                Some(there) => *there = value.clone(),
                None => return Err(missing(path)),
            },
            // Kube takes what is absent for null, and clients rely on it to guard lists that may be absent.
            Step::Test { path, value } => {
                if target.pointer(path).unwrap_or(&Value::Null) != value {
                    return Err(format!("test of {path:?} failed: the value there is another"));
                }
            }
            Step::Remove { path } => drop(remove(target, path)?),
            Step::Move { from, path } => {
                let value = remove(target, from)?;
                add(target, path, value)?;
            }
            Step::Copy { from, path } => {
                let value = target.pointer(from).cloned().ok_or_else(|| missing(from))?;
                copied += value.to_string().len();
                if copied > MAX_COPIED {
                    return Err(format!("it copies more than {MAX_COPIED} bytes"));
                }
                add(target, path, value)?;
            }
        }
    }
    Ok(())
}

fn missing(path: &str) -> String {
    format!("there is nothing at {path:?}")
}

/// The place that holds a pointer's last segment, and that segment.
fn parent<'a>(target: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let at = path.rfind('/').ok_or_else(|| format!("{path:?} is not a JSON pointer: it begins with /"))?;
    let last = pointer::segments(&path[at..]).next().unwrap_or_default().into_owned();
    Ok((target.pointer_mut(&path[..at]).ok_or_else(|| missing(&path[..at]))?, last))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *target = value;
        return Ok(());
    }
    match parent(target, path)? {
        (Value::Object(members), name) => drop(members.insert(name, value)),
        (Value::Array(elements), end) if end == "-" => elements.push(value),
        (Value::Array(elements), index) => match index.parse::<usize>() {
            Ok(index) if index <= elements.len() => elements.insert(index, value),
            _ => return Err(missing(path)),
        },
        _ => return Err(missing(path)),
    }
    Ok(())
}

fn remove(target: &mut Value, path: &str) -> Result<Value, String> {
    let gone = match parent(target, path)? {
        (Value::Object(members), name) => members.remove(&name),
        (Value::Array(elements), index) => {
            index.parse().ok().filter(|index| *index < elements.len()).map(|index: usize| elements.remove(index))
        }
        _ => None,
    };
    gone.ok_or_else(|| missing(path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_replaces_members_and_takes_away_what_is_null() {
        // The cases of RFC 7396, appendix A, that differ in kind.
        for (mut target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!(["a"]), json!({"a": {"b": null}}), json!({"a": {}})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        ] {
            merge(&mut target, patch);
            assert_eq!(target, expected);
        }
    }

    fn patched(mut target: Value, patch: Value) -> Result<Value, String> {
        json(&mut target, &steps(patch).unwrap()).map(|()| target)
    }

    #[test]
    fn a_json_patch_does_its_steps_in_order() {
        let patch = json!([
            {"op": "add", "path": "/a/-", "value": 3},
            {"op": "add", "path": "/a/0", "value": 0},
            {"op": "replace", "path": "/a/1", "value": 9},
            {"op": "move", "from": "/b", "path": "/c~1d"},
            {"op": "copy", "from": "/a/0", "path": "/e"},
            {"op": "remove", "path": "/a/2"},
            {"op": "test", "path": "/e", "value": 0},
        ]);
        let target = json!({"a": [1, 2], "b": "x"});
        assert_eq!(patched(target, patch).unwrap(), json!({"a": [0, 9, 3], "c/d": "x", "e": 0}));
    }

    #[test]
    fn what_is_absent_passes_a_test_for_null() {
        let guard = json!([{"op": "test", "path": "/f", "value": null}, {"op": "add", "path": "/f", "value": ["x"]}]);
        assert_eq!(patched(json!({}), guard.clone()).unwrap(), json!({"f": ["x"]}));
        assert!(patched(json!({"f": []}), guard).unwrap_err().contains("test of \"/f\" failed"));
    }

    #[test]
    fn copies_of_copies_are_bounded() {
        let mut patch = vec![json!({"op": "add", "path": "/a", "value": [1]})];
        patch.extend((0..40).map(|_| json!({"op": "copy", "from": "/a", "path": "/a/-"})));
        assert!(patched(json!({}), patch.into()).unwrap_err().contains("copies more than"));
    }

    #[test]
    fn a_step_that_does_not_fit_is_told() {
        for step in [
            json!({"op": "remove", "path": "/x"}),
            json!({"op": "replace", "path": "/x", "value": 1}),
            json!({"op": "add", "path": "/x/y", "value": 1}),
            json!({"op": "add", "path": "/a/7", "value": 1}),
            json!({"op": "remove", "path": ""}),
            json!({"op": "copy", "from": "/x", "path": "/y"}),
            json!({"op": "add", "path": "é", "value": 1}),
        ] {
            assert!(patched(json!({"a": [1]}), json!([step])).is_err(), "{step}");
        }
        assert!(steps(json!([{"op": "jump", "path": "/"}])).is_err());
    }
}
