//! `evenkeel describe`: one object for people, with what differs and why nothing is done about it.

use clap::Args;
use evenkeel_api::age;
use jiff::Timestamp;
use serde_json::Value;

use super::client::{Client, ClientError, JSON, Resource, ServerArgs, elements, segment};
use super::completion::{kind_candidates, name_candidates, namespace_candidates};
use super::get::{aligned, text};

/// Arguments of `evenkeel describe`.
#[derive(Args, Clone, Debug)]
pub struct DescribeArgs {
    /// Kind (service, taskdefinition, cluster, or a short name), or KIND/NAME
    #[arg(value_name = "KIND[/NAME]", add = kind_candidates())]
    pub resource: String,
    /// Name of the object
    #[arg(add = name_candidates())]
    pub name: Option<String>,
    /// Its namespace, which is a Cluster's name; not needed while the name is in one namespace only
    #[arg(short, long, add = namespace_candidates())]
    pub namespace: Option<String>,
    /// Where the controller is
    #[command(flatten)]
    pub server: ServerArgs,
}

/// What `evenkeel describe` prints.
///
/// # Errors
/// `ClientError`, when the controller does not answer, and when there is no such object or more than one.
pub fn run(args: &DescribeArgs) -> Result<String, ClientError> {
    let (resource, name) = Resource::target(&args.resource, args.name.as_deref())?;
    let name = name.ok_or_else(|| {
        ClientError::Usage(format!("which of them? Give a name; `evenkeel get {}` lists them", resource.plural))
    })?;
    let client = Client::new(&args.server)?;
    let object = client.one(resource, args.namespace.as_deref(), name)?;
    let events = events(&client, resource, &object, name)?;
    Ok(render(&object, &events, Timestamp::now()))
}

/// What happened to an object, oldest first.
fn events(client: &Client, resource: Resource, object: &Value, name: &str) -> Result<Vec<Value>, ClientError> {
    let (events, _) = Resource::target("events", None)?;
    let selector = format!("involvedObject.kind={},involvedObject.name={}", resource.kind, segment(name)?);
    let path = events.path(object["metadata"]["namespace"].as_str(), None)?;
    let mut events = elements(&client.list(&path, &[("fieldSelector", &selector)], JSON)?).to_vec();
    // Times are RFC 3339 in UTC, which sort as text.
    events.sort_by_key(|event| event["lastTimestamp"].as_str().unwrap_or_default().to_owned());
    Ok(events)
}

/// The description of an object.
fn render(object: &Value, events: &[Value], now: Timestamp) -> String {
    let status = &object["status"];
    let mut sections = vec![identity(object, now)];
    let mut section = |title: &str, body: String| {
        if !body.is_empty() {
            sections.push(format!("{title}:\n{}", indented(&body)));
        }
    };
    section("Conditions", conditions(status, now));
    section("Drift", list(&status["drift"], drift));
    section("Last foreign change", members(&status["lastForeignChange"]));
    section("Waiting", list(&status["waiting"], |it| reasoned(&it["reason"], &it["message"])));
    section("Would do", list(&status["proposed"], |it| reasoned(&it["operation"], &it["reason"])));
    section("Rollout", members(&status["rollout"]));
    section("Failed", members(&status["failed"]));
    section("Events", happened(events, now));
    sections.join("\n")
}

fn identity(object: &Value, now: Timestamp) -> String {
    let (metadata, status) = (&object["metadata"], &object["status"]);
    let place = metadata["namespace"].as_str().map_or(String::new(), |namespace| format!("{namespace}/"));
    let mut lines = Vec::new();
    let mut line = |label: &str, value: Option<String>| {
        lines.extend(value.map(|value| vec![format!("  {label}:"), value.replace(char::is_control, " ")]));
    };
    let known = |member: &str| status[member].as_str().map(str::to_owned);
    line("Labels", pairs(&metadata["labels"]));
    line("Created", metadata["creationTimestamp"].as_str().map(|since| ago(since, now)));
    line("Deleted", metadata["deletionTimestamp"].as_str().map(|since| ago(since, now)));
    line("Status", status.is_null().then(|| "not reconciled yet".into()));
    line("Sync", known("sync"));
    line("Health", known("health"));
    line("Suspended", suspended(&status["suspended"]));
    line("In line with", known("lastAppliedRevision"));
    let attempted = known("lastAttemptedRevision").filter(|it| status["lastAppliedRevision"] != it.as_str());
    line("Working on", attempted);
    line("Generation", behind(&metadata["generation"], &status["observedGeneration"]));
    line("Account", known("accountId"));
    line("Region", known("region"));
    line("Family", known("family"));
    line("Content", known("contentHash"));
    line("Runs", known("taskDefinition"));
    line("Tasks", tasks(status));
    line("Scaling", scaling(object));
    line("AWS", ["serviceArn", "taskDefinitionArn", "clusterArn"].into_iter().find_map(known));
    format!("{} {place}{}\n{}", text(&object["kind"]), text(&metadata["name"]), aligned(&lines))
}

fn ago(since: &str, now: Timestamp) -> String {
    since.parse().map_or_else(|_| since.to_owned(), |time| format!("{since} ({} ago)", age(time, now)))
}

fn pairs(labels: &Value) -> Option<String> {
    let pairs: Vec<String> = labels.as_object()?.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
    Some(pairs.join(", "))
}

