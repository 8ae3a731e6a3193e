//! What form of an answer the client asked for.

use axum::http::{HeaderMap, header};

/// Form of objects in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The objects as they are.
    Object,
    /// Rows and columns for people.
    Table,
    /// Metadata only.
    Metadata,
}

/// The form of objects that the `Accept` header asks for first. Whatever else it asks for gets JSON: kube clients name
/// protobuf first and take JSON as well.
pub(crate) fn form(headers: &HeaderMap) -> Form {
    let form = |media: &str| match parameter(media, "as")? {
        "Table" => Some(Form::Table),
        "PartialObjectMetadata" | "PartialObjectMetadataList" => Some(Form::Metadata),
        _ => None,
    };
    media_types(headers).find_map(form).unwrap_or(Form::Object)
}

/// The version of aggregated discovery that the client takes, if any. kubectl from 1.30 on asks for `v2`, older ones
/// for `v2beta1`; the content is the same.
pub(crate) fn discovery_version(headers: &HeaderMap) -> Option<&'static str> {
    media_types(headers)
        .filter(|media| parameter(media, "as") == Some("APIGroupDiscoveryList"))
        .find_map(|media| ["v2", "v2beta1"].into_iter().find(|version| parameter(media, "v") == Some(*version)))
}

fn media_types(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
}

fn parameter<'a>(media: &'a str, name: &str) -> Option<&'a str> {
    media.split(';').skip(1).filter_map(|part| part.trim().split_once('=')).find(|(key, _)| *key == name).map(|it| it.1)
}
