//! Random batches against a reference model that is too simple to be wrong, and watches against lists.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_core::object::{Kind, Object, ObjectKey, ResourceVersion};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{now, options};
use crate::{Batch, Change, CommitError, Precondition, Selector, Store, Table, Write};

/// An object as the model has it.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    spec: Value,
    status: Value,
    finalizers: Vec<String>,
    generation: i64,
    deleted: bool,
    born: u64,
    version: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    objects: BTreeMap<ObjectKey, Entry>,
    records: BTreeMap<String, Vec<u8>>,
    version: u64,
}

impl Model {
    /// The model after the batch; `None` when the batch is refused.
    fn after(&self, batch: &Batch) -> Option<Self> {
        let holds = |precondition: &Precondition| match precondition {
            Precondition::Absent(key) => !self.objects.contains_key(key),
            Precondition::Exists(key) => self.objects.contains_key(key),
            Precondition::Unchanged(key, version) => self.objects.get(key).is_some_and(|e| e.version == version.0),
            Precondition::Uid(..) => unreachable!("not generated"),
        };
        let mut next = self.clone();
        (batch.preconditions.iter().all(holds) && batch.writes.iter().all(|write| next.write(write))).then_some(next)
    }

    fn write(&mut self, write: &Write) -> bool {
        match write {
            Write::Apply(object) => return self.apply(object),
            Write::Status { key, status } => match self.objects.get_mut(key) {
                None => return false,
                Some(entry) if entry.status == *status => {}
                Some(entry) => {
                    self.version += 1;
                    entry.status = status.clone();
                    entry.version = self.version;
                }
            },
            Write::Delete { key } => match self.objects.get_mut(key) {
                None => return false,
                Some(entry) if entry.finalizers.is_empty() => {
                    self.version += 1;
                    self.objects.remove(key);
                }
                Some(entry) if entry.deleted => {}
                Some(entry) => {
                    self.version += 1;
                    entry.deleted = true;
                    entry.version = self.version;
                }
            },
            Write::Undelete { key } => match self.objects.get_mut(key) {
                None => return false,
                Some(entry) if entry.deleted => {
                    self.version += 1;
                    entry.deleted = false;
                    entry.version = self.version;
                }
                Some(_) => {}
            },
            Write::Record { key, value, .. } => {
                self.records.insert(key.clone(), value.clone());
            }
            Write::RemoveRecord { key, .. } => {
                self.records.remove(key);
            }
        }
        true
    }

    fn apply(&mut self, object: &Object) -> bool {
        let finalizers = object.metadata.finalizers.clone();
        let Some(entry) = self.objects.get_mut(&object.key()) else {
            self.version += 1;
            let entry = Entry {
                spec: object.spec.clone(),
                status: Value::Null,
                finalizers,
                generation: 1,
                deleted: false,
                born: self.version,
                version: self.version,
            };
            self.objects.insert(object.key(), entry);
            return true;
        };
        if entry.deleted && finalizers.iter().any(|name| !entry.finalizers.contains(name)) {
            return false;
        }
        if entry.spec == object.spec && entry.finalizers == finalizers {
            return true;
        }
        self.version += 1;
        entry.version = self.version;
        entry.generation += i64::from(entry.spec != object.spec);
        entry.spec = object.spec.clone();
        entry.finalizers = finalizers;
        if entry.deleted && entry.finalizers.is_empty() {
            self.objects.remove(&object.key());
        }
        true
    }
}

async fn list(store: &Store) -> (BTreeMap<ObjectKey, Object>, ResourceVersion) {
    let mut all = BTreeMap::new();
    for kind in Kind::ALL {
        all.extend(store.list(kind, None).await.unwrap().into_iter().map(|object| {
            let object = object.unwrap();
            (object.key(), object)
        }));
    }
    (all, store.version().await)
}

fn check(objects: &BTreeMap<ObjectKey, Object>, model: &Model) {
    assert!(objects.keys().eq(model.objects.keys()));
    for (object, entry) in objects.values().zip(model.objects.values()) {
        let metadata = &object.metadata;
        let found = Entry {
            spec: object.spec.clone(),
            status: object.status.clone(),
            finalizers: metadata.finalizers.clone(),
            generation: metadata.generation,
            deleted: metadata.deletion_timestamp.is_some(),
            born: entry.born,
            version: metadata.resource_version.0,
        };
        assert_eq!(found, *entry);
    }
}

