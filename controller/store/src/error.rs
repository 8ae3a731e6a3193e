//! Errors. They say what happened, where, and what to do; they never hold values of objects or records.

use std::io;
use std::path::PathBuf;

use evenkeel_core::object::{ObjectKey, ResourceVersion};
use thiserror::Error;

use crate::batch::{MAX_BYTES, MAX_WRITES};
use crate::directory::FORMAT;

/// Why a store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another handle in this one, has it open.
    #[error("the store in {} is in use by another process: stop that one, or give this one another directory", path.display())]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// A later release wrote it. Nothing in it was touched.
    #[error(
        "the store in {} has format {found}, and this release knows formats up to {FORMAT}: run the release that wrote \
         it, or a later one",
        path.display()
    )]
    FormatTooNew {
        /// The store's directory.
        path: PathBuf,
        /// The format found.
        found: u32,
    },
    /// What is there is damaged, or is no store.
    #[error(
        "the store in {} cannot be read: {detail}; restore it from a backup, see with `evenkeel store repair` what can still \
         be read of it, or move it away and let evenkeel start anew from git and AWS",
        path.display()
    )]
    Corrupt {
        /// The store's directory.
        path: PathBuf,
        /// What was found wrong.
        detail: String,
    },
    /// The operating system refused.
    #[error(
        "the store in {} cannot be opened: {source}; the directory must be on a writable volume and belong to this user",
        path.display()
    )]
    Io {
        /// The store's directory, or the file in it.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why a store that is open does not answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// It was closed.
    #[error("the store is closed")]
    Closed,
    /// A write failed, so what is on disk is unknown; nothing more is written.
    #[error("the store failed and takes no more writes: {detail}; look after the volume, then restart evenkeel")]
    Failed {
        /// What happened first.
        detail: String,
    },
    /// A value cannot be read back.
    #[error("{what} in the store cannot be read: {detail}; restore the store from a backup")]
    Corrupt {
        /// Which value.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// Why a watch ends, or cannot start.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WatchError {
    /// Changes after `from` are no longer known: list again, and watch from there.
    #[error("resource version {from} is too old or unknown (changes are known from {oldest} on): list again")]
    Expired {
        /// Where the watch stood.
        from: ResourceVersion,
        /// The oldest version that can be watched from.
        oldest: ResourceVersion,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a batch was not committed. Nothing of it was written, except after [`StoreError::Failed`], when that is unknown.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CommitError {
    /// The store is not as the batch expects: read again and decide again.
    #[error("{key} {reason}")]
    Conflict {
        /// Which object.
        key: ObjectKey,
        /// What is not as expected.
        reason: Conflict,
    },
    /// An object that can never be stored so.
    #[error("{key} cannot be stored: {reason}")]
    Invalid {
        /// Which object.
        key: ObjectKey,
        /// What to change.
        reason: String,
    },
    /// The batch is too large: split it.
    #[error(
        "a batch of {writes} writes and {bytes} bytes is too large (at most {MAX_WRITES} writes and {MAX_BYTES} bytes): \
         split it into several commits"
    )]
    TooLarge {
        /// How many writes it has.
        writes: usize,
        /// How many bytes it had where counting stopped.
        bytes: usize,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How the store differs from what a batch expects.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Conflict {
    /// The object exists.
    #[error("already exists")]
    Exists,
    /// The object does not exist.
    #[error("does not exist")]
    Missing,
    /// The object was written since.
    #[error("was modified: expected resource version {expected}, found {found}")]
    Changed {
        /// The version that the batch was made from.
        expected: ResourceVersion,
        /// The object's version.
        found: ResourceVersion,
    },
    /// The object was deleted and made again since.
    #[error("was replaced: expected uid {expected}, found {found}")]
    Replaced {
        /// The uid that the batch was made for.
        expected: String,
        /// The object's uid.
        found: String,
    },
}
