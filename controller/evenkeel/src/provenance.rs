//! Where objects come from: the file, the line and the commit, kept beside the objects and not in them, so that an
//! edit elsewhere in a file does not touch them.

use std::collections::{BTreeSet, HashMap};

use evenkeel_api::Origin;
use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_core::plan::Waiting;
use evenkeel_core::reason::Reason;
use evenkeel_core::window::Closed;
use evenkeel_store::{Store, StoreError, Table, Write};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What is kept of where an object came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SourceRecord {
    /// Revision of the source at which the object last changed.
    pub revision: String,
    /// File, from the root of the source.
    pub file: String,
    /// Line at which its manifest begins.
    pub line: usize,
    /// The source, whole and understood, no longer declares it, and the guard over deletions keeps it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// Why the newest manifest is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// A newer spec that the source declares and that is not in force, since change windows are closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldCommit>,
    /// Annotation keys that the source set: only these are its to change and remove.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub annotations: BTreeSet<String>,
    /// Label keys that the source set.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
}

/// A spec that waits for a change window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldCommit {
    /// Revision of the source that brought it.
    pub revision: String,
    /// Digest of it: another one is another commit's.
    pub content: String,
    /// When the window opens, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<Timestamp>,
}

impl HeldCommit {
    /// A spec that `revision` declares; if it waits already, with the revision that brought it.
    pub fn new(spec: &Value, revision: &str, closed: Closed, before: Option<&Self>) -> Self {
        let digest = Sha256::digest(spec.to_string());
        let content: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let before = before.filter(|before| before.content == content).map(|before| before.revision.clone());
        Self { revision: before.unwrap_or_else(|| revision.to_owned()), content, opens: closed.opens }
    }

    /// How it is told.
    pub fn waiting(&self) -> Waiting {
        let closed = Closed { opens: self.opens, ..Closed::default() };
        let message = format!(
            "{} changes it and waits: the change window {closed}; what was declared before stays in force until then",
            self.revision
        );
        Waiting::new(Reason::OutsideChangeWindow, message)
    }
}

impl SourceRecord {
    /// The record of an object; an empty one if it never came from the source.
    ///
    /// # Errors
    /// The store's.
    pub async fn read(store: &Store, key: &ObjectKey) -> Result<Self, StoreError> {
        let bytes = store.record(Table::Source, &key.to_string()).await?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    /// The records of all objects, by key, in one read.
    ///
    /// # Errors
    /// The store's.
    pub async fn all(store: &Store) -> Result<HashMap<String, Self>, StoreError> {
        let records = store.records(Table::Source).await?.into_iter();
        // The guard over deletions keeps its times in the same table, in another form.
        Ok(records.filter_map(|(key, bytes)| Some((key, serde_json::from_slice(&bytes).ok()?))).collect())
    }

    /// All objects by the file that declared them when it was last good.
    ///
    /// # Errors
    /// The store's.
    pub async fn last_good(store: &Store) -> Result<Vec<(String, ObjectKey)>, StoreError> {
        let records = Self::all(store).await?;
        let mut declared = Vec::new();
        for kind in [Kind::Cluster, Kind::TaskDefinition, Kind::Service] {
            for key in store.list(kind, None).await?.keys() {
                let file = records.get(&key.to_string()).map(|record| record.file.clone());
                declared.push((file.unwrap_or_default(), key.clone()));
            }
        }
        Ok(declared)
    }

    /// Where git declares the object; nothing when it never did, or no longer does.
    pub fn origin(self) -> Option<Origin> {
        let Self { revision, file, line, gone, annotations, labels, .. } = self;
        (!gone && !file.is_empty()).then_some(Origin { file, line, revision, annotations, labels })
    }

    /// The write that keeps it.
    pub fn write(&self, key: &ObjectKey) -> Write {
        // A record is plain data: there is nothing in it that JSON cannot hold.
        let value = serde_json::to_vec(self).unwrap_or_default();
        Write::Record { table: Table::Source, key: key.to_string(), value }
    }
}
