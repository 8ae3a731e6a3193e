//! The change windows of all Clusters, while a load is applied: what its commits may change now.

use std::collections::BTreeMap;

use evenkeel_core::manifest::Load;
use evenkeel_core::object::{Kind, Object};
use evenkeel_core::spec::ChangeWindow;
use evenkeel_core::window::{self, Closed};
use evenkeel_store::{Store, StoreError};
use jiff::Timestamp;
use serde_json::Value;

/// By namespace: the windows, and who may have opened them.
pub(super) struct Windows {
    clusters: BTreeMap<String, (Vec<ChangeWindow>, Vec<Object>)>,
    now: Timestamp,
}

impl Windows {
    /// Those that the load declares, and of Clusters that it does not declare well, those that are in force.
    pub(super) async fn of(store: &Store, load: &Load, now: Timestamp) -> Result<Self, StoreError> {
        let mut clusters: BTreeMap<String, (Vec<ChangeWindow>, Vec<Object>)> = BTreeMap::new();
        for stored in store.list(Kind::Cluster, None).await? {
            let stored = stored?;
            clusters.insert(stored.metadata.name.clone(), (window::of_cluster(&stored.spec), vec![stored]));
        }
        for manifest in load.manifests.iter().filter(|manifest| manifest.key.kind == Kind::Cluster) {
            let declared = manifest.object();
            let (windows, objects) = clusters.entry(declared.metadata.name.clone()).or_default();
            *windows = window::of_cluster(&declared.spec);
            // The commit itself may say that it is urgent.
            objects.push(declared);
        }
        Ok(Self { clusters, now })
    }

    /// Whether those of a namespace are closed, also for `objects` of it.
    pub(super) fn closed(&self, namespace: &str, objects: &[&Object]) -> Option<Closed> {
        let (windows, clusters) = self.clusters.get(namespace)?;
        window::closed_for(windows, clusters.iter().chain(objects.iter().copied()), self.now)
    }
}

/// The spec that is in force with a load: the declared one, unless there is an older one and windows are closed.
pub(super) fn in_force(declared: &Object, existing: Option<&Object>, closed: Option<&Closed>) -> Value {
    match (existing, closed) {
        (Some(existing), Some(_)) => window::in_force(declared.kind, &existing.spec, &declared.spec),
        _ => declared.spec.clone(),
    }
}
