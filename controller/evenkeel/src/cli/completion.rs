//! `evenkeel completion`: scripts for shells. They ask the program itself, so names of live objects complete as well.

use std::ffi::OsStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use serde_json::Value;

use super::client::{JSON, Resource, ServerArgs, elements};

/// Arguments of `evenkeel completion`.
#[derive(Args, Clone, Debug)]
pub(super) struct CompletionArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// What `evenkeel completion` prints: put it where the shell looks for completions, or evaluate it.
pub(super) fn run(args: &CompletionArgs) -> Result<String, String> {
    let shells = clap_complete::env::Shells::builtins();
    let name = args.shell.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let shell = shells.completer(&name).ok_or_else(|| format!("there is no completion for {name}"))?;
    let mut script = Vec::new();
    // `COMPLETE` is the variable by which the script tells the program that it is asked for completions.
    shell
        .write_registration("COMPLETE", "evenkeel", "evenkeel", "evenkeel", &mut script)
        .map_err(|error| error.to_string())?;
    String::from_utf8(script).map_err(|error| error.to_string())
}

/// Whoever presses a key waits for it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Kinds, and `KIND/NAME` once there is a slash.
pub(super) fn kind_candidates() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy();
        match current.split_once('/') {
            Some((kind, _)) => {
                let named = |name: String| format!("{kind}/{name}");
                fitting(names(kind).into_iter().map(named), &current)
            }
            None => {
                let kinds = ["services", "taskdefinitions", "clusters", "events", "namespaces", "installations"];
                fitting(kinds.map(str::to_owned), &current)
            }
        }
    })
}

/// Names of live objects of all kinds: what stands before on the line is not known here.
pub(super) fn name_candidates() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let all = ["services", "taskdefinitions", "clusters"].into_iter().flat_map(names);
        fitting(all, &current.to_string_lossy())
    })
}

/// Namespaces.
pub(super) fn namespace_candidates() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| fitting(names("namespaces"), &current.to_string_lossy()))
}

fn fitting(names: impl IntoIterator<Item = String>, current: &str) -> Vec<CompletionCandidate> {
    let mut fitting: Vec<String> = names.into_iter().filter(|name| name.starts_with(current)).collect();
    fitting.sort();
    fitting.dedup();
    fitting.into_iter().map(CompletionCandidate::new).collect()
}

/// Names of the objects of a kind, or none when the controller does not answer at once.
fn names(kind: &str) -> Vec<String> {
    let found = || {
        let (resource, _) = Resource::target(kind, None).ok()?;
        let server = ServerArgs::from_environment();
        let url = format!("{}{}", server.url(), resource.path(None, None).ok()?);
        let mut answer = server.agent(PATIENCE).ok()?.get(url).header("accept", JSON).call().ok()?;
        let list: Value = serde_json::from_slice(&answer.body_mut().read_to_vec().ok()?).ok()?;
        let names = elements(&list).iter().filter_map(|it| it["metadata"]["name"].as_str());
        Some(names.map(str::to_owned).collect())
    };
    found().unwrap_or_default()
}
