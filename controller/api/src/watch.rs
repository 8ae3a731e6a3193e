//! Watching: a stream of lines, one an event, for as long as the client listens.
//!
//! The stream is pulled by the connection, so a slow client holds nothing up: when it falls behind by more than the
//! store remembers, its watch ends with `Expired`, and it lists again.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use axum::body::Bytes;
use axum::response::Response;
use evenkeel_core::object::ResourceVersion;
use evenkeel_store::{self as store, Change, Encoded, Listing, StoreError, Watch, WatchError};
use futures_util::stream;
use serde_json::json;
use tokio::time::{Instant, Interval, interval_at, sleep_until};

use crate::ApiState;
use crate::accept::Form;
use crate::failure::Failure;
use crate::params::{Params, Start};
use crate::render::{self, Rendering};
use crate::resource::Resource;
use crate::selector::Selector;
use crate::table::Included;

/// How long a watch lasts if the client does not say: half an hour, kube's own least.
const LIFE: Duration = Duration::from_secs(30 * 60);

/// Between bookmarks; kube's own period. Clients take a longer silence for a dead connection.
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);

/// Starts a watch over the objects in one namespace or in all.
pub(crate) async fn watch(
    state: &ApiState,
    resource: &'static Resource,
    namespace: Option<String>,
    params: &Params,
    form: Form,
) -> Result<Response, Failure> {
    let selector = Selector::parse(resource, &params.label_selector, &params.field_selector)?;
    let start = params.start()?;
    let listing = state.store.list(resource.stored, namespace.as_deref()).await?;
    let from = match start {
        Start::After(version) => version,
        Start::Initial { .. } | Start::Now => listing.resource_version,
    };
    let meant = store::Selector { kind: Some(resource.stored), namespace };
    let changes = match state.store.watch(meant, from) {
        Ok(changes) => changes,
        // Some clients never recover from an HTTP 410 here; all of them do from one in the stream.
        Err(error @ WatchError::Expired { .. }) => {
            let line = render::line("ERROR", &Failure::from(error).status());
            return Ok(render::endless(stream::iter([line])));
        }
        Err(error) => return Err(error.into()),
    };
    let view = View {
        resource,
        rendering: Rendering::new(state, resource, form, Included::parse(&params.include_object)),
        columns_sent: false,
        matched: (!selector.is_fixed()).then(HashMap::new),
        hasher: RandomState::new(),
        selector,
    };
    let lines = Lines::start(view, params, start, listing, changes)?;
    Ok(render::endless(stream::unfold(lines, |mut lines| async { Some((lines.next().await?, lines)) })))
}

/// The lines of one watch.
struct Lines {
    view: View,
    /// What is left of the objects to begin with.
    initial: Option<Box<dyn Iterator<Item = Encoded> + Send>>,
    /// Whether a bookmark tells where they end.
    marked: bool,
    changes: Watch,
    /// Absent: the client takes no bookmarks.
    bookmarks: Option<Interval>,
    end: Instant,
    over: bool,
}

impl Lines {
    fn start(mut view: View, params: &Params, start: Start, listing: Listing, changes: Watch) -> Result<Self, Failure> {
        let initial = match start {
            Start::Initial { .. } => Some(Box::new(listing.encoded()) as _),
            Start::Now | Start::After(_) => {
                view.remember(listing, changes.resource_version())?;
                None
            }
        };
        let now = Instant::now();
        let marked = start == (Start::Initial { marked: true }) && params.bookmarks();
        let bookmarks = params.bookmarks().then(|| interval_at(now + BOOKMARK_PERIOD, BOOKMARK_PERIOD));
        let life = params.timeout_seconds.filter(|seconds| *seconds > 0).map_or(LIFE, Duration::from_secs);
        Ok(Self { view, initial, marked, changes, bookmarks, end: now + life, over: false })
    }

    /// The next line; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        while !self.over {
            let line = match &mut self.initial {
                Some(initial) => match initial.next() {
                    Some(object) => self.view.change(Change::Added, &object),
                    None => {
                        self.initial = None;
                        Ok(self.marked.then(|| self.view.bookmark(self.changes.resource_version(), true)))
                    }
                },
                None => tokio::select! {
                    event = self.changes.next_encoded() => match event {
                        Ok((change, object)) => self.view.change(change, &object),
                        Err(WatchError::Store(StoreError::Closed)) => return None,
                        Err(error) => return Some(self.fail(error.into())),
                    },
                    () = sleep_until(self.end) => return None,
                    () = tick(&mut self.bookmarks) => {
                        Ok(Some(self.view.bookmark(self.changes.resource_version(), false)))
                    }
                },
            };
            match line {
                Ok(Some(line)) => return Some(line),
                // What does not concern the client may be a lot: others have their turn in between.
                Ok(None) => tokio::task::consume_budget().await,
                Err(error) => return Some(self.fail(error.into())),
            }
        }
        None
    }

    fn fail(&mut self, failure: Failure) -> Bytes {
        self.over = true;
        render::line("ERROR", &failure.status())
    }
}

async fn tick(bookmarks: &mut Option<Interval>) {
    match bookmarks {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// What the client sees of the store's changes: those of the objects that it asked for, in the form that it asked for.
struct View {
    resource: &'static Resource,
    rendering: Rendering,
    columns_sent: bool,
    selector: Selector,
    /// Of each object, by the hash of its key, whether it was selected when last seen. An object that comes to be
    /// selected is new to the client, and one that ceases to be is gone for it. Absent: whether one is selected never
    /// changes. Hashes, since 200 watchers of 10,000 objects would keep as many keys.
    matched: Option<HashMap<u64, bool>>,
    hasher: RandomState,
}

impl View {
    /// Remembers which objects a client knows that listed at `version`. Of objects that changed since, that is unknown.
    fn remember(&mut self, listing: Listing, version: ResourceVersion) -> Result<(), StoreError> {
        let Some(matched) = &mut self.matched else { return Ok(()) };
        for object in listing.encoded().filter(|object| object.resource_version() <= version) {
            matched.insert(self.hasher.hash_one(object.key()), self.selector.selects(self.resource, &object)?);
        }
        Ok(())
    }

    /// A change; `None` when it does not concern the client.
    fn change(&mut self, change: Change, object: &Encoded) -> Result<Option<Bytes>, StoreError> {
        let is = self.selector.selects(self.resource, object)?;
        let was = match &mut self.matched {
            None => is && change != Change::Added,
            Some(matched) => {
                let hash = self.hasher.hash_one(object.key());
                let before = match change {
                    Change::Deleted => matched.remove(&hash),
                    _ => matched.insert(hash, is),
                };
                // Unknown: the client may know it, and to be told of an object's end twice does no harm.
                before.unwrap_or(change != Change::Added)
            }
        };
        let kind = match (was, is && change != Change::Deleted) {
            (false, false) => return Ok(None),
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        let with_columns = !std::mem::replace(&mut self.columns_sent, true);
        self.rendering.event(kind, object, with_columns).map(Some)
    }

    /// Tells up to which version the client has seen everything.
    fn bookmark(&mut self, version: ResourceVersion, initial_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": version});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let document = json!({
            "kind": self.resource.kind,
            "apiVersion": self.resource.group_version().api_version(),
            "metadata": metadata,
        });
        let with_columns = !std::mem::replace(&mut self.columns_sent, true);
        self.rendering.line("BOOKMARK", &document, with_columns)
    }
}
