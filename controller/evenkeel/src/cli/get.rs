//! `evenkeel get`: objects of the controller as kubectl prints them.

mod jsonpath;
mod table;

use std::str::FromStr;

use clap::Args;
use serde_json::{Value, json};

use super::client::{Client, ClientError, JSON, Resource, ServerArgs, TABLE, elements};
use super::completion::{kind_candidates, name_candidates, namespace_candidates};
pub(super) use jsonpath::Template;
pub(super) use table::{aligned, text};

/// Arguments of `evenkeel get`.
#[derive(Args, Clone, Debug)]
pub struct GetArgs {
    /// Kind (services, taskdefinitions, clusters, events, namespaces, or a short name), or KIND/NAME
    #[arg(value_name = "KIND[/NAME]", add = kind_candidates())]
    pub resource: String,
    /// Name of one object
    #[arg(add = name_candidates())]
    pub name: Option<String>,
    /// Only this namespace, which is a Cluster's name; without it, all namespaces
    #[arg(short, long, conflicts_with = "all_namespaces", add = namespace_candidates())]
    pub namespace: Option<String>,
    /// All namespaces; this is the default
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Only objects with these labels, as in tier=front,team!=a
    #[arg(short = 'l', long, value_name = "LABELS", default_value = "", hide_default_value = true)]
    pub selector: String,
    /// Only objects with these fields, as in status.sync=OutOfSync
    #[arg(long, value_name = "FIELDS", default_value = "", hide_default_value = true)]
    pub field_selector: String,
    /// table, wide, yaml, json, name or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub output: Output,
    /// Where the controller is
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Form of the output.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Rows and columns; `true`: all columns.
    Table(bool),
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// `kind/name`, one a line.
    Name,
    /// What a JSONPath template makes of the objects.
    JsonPath(Template),
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "table" => Ok(Self::Table(false)),
            "wide" => Ok(Self::Table(true)),
            "yaml" => Ok(Self::Yaml),
            "json" => Ok(Self::Json),
            "name" => Ok(Self::Name),
            _ => match text.strip_prefix("jsonpath=") {
                Some(template) => template.parse().map(Self::JsonPath),
                None => Err("write table, wide, yaml, json, name or jsonpath='{.status.sync}'".into()),
            },
        }
    }
}

/// What `evenkeel get` prints.
///
/// # Errors
/// `ClientError`, when the controller does not answer or does not have what was asked for.
pub fn run(args: &GetArgs) -> Result<String, ClientError> {
    let (resource, name) = Resource::target(&args.resource, args.name.as_deref())?;
    let selects = !args.selector.is_empty() || !args.field_selector.is_empty();
    if name.is_some() && selects {
        return Err(ClientError::Usage("a name and a selector exclude each other: give one".into()));
    }
    let client = Client::new(&args.server)?;
    let accept = if matches!(args.output, Output::Table(_)) { TABLE } else { JSON };
    let namespace = args.namespace.as_deref();
    let answer = match name {
        Some(name) if namespace.is_some() || !resource.namespaced => {
            client.get(&resource.path(namespace, Some(name))?, &[], accept)?
        }
        Some(name) => client.find(resource, name, accept)?,
        None => {
            let query = [("labelSelector", args.selector.as_str()), ("fieldSelector", args.field_selector.as_str())];
            client.list(&resource.path(namespace, None)?, &query, accept)?
        }
    };
    // One object that was asked for by name stands for itself, as kubectl has it.
    let answer = match elements(&answer) {
        [one] if name.is_some() && accept == JSON => one.clone(),
        _ => answer,
    };
    Ok(match &args.output {
        Output::Table(_) if elements(&answer).is_empty() => nothing(resource, namespace, selects),
        Output::Table(wide) => table::print(&answer, *wide, resource.namespaced && namespace.is_none()),
        Output::Yaml => serde_yaml::to_string(&list_of_its_kind(answer)).map_err(unprintable)?,
        Output::Json => format!("{:#}\n", list_of_its_kind(answer)),
        Output::Name => names(&answer, resource),
        Output::JsonPath(template) => template.render(&answer),
    })
}

fn unprintable(error: serde_yaml::Error) -> ClientError {
    ClientError::Refused(format!("the answer cannot be written as YAML: {error}"))
}

fn nothing(resource: Resource, namespace: Option<&str>, selects: bool) -> String {
    let place = namespace.filter(|_| resource.namespaced).map_or(String::new(), |it| format!(" in namespace {it}"));
    let which = if selects { " that the selector means" } else { "" };
    format!("No {}{place}{which}.\n", resource.plural)
}

/// A list of several objects as kubectl writes it, so that other tools can read it.
fn list_of_its_kind(answer: Value) -> Value {
    match answer.get("items") {
        Some(items) => json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}),
        None => answer,
    }
}

fn names(answer: &Value, resource: Resource) -> String {
    let objects = if answer.get("items").is_some() { elements(answer) } else { std::slice::from_ref(answer) };
    let line = |object: &Value| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        format!("{}/{name}\n", resource.kind.to_lowercase())
    };
    objects.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
