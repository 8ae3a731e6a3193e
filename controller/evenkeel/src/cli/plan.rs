//! `evenkeel plan`: what would be changed, without changing anything.

use std::fmt::Write;
use std::time::Duration;

use clap::{Args, ValueEnum};
use evenkeel_core::object::Object;
use serde_json::{Value, json};

use super::config::{Config, duration};
use super::converge::{self, condition, is_current};
use super::{DRIFT, ERROR, OK, block_on, logging};
use crate::reconcile::Options;

/// Arguments of `evenkeel plan`.
#[derive(Args, Debug)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    config: Config,
    /// Form of the output
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
    /// How long it may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2m")]
    timeout: Duration,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people
    Text,
    /// JSON
    Json,
    /// YAML
    Yaml,
}

impl Form {
    /// Prints a document, or what `text` makes of it.
    pub(super) fn print(self, document: &Value, text: impl FnOnce() -> String) {
        match self {
            Self::Text => print!("{}", text()),
            Self::Json => println!("{}", serde_json::to_string_pretty(document).unwrap_or_default()),
            Self::Yaml => print!("{}", serde_yaml::to_string(document).unwrap_or_default()),
        }
    }
}

pub(super) fn run(args: PlanArgs) -> Result<u8, String> {
    let config = args.config.with_file()?;
    // The plan is the output; only what goes wrong is logged beside it.
    let quiet = Config { log: config.log.clone().or(Some("warn".into())), ..config.clone() };
    logging::start(&quiet, None)?;
    block_on(async {
        // A store of its own: a running controller holds the other one, and nothing is to be remembered.
        let store = converge::open_store(&Config { data: None, ..config.clone() }, true).await?;
        let options = Options { read_only: true, ..config.options() };
        let assembly = converge::assemble(&config, store, options)?;
        let engine = &assembly.engine;
        let load = converge::load_once(engine, &config).await?;
        let seen = converge::until(engine, args.timeout, is_settled).await?;
        let objects = converge::objects(&engine.context.store).await?;
        let entries: Vec<Value> = objects.iter().map(entry).collect();
        let drifted = entries.iter().any(|entry| entry["sync"] == "OutOfSync");
        let unknown = !seen || entries.iter().any(|entry| entry["sync"] == "Unknown");
        args.output.print(&json!({"objects": entries}), || text(&entries));
        Ok(match (converge::has_errors(&load) || unknown, drifted) {
            (true, _) => ERROR,
            (false, true) => DRIFT,
            (false, false) => OK,
        })
    })
}

/// Nothing more will be learnt by waiting.
fn is_settled(object: &Object) -> bool {
    let retried = matches!(condition(object, "Ready"), Some((_, "Transient" | "Throttled" | "ClusterNotReady")));
    is_current(object) && (!retried || object.status["sync"] == "OutOfSync")
}

fn entry(object: &Object) -> Value {
    let (_, reason) = condition(object, "Ready").unwrap_or(("", ""));
    let list = |name: &str| object.status.get(name).cloned().unwrap_or_else(|| json!([]));
    json!({
        "kind": object.kind.name(),
        "namespace": object.metadata.namespace,
        "name": object.metadata.name,
        "sync": object.status["sync"],
        "reason": reason,
        "drift": list("drift"),
        "actions": list("proposed"),
        "waiting": list("waiting"),
    })
}

fn text(entries: &[Value]) -> String {
    let mut out = String::new();
    let mut counts = [0_usize; 3];
    for entry in entries {
        let word = |name: &str| entry[name].as_str().unwrap_or_default();
        let namespace = entry["namespace"].as_str().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let sync = word("sync");
        counts[match sync {
            "Synced" => 0,
            "OutOfSync" => 1,
            _ => 2,
        }] += 1;
        if sync == "Synced" && entry["actions"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        let _ = writeln!(out, "{} {namespace}{}: {sync}", word("kind"), word("name"));
        for drift in entry["drift"].as_array().into_iter().flatten() {
            let _ = writeln!(out, "  ~ {}", drift_line(drift));
        }
        for action in entry["actions"].as_array().into_iter().flatten() {
            let _ = writeln!(
                out,
                "  > {}: {}",
                action["operation"].as_str().unwrap_or_default(),
                action["reason"].as_str().unwrap_or_default()
            );
        }
        for waiting in entry["waiting"].as_array().into_iter().flatten() {
            let _ = writeln!(
                out,
                "  … {}: {}",
                waiting["reason"].as_str().unwrap_or_default(),
                waiting["message"].as_str().unwrap_or_default()
            );
        }
    }
    let _ = writeln!(out, "{} in sync, {} to change, {} unknown", counts[0], counts[1], counts[2]);
    out
}

/// One difference on one line: path, what is wanted, what is there.
pub(super) fn drift_line(drift: &Value) -> String {
    let side = |name: &str| drift.get(name).map_or_else(|| "(absent)".to_owned(), ToString::to_string);
    format!("{}: {} <- {}", drift["path"].as_str().unwrap_or_default(), side("desired"), side("observed"))
}
