#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::{Catalogue, Document, Problem, ShapeKind, original_path, to_wire};
use crate::operation::Operation;

fn problems(written: serde_json::Value, document: Document) -> Vec<Problem> {
    match to_wire(&written, Catalogue::get().document(document)) {
        Ok(wire) => wire.warnings,
        Err(problems) => problems,
    }
}

#[test]
fn every_operation_has_a_request_and_an_answer() {
    let catalogue = Catalogue::get();
    for operation in Operation::ALL {
        assert!(catalogue.input(*operation).structure().is_some(), "{operation}");
        assert!(catalogue.output(*operation).structure().is_some(), "{operation}");
    }
}
