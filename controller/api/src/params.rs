//! What stands behind the question mark.

use axum::extract::Query;
use axum::http::Uri;
use evenkeel_core::object::ResourceVersion;
use serde::Deserialize;

use crate::failure::Failure;

/// Query parameters of reads, with kube's names. Others are ignored, as kube does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Params {
    /// `true` or `1`: watch instead of list.
    watch: String,
    /// Which labels.
    pub(crate) label_selector: String,
    /// Which fields.
    pub(crate) field_selector: String,
    /// Most objects in one answer; 0 for all.
    pub(crate) limit: usize,
    /// Where the previous answer ended.
    #[serde(rename = "continue")]
    pub(crate) continue_: String,
    /// Where a watch starts.
    resource_version: String,
    /// How `resourceVersion` is meant.
    resource_version_match: String,
    /// Whether a watch begins with what is there.
    send_initial_events: Option<String>,
    /// Whether a watch may send bookmarks.
    allow_watch_bookmarks: String,
    /// How long a watch may last.
    pub(crate) timeout_seconds: Option<u64>,
    /// How much of its object a Table row holds: `None`, `Metadata` (kube's default) or `Object`.
    pub(crate) include_object: String,
}

/// Where a watch starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With all objects as they are, then their changes.
    Initial {
        /// Whether the client asked to be told where the changes begin.
        marked: bool,
    },
    /// With the changes after a version.
    After(ResourceVersion),
    /// With the changes from now on.
    Now,
}

impl Params {
    /// Reads them.
    pub(crate) fn parse(uri: &Uri) -> Result<Self, Failure> {
        let Query(params) = Query::try_from_uri(uri)
            .map_err(|error| Failure::bad_request(format!("the query cannot be read: {}", error.body_text())))?;
        Ok(params)
    }

    /// Whether a watch is asked for.
    pub(crate) fn is_watch(&self) -> bool {
        is_true(&self.watch)
    }

    /// Whether a watch may send bookmarks.
    pub(crate) fn bookmarks(&self) -> bool {
        is_true(&self.allow_watch_bookmarks)
    }

    /// Where a watch starts.
    pub(crate) fn start(&self) -> Result<Start, Failure> {
        let from = match self.resource_version.as_str() {
            "" => 0,
            text => text.parse().map_err(|_| {
                Failure::bad_request(format!("resourceVersion {text:?} is none: use that of a list or an object"))
            })?,
        };
        match self.send_initial_events.as_deref() {
            // Clients that ask for initial events wait for their end: they must get them, or be told.
            Some(asked) if is_true(asked) => match self.resource_version_match.as_str() {
                "NotOlderThan" => Ok(Start::Initial { marked: true }),
                _ => Err(Failure::bad_request("sendInitialEvents needs resourceVersionMatch=NotOlderThan")),
            },
            Some(_) if from == 0 => Ok(Start::Now),
            None if from == 0 => Ok(Start::Initial { marked: false }),
            _ => Ok(Start::After(ResourceVersion(from))),
        }
    }
}

fn is_true(text: &str) -> bool {
    matches!(text, "true" | "1")
}
