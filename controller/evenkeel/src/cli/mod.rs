//! The command line.

mod budget;
mod check;
mod client;
mod compare;
mod completion;
mod config;
mod converge;
pub mod describe;
mod events;
pub mod get;
mod history;
mod kubeconfig;
mod live;
mod logging;
mod open;
mod operate;
mod plan;
mod run;
mod sandbox;
mod schema;
mod server;
mod store;
mod suspend;
mod sync;
mod validate;
mod wait;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Everything went well; for `plan` and `compare`: in sync.
const OK: u8 = 0;
/// Something went wrong.
const ERROR: u8 = 1;
/// `plan` and `compare`: there is drift.
const DRIFT: u8 = 2;
/// `sync` and `wait`: not so far when the time was up.
const NOT_CONVERGED: u8 = 3;

/// Keeps Amazon ECS on the line that git draws.
///
/// evenkeel watches a directory of manifests and reconciles clusters, task definitions, services and their scaling with
/// AWS: it finds drift, names it by field, and corrects it.
///
/// Try it without an AWS account: `evenkeel run --sandbox`, then `evenkeel get services` in another terminal.
#[derive(Debug, Parser)]
#[command(name = "evenkeel", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the controller: follow the source, reconcile, serve health, metrics and the API
    Run(run::RunArgs),
    /// Serve the embedded ECS and Application Auto Scaling alone, for the AWS CLI and SDKs
    Sandbox(sandbox::SandboxArgs),
    /// Reconcile once, until everything has converged or the time is up (exit 0 converged, 3 not)
    Sync(sync::SyncArgs),
    /// Check a directory of manifests offline (exit 0 if nothing is wrong, 1 otherwise)
    Validate(validate::ValidateArgs),
    /// Show what would be changed, and change nothing (exit 0 in sync, 2 drift, 1 error)
    Plan(plan::PlanArgs),
    /// Compare two AWS documents, as the controller would (exit 0 equal, 2 drift, 1 error)
    Compare(compare::CompareArgs),
    /// List objects of the running controller
    Get(get::GetArgs),
    /// Show one object of the running controller, for people
    Describe(describe::DescribeArgs),
    /// Wait until objects are as asked (exit 0 they are, 3 not in time, 1 error)
    Wait(wait::WaitArgs),
    /// Show what happened to objects, oldest first
    Events(events::EventsArgs),
    /// Suspend an object, a Cluster with all that is in it, or everything: differences are reported and left alone, until it
    /// is resumed or the time is over
    Suspend(suspend::SuspendArgs),
    /// End a suspension
    Resume(suspend::WhomArgs),
    /// Open change windows for a while, for a commit that cannot wait
    Open(open::OpenArgs),
    /// Let change windows hold again as declared
    Close(suspend::WhomArgs),
    /// Approve a change that waits for a person; without a token, show what waits
    Approve(operate::ApproveArgs),
    /// Try a rollout again that failed
    Retry(operate::TargetArgs),
    /// Show the last rollouts of a service, newest first
    History(history::HistoryArgs),
    /// Go back to an earlier revision for a while, without touching git: until the time is over or a commit asks for
    /// something else
    Rollback(history::RollbackArgs),
    /// Show what is left of our share of AWS's request rates, and how many objects wait for it
    Budget(budget::BudgetArgs),
    /// Reconcile an object now
    Reconcile(operate::ReconcileArgs),
    /// Write a context for kubectl and every other kube client
    Kubeconfig(kubeconfig::KubeconfigArgs),
    /// Write JSON Schema of manifests, for editors and CI
    Schema(schema::SchemaArgs),
    /// Write a completion script for a shell
    Completion(completion::CompletionArgs),
    /// Ask the running controller for its health (exit 0 well, 1 not), for containers without a shell
    Check(check::CheckArgs),
    /// Back up the store, restore it, or check that it is whole
    Store(store::StoreArgs),
    /// Show the version
    Version,
}

/// Runs the command line and gives the exit code.
pub fn main() -> ExitCode {
    // Asked by a completion script: answers and ends here.
    clap_complete::CompleteEnv::with_factory(Cli::command).complete();
    let code = match Cli::parse().command {
        Command::Run(args) => run::run(args),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Sync(args) => sync::run(args),
        Command::Validate(args) => validate::run(&args),
        Command::Plan(args) => plan::run(args),
        Command::Compare(args) => compare::run(&args),
        Command::Get(args) => print(get::run(&args)),
        Command::Describe(args) => print(describe::run(&args)),
        Command::Wait(args) => wait::run(&args).map_err(|error| error.to_string()),
        Command::Events(args) => events::run(&args).map_err(|error| error.to_string()),
        Command::Suspend(args) => print(suspend::suspend(&args)),
        Command::Resume(args) => print(suspend::resume(&args)),
        Command::Open(args) => print(open::open(&args)),
        Command::Close(args) => print(open::close(&args)),
        Command::Approve(args) => print(operate::approve(&args)),
        Command::Retry(args) => print(operate::retry(&args)),
        Command::History(args) => print(history::history(&args)),
        Command::Rollback(args) => print(history::rollback(&args)),
        Command::Budget(args) => print(budget::run(&args)),
        Command::Reconcile(args) => operate::reconcile(&args).map_err(|error| error.to_string()),
        Command::Kubeconfig(args) => print(kubeconfig::run(&args)),
        Command::Schema(args) => print(schema::run(&args)),
        Command::Completion(args) => print(completion::run(&args)),
        Command::Check(args) => check::run(&args),
        Command::Store(args) => print(store::run(args)),
        Command::Version => {
            println!("evenkeel {}", env!("CARGO_PKG_VERSION"));
            Ok(OK)
        }
    };
    ExitCode::from(code.unwrap_or_else(|message| {
        eprintln!("evenkeel: {message}");
        ERROR
    }))
}

fn print<E: std::fmt::Display>(result: Result<String, E>) -> Result<u8, String> {
    let text = result.map_err(|error| error.to_string())?;
    print!("{text}{}", if text.ends_with('\n') || text.is_empty() { "" } else { "\n" });
    Ok(OK)
}

/// A runtime for the commands that need one.
fn block_on<T>(future: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("failed to start the runtime: {error}"))?;
    let result = runtime.block_on(future);
    // What still hangs in a thread, such as a webhook that does not answer, holds nobody up: everything that has to be
    // done was awaited.
    runtime.shutdown_background();
    result
}
