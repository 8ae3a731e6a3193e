//! The commands that operate: annotations on an object, set through the API.

use std::time::Duration;

use clap::Args;
use evenkeel_core::desired::{APPROVE, RECONCILE, RETRY};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::{Client, ClientError, Resource, ServerArgs};
use super::completion::{kind_candidates, name_candidates, namespace_candidates};
use super::config::duration;
use super::{NOT_CONVERGED, OK};

/// The object that is meant.
#[derive(Args, Clone, Debug)]
pub(super) struct TargetArgs {
    /// Kind (service, taskdefinition, cluster, or a short name), or KIND/NAME
    #[arg(value_name = "KIND[/NAME]", add = kind_candidates())]
    resource: String,
    /// Name of the object
    #[arg(add = name_candidates())]
    name: Option<String>,
    /// Its namespace, which is a Cluster's name; not needed while the name is in one namespace only
    #[arg(short, long, add = namespace_candidates())]
    namespace: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// A service that is meant.
#[derive(Args, Clone, Debug)]
pub(super) struct ServiceArgs {
    /// Name of the service
    #[arg(add = name_candidates())]
    service: String,
    /// Its namespace, which is a Cluster's name; not needed while the name is in one namespace only
    #[arg(short, long, add = namespace_candidates())]
    namespace: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

impl ServiceArgs {
    pub(super) fn find(&self) -> Result<Found, ClientError> {
        Found::of(&TargetArgs {
            resource: "service".into(),
            name: Some(self.service.rsplit('/').next().unwrap_or_default().to_owned()),
            namespace: self.namespace.clone(),
            server: self.server.clone(),
        })
    }
}

/// Arguments of `evenkeel approve`.
#[derive(Args, Clone, Debug)]
pub(super) struct ApproveArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Token of the change, as the object's status names it
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

/// Arguments of `evenkeel reconcile`.
#[derive(Args, Clone, Debug)]
pub(super) struct ReconcileArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Wait for the pass that answers (exit 3 if none does in time)
    #[arg(long)]
    wait: bool,
    /// How long to wait
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    timeout: Duration,
}

/// An object found, and how to reach it.
pub(super) struct Found {
    client: Client,
    path: String,
    pub(super) object: Value,
    pub(super) label: String,
    pub(super) resource: Resource,
}

impl Found {
    pub(super) fn of(args: &TargetArgs) -> Result<Self, ClientError> {
        let (resource, name) = Resource::target(&args.resource, args.name.as_deref())?;
        let name = name.ok_or_else(|| {
            ClientError::Usage(format!("which of them? Give a name; `evenkeel get {}` lists them", resource.plural))
        })?;
        Self::named(resource, name, args.namespace.as_deref(), &args.server)
    }

    pub(super) fn named(
        resource: Resource,
        name: &str,
        namespace: Option<&str>,
        server: &ServerArgs,
    ) -> Result<Self, ClientError> {
        let client = Client::new(server)?;
        let object = client.one(resource, namespace, name)?;
        let namespace = object["metadata"]["namespace"].as_str();
        let path = resource.path(namespace, Some(name))?;
        let place = namespace.map_or(String::new(), |namespace| format!("{namespace}/"));
        let label = format!("{} {place}{name}", resource.kind.to_lowercase());
        Ok(Self { client, path, object, label, resource })
    }

    /// Sets annotations; `null` takes one off.
    pub(super) fn annotate(&self, annotations: Value) -> Result<Value, ClientError> {
        self.client.patch(&self.path, &json!({"metadata": {"annotations": annotations}}))
    }
}

/// `evenkeel retry`.
pub(super) fn retry(args: &TargetArgs) -> Result<String, ClientError> {
    let found = Found::of(args)?;
    found.annotate(json!({RETRY: Timestamp::now().to_string()}))?;
    Ok(format!("{} tries failed content again", found.label))
}

/// `evenkeel approve`.
pub(super) fn approve(args: &ApproveArgs) -> Result<String, ClientError> {
    let mut found = Found::of(&args.target)?;
    let Some(token) = &args.token else { return waiting(&found) };
    for _ in 0..3 {
        let before = found.object["metadata"]["annotations"][APPROVE].as_str().unwrap_or_default();
        let mut tokens: Vec<&str> = before.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
        if tokens.contains(&token.as_str()) {
            return Ok(format!("{token} is approved already for {}", found.label));
        }
        tokens.push(token);
        // The list is read and written: nobody else's approval may get lost between.
        let metadata = json!({
            "resourceVersion": found.object["metadata"]["resourceVersion"],
            "annotations": {APPROVE: tokens.join(",")},
        });
        match found.client.patch(&found.path, &json!({"metadata": metadata})) {
            Err(ClientError::Conflict(_)) => found = Found::of(&args.target)?,
            Err(error) => return Err(error),
            Ok(_) => return Ok(format!("{token} is approved for {}", found.label)),
        }
    }
    Err(ClientError::Refused(format!("{} changes all the time: try again", found.label)))
}

/// What waits for approval, with the command that approves it.
fn waiting(found: &Found) -> Result<String, ClientError> {
    let told = found.object["status"]["waiting"].as_array().into_iter().flatten();
    let messages = told.filter_map(|it| it["message"].as_str());
    let lines: Vec<String> = messages
        .filter_map(|message| {
            let (_, token) = message.rsplit_once(&format!("{APPROVE}="))?;
            Some(format!(
                "{message}\n  evenkeel approve {} --token {token}\n",
                command_target(&found.object, found.resource)
            ))
        })
        .collect();
    match lines.is_empty() {
        true => Ok(format!("nothing waits for approval at {}", found.label)),
        false => Ok(lines.concat()),
    }
}

fn command_target(object: &Value, resource: Resource) -> String {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = object["metadata"]["namespace"].as_str().map(|namespace| format!(" -n {namespace}"));
    format!("{}/{name}{}", resource.kind.to_lowercase(), namespace.unwrap_or_default())
}

/// `evenkeel reconcile`.
pub(super) fn reconcile(args: &ReconcileArgs) -> Result<u8, ClientError> {
    let found = Found::of(&args.target)?;
    let token = Timestamp::now().to_string();
    found.annotate(json!({RECONCILE: token}))?;
    if !args.wait {
        println!("{} is reconciled now", found.label);
        return Ok(OK);
    }
    let metadata = &found.object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let path = found.resource.path(metadata["namespace"].as_str(), None)?;
    let selector = format!("metadata.name={name}");
    let answered = found.client.watch(&path, &[("fieldSelector", &selector)], args.timeout, |_, object| {
        object["status"]["lastHandledReconcileAt"] == token.as_str()
    })?;
    match answered {
        true => println!("{} was reconciled", found.label),
        false => eprintln!("{} was not reconciled within {:?}", found.label, args.timeout),
    }
    Ok(if answered { OK } else { NOT_CONVERGED })
}

pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
