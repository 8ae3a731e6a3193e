#![allow(clippy::unwrap_used)]

mod directories;
mod objects;
mod templates;
mod variables;

use serde_json::{Value, json};

use super::*;
use crate::object::{Kind, ObjectKey};

fn files(contents: &[(&str, &str)]) -> Files {
    contents.iter().map(|(path, text)| ((*path).to_owned(), Content::Bytes(text.as_bytes().to_vec()))).collect()
}

fn load_all(contents: &[(&str, &str)]) -> Load {
    load(&files(contents))
}

/// `file:line:column rule` of each problem.
fn places(load: &Load) -> Vec<String> {
    load.problems.iter().map(|p| format!("{}:{}:{} {}", p.file, p.line, p.column, p.rule)).collect()
}

fn keys(load: &Load) -> Vec<String> {
    load.manifests.iter().map(|manifest| manifest.key.to_string()).collect()
}

fn spec(load: &Load, key: &str) -> Value {
    load.manifests.iter().find(|manifest| manifest.key.to_string() == key).unwrap().object().spec
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: evenkeel.dev/v1alpha1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  service: {{desiredCount: 2}}\n"
    )
}

fn directory(rest: &str) -> String {
    format!("apiVersion: evenkeel.dev/v1alpha1\nkind: Directory\n{rest}")
}

const BROKEN_SERVICE: &str =
    "apiVersion: evenkeel.dev/v1alpha1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  servise: {}\n";