async fn run(batches: Vec<(Batch, bool)>) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path(), options()).await.unwrap();
    let mut model = Model::default();
    let mut lists = vec![list(&store).await];
    let mut uids = BTreeMap::new();
    for (batch, restart) in batches {
        let expected = model.after(&batch);
        let preview = store.preview(batch.clone()).await;
        let result = store.commit(batch).await;
        match expected {
            Some(next) => {
                model = next;
                let done = result.unwrap();
                assert_eq!(done.resource_version.0, model.version);
                let changes = |outcomes: &[crate::Outcome]| outcomes.iter().map(|o| o.change).collect::<Vec<_>>();
                assert_eq!(changes(&preview.unwrap().outcomes), changes(&done.outcomes));
            }
            None => {
                let refused = result.unwrap_err();
                assert!(matches!(refused, CommitError::Conflict { .. } | CommitError::Invalid { .. }), "{refused}");
                assert_eq!(preview.unwrap_err(), refused);
            }
        }
        if restart {
            store.close().await;
            store = Store::open(directory.path(), options()).await.unwrap();
            lists.clear();
        }
        let (objects, version) = list(&store).await;
        assert_eq!(version.0, model.version);
        check(&objects, &model);
        assert!(store.records(Table::Memory).await.unwrap().into_iter().eq(model.records.clone()));
        for (object, entry) in objects.values().zip(model.objects.values()) {
            let uid = &object.metadata.uid;
            assert_eq!(uids.entry(entry.born).or_insert_with(|| uid.clone()), uid);
        }
        lists.push((objects, version));
    }
    assert_eq!(uids.values().collect::<BTreeSet<_>>().len(), uids.len());

    let (last, end) = lists.last().unwrap().clone();
    for (mut objects, version) in lists {
        let mut watch = store.watch(Selector::all(), version).unwrap();
        for expected in version.0 + 1..=end.0 {
            let event = watch.next().await.unwrap();
            assert_eq!(event.object.metadata.resource_version.0, expected);
            let key = event.object.key();
            match event.change {
                Change::Added => assert!(objects.insert(key, event.object).is_none()),
                Change::Modified => assert!(objects.insert(key, event.object).is_some()),
                Change::Deleted => assert!(objects.remove(&key).is_some()),
            }
        }
        assert_eq!(objects, last);
    }
}

fn keys() -> impl Strategy<Value = ObjectKey> {
    let kind = prop_oneof![Just(Kind::Service), Just(Kind::Cluster)];
    (kind, "[ab]", "[xy]").prop_map(|(kind, namespace, name)| ObjectKey::new(kind, &namespace, &name))
}

fn writes() -> impl Strategy<Value = Write> {
    let apply = (keys(), 0..3, btree_set("[fg]", 0..=2)).prop_map(|(key, count, finalizers)| {
        let mut object = Object::new(&key, json!({"count": count}));
        object.metadata.finalizers = finalizers.into_iter().collect();
        Write::Apply(object)
    });
    prop_oneof![
        5 => apply,
        2 => (keys(), 0..3).prop_map(|(key, ready)| Write::Status { key, status: json!({"ready": ready}) }),
        2 => keys().prop_map(|key| Write::Delete { key }),
        1 => keys().prop_map(|key| Write::Undelete { key }),
        1 => ("[kl]", vec(any::<u8>(), 0..3)).prop_map(|(key, value)| Write::Record { table: Table::Memory, key, value }),
        1 => "[kl]".prop_map(|key| Write::RemoveRecord { table: Table::Memory, key }),
    ]
}

fn preconditions() -> impl Strategy<Value = Precondition> {
    prop_oneof![
        keys().prop_map(Precondition::Absent),
        keys().prop_map(Precondition::Exists),
        (keys(), 0..12_u64).prop_map(|(key, version)| Precondition::Unchanged(key, ResourceVersion(version))),
    ]
}

fn batches() -> impl Strategy<Value = Batch> {
    let precondition = prop_oneof![3 => vec(preconditions(), 0), 1 => vec(preconditions(), 1..3)];
    (precondition, vec(writes(), 0..4)).prop_map(|(preconditions, writes)| Batch { now: now(), preconditions, writes })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does_and_a_watch_from_any_list_leads_to_the_last(
        batches in vec((batches(), prop::bool::weighted(0.05)), 1..30),
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run(batches));
    }
}
