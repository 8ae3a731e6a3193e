//! The client side of the controller's API.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use evenkeel_core::object::{API_VERSION, Kind};
use serde_json::{Value, json};
use thiserror::Error;

pub(super) use super::server::ServerArgs;

/// Objects in one answer; a longer list comes in several.
const PAGE: usize = 500;

/// Most bytes of one answer: a page of task definitions of 64 KiB each (ECS service quotas), and some.
const LARGEST_ANSWER: u64 = 64 << 20;

/// How long an answer may take. Answers come from the store's memory: the controller calls nobody for them.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks for rows and columns, as kubectl does.
pub(super) const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
/// Asks for objects.
pub(super) const JSON: &str = "application/json";

/// Why the controller could not be asked, or what it answered instead.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody answers.
    #[error(
        "no controller answers at {server} ({detail}): start `evenkeel`, or say with --server or EVENKEEL_SERVER where \
         it listens"
    )]
    Unreachable {
        /// The address.
        server: String,
        /// What went wrong.
        detail: String,
    },
    /// Somebody answers, but not evenkeel.
    #[error("what answers at {server} is not evenkeel's API ({detail}): check --server or EVENKEEL_SERVER")]
    Foreign {
        /// The address.
        server: String,
        /// What is odd about the answer.
        detail: String,
    },
    /// The object is not, or no longer, as the request expects it.
    #[error("{0}")]
    Conflict(String),
    /// The controller answered that it cannot.
    #[error("{0}")]
    Refused(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) namespaced: bool,
    api_version: &'static str,
}

impl Resource {
    /// The resource that a command line names: kind, singular, plural or short name.
    fn named(word: &str) -> Result<Self, ClientError> {
        if ["namespace", "namespaces", "ns"].contains(&word.to_ascii_lowercase().as_str()) {
            return Ok(Self { kind: "Namespace", plural: "namespaces", namespaced: false, api_version: "v1" });
        }
        let kind = Kind::from_resource(word).ok_or_else(|| {
            let kinds = Kind::ALL.map(|kind| format!("{} ({})", kind.plural(), kind.short_name()));
            ClientError::Usage(format!("there is no kind {word:?}: ask for {} or namespaces (ns)", kinds.join(", ")))
        })?;
        Ok(Self::of(kind))
    }

    /// The resource of a kind.
    pub(super) const fn of(kind: Kind) -> Self {
        let (api_version, namespaced) = (kind.api_version(), kind.namespaced());
        Self { kind: kind.name(), plural: kind.plural(), namespaced, api_version }
    }

    /// What `KIND`, `KIND NAME` or `KIND/NAME` means.
    pub(super) fn target<'a>(word: &'a str, name: Option<&'a str>) -> Result<(Self, Option<&'a str>), ClientError> {
        let (kind, name) = match (word.split_once('/'), name) {
            (None, name) => (word, name),
            (Some((kind, name)), None) => (kind, Some(name)),
            (Some(_), Some(name)) => {
                return Err(ClientError::Usage(format!("{word} and {name} are two names: give one")));
            }
        };
        Ok((Self::named(kind)?, name))
    }

    /// Path of its objects, or of one of them.
    pub(super) fn path(&self, namespace: Option<&str>, name: Option<&str>) -> Result<String, ClientError> {
        let root = if self.api_version == API_VERSION { "apis" } else { "api" };
        let mut path = format!("/{root}/{}", self.api_version);
        if let Some(namespace) = namespace.filter(|_| self.namespaced) {
            path += &format!("/namespaces/{}", segment(namespace)?);
        }
        path += &format!("/{}", self.plural);
        if let Some(name) = name {
            path += &format!("/{}", segment(name)?);
        }
        Ok(path)
    }
}

/// A name as part of a path or a selector; with these characters it needs no escaping.
pub(super) fn segment(name: &str) -> Result<&str, ClientError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if !name.is_empty() && name.bytes().all(fits) && name.bytes().any(|byte| byte != b'.') {
        return Ok(name);
    }
    Err(ClientError::Usage(format!("{name:?} is not a name: names are of letters, digits, '-', '.' and '_'")))
}

/// A connection to the controller.
#[derive(Debug)]
pub(super) struct Client {
    agent: ureq::Agent,
    server: String,
}

