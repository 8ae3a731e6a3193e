//! `evenkeel events`: what happened, oldest first.

use std::time::Duration;

use clap::Args;
use evenkeel_api::age;
use jiff::Timestamp;
use serde_json::Value;

use super::OK;
use super::client::{Client, ClientError, JSON, Resource, ServerArgs, elements, segment};
use super::completion::{kind_candidates, name_candidates, namespace_candidates};
use super::get::{aligned, text};

/// Arguments of `evenkeel events`.
#[derive(Args, Clone, Debug)]
pub(super) struct EventsArgs {
    /// Only those of this KIND or KIND/NAME
    #[arg(value_name = "KIND[/NAME]", add = kind_candidates())]
    resource: Option<String>,
    /// Only those of the object with this name
    #[arg(add = name_candidates())]
    name: Option<String>,
    /// Only this namespace, which is a Cluster's name; without it, all namespaces
    #[arg(short, long, add = namespace_candidates())]
    namespace: Option<String>,
    /// Only these types, as in Warning
    #[arg(long, value_name = "TYPE")]
    types: Option<String>,
    /// Go on with what happens from now on
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// `evenkeel events`.
pub(super) fn run(args: &EventsArgs) -> Result<u8, ClientError> {
    let mut fields = Vec::new();
    if let Some(word) = &args.resource {
        let (resource, name) = Resource::target(word, args.name.as_deref())?;
        fields.push(format!("involvedObject.kind={}", resource.kind));
        if let Some(name) = name {
            fields.push(format!("involvedObject.name={}", segment(name)?));
        }
    }
    if let Some(kind) = &args.types {
        fields.push(format!("type={}", segment(kind)?));
    }
    let (events, _) = Resource::target("events", None)?;
    let path = events.path(args.namespace.as_deref(), None)?;
    let selector = fields.join(",");
    let query = [("fieldSelector", selector.as_str())];
    let client = Client::new(&args.server)?;
    let list = client.list(&path, &query, JSON)?;
    let mut found = elements(&list).to_vec();
    // Times are RFC 3339 in UTC, which sort as text.
    found.sort_by_key(|event| last(event).to_owned());
    let now = Timestamp::now();
    let head = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(found.iter().map(|event| row(event, now))).collect();
    match rows.len() {
        1 => println!("No events."),
        _ => print!("{}", aligned(&rows)),
    }
    if args.watch {
        let version = list["metadata"]["resourceVersion"].as_str().and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
        // A day; whoever watches longer starts again.
        client.watch(&path, &query, Duration::from_secs(24 * 60 * 60), |kind, event| {
            let its = event["metadata"]["resourceVersion"].as_str().and_then(|it| it.parse::<u64>().ok());
            if ["ADDED", "MODIFIED"].contains(&kind) && its > Some(version) {
                println!("{}", row(event, Timestamp::now()).join("   "));
            }
            false
        })?;
    }
    Ok(OK)
}

/// When it last happened.
fn last(event: &Value) -> &str {
    let times = [&event["lastTimestamp"], &event["firstTimestamp"], &event["metadata"]["creationTimestamp"]];
    times.into_iter().find_map(Value::as_str).unwrap_or_default()
}

fn row(event: &Value, now: Timestamp) -> Vec<String> {
    let since = last(event).parse().map_or_else(|_| "<unknown>".to_owned(), |time| age(time, now));
    let times = event["count"].as_i64().filter(|count| *count > 1).map_or(String::new(), |it| format!(" (x{it})"));
    let involved = &event["involvedObject"];
    let place =
        involved["namespace"].as_str().filter(|it| !it.is_empty()).map(|it| format!("{it}/")).unwrap_or_default();
    let object = format!("{} {place}{}", text(&involved["kind"]).to_lowercase(), text(&involved["name"]));
    vec![since + &times, text(&event["type"]), text(&event["reason"]), object, text(&event["message"])]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_says_when_how_often_and_to_whom() {
        let event = json!({
            "lastTimestamp": "2026-01-01T00:00:00Z", "count": 3, "type": "Warning", "reason": "DriftDetected",
            "involvedObject": {"kind": "Service", "namespace": "shop", "name": "web"}, "message": "desiredCount",
        });
        let now = "2026-01-01T00:05:00Z".parse().unwrap();
        assert_eq!(row(&event, now), ["5m (x3)", "Warning", "DriftDetected", "service shop/web", "desiredCount"]);
    }
}
