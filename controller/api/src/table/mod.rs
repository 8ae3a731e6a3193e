//! Tables: the rows and columns that people see. The server renders them, ages too, and clients print them verbatim.

pub(crate) mod columns;

use jiff::Timestamp;
use serde_json::{Value, json};

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

/// A Table of `documents`; without column definitions in all but the first event of a watch.
pub(crate) fn table(
    resource: &Resource,
    documents: &[Value],
    metadata: Value,
    included: Included,
    with_columns: bool,
    now: Timestamp,
) -> Value {
    let rows: Vec<Value> = documents.iter().map(|document| row(resource, document, included, now)).collect();
    let definitions: Vec<Value> = match with_columns {
        true => resource.columns.iter().map(Column::definition).collect(),
        false => Vec::new(),
    };
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

/// The metadata of a document, in kube's envelope for it.
pub(crate) fn metadata_only(document: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]})
}

fn row(resource: &Resource, document: &Value, included: Included, now: Timestamp) -> Value {
    let cells: Vec<Value> = resource.columns.iter().map(|column| column.cell(document, now)).collect();
    match included {
        Included::Nothing => json!({"cells": cells}),
        Included::Metadata => json!({"cells": cells, "object": metadata_only(document)}),
        Included::Whole => json!({"cells": cells, "object": document}),
    }
}
