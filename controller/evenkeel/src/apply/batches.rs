//! Which objects are stored together: those that refer to each other, so that no pass ever sees half of a change.

use std::collections::{BTreeMap, HashMap};

use evenkeel_core::object::{Kind, Object, ObjectKey};

/// Objects in one batch: with a record each, well within what the store takes.
const FULL: usize = 200;
/// Objects that refer to each other and are too many for one batch of the store are cut after so many.
const MOST: usize = evenkeel_store::MAX_WRITES / 2;

/// To whom an object refers: a Service to its TaskDefinition and to what it depends on.
pub(crate) fn references(object: &Object) -> Vec<ObjectKey> {
    if object.kind != Kind::Service {
        return Vec::new();
    }
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    let definition = object.spec["taskDefinition"].as_str().map(|name| (Kind::TaskDefinition, name));
    let dependencies = object.spec["dependsOn"].as_array().into_iter().flatten();
    let dependencies = dependencies
        .filter_map(|other| Some((other["kind"].as_str().and_then(Kind::from_name)?, other["name"].as_str()?)));
    let others = definition.into_iter().chain(dependencies);
    others.map(|(kind, name)| ObjectKey::new(kind, namespace, name)).collect()
}

/// Cuts items into batches by the objects in them.
pub(super) fn batches<T>(items: &[T], object: impl Fn(&T) -> Object) -> Vec<Vec<&T>> {
    let mut batches: Vec<Vec<&T>> = Vec::new();
    for group in groups(items.iter().map(object)) {
        let group: Vec<&T> = group.into_iter().map(|at| &items[at]).collect();
        match batches.last_mut().filter(|batch| batch.len() + group.len() <= FULL) {
            Some(batch) => batch.extend(group),
            None => batches.extend(group.chunks(MOST).map(<[&T]>::to_vec)),
        }
    }
    batches
}

/// The objects that refer to each other, directly or through others, in the order of the first of each group.
fn groups(objects: impl Iterator<Item = Object>) -> Vec<Vec<usize>> {
    let objects: Vec<_> = objects.map(|object| (object.key(), references(&object))).collect();
    let places: HashMap<&ObjectKey, usize> = objects.iter().enumerate().map(|(at, (key, _))| (key, at)).collect();
    // Each object leads to an earlier one of its group, and the first to itself.
    let mut leads: Vec<usize> = (0..objects.len()).collect();
    for (at, (_, others)) in objects.iter().enumerate() {
        for other in others.iter().filter_map(|key| places.get(key)) {
            let (one, two) = (first(&mut leads, at), first(&mut leads, *other));
            leads[one.max(two)] = one.min(two);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..objects.len() {
        groups.entry(first(&mut leads, at)).or_default().push(at);
    }
    groups.into_values().collect()
}

/// The first of an object's group; the way there is cut short for the next who asks.
fn first(leads: &mut [usize], mut at: usize) -> usize {
    while leads[at] != at {
        leads[at] = leads[leads[at]];
        at = leads[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(name: &str) -> Object {
        Object::new(&ObjectKey::new(Kind::TaskDefinition, "shop", name), json!({}))
    }

    fn service(name: &str, definition: &str, after: &[&str]) -> Object {
        let after: Vec<_> = after.iter().map(|name| json!({"kind": "Service", "name": name})).collect();
        let spec = json!({"taskDefinition": definition, "dependsOn": after});
        Object::new(&ObjectKey::new(Kind::Service, "shop", name), spec)
    }

    #[test]
    fn what_refers_to_each_other_is_one_batch_however_far_apart_it_stands() {
        let many = 3 * FULL;
        let definitions = (0..many).map(|number| definition(&format!("d{number}")));
        let services = (0..many).map(|number| service(&format!("s{number}"), &format!("d{number}"), &[]));
        let objects: Vec<Object> = definitions.chain(services).collect();
        let batches = batches(&objects, Object::clone);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [FULL; 6]);
        for batch in &batches {
            let names = |kind: Kind| -> Vec<&str> {
                batch.iter().filter(|object| object.kind == kind).map(|object| &object.metadata.name[1..]).collect()
            };
            assert_eq!(names(Kind::TaskDefinition), names(Kind::Service));
        }
    }

    #[test]
    fn services_that_wait_for_each_other_are_one_group_with_all_their_definitions() {
        let objects = [
            definition("a"),
            definition("b"),
            definition("c"),
            service("a", "a", &["b"]),
            service("b", "b", &[]),
            service("c", "c", &[]),
        ];
        assert_eq!(groups(objects.into_iter()), [vec![0, 1, 3, 4], vec![2, 5]]);
    }

    #[test]
    fn a_group_that_no_batch_can_hold_is_cut() {
        let objects: Vec<Object> = (0..=MOST).map(|number| service(&format!("s{number}"), "same", &["s0"])).collect();
        assert_eq!(batches(&objects, Object::clone).iter().map(Vec::len).collect::<Vec<_>>(), [MOST, 1]);
    }

    #[test]
    fn nothing_makes_no_batch() {
        assert!(batches(&[], Object::clone).is_empty());
    }
}
