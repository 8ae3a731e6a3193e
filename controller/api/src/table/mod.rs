//! Tables: the rows and columns that people see. The server renders them, ages too, and clients print them verbatim.

pub(crate) mod columns;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::pick::Pick;
use crate::resource::Resource;
use columns::Column;

/// How much of its object a row holds; clients take namespaces and labels from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Included {
    /// Nothing.
    Nothing,
    /// Its metadata.
    Metadata,
    /// All of it.
    Whole,
}

impl Included {
    /// What `includeObject` asks for.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "None" => Self::Nothing,
            "Object" => Self::Whole,
            _ => Self::Metadata,
        }
    }
}

/// What cells and rows are made of.
pub(crate) fn cells() -> Pick {
    let mut pick = Pick::default();
    for path in [
        &["metadata"][..],
        &["status"],
        &["spec", "accountId"],
        &["spec", "region"],
        &["spec", "taskDefinition", "family"],
    ] {
        pick.add(path.iter().copied());
    }
    pick
}

/// The columns of a resource as Tables define them.
pub(crate) fn definitions(resource: &Resource) -> Vec<Value> {
    resource.columns.iter().map(Column::definition).collect()
}

/// The metadata of a document, in kube's envelope for it.
pub(crate) fn metadata_only(document: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]})
}

/// The row of a document.
pub(crate) fn row(resource: &Resource, document: &Value, included: Included, now: Timestamp) -> Value {
    let cells: Vec<Value> = resource.columns.iter().map(|column| column.cell(document, now)).collect();
    match included {
        Included::Nothing => json!({"cells": cells}),
        Included::Metadata => json!({"cells": cells, "object": metadata_only(document)}),
        Included::Whole => json!({"cells": cells, "object": document}),
    }
}
