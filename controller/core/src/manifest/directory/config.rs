//! The `evenkeel.yaml` of each directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::tree::{Tree, ancestors, is_below, resolve};
use crate::catalogue::{Problem, pointer};
use crate::manifest::object::{Claim, DIRECTORY, claim};
use crate::manifest::problem::FileProblem;
use crate::manifest::text::Document;
use crate::manifest::variables::is_name;
use crate::spec::{self, DirectorySpec};

/// Name of the file that describes its directory.
pub(super) const FILE: &str = "evenkeel.yaml";

/// What an `evenkeel.yaml` says.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) spec: DirectorySpec,
    pub(super) document: Arc<Document>,
}

/// All of them, by directory; one that is broken has no content.
#[derive(Debug, Default)]
pub(super) struct Configs(BTreeMap<String, Option<Config>>);

impl Configs {
    /// Reads them all, and tells what is wrong with them.
    pub(super) fn read(tree: &Tree<'_>) -> (Self, Vec<FileProblem>) {
        let (mut configs, mut problems) = (Self::default(), Vec::new());
        for directory in tree.directories() {
            let Some(path) = tree.files(directory).iter().find(|path| is_config(path)) else { continue };
            let read = read(tree, directory, path);
            configs.0.insert(directory.to_owned(), read.map_err(|found| problems.extend(found)).ok());
        }
        (configs, problems)
    }

    /// `None` where there is none; `Some(None)` where it is broken.
    pub(super) fn get(&self, directory: &str) -> Option<Option<&Config>> {
        self.0.get(directory).map(Option::as_ref)
    }

    /// Whether the directory calls itself a template.
    pub(super) fn is_template(&self, directory: &str) -> bool {
        self.get(directory).flatten().is_some_and(|config| config.spec.template)
    }

    /// Whether variables are substituted in a file: what the nearest directory says of it, and there the longest path.
    pub(super) fn substitutes(&self, file: &str) -> bool {
        ancestors(super::tree::parent(file))
            .find_map(|directory| {
                let rules = self.get(directory).flatten()?.spec.files.iter();
                rules
                    .filter_map(|rule| Some((resolve(directory, &rule.path).ok()?, rule.substitute)))
                    .filter(|(path, _)| is_below(file, path))
                    .max_by_key(|(path, _)| path.len())
            })
            .is_none_or(|(_, substitute)| substitute)
    }
}

/// Whether a file is an `evenkeel.yaml`.
pub(super) fn is_config(path: &str) -> bool {
    path.rsplit('/').next() == Some(FILE)
}

fn read(tree: &Tree<'_>, directory: &str, path: &str) -> Result<Config, Vec<FileProblem>> {
    let parsed = tree.read(path);
    if let Some(fault) = &parsed.fault {
        return Err(vec![FileProblem::fault(path, fault.clone())]);
    }
    let [document] = parsed.documents.as_slice() else {
        let message = match parsed.documents.get(1) {
            None => "the file is empty: it describes its directory, with kind: Directory",
            Some(_) => "the file holds one document: objects belong in files of their own",
        };
        let document = parsed.documents.get(1);
        let problem = Problem::error("", "directory", message);
        return Err(vec![document.map_or_else(
            || FileProblem {
                file: path.to_owned(),
                line: 1,
                column: 1,
                severity: problem.severity,
                pointer: String::new(),
                message: message.to_owned(),
                rule: problem.rule,
            },
            |document| FileProblem::of(document, problem.clone()),
        )]);
    };
    let place =
        |problems: Vec<Problem>| problems.into_iter().map(|problem| FileProblem::of(document, problem)).collect();
    let spec = spec(&document.value).map_err(place)?;
    let mut problems = Vec::new();
    for (index, rule) in spec.files.iter().enumerate() {
        let missing = || Err(format!("{:?} is no YAML or JSON file here, nor a directory with any", rule.path));
        let found = resolve(directory, &rule.path).and_then(|path| match is_below(&path, directory) {
            true if tree.is_file(&path) || tree.is_directory(&path) => Ok(()),
            true => missing(),
            false => {
                Err(format!("{:?} does not stand in this directory: say it in the evenkeel.yaml there", rule.path))
            }
        });
        if let Err(message) = found {
            problems.push(Problem::error(format!("/files/{index}/path"), "files", message));
        }
    }
    if problems.is_empty() { Ok(Config { spec, document: document.clone() }) } else { Err(place(problems)) }
}

fn spec(value: &Value) -> Result<DirectorySpec, Vec<Problem>> {
    match claim(value) {
        Claim::Ours => {}
        Claim::Misspelled(problem) => return Err(vec![problem]),
        Claim::Foreign => {
            let message = format!("apiVersion is missing: write apiVersion: {}", crate::object::API_VERSION);
            return Err(vec![Problem::error("", "api-version", message)]);
        }
    }
    if value["kind"] != DIRECTORY {
        let message = "the kind of an evenkeel.yaml is Directory: objects belong in files of their own";
        return Err(vec![Problem::error("/kind", "kind", message)]);
    }
    let mut members = value.clone();
    if let Value::Object(members) = &mut members {
        members.retain(|name, _| name != "apiVersion" && name != "kind");
    }
    let spec: DirectorySpec = spec::read(&members, "")?;
    let mut problems = Vec::new();
    for (name, value) in &spec.variables {
        let path = pointer::join("/variables", name);
        if !is_name(name) {
            let message = format!("{name:?} is no name for a variable: letters, digits, _ and -, a letter first");
            problems.push(Problem::error(path, "variable", message).at_key());
        } else if matches!(value, Value::Null | Value::Array(_) | Value::Object(_)) {
            let message = format!("the value of {name} is text, a number or a boolean (\"\" for nothing)");
            problems.push(Problem::error(path, "variable", message));
        }
    }
    if problems.is_empty() { Ok(spec) } else { Err(problems) }
}
