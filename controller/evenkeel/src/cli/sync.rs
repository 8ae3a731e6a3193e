//! `evenkeel sync`: reconcile once, for pipelines.

use std::time::Duration;

use clap::{Args, ValueEnum};
use evenkeel_core::object::Object;
use evenkeel_core::reason::Reason;

use super::config::{Config, duration};
use super::converge::{self, condition, is_current};
use super::{ERROR, NOT_CONVERGED, OK, block_on, logging};

/// Arguments of `evenkeel sync`.
#[derive(Args, Debug)]
pub(super) struct SyncArgs {
    #[command(flatten)]
    config: Config,
    /// How long it may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10m")]
    timeout: Duration,
    /// What to wait for
    #[arg(long, value_enum, default_value_t = Until::Ready)]
    until: Until,
}

/// What `sync` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Until {
    /// Everything is as declared and runs: rollouts are over
    Ready,
    /// Everything is as declared; tasks may still be starting
    Synced,
}

impl Until {
    fn holds(self, object: &Object) -> bool {
        is_current(object)
            && !is_held(object)
            && match self {
                Self::Ready => condition(object, "Ready").is_some_and(|(status, _)| status == "True"),
                Self::Synced => object.status["sync"] == "Synced",
            }
    }
}

/// Whether a commit waits for a change window.
fn is_held(object: &Object) -> bool {
    let waiting = object.status["waiting"].as_array().into_iter().flatten();
    waiting.into_iter().any(|waiting| waiting["reason"] == Reason::OutsideChangeWindow.name())
}

pub(super) fn run(args: SyncArgs) -> Result<u8, String> {
    let config = args.config.with_file()?;
    logging::start(&config, None)?;
    block_on(async {
        let store = converge::open_store(&config, config.is_sandboxed()).await?;
        let assembly = converge::assemble(&config, store, config.options())?;
        let engine = &assembly.engine;
        let load = converge::load_once(engine, &config).await?;
        let converged = converge::until(engine, args.timeout, |object| {
            // What only a person can change will not converge by waiting.
            let stuck = condition(object, "Stalled").is_some() || is_held(object);
            args.until.holds(object) || is_current(object) && stuck
        })
        .await?;
        let objects = converge::objects(&engine.context.store).await?;
        let open: Vec<&Object> = objects.iter().filter(|object| !args.until.holds(object)).collect();
        for object in &open {
            let (_, reason) = condition(object, "Ready").unwrap_or(("", "not looked at yet"));
            let message = object.status["conditions"].as_array().into_iter().flatten();
            let message = message.filter(|c| c["type"] == "Ready").filter_map(|c| c["message"].as_str()).next();
            eprintln!("{}: {reason}: {}", object.key(), message.unwrap_or_default());
        }
        println!("{} of {} objects converged", objects.len() - open.len(), objects.len());
        engine.context.store.clone().close().await;
        Ok(match (converge::has_errors(&load), converged && open.is_empty()) {
            (true, _) => ERROR,
            (false, true) => OK,
            (false, false) => NOT_CONVERGED,
        })
    })
}