/// Only what people must know: that the status speaks of an older spec.
fn behind(generation: &Value, observed: &Value) -> Option<String> {
    let (generation, observed) = (generation.as_i64()?, observed.as_i64()?);
    (generation != observed).then(|| format!("{generation}, and the status is of {observed}"))
}

fn suspended(suspended: &Value) -> Option<String> {
    let part = |name: &str, before: &str| suspended[name].as_str().map(|it| format!("{before}{it}"));
    let parts: Vec<String> =
        [part("through", "through "), part("reason", ""), part("by", "by "), part("until", "until ")]
            .into_iter()
            .flatten()
            .collect();
    match suspended {
        Value::Null | Value::Bool(false) => None,
        _ if parts.is_empty() => Some("yes".into()),
        _ => Some(parts.join(", ")),
    }
}

fn tasks(status: &Value) -> Option<String> {
    let (running, desired) = (status["runningCount"].as_i64()?, status["desiredCount"].as_i64()?);
    let pending = status["pendingCount"].as_i64().filter(|pending| *pending > 0);
    Some(format!(
        "{running} running of {desired} desired{}",
        pending.map_or(String::new(), |it| format!(", {it} pending"))
    ))
}

fn scaling(object: &Value) -> Option<String> {
    let range = &object["status"]["range"];
    let (min, max) = (range["min"].as_i64()?, range["max"].as_i64()?);
    let declared = &object["spec"]["scaling"];
    let names = |list: &str, name: &str| -> Vec<String> {
        let elements = member(declared, list).as_array().into_iter().flatten();
        elements.filter_map(|it| member(it, name).as_str().map(str::to_owned)).collect()
    };
    let told = |what: &str, names: Vec<String>| match names.is_empty() {
        true => String::new(),
        false => format!("; {what} {}", names.join(", ")),
    };
    let policies = told("policies", names("policies", "policyName"));
    let actions = told("scheduled actions", names("scheduledActions", "scheduledActionName"));
    Some(format!("{min} to {max} tasks{policies}{actions}"))
}

/// A member of a document of Application Auto Scaling, which spells members with either initial.
fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    let upper = name[..1].to_ascii_uppercase() + &name[1..];
    value.get(name).unwrap_or(&value[upper.as_str()])
}

fn conditions(status: &Value, now: Timestamp) -> String {
    let since = |condition: &Value| {
        let time = condition["lastTransitionTime"].as_str().and_then(|time| time.parse().ok());
        time.map_or_else(|| "<unknown>".to_owned(), |time| age(time, now))
    };
    let row =
        |it: &Value| vec![text(&it["type"]), text(&it["status"]), text(&it["reason"]), since(it), text(&it["message"])];
    rows(
        ["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"],
        status["conditions"].as_array().into_iter().flatten().map(row),
    )
}

fn happened(events: &[Value], now: Timestamp) -> String {
    let last = |event: &Value| {
        let time =
            [&event["lastTimestamp"], &event["firstTimestamp"]].into_iter().find_map(|it| it.as_str()?.parse().ok());
        let times = event["count"].as_i64().filter(|count| *count > 1).map_or(String::new(), |it| format!(" (x{it})"));
        time.map_or_else(|| "<unknown>".to_owned(), |time| age(time, now)) + &times
    };
    let row = |it: &Value| vec![last(it), text(&it["type"]), text(&it["reason"]), text(&it["message"])];
    rows(["LAST SEEN", "TYPE", "REASON", "MESSAGE"], events.iter().map(row))
}

fn rows<const N: usize>(head: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(rows);
    if lines.len() == 1 { String::new() } else { aligned(&lines) }
}

fn list(elements: &Value, line: fn(&Value) -> String) -> String {
    elements.as_array().into_iter().flatten().map(line).collect()
}

fn reasoned(word: &Value, message: &Value) -> String {
    format!("{}: {}\n", text(word), text(message))
}

/// A field that differs: where, what is wanted, what is there, and the rule that told them apart.
fn drift(drift: &Value) -> String {
    let side = |name: &str| drift.get(name).map_or_else(|| "(absent)".to_owned(), compact);
    let rule = drift["rule"].as_str().filter(|rule| *rule != "exact").map_or(String::new(), |it| format!("   ({it})"));
    let who = match (drift["by"].as_str(), drift["at"].as_str()) {
        (Some(by), Some(at)) => format!("  changed:   by {by} at {at}\n"),
        (Some(by), None) => format!("  changed:   by {by}\n"),
        (None, _) => String::new(),
    };
    let (desired, observed) = (side("desired"), side("observed"));
    format!("{}{rule}\n  desired:   {desired}\n  observed:  {observed}\n{who}", text(&drift["path"]))
}

/// A value on one line, as JSON, so that `"1"` and `1` look different.
fn compact(value: &Value) -> String {
    value.to_string().replace(char::is_control, " ")
}

/// The members that have a value, one a line.
fn members(object: &Value) -> String {
    let line = |(name, value): (&String, &Value)| {
        vec![format!("{name}:"), if value.is_string() { text(value) } else { compact(value) }]
    };
    let known = object.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    aligned(&known.map(line).collect::<Vec<_>>())
}

fn indented(body: &str) -> String {
    body.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests;
