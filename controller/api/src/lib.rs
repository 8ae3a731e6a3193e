//! The kube-style HTTP API over the store: `kubectl` and every other kube client can read what evenkeel wants, sees and
//! waits for.
//!
//! One request travels like this:
//!
//! ```text
//! path ──▶ endpoint ──▶ read or watch the store ──▶ select ──▶ document, Table or metadata, by the Accept header
//! ```
//!
//! There are no handlers per kind: [`resource`] is a table of what is served, and a new kind is a new row in it.
//! Documents are masked before they leave ([`document`]): values that may be secrets are never served.

mod accept;
mod age;
mod discovery;
mod document;
mod endpoint;
mod failure;
mod list;
mod openapi;
mod params;
mod resource;
mod selector;
mod serve;
mod table;
mod watch;

use std::sync::Arc;

use axum::Router;
use evenkeel_store::Store;
use jiff::Timestamp;

pub use age::age;

/// Where the time comes from; a simulation hands in its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the API needs to answer.
#[derive(Clone)]
pub struct ApiState {
    /// The objects. Closing it ends all watches.
    pub store: Store,
    /// The time from which ages count.
    pub clock: Clock,
}

impl std::fmt::Debug for ApiState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiState").field("store", &self.store).finish_non_exhaustive()
    }
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
