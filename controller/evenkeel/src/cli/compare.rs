//! `evenkeel compare`: the drift between two AWS documents, and the rule behind each path.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use evenkeel_core::canonical::DocumentKind;
use evenkeel_core::catalogue::{Catalogue, Document, to_wire};
use evenkeel_core::diff::{Drift, Ignore, Scope, diff, diff_member};
use evenkeel_core::manifest::text::{File, Syntax};
use serde_json::{Value, json};

use super::plan::{Form, drift_line};
use super::{DRIFT, OK};

/// Arguments of `evenkeel compare`.
#[derive(Args, Debug)]
pub(super) struct CompareArgs {
    /// What the documents are
    #[arg(long, value_enum)]
    kind: Kind,
    /// File with what is wanted: the input of register-task-definition, create-service or put-scaling-policy
    #[arg(value_name = "DESIRED")]
    desired: PathBuf,
    /// File with what AWS shows: the output of the describe command, or the same form
    #[arg(value_name = "OBSERVED")]
    observed: PathBuf,
    /// Form of the output
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A task definition: content that nobody declared is a difference too
    TaskDefinition,
    /// A service: only declared paths are compared
    Service,
    /// A scaling policy: only declared paths are compared
    ScalingPolicy,
}

pub(super) fn run(args: &CompareArgs) -> Result<u8, String> {
    let desired = wire(args.kind, unwrapped(args.kind, read(&args.desired)?), &args.desired)?;
    let observed = unwrapped(args.kind, read(&args.observed)?);
    // What AWS shows is in wire form already, up to nulls that some tools print.
    let observed = wire(args.kind, observed.clone(), &args.observed).unwrap_or(observed);
    let drift = compare(args.kind, &desired, &observed);
    args.output.print(&json!({"drift": drift}), || text(&drift));
    Ok(if drift.is_empty() { OK } else { DRIFT })
}

fn compare(kind: Kind, desired: &Value, observed: &Value) -> Vec<Drift> {
    let ignore = Ignore::default();
    match kind {
        Kind::TaskDefinition => {
            diff(DocumentKind::TaskDefinition, desired, observed, Scope::Whole, "/taskDefinition", &ignore)
        }
        Kind::Service => diff(DocumentKind::Service, desired, observed, Scope::Declared, "/service", &ignore),
        Kind::ScalingPolicy => {
            let rule = DocumentKind::Scaling.rules().member("Policies").element();
            diff_member(Some(desired), Some(observed), rule, Scope::Declared, "/policy", &ignore)
        }
    }
}

fn text(drift: &[Drift]) -> String {
    let mut out = String::new();
    for drift in drift {
        let line = drift_line(&json!(drift));
        let _ = writeln!(out, "{line}  ({})", drift.rule);
    }
    let _ = match drift.len() {
        0 => writeln!(out, "no drift"),
        count => writeln!(out, "{count} paths differ (wanted <- observed)"),
    };
    out
}

fn read(path: &Path) -> Result<Value, String> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| format!("failed to read {name}: {error}"))?;
    let syntax = Syntax::of(&name).unwrap_or(Syntax::Json);
    let place = |fault: evenkeel_core::manifest::text::Fault| {
        format!("{name}:{}:{}: {}", fault.location.line, fault.location.column, fault.message)
    };
    let file = Arc::new(File::decode(&name, syntax, &bytes).map_err(place)?);
    let (documents, fault) = file.documents();
    match (documents.into_iter().next(), fault) {
        (_, Some(fault)) => Err(place(fault)),
        (Some(document), None) => Ok(document.value.clone()),
        (None, None) => Err(format!("{name} is empty")),
    }
}

/// The document inside what the describe commands print.
fn unwrapped(kind: Kind, value: Value) -> Value {
    let pointers: &[&str] = match kind {
        Kind::TaskDefinition => &["/taskDefinition"],
        Kind::Service => &["/services/0", "/service"],
        Kind::ScalingPolicy => &["/ScalingPolicies/0"],
    };
    let inner = pointers.iter().find_map(|pointer| value.pointer(pointer)).filter(|inner| inner.is_object());
    inner.cloned().unwrap_or(value)
}

fn wire(kind: Kind, value: Value, path: &Path) -> Result<Value, String> {
    let catalogue = Catalogue::get();
    let shape = match kind {
        Kind::TaskDefinition => catalogue.document(Document::TaskDefinition),
        Kind::Service => catalogue.document(Document::Service),
        Kind::ScalingPolicy => {
            let policies = catalogue.document(Document::Scaling).member("Policies").and_then(|list| list.element());
            policies.ok_or("the field catalogue has no scaling policies")?
        }
    };
    let converted = to_wire(&value, shape).map_err(|problems| {
        let lines: Vec<String> =
            problems.iter().filter(|problem| problem.is_error()).map(ToString::to_string).collect();
        format!("{}: {}", path.display(), lines.join("\n"))
    })?;
    Ok(converted.value)
}
