//! Task definitions in files of their own: plain AWS documents that another team owns.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::config::Configs;
use super::tree::{Tree, parent, resolve};
use crate::catalogue::Problem;
use crate::manifest::origin::{Inlined, Origin};
use crate::manifest::problem::FileProblem;
use crate::manifest::text::Document;
use crate::manifest::variables::{Scope, substitute};
use crate::object::Object;
use crate::spec::strip_output_only;

const AT: &str = "/spec/taskDefinitionFile";

/// Puts the content of the file that `spec.taskDefinitionFile` names in `spec.taskDefinition`; `claimed` learns of it.
pub(super) fn inline(
    object: &mut Object,
    origin: &mut Origin,
    scope: &Scope,
    (tree, configs): (&Tree<'_>, &Configs),
    claimed: &mut BTreeSet<String>,
) -> Result<(), Vec<FileProblem>> {
    let Some(relative) = object.spec.get("taskDefinitionFile").and_then(Value::as_str) else { return Ok(()) };
    let refuse = |message: String| Err(vec![origin.place(Problem::error(AT, "task-definition-file", message))]);
    let path = match resolve(parent(origin.file()), relative) {
        Ok(path) if tree.is_file(&path) => path,
        Ok(path) => return refuse(format!("there is no YAML or JSON file {path}")),
        Err(message) => return refuse(message),
    };
    claimed.insert(path.clone());
    let parsed = tree.read(&path);
    if let Some(fault) = &parsed.fault {
        let here = origin.place(Problem::error(AT, "task-definition-file", format!("{path} cannot be read")));
        return Err(vec![FileProblem::fault(&path, fault.clone()), here]);
    }
    let [document] = parsed.documents.as_slice() else {
        return refuse(format!("{path} holds {} documents, not one", parsed.documents.len()));
    };

    let mut content = document.value.clone();
    let problems = if configs.substitutes(&path) { substitute(&mut content, scope) } else { Vec::new() };
    let described = content.get("taskDefinition").is_some_and(Value::is_object);
    let inlined = Inlined { document: Arc::new(document.place()), described };
    if described {
        content = unwrap(content);
    }
    if !content.is_object() {
        return refuse(format!("{path} holds no mapping: a task definition as AWS takes it is one"));
    }
    strip_output_only(&mut content);
    if let Value::Object(spec) = &mut object.spec {
        spec.remove("taskDefinitionFile");
        spec.insert("taskDefinition".to_owned(), content);
    }
    origin.inlined = Some(inlined);
    if problems.is_empty() {
        return Ok(());
    }
    // These are of the file as it stands, not of what was unwrapped.
    Err(problems.into_iter().map(|problem| via(FileProblem::of(document, problem), origin)).collect())
}

fn via(mut problem: FileProblem, origin: &Origin) -> FileProblem {
    problem.message = format!("{} (as used by {origin})", problem.message);
    problem
}

/// What describe-task-definition prints: the definition, with its tags beside it.
fn unwrap(described: Value) -> Value {
    let Value::Object(mut members) = described else { return described };
    let mut definition = members.remove("taskDefinition").unwrap_or_default();
    if let (Some(tags @ Value::Array(_)), Value::Object(definition)) = (members.remove("tags"), &mut definition) {
        definition.insert("tags".to_owned(), tags);
    }
    definition
}

/// Whether a document is nobody's manifest, so that a warning is due unless a manifest names its file.
pub(super) fn unclaimed(document: &Document) -> FileProblem {
    let message = format!(
        "this is no manifest and no taskDefinitionFile names it, so it is ignored: a manifest has apiVersion: {}",
        crate::object::API_VERSION
    );
    FileProblem::of(document, Problem::warning("", "not-a-manifest", message))
}
