//! OpenAPI: what `kubectl explain` prints, and what `kubectl apply`, `diff` and `create` look up before they send
//! anything. The same schemas, turned for editors, are [`editor`]'s.

mod aws;
pub(crate) mod editor;
mod kind;
mod paths;

use std::sync::OnceLock;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::cached;
use crate::resource::{GROUP_VERSIONS, GroupVersion};

/// `GET /openapi/v3`: where the documents are. The hash lets kubectl keep one until it changes.
pub(crate) fn index() -> &'static Value {
    static INDEX: OnceLock<Value> = OnceLock::new();
    INDEX.get_or_init(|| {
        let entry = |group_version: GroupVersion| {
            let path = group_version.path();
            let hash = cached::hash(&document(group_version).to_string());
            let url = format!("/openapi/v3/{path}?hash={hash}");
            (path, json!({"serverRelativeURL": url}))
        };
        json!({"paths": Map::from_iter(GROUP_VERSIONS.map(entry))})
    })
}

/// `GET /openapi/v3/...`: the document of a group and version.
pub(crate) fn document(group_version: GroupVersion) -> &'static Value {
    static DOCUMENTS: [OnceLock<Value>; GROUP_VERSIONS.len()] = [const { OnceLock::new() }; GROUP_VERSIONS.len()];
    let slot = GROUP_VERSIONS.iter().position(|it| *it == group_version).unwrap_or_default();
    DOCUMENTS[slot].get_or_init(|| build(group_version))
}

/// `GET /openapi/v2`: kubectl up to 1.28 asks for it in protobuf before it writes, and newer ones do when they change
/// an object. An empty document is enough for all of them: they look for extensions, and there are none.
pub(crate) fn v2(headers: &HeaderMap) -> Response {
    /// gnostic's `Document`: swagger "2.0", info with title and version, and no paths.
    const EMPTY: &[u8] = b"\x0a\x032.0\x12\x0e\x0a\x08evenkeel\x12\x02v0\x42\x00";
    let wants_protobuf = headers.get_all(header::ACCEPT).iter().any(|value| {
        value.to_str().is_ok_and(|media| media.contains("protobuf") && !media.contains("application/json"))
    });
    match wants_protobuf {
        // With a dot where the request has an @: Go's parser of media types takes no other.
        true => ([(header::CONTENT_TYPE, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")], EMPTY)
            .into_response(),
        false => {
            let info = json!({"title": "evenkeel", "version": "v0"});
            let document = json!({"swagger": "2.0", "info": info, "paths": {}});
            cached::respond(headers, "application/json", document.to_string())
        }
    }
}

fn build(group_version: GroupVersion) -> Value {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in group_version.resources() {
        paths.extend(paths::of(resource));
        schemas.insert(kind::schema_name(resource), kind::schema(resource, &mut generator));
    }
    schemas.extend(generator.take_definitions(true));
    kind::complete(&mut schemas);
    json!({
        "openapi": "3.0.0",
        "info": {"title": "evenkeel", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}
