//! The kube-style HTTP API over the store: `kubectl` and every other kube client can read what evenkeel wants, sees and
//! waits for.
//!
//! One request travels like this:
//!
//! ```text
//! path ──▶ endpoint ─┬▶ read or watch the store ──▶ select ──▶ document, Table or metadata, by the Accept header
//!                    └▶ change ──▶ authority ──▶ commit, or in a dry run preview ──▶ document, with warnings
//! ```
//!
//! What git owns, git changes: a write to a spec is refused with the place in git ([`Origin`]). What operates, such as
//! the annotation that suspends, is taken. A dry run may be of anything, and tells what would come of it
//! ([`Preview`]).
//!
//! There are no handlers per kind: `resource.rs` is a table of what is served, and a new kind is a new row in it.
//! Documents are masked before they leave (`document.rs`): values that may be secrets are never served.

mod accept;
mod access;
mod age;
mod authority;
mod body;
mod cached;
mod change;
mod delete;
mod discovery;
mod document;
mod endpoint;
mod failure;
mod guard;
mod list;
mod openapi;
mod params;
mod patch;
mod pick;
mod protobuf;
mod render;
mod resource;
mod review;
mod scale;
mod selector;
mod serve;
mod shelf;
mod table;
mod unmask;
mod watch;
mod write;

use std::sync::Arc;

use axum::Router;
use std::pin::Pin;

use evenkeel_core::catalogue::Problem;
use evenkeel_core::object::{Object, ObjectKey};
use evenkeel_store::{Store, StoreError};
use jiff::Timestamp;

pub use access::{Admit, Client, Denied, Role};
pub use age::age;
pub use authority::Origin;
use shelf::Shelf;

/// Where the time comes from; a simulation hands in its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where git declares an object; nothing when it does not, or no longer does.
pub type OriginOf = Arc<dyn Fn(ObjectKey) -> Answer<Result<Option<Origin>, StoreError>> + Send + Sync>;

/// What would come of an object if it were stored so.
pub type PreviewOf = Arc<dyn Fn(Object) -> Answer<Preview> + Send + Sync>;

/// What would come of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// What is wrong with it; an error stops it.
    pub problems: Vec<Problem>,
    /// What would be done, and what would be waited for, a line each.
    pub plan: Vec<String>,
}

/// What the API needs to answer.
#[derive(Clone)]
pub struct ApiState {
    /// The objects. Closing it ends all watches.
    pub store: Store,
    /// The time from which ages count.
    pub clock: Clock,
    /// Where git declares an object.
    pub origin: OriginOf,
    /// What would come of an object; asked in dry runs.
    pub preview: PreviewOf,
    /// Names, besides `localhost` and IP addresses, by which clients reach the server. Requests under other names are
    /// refused, since web pages make them.
    pub hosts: Vec<String>,
    /// Who a request is from, and what they may do.
    pub admit: Admit,
    shelf: Arc<Shelf>,
}

impl ApiState {
    /// A store by itself: nothing in it is from git, nobody knows what would come of a change, and all may operate.
    pub fn of(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            origin: Arc::new(|_| Box::pin(async { Ok(None) })),
            preview: Arc::new(|_| Box::pin(async { Preview::default() })),
            hosts: Vec::new(),
            admit: Arc::new(|_| Ok(Client::anonymous())),
            shelf: Arc::default(),
        }
    }
}

impl std::fmt::Debug for ApiState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiState").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Kinds that manifests have.
pub fn manifest_kinds() -> Vec<&'static str> {
    openapi::editor::kinds()
}

/// JSON Schema of one kind's manifests, or of all kinds'; `None` for a kind that there is not.
pub fn manifest_schema(kind: Option<&str>) -> Option<serde_json::Value> {
    openapi::editor::schema(kind)
}

/// The API as a router.
///
/// It answers as the router's fallback, so that every path that nobody else serves gets a kube `Status` instead of an
/// empty 404. Routes that are added to it come first; merge only routers without a fallback of their own into it.
pub fn router(state: ApiState) -> Router {
    Router::new().fallback(serve::serve).with_state(state)
}

#[cfg(test)]
mod tests;
