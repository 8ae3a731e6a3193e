//! `evenkeel validate`: a directory, offline.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use evenkeel_core::catalogue::Severity;
use serde_json::json;

use super::{ERROR, OK, block_on};
use crate::follow;

/// Arguments of `evenkeel validate`.
#[derive(Args, Debug)]
pub(super) struct ValidateArgs {
    /// Directory of manifests
    #[arg(value_name = "DIR", default_value = "desired-state")]
    directory: PathBuf,
    /// Form of the output
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// `file:line:column: severity: message (rule)`
    Text,
    /// One JSON document
    Json,
}

pub(super) fn run(args: &ValidateArgs) -> Result<u8, String> {
    let load = block_on(async {
        let snapshot = follow::read_once(&args.directory, None).await.map_err(|error| error.to_string())?;
        follow::checked(Arc::new(snapshot), None).await.map_err(|error| error.to_string())
    })?;
    let errors = load.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = load.problems.len() - errors;
    match args.output {
        Form::Text => {
            for problem in &load.problems {
                println!("{problem}");
            }
            println!("{} objects, {errors} errors, {warnings} warnings", load.manifests.len());
        }
        Form::Json => {
            let report = json!({"objects": load.manifests.len(), "problems": load.problems});
            println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
        }
    }
    let nothing = load.manifests.is_empty() && load.problems.is_empty();
    if nothing {
        eprintln!("evenkeel: {} holds no manifest", args.directory.display());
    }
    Ok(if errors > 0 || nothing || args.strict && warnings > 0 { ERROR } else { OK })
}
