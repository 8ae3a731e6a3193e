//! What stands behind the question mark.

use axum::extract::Query;
use axum::http::Uri;
use evenkeel_core::object::ResourceVersion;
use serde::Deserialize;

use crate::failure::Failure;

/// Query parameters, with kube's names. Others are ignored, as kube does.
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
    /// Where a watch starts, or how old an answer may be.
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
    /// `All`: nothing is written.
    dry_run: String,
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

    /// Whether a write is only to be tried.
    pub(crate) fn dry_run(&self) -> Result<bool, Failure> {
        match self.dry_run.as_str() {
            "" => Ok(false),
            "All" => Ok(true),
            other => Err(Failure::bad_request(format!("dryRun {other:?} is unknown: it is All, or not there"))),
        }
    }

    /// Whether an answer at the version `current` is what is asked for. There is only the newest: an exact older one is
    /// no longer known, and one to come is not there yet.
    pub(crate) fn accepts(&self, current: ResourceVersion) -> Result<(), Failure> {
        let asked = ResourceVersion(self.version()?);
        let exact = self.resource_version_match == "Exact";
        match self.resource_version_match.as_str() {
            "" => {}
            other if !exact && other != "NotOlderThan" => {
                return Err(Failure::bad_request(format!("resourceVersionMatch {other:?} is unknown")));
            }
            _ if self.resource_version.is_empty() => {
                return Err(Failure::bad_request("resourceVersionMatch needs a resourceVersion"));
            }
            _ if exact && asked.is_none() => {
                return Err(Failure::bad_request("resourceVersionMatch=Exact needs a resourceVersion other than 0"));
            }
            _ => {}
        }
        match asked {
            asked if asked > current => Err(Failure::too_new(asked, current)),
            asked if exact && asked != current => {
                let message = format!("resource version {asked} is no longer known ({current}): list without it");
                Err(Failure::expired(message))
            }
            _ => Ok(()),
        }
    }

    fn version(&self) -> Result<u64, Failure> {
        match self.resource_version.as_str() {
            "" => Ok(0),
            text => text.parse().map_err(|_| {
                Failure::bad_request(format!("resourceVersion {text:?} is none: use that of a list or an object"))
            }),
        }
    }

    /// Where a watch starts.
    pub(crate) fn start(&self) -> Result<Start, Failure> {
        let from = self.version()?;
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
