//! Documents as bytes: made once for each version of an object, kept compressed, and handed to all who list or watch it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use evenkeel_core::object::{ObjectKey, ResourceVersion};
use evenkeel_store::{Encoded, Packed, StoreError};
use serde_json::Value;

use crate::document;
use crate::pick::Pick;
use crate::resource::{RESOURCES, Resource};

/// Most bytes of documents that are kept. 10,000 services with their task definitions fit in, and of those only documents
/// with masks take memory of their own: the others are the store's.
const MAX_BYTES: usize = 64 << 20;

/// The documents that were asked for, at the newest version that was.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Kept>);

/// Documents of one resource, each with the version that it is of.
type Row = HashMap<ObjectKey, (ResourceVersion, Packed)>;

#[derive(Debug, Default)]
struct Kept {
    rows: [Row; RESOURCES.len()],
    bytes: usize,
}

impl Shelf {
    /// The whole document of an object.
    pub(crate) fn document(&self, resource: &Resource, object: &Encoded) -> Result<Vec<u8>, StoreError> {
        let row = RESOURCES.iter().position(|row| std::ptr::eq(row, resource)).unwrap_or_default();
        let version = object.resource_version();
        {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match kept.rows[row].get(object.key()) {
                Some((of, document)) if *of == version => return Ok(document.unpack()),
                _ => {}
            }
        }
        // Others may do the same meanwhile: better than to wait for each other.
        let document = encode(resource, object)?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put(row, object.key(), version, &document);
        drop(kept);
        Ok(document.unpack())
    }
}

impl Kept {
    fn put(&mut self, row: usize, key: &ObjectKey, version: ResourceVersion, document: &Packed) {
        // A watcher that is behind asks for old versions, which nobody else will ask for.
        if self.rows[row].get(key).is_some_and(|(newer, _)| *newer > version) {
            return;
        }
        // What is gone is never asked for again, and goes here too.
        if self.bytes + document.size() > MAX_BYTES {
            *self = Self::default();
        }
        self.bytes += document.size();
        if let Some((_, before)) = self.rows[row].insert(key.clone(), (version, document.clone())) {
            self.bytes -= before.size();
        }
    }
}

fn encode(resource: &Resource, object: &Encoded) -> Result<Packed, StoreError> {
    let decoded = object.decode()?;
    let document = match resource.verbatim {
        false => (resource.document)(decoded),
        true => match document::masked(decoded) {
            (document, true) => document,
            (_, false) => return Ok(object.packed().clone()),
        },
    };
    Ok(Packed::of(document.to_string().as_bytes()))
}

/// What is wanted of an object's document, and maybe more of it.
pub(crate) fn part(resource: &Resource, object: &Encoded, pick: &Pick) -> Result<Value, StoreError> {
    if pick.is_whole() || !resource.verbatim {
        return Ok((resource.document)(object.decode()?));
    }
    let mut part = pick
        .read(&object.json())
        .map_err(|error| StoreError::Corrupt { what: object.key().to_string(), detail: error.to_string() })?;
    document::mask_applied(&mut part["metadata"]);
    Ok(part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use evenkeel_core::object::{Kind, Object};
    use evenkeel_store::{Batch, Options, Store, Write};
    use serde_json::json;

    async fn listed(store: &Store, kind: Kind) -> Vec<Encoded> {
        store.list(kind, None).await.unwrap().encoded().collect()
    }

    fn resource(kind: &str) -> &'static Resource {
        RESOURCES.iter().find(|resource| resource.kind == kind).unwrap()
    }

    #[tokio::test]
    async fn a_document_is_made_once_and_is_the_stores_own_where_nothing_is_masked() {
        let store = Store::temporary(Options { store_id: Some(1), ..Options::default() }).await.unwrap();
        let object = |kind, spec| Write::Apply(Object::new(&ObjectKey::new(kind, "shop", "web"), spec));
        let secret =
            json!({"containerDefinitions": [{"name": "a", "environment": [{"name": "A", "value": "hunter2"}]}]});
        let writes = vec![
            object(Kind::Service, json!({"service": {"desiredCount": 1}})),
            object(Kind::TaskDefinition, json!({"taskDefinition": secret})),
        ];
        store.commit(Batch::new("2026-01-01T00:00:00Z".parse().unwrap(), writes)).await.unwrap();
        let shelf = Shelf::default();
        let service = listed(&store, Kind::Service).await.remove(0);
        assert_eq!(shelf.document(resource("Service"), &service).unwrap(), service.json());
        let definition = listed(&store, Kind::TaskDefinition).await.remove(0);
        let document = shelf.document(resource("TaskDefinition"), &definition).unwrap();
        assert_eq!(document, shelf.document(resource("TaskDefinition"), &definition).unwrap());
        let text = String::from_utf8(document).unwrap();
        assert!(text.contains("(masked)") && !text.contains("hunter2"), "{text}");
    }

    /// Bytes that cannot be packed.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut byte = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(|_| byte()).collect()
    }

    #[test]
    fn newer_documents_take_the_place_of_older_ones_and_what_is_kept_is_bounded() {
        let mut kept = Kept::default();
        let key = |name: &str| ObjectKey::new(Kind::Service, "shop", name);
        let (small, large) = (Packed::of(b"{}"), Packed::of(&noise(MAX_BYTES)));
        kept.put(0, &key("a"), ResourceVersion(2), &small);
        kept.put(0, &key("a"), ResourceVersion(1), &large);
        kept.put(0, &key("a"), ResourceVersion(3), &small);
        kept.put(1, &key("a"), ResourceVersion(3), &small);
        assert_eq!((kept.bytes, kept.rows[0][&key("a")].0), (2 * small.size(), ResourceVersion(3)));
        kept.put(0, &key("b"), ResourceVersion(4), &large);
        assert_eq!((kept.bytes, kept.rows[0].len(), kept.rows[1].len()), (large.size(), 1, 0));
    }
}
