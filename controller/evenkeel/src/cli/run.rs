//! `evenkeel run`: the controller.

use std::io::IsTerminal;

use clap::Args;
use evenkeel_aws::Queue;

use super::config::Config;
use super::converge::{self, Assembly};
use super::live::Live;
use super::logging::{self, Recent};
use super::{OK, block_on, sandbox};
use crate::follow;
use crate::http::{Listening, Readiness};
use crate::notify;
use crate::shutdown::{GRACE, Shutdown};
use crate::source::{self, Source};
use crate::trail;

/// Arguments of `evenkeel run`.
#[derive(Args, Debug)]
pub(super) struct RunArgs {
    #[command(flatten)]
    config: Config,
    /// Show log lines even where a live table could be shown
    #[arg(long)]
    plain: bool,
    /// Names, besides localhost and addresses, by which clients reach the API, separated by commas; requests under
    /// other names are refused, since web pages make them
    #[arg(long, env = "EVENKEEL_HOST", value_name = "NAME", value_delimiter = ',')]
    host: Vec<String>,
}

pub(super) fn run(args: RunArgs) -> Result<u8, String> {
    let config = args.config.with_file()?;
    let live = config.is_sandboxed() && !args.plain && std::io::stdout().is_terminal();
    let recent = live.then(Recent::default);
    logging::start(&config, recent.as_ref())?;
    block_on(async move {
        let shutdown = Shutdown::on_signals(GRACE).map_err(|error| error.to_string())?;
        let webhooks = config.webhooks.as_deref().map(notify::read).transpose()?.unwrap_or_default();
        let signers = config.signers()?;
        let listening = Listening::bind(config.listen(), config.guarding()).await?;
        let store = converge::open_store(&config, config.is_sandboxed()).await?;
        let Assembly { engine, clock, sandbox } = converge::assemble(&config, store.clone(), config.options())?;
        let server = match sandbox {
            Some(model) => Some(sandbox::serve(config.sandbox_listen(), model).await?),
            None => None,
        };
        let address = listening.address();
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            source = %config.source().display(),
            installation = engine.context.options.installation,
            listen = %address,
            read_only = engine.context.options.read_only,
            sandbox = server.as_ref().map(|server| server.url()),
            "evenkeel is running"
        );
        let hints = server.as_ref().map(|server| hints(server, &config));
        if let (Some(hints), None) = (&hints, &recent) {
            for hint in hints {
                tracing::info!("try: {hint}");
            }
        }
        let readiness = Readiness::default();
        let http = tokio::spawn(listening.serve(engine.clone(), readiness.clone(), clock, args.host, shutdown.clone()));
        let notifier = tokio::spawn(notify::run(
            webhooks,
            store.clone(),
            engine.context.metrics.clone(),
            engine.context.clock.clone(),
        ));
        let restored = follow::is_restored(&store).await.map_err(|error| error.to_string())?;
        let known = readiness.clone();
        let source = {
            let source = Source::new(config.source(), source::POLL).signed_by(signers);
            tokio::spawn(follow::follow(engine.clone(), source, readiness))
        };
        let trails = trails(&config).await?;
        let trails: Vec<_> = trails.into_iter().map(|it| tokio::spawn(trail::follow(it, engine.clone()))).collect();
        let view = recent.map(|recent| tokio::spawn(Live::new(store.clone(), recent, hints.unwrap_or_default()).run()));
        let drained = {
            let (queue, shutdown) = (engine.queue.clone(), shutdown.clone());
            tokio::spawn(async move {
                shutdown.draining().await;
                queue.shut_down();
            })
        };
        // The first signal drains: passes in progress finish. The second, or the end of the grace period, aborts them:
        // that is a crash, and every await is a place where one may happen.
        let finished = shutdown.unless_aborted(async {
            // A store knows what was wanted when it was last written. To act on that would take back what came since.
            tokio::select! {
                () = known.wanted_is_known(restored) => {}
                () = shutdown.draining() => {}
            }
            engine.run().await;
        });
        let finished = finished.await.is_some();
        source.abort();
        notifier.abort();
        trails.iter().for_each(tokio::task::JoinHandle::abort);
        drained.abort();
        if let Some(view) = view {
            view.abort();
        }
        tracing::info!(finished, "evenkeel has stopped");
        // Closing the store ends the watches of clients, for which the HTTP server waits.
        store.close().await;
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), http).await;
        Ok(OK)
    })
}

/// Where records of changes come from.
async fn trails(config: &Config) -> Result<Vec<trail::Source>, String> {
    let mut sources = Vec::new();
    for place in &config.trail {
        let is_queue = place.starts_with("https://") || place.starts_with("http://");
        if is_queue && config.is_sandboxed() {
            return Err("a sandbox calls nobody: give --trail a file or a directory".into());
        }
        sources.push(match is_queue {
            true => trail::Source::Queue(Queue::connect(place, config.endpoint_url.as_deref()).await),
            false => trail::Source::Files(place.into()),
        });
    }
    Ok(sources)
}

/// What to try next.
fn hints(server: &evenkeel_sandbox::Server, config: &Config) -> Vec<String> {
    let change =
        "ecs update-service --cluster shop-prod-cluster --service shop-prod-frontapp-service --desired-count 9";
    vec![
        sandbox::hint(server, change),
        format!("edit a manifest under {} and save it", config.source().display()),
        "evenkeel get services    (in another terminal)".to_owned(),
        "evenkeel describe service frontapp -n shop-prod".to_owned(),
    ]
}
