//! A kube-style object store in one local directory.
//!
//! Start at [`Store`]. It keeps [objects](evenkeel_core::object::Object) with kube's meaning of `uid`, `generation`,
//! `resourceVersion`, finalizers and deletion, and beside them [records](Table): internal byte values that are never
//! served.
//!
//! A write travels like this:
//!
//! ```text
//! commit(Batch) ──▶ writer ──▶ decide ──▶ database ──▶ published ──▶ watches
//!                   one task    pure,      one atomic    index and    read the ring by
//!                               kube's     batch, then   ring, in     resourceVersion
//!                               rules      flush         memory
//! ```
//!
//! Guarantees:
//!
//! - A commit happens as a whole or not at all, and is on disk before it is acknowledged or seen.
//! - `resourceVersion` is one sequence over all objects; each change of an object takes the next number, and a number
//!   is never used twice.
//! - A watch from the `resourceVersion` of a list delivers each later change once and in order, or says
//!   [`WatchError::Expired`]. It never skips one silently, and a slow one never delays a commit.
//! - A commit whose future is dropped may or may not happen, but never half.
//!
//! Objects are held in memory as compressed JSON and decoded when read: as parsed trees they take seven times what
//! their JSON does (measured). Decoding one takes about 20 µs.

mod backup;
mod batch;
mod database;
mod decide;
mod directory;
mod error;
mod packed;
mod published;
mod repair;
mod ring;
mod stats;
mod store;
mod stored;
mod watch;
mod writer;

pub use backup::{BackupError, Contents, backup, check, restore};
pub use batch::{Batch, Committed, MAX_BYTES, MAX_WRITES, Outcome, Precondition, RESTORED, Table, Write};
pub use directory::FORMAT;
pub use error::{CommitError, Conflict, OpenError, StoreError, WatchError};
pub use packed::Packed;
pub use published::{Listing, Objects};
pub use repair::{Repaired, repair};
pub use stats::Stats;
pub use store::{Options, Store};
pub use stored::Encoded;
pub use watch::{Change, Event, Selector, Watch};

#[cfg(test)]
mod tests;
