//! `evenkeel history` and `evenkeel rollback`: the last rollouts of a service, and the way back to one of them.

use std::time::Duration;

use clap::Args;
use evenkeel_api::age;
use evenkeel_core::desired::{PIN, PIN_BY, PIN_INSTEAD_OF, PIN_REASON, PIN_UNTIL};
use evenkeel_core::view::family_and_revision;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::ClientError;
use super::config::duration;
use super::get::{aligned, text};
use super::operate::{ServiceArgs, whole_seconds};

/// Arguments of `evenkeel history`.
#[derive(Args, Clone, Debug)]
pub(super) struct HistoryArgs {
    #[command(flatten)]
    service: ServiceArgs,
}

/// Arguments of `evenkeel rollback`.
#[derive(Args, Clone, Debug)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    service: ServiceArgs,
    /// Number of the rollout to go back to, as `evenkeel history` shows it; without it, the last one that went well
    /// with another revision than the present one
    #[arg(long, value_name = "NUMBER", conflicts_with = "end")]
    to: Option<u64>,
    /// For how long, such as 2h; then the service goes to what git declares
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, required_unless_present = "end")]
    span: Option<Duration>,
    /// Why
    #[arg(long, required_unless_present = "end")]
    reason: Option<String>,
    /// By whom
    #[arg(long, env = "USER")]
    by: Option<String>,
    /// End the rollback now
    #[arg(long)]
    end: bool,
}

/// `evenkeel history`.
pub(super) fn history(args: &HistoryArgs) -> Result<String, ClientError> {
    let found = args.service.find()?;
    let entries = found.object["status"]["history"].as_array().cloned().unwrap_or_default();
    if entries.is_empty() {
        return Ok(format!("no rollout of {} is remembered", found.label));
    }
    Ok(aligned(&table(&entries, Timestamp::now())))
}

/// A head and a line for each rollout.
fn table(entries: &[Value], now: Timestamp) -> Vec<Vec<String>> {
    let head =
        ["NUMBER", "REVISION", "COMMIT", "AUTHOR", "STARTED", "TOOK", "OUTCOME", "WHAT"].map(str::to_owned).to_vec();
    let rows = entries.iter().map(|entry| {
        let time = |name: &str| entry[name].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        let (started, ended) = (time("startedAt"), time("endedAt"));
        let took = started.zip(ended).map_or_else(|| "-".to_owned(), |(started, ended)| age(started, ended));
        let commit = entry["commit"].as_str().unwrap_or("-");
        let commit = commit.rsplit(':').next().map_or("-", |digits| digits.get(..7).unwrap_or(digits));
        vec![
            entry["number"].to_string(),
            short(entry["taskDefinition"].as_str().unwrap_or_default()),
            commit.to_owned(),
            entry["author"].as_str().unwrap_or("-").to_owned(),
            started.map_or_else(|| "-".to_owned(), |started| age(started, now)),
            took,
            text(&entry["outcome"]),
            // Why it failed; else what the commit was about.
            entry["reason"].as_str().or(entry["message"].as_str()).unwrap_or_default().to_owned(),
        ]
    });
    std::iter::once(head).chain(rows).collect()
}

/// `family:revision`.
fn short(reference: &str) -> String {
    match family_and_revision(reference) {
        Some((family, revision)) => format!("{family}:{revision}"),
        None => "-".to_owned(),
    }
}

/// `evenkeel rollback`.
pub(super) fn rollback(args: &RollbackArgs) -> Result<String, ClientError> {
    let found = args.service.find()?;
    if args.end {
        if found.object["metadata"]["annotations"].get(PIN).is_none() {
            return Ok(format!("{} is not pinned", found.label));
        }
        found.annotate(json!({PIN: null, PIN_UNTIL: null, PIN_REASON: null, PIN_BY: null, PIN_INSTEAD_OF: null}))?;
        return Ok(format!("{} goes to what git declares", found.label));
    }
    let status = &found.object["status"];
    let entry = target(status, args.to).map_err(ClientError::Usage)?;
    let revision = entry["taskDefinition"].as_str().unwrap_or_default();
    let span = args.span.unwrap_or_default();
    let until = whole_seconds(Timestamp::now().saturating_add(span).unwrap_or(Timestamp::MAX));
    found.annotate(json!({
        PIN: revision,
        PIN_UNTIL: until.to_string(),
        PIN_REASON: args.reason,
        PIN_BY: args.by,
        PIN_INSTEAD_OF: status.get("wanted"),
    }))?;
    Ok(format!(
        "{} goes back to {} until {until}, or until a commit asks for something else; `evenkeel rollback {} --end` ends it",
        found.label,
        short(revision),
        found.object["metadata"]["name"].as_str().unwrap_or_default(),
    ))
}

/// The rollout to go back to.
fn target(status: &Value, number: Option<u64>) -> Result<&Value, String> {
    let entries = status["history"].as_array().map_or(&[][..], Vec::as_slice);
    let known = |entry: &&Value| entry["taskDefinition"].as_str().is_some_and(|arn| family_and_revision(arn).is_some());
    if let Some(number) = number {
        let entry = entries.iter().find(|entry| entry["number"] == number);
        return entry
            .filter(known)
            .ok_or_else(|| format!("there is no rollout {number}: `evenkeel history` lists them"));
    }
    let present = &status["taskDefinition"];
    let well = |entry: &&Value| entry["outcome"] == "Succeeded" && entry["taskDefinition"] != *present;
    entries
        .iter()
        .filter(known)
        .find(well)
        .ok_or_else(|| "no earlier rollout that went well is remembered: `evenkeel history` lists what is".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn status() -> Value {
        let entry = |number: u64, revision: &str, outcome: &str| {
            json!({"number": number, "taskDefinition": format!("arn:aws:ecs:eu-west-1:1:task-definition/web:{revision}"),
                   "outcome": outcome, "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:04:00Z",
                   "commit": "sha1:0123456789abcdef0123456789abcdef01234567"})
        };
        json!({
            "taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/web:9",
            "history": [entry(4, "9", "Succeeded"), entry(3, "8", "Failed"), entry(2, "7", "Succeeded"), entry(1, "6", "Succeeded")],
        })
    }

    #[test]
    fn the_way_back_leads_to_the_last_that_went_well_with_another_revision() {
        assert_eq!(target(&status(), None).unwrap()["number"], 2);
        assert_eq!(target(&status(), Some(3)).unwrap()["number"], 3, "a number is taken at its word");
        assert!(target(&status(), Some(9)).unwrap_err().contains("no rollout 9"));
        assert!(target(&json!({}), None).is_err());
    }

    #[test]
    fn a_line_says_which_revision_and_commit_when_how_long_and_how_it_ended() {
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        let rows = table(status()["history"].as_array().unwrap(), now);
        assert_eq!(rows[2], ["3", "web:8", "0123456", "-", "60m", "4m", "Failed", ""]);
    }
}
