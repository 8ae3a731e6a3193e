//! What a platform team runs beside the program: alerts, dashboards, runbooks, policies, task definition and chart, each
//! held against the program itself and the real tools.
#![allow(clippy::unwrap_used)]

mod alerts;
mod chart;
mod configuration;
mod dashboards;
mod ecs;
mod events;
mod faults;
mod health;
mod iam;
mod live;
mod metrics;
mod runbooks;
mod trail;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file of the repository.
fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// Names of the files of a directory, without their extension.
fn stems(directory: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(directory)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// A tool that tests/setup/ops.sh brings.
fn tool(name: &str) -> Command {
    let path: PathBuf = root().join("target/peers/ops").join(name);
    assert!(path.exists(), "{} is missing: run tests/setup/ops.sh", path.display());
    Command::new(path)
}

fn succeeds(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}\n{out}\n{err}");
    out.into_owned()
}
