//! Request bodies: read within limits, and turned into JSON.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use evenkeel_core::manifest::text::{File, Syntax};
use serde_json::Value;

use crate::failure::Failure;
use crate::protobuf;

/// Largest body that is read: 3 MiB, kube's own limit.
pub(crate) const MAX_BYTES: usize = 3 << 20;

/// How long a body may take to come. Bodies are small, and a client that sends none must not hold a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a body is, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// An object, or options; also where nothing is said.
    Object,
    /// `application/merge-patch+json`
    MergePatch,
    /// `application/json-patch+json`
    JsonPatch,
    /// `application/apply-patch+yaml`
    Apply,
}

/// A body.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) media: Media,
    /// `Null` when there was nothing.
    pub(crate) value: Value,
}

/// Reads a body.
///
/// # Errors
/// 413 when it is too large, 408 when it does not come, 415 when it is of a kind that is not taken here, 400 when it
/// cannot be read as what it says it is.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Content, Failure> {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let stated = stated.split(';').next().unwrap_or_default().trim();
    let media = match stated {
        // curl says the last of these unless told otherwise.
        ""
        | "application/json"
        | "application/yaml"
        | "application/vnd.kubernetes.protobuf"
        | "application/x-www-form-urlencoded" => Media::Object,
        "application/merge-patch+json" => Media::MergePatch,
        "application/json-patch+json" => Media::JsonPatch,
        "application/apply-patch+yaml" => Media::Apply,
        other => return Err(Failure::unsupported_media(other)),
    };
    let bytes = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, MAX_BYTES)).await;
    let bytes =
        bytes.map_err(|_| Failure::slow_body())?.map_err(|error| match crate::failure::is_too_long(&error) {
            true => Failure::too_large(),
            false => Failure::bad_request(format!("the body broke off: {error}")),
        })?;
    let value = match stated {
        _ if bytes.is_empty() => Value::Null,
        "application/vnd.kubernetes.protobuf" => protobuf::decode(&bytes)
            .ok_or_else(|| Failure::bad_request("the protobuf body cannot be read: send JSON instead"))?,
        // JSON is YAML, but not the other way round, and JSON's parser is stricter and faster.
        "application/yaml" | "application/apply-patch+yaml" => match serde_json::from_slice(&bytes) {
            Ok(value) => value,
            Err(_) => yaml(&bytes)?,
        },
        _ => serde_json::from_slice(&bytes)
            .map_err(|error| Failure::bad_request(format!("the body is not the JSON that it should be: {error}")))?,
    };
    Ok(Content { media, value })
}

fn yaml(bytes: &[u8]) -> Result<Value, Failure> {
    let told = |message: String| Failure::bad_request(format!("the body is not the YAML that it should be: {message}"));
    let file = File::decode("body.yaml", Syntax::Yaml, bytes).map_err(|fault| told(fault.message))?;
    let (documents, fault) = Arc::new(file).documents();
    match (fault, documents.as_slice()) {
        (Some(fault), _) => Err(told(format!("line {}: {}", fault.location.line, fault.message))),
        (None, [one]) => Ok(one.value.clone()),
        (None, many) => Err(told(format!("it has {} documents in place of one", many.len()))),
    }
}
