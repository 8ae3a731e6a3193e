//! `evenkeel wait`: until objects are as asked, for scripts and pipelines.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::client::{Client, ClientError, Resource, ServerArgs, segment};
use super::completion::{kind_candidates, name_candidates, namespace_candidates};
use super::config::duration;
use super::get::Template;
use super::{NOT_CONVERGED, OK};

/// Arguments of `evenkeel wait`.
#[derive(Args, Clone, Debug)]
pub(super) struct WaitArgs {
    /// Kind (services, taskdefinitions, clusters, or a short name), or KIND/NAME
    #[arg(value_name = "KIND[/NAME]", add = kind_candidates())]
    resource: String,
    /// Name of one object; without it, all objects are waited for
    #[arg(add = name_candidates())]
    name: Option<String>,
    /// Only this namespace, which is a Cluster's name; without it, all namespaces
    #[arg(short, long, add = namespace_candidates())]
    namespace: Option<String>,
    /// Only objects with these labels, as in tier=front,team!=a
    #[arg(short = 'l', long, value_name = "LABELS", default_value = "", hide_default_value = true)]
    selector: String,
    /// condition=TYPE[=STATUS], jsonpath={PATH}=VALUE or delete
    #[arg(long = "for", value_name = "WHAT", default_value = "condition=Ready")]
    what: Awaited,
    /// How long it may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10m")]
    timeout: Duration,
    #[command(flatten)]
    server: ServerArgs,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq)]
enum Awaited {
    /// A condition's status; one that speaks of an older spec does not count.
    Condition(String, String),
    /// A value at a path.
    Value(Template, String),
    /// That there are none.
    Deletion,
}

impl FromStr for Awaited {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usage =
            || "write condition=Ready, condition=Ready=False, jsonpath={.status.sync}=Synced or delete".to_owned();
        match text.split_once('=') {
            None if text == "delete" => Ok(Self::Deletion),
            Some(("condition", condition)) => {
                let (kind, status) = condition.split_once('=').unwrap_or((condition, "True"));
                Ok(Self::Condition(kind.to_owned(), status.to_owned()))
            }
            Some(("jsonpath", rest)) => {
                let (template, value) = rest.rsplit_once("}=").ok_or_else(usage)?;
                Ok(Self::Value(format!("{template}}}").parse()?, value.to_owned()))
            }
            _ => Err(usage()),
        }
    }
}

impl Awaited {
    fn holds(&self, object: &Value) -> bool {
        match self {
            Self::Condition(kind, wanted) => {
                let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
                conditions.any(|condition| {
                    let observed = condition.get("observedGeneration").or(object["status"].get("observedGeneration"));
                    let same = |member: &str, word: &str| {
                        condition[member].as_str().is_some_and(|it| it.eq_ignore_ascii_case(word))
                    };
                    let generation = object["metadata"]["generation"].as_i64();
                    let current = observed.and_then(Value::as_i64).is_none_or(|it| Some(it) >= generation);
                    same("type", kind) && same("status", wanted) && current
                })
            }
            Self::Value(template, wanted) => template.render(object) == *wanted,
            Self::Deletion => false,
        }
    }
}

/// What is known of the objects that are waited for.
#[derive(Debug)]
struct Standing<'a> {
    awaited: &'a Awaited,
    /// Whether all that is there has been seen.
    complete: bool,
    /// Of each object by namespace and name, whether it is as asked, and why it is ready or not.
    objects: BTreeMap<String, (bool, String)>,
}

impl Standing<'_> {
    /// Takes in an event of a watch, and says whether everything is as asked.
    fn see(&mut self, event: &str, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let namespace = metadata["namespace"].as_str().map(|it| format!("{it}/")).unwrap_or_default();
        let name = format!("{namespace}{}", metadata["name"].as_str().unwrap_or_default());
        match event {
            "RESTARTED" => {
                self.complete = false;
                self.objects.clear();
            }
            "BOOKMARK" => self.complete = true,
            "DELETED" => drop(self.objects.remove(&name)),
            _ => drop(self.objects.insert(name, (self.awaited.holds(object), reason(object)))),
        }
        self.complete
            && match self.awaited {
                Awaited::Deletion => self.objects.is_empty(),
                _ => !self.objects.is_empty() && self.objects.values().all(|(holds, _)| *holds),
            }
    }
}

