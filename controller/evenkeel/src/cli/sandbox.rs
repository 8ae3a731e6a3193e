//! `evenkeel sandbox`: the embedded AWS alone.

use std::sync::{Arc, Mutex};

use clap::Args;
use evenkeel_sandbox::{Options, Sandbox, Server};
use jiff::Timestamp;

use super::{OK, block_on};
use crate::shutdown::{GRACE, Shutdown};

/// Arguments of `evenkeel sandbox`.
#[derive(Args, Debug)]
pub(super) struct SandboxArgs {
    /// Where AWS calls are taken
    #[arg(long, env = "EVENKEEL_SANDBOX_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:4580")]
    listen: String,
    /// Enforce AWS's published rate limits
    #[arg(long)]
    throttling: bool,
    /// Answer each call so much later, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Tasks whose image contains this text fail; may be given several times
    #[arg(long, value_name = "TEXT")]
    failing_image: Vec<String>,
    /// Minutes for which a CodeDeploy deployment keeps the tasks before
    #[arg(long, value_name = "MINUTES", default_value_t = 1)]
    termination_wait: i64,
}

pub(super) fn run(args: SandboxArgs) -> Result<u8, String> {
    let options = Options {
        throttling: args.throttling,
        latency: std::time::Duration::from_millis(args.latency),
        failing_images: args.failing_image,
        deployment_groups: true,
        termination_wait_minutes: args.termination_wait,
        ..Options::default()
    };
    block_on(async {
        let shutdown = Shutdown::on_signals(GRACE).map_err(|error| error.to_string())?;
        let sandbox = Arc::new(Mutex::new(Sandbox::new(options)));
        let server = serve(&args.listen, sandbox).await?;
        println!("The sandbox is listening. Try:");
        println!("  {}", hint(&server, "ecs list-clusters"));
        shutdown.draining().await;
        server.shutdown().await;
        Ok(OK)
    })
}

/// Serves a sandbox on a loopback port, in real time.
pub(super) async fn serve(address: &str, sandbox: Arc<Mutex<Sandbox>>) -> Result<Server, String> {
    Server::bind(address, sandbox, Arc::new(Timestamp::now))
        .await
        .map_err(|error| format!("failed to listen on {address}: {error}"))
}

/// A command line that reaches the sandbox with the AWS CLI.
pub(super) fn hint(server: &Server, command: &str) -> String {
    format!(
        "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=ap-northeast-1 aws --endpoint-url {} {command}",
        server.url()
    )
}
