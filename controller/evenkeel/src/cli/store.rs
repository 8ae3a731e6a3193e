//! `evenkeel store`: backups of the store, and whether it can be read.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use evenkeel_store::{Contents, Repaired};

use super::block_on;

/// Arguments of `evenkeel store`.
#[derive(Args, Debug)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Write everything that the store holds to one new file; the controller must not be running
    Backup {
        /// The file; it holds secrets if manifests do
        file: PathBuf,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Make the store anew from a backup; there must be none in its place
    Restore {
        /// The backup
        file: PathBuf,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Make a new store of what can still be read of a damaged one, and say what is lost; the damaged one stays as it is
    Repair {
        /// Directory of the new store; there must be none in it
        to: PathBuf,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Read everything that the store, or a backup, holds, and say whether it is whole
    Check {
        /// A backup, in place of the store
        file: Option<PathBuf>,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Args, Debug)]
struct DataArgs {
    /// Directory of the store
    #[arg(long, env = "EVENKEEL_DATA", value_name = "DIR", default_value = "state")]
    data: PathBuf,
}

pub(super) fn run(args: StoreArgs) -> Result<String, String> {
    block_on(async {
        let (done, contents) = match args.command {
            StoreCommand::Repair { to, data } => {
                let repaired = evenkeel_store::repair(&data.data, &to).await.map_err(|error| error.to_string())?;
                return Ok(taken_over(&repaired, &data.data, &to));
            }
            StoreCommand::Backup { file, data } => {
                let contents = evenkeel_store::backup(&data.data, &file).await;
                (format!("{} holds what {} holds", file.display(), data.data.display()), contents)
            }
            StoreCommand::Restore { file, data } => {
                let contents = evenkeel_store::restore(&file, &data.data).await;
                (format!("{} has been made anew", data.data.display()), contents)
            }
            StoreCommand::Check { file, data } => {
                let path = file.unwrap_or(data.data);
                (format!("{} is whole", path.display()), evenkeel_store::check(&path).await)
            }
        };
        let contents = contents.map_err(|error| error.to_string())?;
        Ok(format!("{done}: {}", told(&contents)))
    })
}

fn taken_over(repaired: &Repaired, from: &Path, to: &Path) -> String {
    let (from, to) = (from.display(), to.display());
    let mut lines = vec![format!("{to} holds what could be read of {from}: {}", told(&repaired.contents))];
    if repaired.commits > 0 {
        lines.push(format!("lost: the last {} commits; what is there is as it was before them", repaired.commits));
    }
    lines.extend(repaired.lost.iter().map(|lost| format!("lost: {lost}")));
    if lines.len() == 1 {
        lines.push("nothing is known to be lost".to_owned());
    }
    lines.push(format!(
        "{from} is as it was: move it away, move {to} into its place, and start evenkeel, which reads git and AWS before it \
         acts"
    ));
    lines.join("\n")
}

fn told(contents: &Contents) -> String {
    let objects = contents.objects.iter().map(|(kind, count)| format!("{count} {}", kind.plural()));
    let objects: Vec<String> = objects.collect();
    format!("{}, {} records, version {}", objects.join(", "), contents.records, contents.resource_version)
}
