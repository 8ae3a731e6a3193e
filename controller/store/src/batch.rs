//! What a commit asks for, and what it answers.

use evenkeel_core::object::{Object, ObjectKey, ResourceVersion};
use jiff::Timestamp;
use serde_json::Value;

use crate::watch::Change;

/// Most writes that one batch may hold. A larger change is several commits: what must be atomic in this program is
/// small (an object with its memory), and a bounded batch keeps the pause of other writers short.
pub const MAX_WRITES: usize = 1_000;

/// Most bytes that the objects and records of one batch may have once encoded: 8 MiB. AWS bounds a task definition to
/// 64 KiB (ECS service quotas), so [`MAX_WRITES`] usual objects fit.
pub const MAX_BYTES: usize = 8 << 20;

/// Preconditions and writes that happen together or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The caller's clock; becomes `creationTimestamp` and `deletionTimestamp`, in whole seconds as kube has them.
    pub now: Timestamp,
    /// Must all hold before the first write.
    pub preconditions: Vec<Precondition>,
    /// Done in order; a later one sees the earlier ones.
    pub writes: Vec<Write>,
}

impl Batch {
    /// A batch without preconditions.
    pub fn new(now: Timestamp, writes: Vec<Write>) -> Self {
        Self { now, preconditions: Vec::new(), writes }
    }

    /// The same batch with one more precondition.
    #[must_use]
    pub fn when(mut self, precondition: Precondition) -> Self {
        self.preconditions.push(precondition);
        self
    }
}

/// What must be so for a batch to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// There is no such object.
    Absent(ObjectKey),
    /// There is such an object.
    Exists(ObjectKey),
    /// The object was last written at this version.
    Unchanged(ObjectKey, ResourceVersion),
    /// The object is this one, and not another that was made later under the same key.
    Uid(ObjectKey, String),
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Creates the object, or replaces `spec`, labels, annotations and finalizers of the one with its key.
    ///
    /// `status` and the metadata that the store sets are ignored, so what was read may be changed and applied again.
    /// `generation` grows only when `spec` differs. Nothing different: no write, no event, no new version. When the
    /// last finalizer of a deleted object goes, so does the object.
    Apply(Object),
    /// Replaces `status` only. An equal status is no write.
    Status {
        /// Whose status; must exist.
        key: ObjectKey,
        /// The whole new status.
        status: Value,
    },
    /// Removes the object, or, while it has finalizers, sets `deletionTimestamp`.
    Delete {
        /// What to delete; must exist.
        key: ObjectKey,
    },
    /// Takes back a deletion that a finalizer holds off. Kube knows no such thing; but whoever declares an object again
    /// before anything was removed wants it to stay as it is.
    Undelete {
        /// What is to stay; must exist.
        key: ObjectKey,
    },
    /// Sets a record.
    Record {
        /// Its table.
        table: Table,
        /// Its key within the table.
        key: String,
        /// Its whole new value.
        value: Vec<u8>,
    },
    /// Removes a record, if there is one.
    RemoveRecord {
        /// Its table.
        table: Table,
        /// Its key within the table.
        key: String,
    },
}

/// Tables of internal records. They may hold secrets, so nothing serves or logs their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// What a reconciler must remember of an object, by uid.
    Memory,
    /// Described task definition revisions, by ARN; AWS never changes one.
    TaskDefinitions,
    /// Canonical observed state, by object key.
    Observed,
    /// The last good snapshot of the source.
    Source,
    /// Commits of the source, as far as rollouts tell of them.
    History,
}

/// Key of the record in [`Table::Source`] that a restored or repaired store begins with: what it holds may be older than
/// what was done since, until the source has been read. Whoever applies the source removes it.
pub const RESTORED: &str = "restored";

impl Table {
    /// All tables.
    pub(crate) const ALL: [Self; 5] =
        [Self::Memory, Self::TaskDefinitions, Self::Observed, Self::Source, Self::History];

    /// The table's name in the store's keys; part of the format.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::TaskDefinitions => "task-definitions",
            Self::Observed => "observed",
            Self::Source => "source",
            Self::History => "history",
        }
    }
}

/// A commit that is on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// Version of the store with this commit in it.
    pub resource_version: ResourceVersion,
    /// One for each `Apply`, `Status` and `Delete`, in the order of the writes.
    pub outcomes: Vec<Outcome>,
}

/// What became of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What changed; `None` when nothing did.
    pub change: Option<Change>,
    /// The object as it is now stored, or, when deleted, as it was last.
    pub object: Object,
}
