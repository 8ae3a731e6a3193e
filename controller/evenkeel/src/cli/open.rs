//! `evenkeel open` and `evenkeel close`: change windows count as open for a while, for what cannot wait.

use std::time::Duration;

use clap::Args;
use evenkeel_core::desired::{OPEN_BY, OPEN_REASON, OPEN_UNTIL};
use jiff::Timestamp;
use serde_json::json;

use super::client::ClientError;
use super::config::duration;
use super::operate::whole_seconds;
use super::suspend::WhomArgs;

/// Arguments of `evenkeel open`.
#[derive(Args, Clone, Debug)]
pub(super) struct OpenArgs {
    #[command(flatten)]
    whom: WhomArgs,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// By whom
    #[arg(long, env = "USER")]
    by: Option<String>,
    /// For how long, such as 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    span: Duration,
}

/// `evenkeel open`.
pub(super) fn open(args: &OpenArgs) -> Result<String, ClientError> {
    let found = args.whom.find()?;
    let until = whole_seconds(Timestamp::now().saturating_add(args.span).unwrap_or(Timestamp::MAX));
    found.annotate(json!({OPEN_UNTIL: until.to_string(), OPEN_REASON: args.reason, OPEN_BY: args.by}))?;
    Ok(format!("change windows are open for {} until {until}; what they held goes on within a minute", found.label))
}

/// `evenkeel close`.
pub(super) fn close(args: &WhomArgs) -> Result<String, ClientError> {
    let found = args.find()?;
    found.annotate(json!({OPEN_UNTIL: null, OPEN_REASON: null, OPEN_BY: null}))?;
    Ok(format!("change windows hold for {} as declared", found.label))
}
