//! Answers that clients keep: each has an `ETag`, and whoever has it already is told so and nothing more.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The body, or 304 when the client has it.
pub(crate) fn respond(headers: &HeaderMap, media: &str, body: String) -> Response {
    let tag = format!("\"{}\"", hash(&body));
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|value| value.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    });
    let kept = [(header::ETAG, tag), (header::VARY, "Accept".to_owned())];
    match is_known {
        true => (StatusCode::NOT_MODIFIED, kept).into_response(),
        false => (kept, [(header::CONTENT_TYPE, media.to_owned())], body).into_response(),
    }
}

/// Changes with the text.
pub(crate) fn hash(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016X}", hasher.finish())
}