fn reason(object: &Value) -> String {
    let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions.find(|condition| condition["type"] == "Ready");
    let text = |member: &str| ready.and_then(|ready| ready[member].as_str()).unwrap_or_default();
    match text("reason") {
        "" => "not looked at yet".to_owned(),
        reason => format!("{reason}: {}", text("message")).replace(char::is_control, " "),
    }
}

/// `evenkeel wait`.
pub(super) fn run(args: &WaitArgs) -> Result<u8, ClientError> {
    let (resource, name) = Resource::target(&args.resource, args.name.as_deref())?;
    let client = Client::new(&args.server)?;
    let fields = name.map(segment).transpose()?.map(|name| format!("metadata.name={name}")).unwrap_or_default();
    let path = resource.path(args.namespace.as_deref(), None)?;
    let query = [("labelSelector", args.selector.as_str()), ("fieldSelector", fields.as_str())];
    let mut standing = Standing { awaited: &args.what, complete: false, objects: BTreeMap::new() };
    let met = client.watch(&path, &query, args.timeout, |event, object| standing.see(event, object))?;
    let kind = resource.kind.to_lowercase();
    if met {
        for name in standing.objects.keys() {
            println!("{kind} {name}: condition met");
        }
        return Ok(OK);
    }
    for (name, (_, reason)) in standing.objects.iter().filter(|(_, (holds, _))| !holds) {
        eprintln!("{kind} {name}: {reason}");
    }
    if standing.objects.is_empty() {
        eprintln!("there are no such {}", resource.plural);
    }
    eprintln!("not so within {:?}", args.timeout);
    Ok(NOT_CONVERGED)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn service(name: &str, generation: i64, ready: &str) -> Value {
        let condition =
            json!({"type": "Ready", "status": ready, "reason": "Why", "message": "so", "observedGeneration": 1});
        json!({
            "metadata": {"name": name, "namespace": "shop", "generation": generation},
            "status": {"sync": "Synced", "conditions": [condition]},
        })
    }

    #[test]
    fn what_can_be_waited_for_is_read() {
        let ready = "condition=Ready".parse::<Awaited>().unwrap();
        assert!(ready.holds(&service("web", 1, "True")) && !ready.holds(&service("web", 1, "False")));
        assert!("condition=ready=false".parse::<Awaited>().unwrap().holds(&service("web", 1, "False")));
        assert!("jsonpath={.status.sync}=Synced".parse::<Awaited>().unwrap().holds(&service("web", 1, "False")));
        assert!("ready".parse::<Awaited>().unwrap_err().contains("condition=Ready"));
    }

    #[test]
    fn a_condition_of_an_older_spec_does_not_count() {
        assert!(!"condition=Ready".parse::<Awaited>().unwrap().holds(&service("web", 2, "True")));
    }

    #[test]
    fn all_objects_are_waited_for_and_nobody_is_not_everybody() {
        let awaited = "condition=Ready".parse().unwrap();
        let mut standing = Standing { awaited: &awaited, complete: false, objects: BTreeMap::new() };
        assert!(!standing.see("ADDED", &service("web", 1, "True")));
        assert!(!standing.see("ADDED", &service("api", 1, "False")));
        assert!(!standing.see("BOOKMARK", &Value::Null));
        assert!(standing.see("MODIFIED", &service("api", 1, "True")));
        assert!(!standing.see("RESTARTED", &Value::Null) && !standing.see("BOOKMARK", &Value::Null));
    }

    #[test]
    fn deletion_is_waited_for_until_nothing_is_left() {
        let mut standing = Standing { awaited: &Awaited::Deletion, complete: false, objects: BTreeMap::new() };
        assert!(!standing.see("ADDED", &service("web", 1, "True")) && !standing.see("BOOKMARK", &Value::Null));
        assert!(standing.see("DELETED", &service("web", 1, "True")));
    }
}
