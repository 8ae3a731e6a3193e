//! `metadata`, by kube's rules for names and labels (Kubernetes documentation, "Object Names and IDs", "Labels and
//! Selectors").

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::{Problem, pointer};
use crate::object::{Kind, Metadata};
use crate::spec;

/// What a manifest may say of `metadata`; the rest is set by the store.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Written {
    name: Option<String>,
    namespace: Option<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

const AT: &str = "/metadata";

/// Reads and checks the metadata of an object of this kind.
pub(super) fn read(kind: Kind, value: &Value) -> Result<Metadata, Vec<Problem>> {
    let written: Written = spec::read(value, AT)?;
    let mut problems = Vec::new();
    let mut wrong = |path: String, message: String| problems.push(Problem::error(path, "metadata", message));

    // A Cluster's name is the namespace of all that is in it, so it must be good for one.
    let name_rule = if kind.namespaced() { subdomain } else { label };
    match &written.name {
        None => wrong(AT.to_owned(), "name is missing".to_owned()),
        Some(name) => {
            name_rule(name).unwrap_or_else(|why| wrong(format!("{AT}/name"), format!("{name:?} is no name: {why}")))
        }
    }
    match (&written.namespace, kind.namespaced()) {
        (None, true) => wrong(
            AT.to_owned(),
            format!("namespace is missing: a {kind} lives in the namespace that bears its Cluster's name"),
        ),
        (Some(_), false) => wrong(format!("{AT}/namespace"), format!("a {kind} has no namespace: remove it")),
        (Some(name), true) => {
            label(name)
                .unwrap_or_else(|why| wrong(format!("{AT}/namespace"), format!("{name:?} is no namespace: {why}")));
        }
        (None, false) => {}
    }
    for (member, entries) in [("labels", &written.labels), ("annotations", &written.annotations)] {
        for (name, value) in entries {
            let path = pointer::join(&format!("{AT}/{member}"), name);
            if let Err(why) = qualified_name(name) {
                wrong(path, format!("{name:?} is no name for one of the {member}: {why}"));
            } else if member == "labels" && !(value.is_empty() || short_name(value)) {
                wrong(path, format!("{value:?} is no value for a label: {SHORT_NAME}"));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Metadata {
        name: written.name.unwrap_or_default(),
        namespace: written.namespace,
        labels: written.labels,
        annotations: written.annotations,
        ..Metadata::default()
    })
}

fn label(name: &str) -> Result<(), &'static str> {
    match name.len() {
        1..=63 if words(name, |b| b.is_ascii_lowercase() || b.is_ascii_digit(), b"-") => Ok(()),
        _ => Err("it has at most 63 lower-case letters, digits and hyphens, and a letter or digit at both ends"),
    }
}

fn subdomain(name: &str) -> Result<(), &'static str> {
    let part = |part: &str| words(part, |b| b.is_ascii_lowercase() || b.is_ascii_digit(), b"-");
    match name.len() {
        1..=253 if name.split('.').all(part) => Ok(()),
        _ => Err("it has at most 253 lower-case letters, digits, hyphens and dots, and a letter or digit at both ends"),
    }
}

const SHORT_NAME: &str = "it has at most 63 letters, digits, -, _ and ., and a letter or digit at both ends";

fn short_name(name: &str) -> bool {
    name.len() <= 63 && words(name, |b| b.is_ascii_alphanumeric(), b"-_.")
}

fn qualified_name(name: &str) -> Result<(), &'static str> {
    let (prefix, name) = name.split_once('/').map_or((None, name), |(prefix, name)| (Some(prefix), name));
    if prefix.is_some_and(|prefix| subdomain(prefix).is_err()) {
        return Err("before the / stands a domain name in lower case");
    }
    if short_name(name) { Ok(()) } else { Err(SHORT_NAME) }
}

/// Whether `text` is made of `solid` bytes, with `inner` ones only between them.
fn words(text: &str, solid: fn(u8) -> bool, inner: &[u8]) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| solid(*b))
        && bytes.last().is_some_and(|b| solid(*b))
        && bytes.iter().all(|b| solid(*b) || inner.contains(b))
}
