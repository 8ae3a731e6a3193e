//! Objects on their way out: each in the form that its client takes, and long lists in pieces, so that what waits to be
//! read takes no memory.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use evenkeel_store::{Encoded, StoreError};
use futures_util::stream;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::ApiState;
use crate::accept::Form;
use crate::list::Page;
use crate::pick::Pick;
use crate::resource::Resource;
use crate::shelf;
use crate::table::{self, Included, metadata_only};

/// Bytes of a list that are made at a time.
const PIECE: usize = 64 << 10;

/// How long a client may take to read a list: 25 MB, which 10,000 services are, at 1 MB/s, and as much again. It keeps
/// old objects alive meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the objects of an answer look.
#[derive(Clone)]
pub(crate) struct Rendering {
    state: ApiState,
    resource: &'static Resource,
    form: Form,
    included: Included,
    /// What must be read of an object.
    pick: Pick,
}

impl Rendering {
    pub(crate) fn new(state: &ApiState, resource: &'static Resource, form: Form, included: Included) -> Self {
        let pick = match (form, included) {
            (Form::Object, _) | (Form::Table, Included::Whole) => Pick::whole(),
            (Form::Table, _) => table::cells(),
            (Form::Metadata, _) => {
                let mut pick = Pick::default();
                pick.add(["metadata"]);
                pick
            }
        };
        Self { state: state.clone(), resource, form, included, pick }
    }

    /// Writes one object: whole, its metadata, or its row, which ages until `now`.
    fn write(&self, object: &Encoded, now: Timestamp, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let value = match self.form {
            Form::Object => {
                out.extend_from_slice(&self.state.shelf.document(self.resource, object)?);
                return Ok(());
            }
            Form::Metadata => metadata_only(&self.part(object)?),
            Form::Table => table::row(self.resource, &self.part(object)?, self.included, now),
        };
        // A vector takes whatever is written, and a value is always JSON.
        let _ = serde_json::to_writer(out, &value);
        Ok(())
    }

    fn part(&self, object: &Encoded) -> Result<Value, StoreError> {
        shelf::part(self.resource, object, &self.pick)
    }

    /// An event of a watch about one object, as a line; a Table with its columns, or without.
    pub(crate) fn event(&self, kind: &str, object: &Encoded, with_columns: bool) -> Result<Bytes, StoreError> {
        if self.form == Form::Object {
            let document = self.state.shelf.document(self.resource, object)?;
            return Ok([format!("{{\"type\":\"{kind}\",\"object\":").as_bytes(), &document, b"}\n"].concat().into());
        }
        Ok(self.line(kind, &self.part(object)?, with_columns))
    }

    /// An event of a watch about a document.
    pub(crate) fn line(&self, kind: &str, document: &Value, with_columns: bool) -> Bytes {
        line(kind, &self.shown(document, with_columns))
    }

    /// A document in the form that the client takes.
    pub(crate) fn shown(&self, document: &Value, with_columns: bool) -> Value {
        match self.form {
            Form::Object => document.clone(),
            Form::Metadata => metadata_only(document),
            Form::Table => {
                let metadata = json!({"resourceVersion": document["metadata"]["resourceVersion"]});
                let rows = [table::row(self.resource, document, self.included, (self.state.clock)())];
                json!({
                    "kind": "Table",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": metadata,
                    "columnDefinitions": if with_columns { table::definitions(self.resource) } else { Vec::new() },
                    "rows": rows,
                })
            }
        }
    }

    /// A page of objects.
    pub(crate) fn list(self, page: Page) -> Result<Response, StoreError> {
        let metadata = page.metadata();
        let api_version = self.resource.group_version().api_version();
        let head = match self.form {
            Form::Object => {
                let kind = self.resource.kind;
                format!(r#"{{"kind":"{kind}List","apiVersion":"{api_version}","metadata":{metadata},"items":["#)
            }
            Form::Metadata => {
                let kind = "PartialObjectMetadataList";
                format!(r#"{{"kind":"{kind}","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"items":["#)
            }
            Form::Table => {
                let columns = Value::from(table::definitions(self.resource));
                format!(
                    r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"columnDefinitions":{columns},"rows":["#
                )
            }
        };
        let now = (self.state.clock)();
        let mut rest = Rest { rendering: self, objects: page.objects.into_iter(), now, first: true, done: false };
        let mut piece = head.into_bytes();
        // The first piece is made before the answer begins: most lists are no longer, and what goes wrong is told.
        rest.fill(&mut piece)?;
        let json = [(header::CONTENT_TYPE, "application/json")];
        if rest.done {
            return Ok((json, piece).into_response());
        }
        let end = Instant::now() + PATIENCE;
        let pieces = stream::unfold((Some(piece), rest), move |(made, mut rest)| async move {
            let piece = match made {
                Some(piece) => piece,
                None if rest.done => return None,
                None if Instant::now() > end => return Some((Err(Broken::Slow), (None, rest.stopped()))),
                None => {
                    let mut piece = Vec::with_capacity(2 * PIECE);
                    if let Err(error) = rest.fill(&mut piece) {
                        return Some((Err(Broken::Store(error)), (None, rest.stopped())));
                    }
                    piece
                }
            };
            Some((Ok(piece), (None, rest)))
        });
        Ok((json, Body::from_stream(pieces)).into_response())
    }
}

/// Why a list ended early: its connection does then, too, and the client knows that it has not got all.
#[derive(Debug)]
enum Broken {
    Slow,
    Store(StoreError),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Slow => f.write_str("the client did not read the list in time"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Broken {}

/// What is left of a list.
struct Rest {
    rendering: Rendering,
    objects: std::vec::IntoIter<Encoded>,
    now: Timestamp,
    first: bool,
    done: bool,
}

impl Rest {
    /// Adds a piece; the last one with the end.
    fn fill(&mut self, piece: &mut Vec<u8>) -> Result<(), StoreError> {
        while piece.len() < PIECE {
            let Some(object) = self.objects.next() else {
                piece.extend_from_slice(b"]}");
                self.done = true;
                break;
            };
            if !std::mem::take(&mut self.first) {
                piece.push(b',');
            }
            self.rendering.write(&object, self.now, piece)?;
        }
        Ok(())
    }

    fn stopped(self) -> Self {
        Self { done: true, ..self }
    }
}

/// An event of a watch.
pub(crate) fn line(kind: &str, object: &Value) -> Bytes {
    let mut line = json!({"type": kind, "object": object}).to_string();
    line.push('\n');
    line.into()
}

/// A stream that nothing breaks.
pub(crate) fn endless(stream: impl futures_util::Stream<Item = Bytes> + Send + 'static) -> Response {
    use futures_util::StreamExt;
    let body = Body::from_stream(stream.map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
