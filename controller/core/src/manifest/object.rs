//! From a document to an object.

use serde_json::Value;

use super::metadata;
use crate::catalogue::Problem;
use crate::object::{API_VERSION, GROUP, Kind, Object, ObjectKey};
use crate::spec::{self, ClusterSpec, ServiceSpec, TaskDefinitionSpec, did_you_mean, unknown_member};

/// Kinds that manifests may have; events only happen, and the Installation is there.
const KINDS: [Kind; 3] = [Kind::Cluster, Kind::TaskDefinition, Kind::Service];
/// `kind` of an `evenkeel.yaml`.
pub(super) const DIRECTORY: &str = "Directory";

/// Whose document it is.
#[derive(Debug)]
pub(super) enum Claim {
    /// Ours.
    Ours,
    /// Somebody else's, or of no kind at all.
    Foreign,
    /// Meant to be ours, but not written so.
    Misspelled(Problem),
}

/// Whether a document is, or is meant to be, one of ours.
pub(super) fn claim(value: &Value) -> Claim {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    let our_kind = kind == DIRECTORY || Kind::from_name(kind).is_some();
    match value.get("apiVersion").and_then(Value::as_str) {
        Some(API_VERSION) => Claim::Ours,
        Some(version) => {
            // The group's first word, so that `evenkeel.io/v1`, `evenkeel/v1alpha1` and typing errors are found.
            let group = version.split(['/', '.']).next().unwrap_or_default();
            let ours = GROUP.split('.').next();
            if did_you_mean(group, ours).is_some() || did_you_mean(version, [API_VERSION]).is_some() {
                let message = format!("{version} is unknown here; did you mean {API_VERSION}?");
                return Claim::Misspelled(Problem::error("/apiVersion", "api-version", message));
            }
            Claim::Foreign
        }
        None if our_kind && (value.get("spec").is_some() || kind == DIRECTORY) => {
            let message = format!("apiVersion is missing: write apiVersion: {API_VERSION}");
            Claim::Misspelled(Problem::error("", "api-version", message))
        }
        None => Claim::Foreign,
    }
}

/// Checks a whole document as an object: kind, metadata, and our own part of its spec. AWS documents inside are not
/// looked at. A TaskDefinition may have its document in a file still.
///
/// # Errors
/// What is wrong; the paths are pointers into `value`.
pub fn object(value: &Value) -> Result<Object, Vec<Problem>> {
    let mut problems = match claim(value) {
        Claim::Ours => Vec::new(),
        Claim::Misspelled(problem) => return Err(vec![problem]),
        Claim::Foreign => {
            let message = format!("this is no manifest of ours: it has no apiVersion: {API_VERSION}");
            return Err(vec![Problem::error("", "api-version", message)]);
        }
    };
    for name in value.as_object().into_iter().flat_map(|members| members.keys()) {
        let message = match name.as_str() {
            "apiVersion" | "kind" | "metadata" | "spec" => continue,
            "status" if value["status"].is_null() => continue,
            "status" => "status is written by evenkeel: remove it".to_owned(),
            _ => unknown_member(name, &["apiVersion", "kind", "metadata", "spec"]),
        };
        let path = crate::catalogue::pointer::join("", name);
        problems.push(Problem::error(path, "unknown-member", message).at_key());
    }
    let kind = match kind(value) {
        Ok(kind) => kind,
        Err(problem) => {
            problems.push(problem);
            return Err(problems);
        }
    };
    let missing = |name: &str| Problem::error("", "missing-member", format!("{name} is missing"));
    let metadata = match value.get("metadata") {
        None | Some(Value::Null) => Err(vec![missing("metadata")]),
        Some(written) => metadata::read(kind, written),
    };
    let written = value.get("spec").unwrap_or(&Value::Null);
    let spec = match (written, kind) {
        (Value::Null, _) => Err(vec![missing("spec")]),
        (_, Kind::Cluster) => spec::read::<ClusterSpec>(written, "/spec").map(drop),
        (_, Kind::Service) => spec::read::<ServiceSpec>(written, "/spec").map(drop),
        (_, Kind::TaskDefinition) => task_definition(written),
        (_, Kind::Event | Kind::Installation) => Ok(()),
    };
    match (metadata, spec) {
        (Ok(metadata), Ok(())) if problems.is_empty() => {
            Ok(Object { kind, metadata, spec: written.clone(), status: Value::Null })
        }
        (metadata, spec) => {
            problems.extend(metadata.err().into_iter().chain(spec.err()).flatten());
            Err(problems)
        }
    }
}

/// The key of an object whose document cannot be used, where that much can be read.
pub(super) fn key(value: &Value) -> Option<ObjectKey> {
    let kind = kind(value).ok()?;
    let text = |name: &str| value.get("metadata")?.get(name)?.as_str().filter(|text| !text.contains("${"));
    let namespace = if kind.namespaced() { text("namespace")? } else { "" };
    Some(ObjectKey::new(kind, namespace, text("name")?))
}

fn kind(value: &Value) -> Result<Kind, Problem> {
    let names = KINDS.map(Kind::name);
    let wrong = |message: String| Err(Problem::error("/kind", "kind", message));
    match value.get("kind") {
        None | Some(Value::Null) => Err(Problem::error("", "kind", "kind is missing")),
        Some(Value::String(name)) => match KINDS.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => Ok(kind),
            None if name == DIRECTORY => wrong("a Directory is described in a file named evenkeel.yaml".to_owned()),
            None => wrong(match did_you_mean(name, names) {
                Some(meant) => format!("{name:?} is unknown here; did you mean {meant}?"),
                None => format!("{name:?} is unknown here; it is one of {}", names.join(", ")),
            }),
        },
        Some(_) => wrong(format!("expected a string, one of {}", names.join(", "))),
    }
}

fn task_definition(spec: &Value) -> Result<(), Vec<Problem>> {
    let read: TaskDefinitionSpec = spec::read(spec, "/spec")?;
    match (read.task_definition, read.task_definition_file) {
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (None, None) => {
            let message =
                "taskDefinition is missing; taskDefinitionFile, the path of a file that holds it, does as well";
            Err(vec![Problem::error("/spec", "missing-member", message)])
        }
        (Some(_), Some(_)) => {
            let message = "taskDefinition and taskDefinitionFile say the same thing twice: remove one";
            Err(vec![Problem::error("/spec/taskDefinitionFile", "task-definition-file", message).at_key()])
        }
    }
}
