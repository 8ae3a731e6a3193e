//! `evenkeel check`: a health check for containers, which have no shell and no curl.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::client::ServerArgs;
use super::{ERROR, OK};

/// Arguments of `evenkeel check`.
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// What to ask: live (the process answers) or ready (the source has been read and applied)
    #[arg(value_enum, default_value_t = Probe::Live)]
    probe: Probe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Probe {
    Live,
    Ready,
}

/// Health checks of ECS and of Kubernetes give up after 5 s and 1 s by default; a check that hangs says less than one
/// that fails.
const PATIENCE: Duration = Duration::from_secs(4);

pub(super) fn run(args: &CheckArgs) -> Result<u8, String> {
    let path = match args.probe {
        Probe::Live => "/livez",
        Probe::Ready => "/readyz",
    };
    let url = format!("{}{path}", args.server.url());
    let agent = args.server.agent(PATIENCE).map_err(|error| error.to_string())?;
    let mut answer = agent.get(&url).call().map_err(|error| format!("no answer from {url}: {error}"))?;
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    println!("{}", text.trim());
    Ok(if answer.status().is_success() { OK } else { ERROR })
}