impl Client {
    pub(super) fn new(args: &ServerArgs) -> Result<Self, ClientError> {
        Ok(Self { agent: args.agent(PATIENCE)?, server: args.url().to_owned() })
    }

    /// One answer.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)], accept: &str) -> Result<Value, ClientError> {
        let request = self.agent.get(format!("{}{path}", self.server)).header("accept", accept);
        self.answer(request.query_pairs(query.iter().copied()).call())
    }

    /// Changes an object by a merge patch, and gives it as it is then.
    pub(super) fn patch(&self, path: &str, patch: &Value) -> Result<Value, ClientError> {
        let request = self.agent.patch(format!("{}{path}", self.server));
        self.answer(request.header("content-type", "application/merge-patch+json").send(patch.to_string()))
    }

    fn answer(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, ClientError> {
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(LARGEST_ANSWER).read_to_vec();
        let body = body.map_err(|error| self.unreachable(&error))?;
        let value: Value = serde_json::from_slice(&body).map_err(|_| self.foreign(format!("{status}, not JSON")))?;
        match value["kind"].as_str() {
            None => Err(self.foreign(format!("{status}, not an object"))),
            Some("Status") if value["reason"] == "Conflict" => {
                Err(ClientError::Conflict(value["message"].as_str().unwrap_or_default().to_owned()))
            }
            Some("Status") => Err(ClientError::Refused(value["message"].as_str().unwrap_or_default().to_owned())),
            Some(_) => Ok(value),
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> ClientError {
        ClientError::Unreachable { server: self.server.clone(), detail: error.to_string() }
    }

    fn foreign(&self, detail: String) -> ClientError {
        ClientError::Foreign { server: self.server.clone(), detail }
    }

    /// Hands over each change of a collection, as its kind and the object, beginning with what is there, until `see` has
    /// seen enough or `patience` is over. Says whether it has seen enough.
    ///
    /// It does not fail for a connection that breaks off: it begins again, with what is there then. `ADDED` objects
    /// may therefore be known already; after a `RESTARTED` all that is there follows.
    pub(super) fn watch(
        &self,
        path: &str,
        query: &[(&str, &str)],
        patience: Duration,
        mut see: impl FnMut(&str, &Value) -> bool,
    ) -> Result<bool, ClientError> {
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            if see("RESTARTED", &Value::Null) {
                return Ok(true);
            }
            let seconds = left.as_secs().clamp(1, 290).to_string();
            let watching = [
                ("watch", "true"),
                ("sendInitialEvents", "true"),
                ("resourceVersionMatch", "NotOlderThan"),
                ("allowWatchBookmarks", "true"),
                ("timeoutSeconds", &seconds),
            ];
            let pairs: Vec<_> = query.iter().chain(&watching).copied().filter(|(_, value)| !value.is_empty()).collect();
            // The server ends it in time; this is for one that does not.
            let config = self.agent.get(format!("{}{path}", self.server)).query_pairs(pairs).config();
            let request = config.timeout_global(Some(left + Duration::from_secs(1))).build();
            let answer = request.call().map_err(|error| self.unreachable(&error))?;
            if !answer.status().is_success() {
                self.answer(Ok(answer))?;
                return Err(self.foreign("a watch that is none".into()));
            }
            for line in BufReader::new(answer.into_body().into_reader()).lines() {
                let Ok(line) = line else { break };
                let event: Value =
                    serde_json::from_str(&line).map_err(|_| self.foreign("a watch that is not JSON".into()))?;
                let kind = event["type"].as_str().unwrap_or_default();
                if kind == "ERROR" {
                    break;
                }
                if see(kind, &event["object"]) {
                    return Ok(true);
                }
            }
        }
    }

    /// The one object that a name means: in its namespace, or in whichever has it.
    pub(super) fn one(&self, resource: Resource, namespace: Option<&str>, name: &str) -> Result<Value, ClientError> {
        if namespace.is_some() || !resource.namespaced {
            return self.get(&resource.path(namespace, Some(name))?, &[], JSON);
        }
        only(self.find(resource, name, JSON)?, resource, name)
    }

    /// A whole list, or a whole Table of one, page by page.
    pub(super) fn list(&self, path: &str, query: &[(&str, &str)], accept: &str) -> Result<Value, ClientError> {
        let limit = PAGE.to_string();
        let mut whole = Value::Null;
        loop {
            let next = whole["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
            let paging = [("limit", limit.as_str()), ("continue", next.as_str())];
            let pairs: Vec<_> = query.iter().chain(&paging).copied().filter(|(_, value)| !value.is_empty()).collect();
            let page = self.get(path, &pairs, accept)?;
            whole = joined(whole, page);
            if whole["metadata"]["continue"].as_str().is_none_or(str::is_empty) {
                return Ok(whole);
            }
        }
    }

    /// Objects of one name, in whichever namespaces there are.
    pub(super) fn find(&self, resource: Resource, name: &str, accept: &str) -> Result<Value, ClientError> {
        let selector = format!("metadata.name={}", segment(name)?);
        let found = self.list(&resource.path(None, None)?, &[("fieldSelector", &selector)], accept)?;
        if elements(&found).is_empty() {
            let message = format!("{} {name:?} not found in any namespace", resource.plural);
            return Err(ClientError::Refused(message));
        }
        Ok(found)
    }
}

/// The one object that was found.
pub(super) fn only(found: Value, resource: Resource, name: &str) -> Result<Value, ClientError> {
    if let [one] = elements(&found) {
        return Ok(one.clone());
    }
    let namespaces: Vec<&str> = elements(&found).iter().filter_map(|it| it["metadata"]["namespace"].as_str()).collect();
    let message = format!("{} {name:?} is in namespaces {}: choose with -n", resource.plural, namespaces.join(", "));
    Err(ClientError::Usage(message))
}

/// Items of a list, or rows of a Table.
pub(super) fn elements(answer: &Value) -> &[Value] {
    ["items", "rows"].into_iter().find_map(|name| answer[name].as_array()).map_or(&[], Vec::as_slice)
}

/// What came so far with another page of the same: metadata of the new page, elements of both.
fn joined(whole: Value, mut page: Value) -> Value {
    let mut all = elements(&whole).to_vec();
    for name in ["items", "rows"] {
        if let Some(Value::Array(more)) = page.get_mut(name) {
            all.append(more);
            page[name] = json!(all);
            break;
        }
    }
    page
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn target(word: &str, name: Option<&str>) -> Result<String, String> {
        let path = |(resource, name): (Resource, Option<&str>)| resource.path(Some("shop"), name);
        Resource::target(word, name).and_then(path).map_err(|error| error.to_string())
    }

    #[test]
    fn command_lines_name_objects_as_kubectl_has_it() {
        let services = "/apis/evenkeel.dev/v1alpha1/namespaces/shop/services";
        assert_eq!(target("services", None).unwrap(), services);
        assert_eq!(target("esvc", Some("web")).unwrap(), format!("{services}/web"));
        assert_eq!(target("Service/web", None).unwrap(), format!("{services}/web"));
        assert_eq!(target("cluster/shop", None).unwrap(), "/apis/evenkeel.dev/v1alpha1/clusters/shop");
        assert_eq!(target("ns", None).unwrap(), "/api/v1/namespaces");
        assert_eq!(target("ev", None).unwrap(), "/api/v1/namespaces/shop/events");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_can() {
        let message = target("pods", None).unwrap_err();
        assert!(message.contains("services (esvc)") && message.contains("namespaces (ns)"), "{message}");
        assert!(target("service/a", Some("b")).unwrap_err().contains("two names"));
        assert!(target("service", Some("../x")).unwrap_err().contains("not a name"));
        assert!(target("service", Some("..")).unwrap_err().contains("not a name"));
    }

    #[test]
    fn a_controller_that_does_not_run_is_said_so_with_what_to_do() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let client = Client::new(&ServerArgs { server: server.clone(), ..ServerArgs::default() }).unwrap();
        let message = client.get("/version", &[], JSON).unwrap_err().to_string();
        assert!(message.starts_with(&format!("no controller answers at {server} (")), "{message}");
        assert!(message.contains("EVENKEEL_SERVER"), "{message}");
    }

    #[test]
    fn pages_join_in_order() {
        let first = json!({"kind": "Table", "metadata": {"continue": "x"}, "rows": [1]});
        let second = json!({"kind": "Table", "metadata": {"resourceVersion": "7"}, "rows": [2, 3]});
        let whole = joined(joined(Value::Null, first), second);
        assert_eq!(whole, json!({"kind": "Table", "metadata": {"resourceVersion": "7"}, "rows": [1, 2, 3]}));
    }
}
