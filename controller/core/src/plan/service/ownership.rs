//! Whose a live service is.

use serde_json::Value;

use super::Desired;
use crate::memory::Memory;
use crate::plan::{TAG_INSTALLATION, TAG_OBJECT};
use crate::view::ServiceView;

/// Whose a live service is.
#[derive(Debug, PartialEq)]
pub(super) enum Ownership {
    /// Ours by its tag, or known to be ours although the tag is gone.
    Ours,
    /// Nobody's that we know of.
    Stranger,
    /// Another installation's, or another object's of this one.
    Other(String),
}

/// Whose this service is. The ARN is no identity over time (a service that is created again has the old one), so what
/// is remembered is `createdAt`.
pub(super) fn of(desired: &Desired, service: &Value, memory: &Memory) -> Ownership {
    let tags = ServiceView(service).tags();
    let object = tags.get(TAG_OBJECT);
    match tags.get(TAG_INSTALLATION) {
        Some(installation) if *installation != desired.owner.installation => {
            Ownership::Other(format!("installation {installation:?}"))
        }
        Some(_) => match object {
            Some(object) if *object != desired.owner.object => Ownership::Other(format!("object {object:?}")),
            _ => Ownership::Ours,
        },
        None if memory.owned.is_some() && memory.owned.as_ref() == service.get("createdAt") => Ownership::Ours,
        None => Ownership::Stranger,
    }
}
