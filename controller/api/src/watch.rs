//! Watching: a stream of lines, one an event, for as long as the client listens.
//!
//! The stream is pulled by the connection, so a slow client holds nothing up: when it falls behind by more than the
//! store remembers, its watch ends with `Expired`, and it lists again.

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use evenkeel_core::object::{Object, ResourceVersion};
use evenkeel_store::{self as store, Change, Listing, Watch, WatchError};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::{Instant, Interval, interval_at, sleep_until};

use crate::accept::Form;
use crate::failure::Failure;
use crate::params::{Params, Start};
use crate::resource::Resource;
use crate::selector::Selector;
use crate::table::{Included, metadata_only, table};
use crate::{ApiState, Clock};

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
            return Ok(respond(Body::from(line("ERROR", &Failure::from(error).status()))));
        }
        Err(error) => return Err(error.into()),
    };
    let view = View {
        resource,
        form,
        included: Included::parse(&params.include_object),
        clock: state.clock.clone(),
        columns_sent: false,
        matched: (!selector.is_fixed()).then(HashMap::new),
        selector,
    };
    let lines = Lines::start(view, params, start, listing, changes)?;
    let stream = stream::unfold(lines, |mut lines| async {
        let line = lines.next().await?;
        Some((Ok::<_, std::convert::Infallible>(line), lines))
    });
    Ok(respond(Body::from_stream(stream)))
}

fn respond(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn line(kind: &str, object: &Value) -> String {
    let mut line = json!({"type": kind, "object": object}).to_string();
    line.push('\n');
    line
}

/// The lines of one watch.
struct Lines {
    view: View,
    /// What is left of the objects to begin with.
    initial: Option<store::Objects>,
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
            Start::Initial { .. } => Some(listing.into_iter()),
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
    async fn next(&mut self) -> Option<String> {
        while !self.over {
            if let Some(initial) = &mut self.initial {
                match initial.next() {
                    Some(Ok(object)) => match self.view.first(object) {
                        Some(line) => return Some(line),
                        None => continue,
                    },
                    Some(Err(error)) => return Some(self.fail(error.into())),
                    None => self.initial = None,
                }
                if self.marked {
                    return Some(self.view.bookmark(self.changes.resource_version(), true));
                }
            }
            let event = tokio::select! {
                event = self.changes.next() => event,
                () = sleep_until(self.end) => return None,
                () = tick(&mut self.bookmarks) => {
                    return Some(self.view.bookmark(self.changes.resource_version(), false));
                }
            };
            match event {
                Ok(event) => match self.view.change(event.change, event.object) {
                    Some(line) => return Some(line),
                    None => continue,
                },
                Err(WatchError::Store(store::StoreError::Closed)) => return None,
                Err(error) => return Some(self.fail(error.into())),
            }
        }
        None
    }

    fn fail(&mut self, failure: Failure) -> String {
        self.over = true;
        line("ERROR", &failure.status())
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
    form: Form,
    included: Included,
    clock: Clock,
    columns_sent: bool,
    selector: Selector,
    /// Of each object, whether it was selected when last seen. An object that comes to be selected is new to the
    /// client, and one that ceases to be is gone for it. Absent: whether one is selected never changes.
    matched: Option<HashMap<String, bool>>,
}

impl View {
    /// Remembers which objects a client knows that listed at `version`. Of objects that changed since, that is unknown.
    fn remember(&mut self, listing: Listing, version: ResourceVersion) -> Result<(), Failure> {
        let Some(matched) = &mut self.matched else { return Ok(()) };
        for object in listing {
            let object = object?;
            if object.metadata.resource_version <= version {
                let uid = object.metadata.uid.clone();
                let document = (self.resource.document)(object);
                matched.insert(uid, self.selector.matches(&document));
            }
        }
        Ok(())
    }

    /// An object to begin with.
    fn first(&mut self, object: Object) -> Option<String> {
        self.change(Change::Added, object)
    }

    /// A change; `None` when it does not concern the client.
    fn change(&mut self, change: Change, object: Object) -> Option<String> {
        let uid = object.metadata.uid.clone();
        let document = (self.resource.document)(object);
        let is = self.selector.matches(&document);
        let was = match &mut self.matched {
            None => is && change != Change::Added,
            Some(matched) => {
                let before = match change {
                    Change::Deleted => matched.remove(&uid),
                    _ => matched.insert(uid, is),
                };
                // Unknown: the client may know it, and to be told of an object's end twice does no harm.
                before.unwrap_or(change != Change::Added)
            }
        };
        let kind = match (was, is && change != Change::Deleted) {
            (false, false) => return None,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        Some(line(kind, &self.show(document)))
    }

    fn show(&mut self, document: Value) -> Value {
        match self.form {
            Form::Object => document,
            Form::Metadata => metadata_only(&document),
            Form::Table => {
                let metadata = json!({"resourceVersion": document["metadata"]["resourceVersion"]});
                let with_columns = !std::mem::replace(&mut self.columns_sent, true);
                table(self.resource, &[document], metadata, self.included, with_columns, (self.clock)())
            }
        }
    }

    /// Tells up to which version the client has seen everything.
    fn bookmark(&mut self, version: ResourceVersion, initial_end: bool) -> String {
        let mut metadata = json!({"resourceVersion": version});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let document = json!({
            "kind": self.resource.kind,
            "apiVersion": self.resource.group_version().api_version(),
            "metadata": metadata,
        });
        line("BOOKMARK", &self.show(document))
    }
}
