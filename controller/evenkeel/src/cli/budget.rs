//! `evenkeel budget`: what is left of our share of AWS's request rates, and who waits for it.

use clap::Args;

use super::client::{Client, ClientError};
use super::get::aligned;
use super::server::ServerArgs;
use crate::http::BudgetReport;

/// Arguments of `evenkeel budget`.
#[derive(Args, Clone, Debug)]
pub(super) struct BudgetArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Write the figures as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &BudgetArgs) -> Result<String, ClientError> {
    let answer = Client::new(&args.server)?.get("/budget", &[], "application/json")?;
    if args.json {
        return Ok(format!("{answer:#}"));
    }
    let unreadable = |error: serde_json::Error| ClientError::Usage(format!("the answer is no budget: {error}"));
    Ok(shown(&serde_json::from_value(answer).map_err(unreadable)?))
}

fn shown(report: &BudgetReport) -> String {
    let Some(share) = report.share else {
        return "calls are not limited: the controller runs against a sandbox, or with --budget-share 0".to_owned();
    };
    let head = format!("{} % of AWS's published rates are used at most.", (share * 100.0).round());
    if report.buckets.is_empty() {
        return format!("{head} Nothing was called yet.");
    }
    let columns = ["ACCOUNT", "REGION", "BUCKET", "AT ONCE", "A SECOND", "OF", "WAITING", "WAITED"];
    let rows = report.buckets.iter().map(|bucket| {
        vec![
            bucket.account.clone(),
            bucket.region.clone(),
            bucket.bucket.clone(),
            format!("{:.1}", bucket.tokens),
            format!("{:.2}", bucket.rate),
            bucket.published.to_string(),
            bucket.waiting.to_string(),
            bucket.waits.to_string(),
        ]
    });
    let table: Vec<Vec<String>> = std::iter::once(columns.map(str::to_owned).to_vec()).chain(rows).collect();
    format!("{head}\n\n{}", aligned(&table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::BucketReport;

    #[test]
    fn buckets_stand_in_a_table_with_what_they_give_and_who_waits() {
        let bucket = BucketReport {
            account: "123456789012".into(),
            region: "eu-central-1".into(),
            bucket: "ServiceModify".into(),
            tokens: -1.25,
            rate: 2.5,
            published: 5,
            waiting: 12,
            waits: 34,
        };
        let text = shown(&BudgetReport { share: Some(0.5), buckets: vec![bucket] });
        let expected = "50 % of AWS's published rates are used at most.

ACCOUNT        REGION         BUCKET          AT ONCE   A SECOND   OF   WAITING   WAITED
123456789012   eu-central-1   ServiceModify   -1.2      2.50       5    12        34";
        assert_eq!(text.trim_end(), expected);
        assert!(shown(&BudgetReport { share: None, buckets: Vec::new() }).starts_with("calls are not limited"));
    }
}
