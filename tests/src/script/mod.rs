//! Scripts: stories in text files, played in a [`World`](crate::World) and compared with what they printed last.
//!
//! `tests/scenarios/README.md` describes the language.

mod command;
mod print;
mod trial;
mod words;

pub use trial::{Disturbance, Ending, Trial};

use std::path::{Path, PathBuf};

use command::Player;
use words::Line;

/// The scenarios in a directory, in the order of their names.
///
/// # Panics
/// When the directory cannot be read.
pub fn scenarios(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
}

/// Plays a scenario and compares what it prints with the `.out` file beside it; with `update`, that file is written
/// instead.
///
/// # Errors
/// The line that failed, or the first difference.
pub fn check(path: &Path, update: bool) -> Result<(), String> {
    let expected = path.with_extension("out");
    let printed = play(path)?;
    if update {
        return std::fs::write(&expected, printed).map_err(|error| format!("{}: {error}", expected.display()));
    }
    let before = std::fs::read_to_string(&expected).unwrap_or_default();
    match first_difference(&before, &printed) {
        None => Ok(()),
        Some(difference) => Err(format!("{}: {difference}\n(UPDATE=1 accepts it)", expected.display())),
    }
}

/// Plays a scenario and gives what it printed. Every story has a runtime, and a time, of its own.
fn play(path: &Path) -> Result<String, String> {
    let lines = read(path)?;
    let fixtures = path.with_file_name("fixtures");
    runtime()?.block_on(async {
        let mut printed = String::new();
        let mut player = Player::new(fixtures);
        for line in &lines {
            printed.push_str(&line.echo());
            let output = player.play(line).await.map_err(|why| {
                format!("{}:{}: {}: {why}\nuntil then it printed:\n{printed}", path.display(), line.number, line.verb)
            })?;
            for row in output.lines() {
                printed.push_str("  ");
                printed.push_str(row);
                printed.push('\n');
            }
        }
        match lines.last() {
            Some(last) if last.verb == "stable" || last.verb == "quiet" => Ok(printed),
            _ => Err(format!("{}: a scenario ends with stable or quiet", path.display())),
        }
    })
}

fn read(path: &Path) -> Result<Vec<Line>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Line::read(&text).map_err(|why| format!("{}:{why}", path.display()))
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.map_err(|error| error.to_string())
}

fn first_difference(before: &str, after: &str) -> Option<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let at = (0..old.len().max(new.len())).find(|index| old.get(*index) != new.get(*index))?;
    let show = |lines: &[&str], sign: &str| -> String {
        lines.iter().skip(at).take(12).map(|line| format!("\n{sign} {line}")).collect()
    };
    let context: String =
        new[at.saturating_sub(4).min(new.len())..at.min(new.len())].iter().map(|l| format!("\n  {l}")).collect();
    Some(format!("differs from line {}:{context}{}{}", at + 1, show(&old, "-"), show(&new, "+")))
}
