//! `evenkeel run` and `evenkeel sandbox` as processes.

use std::collections::BTreeMap;
use std::process::Command;

use evenkeel_core::operation::{Access, Operation};
use serde_json::Value;

use super::{Aws, Place, Process, Watch, until};

/// The sandbox alone, behind a port of its own.
#[derive(Debug)]
pub struct Embedded {
    /// The process.
    pub process: Process,
    /// Where it takes AWS calls.
    pub url: String,
}

impl Embedded {
    /// Starts one.
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.evenkeel(&["sandbox", "--listen", "127.0.0.1:0"]);
        command.args(arguments);
        let mut process = Process::start(command);
        let url = process.line("the sandbox's address", |line| {
            let (_, rest) = line.split_once("--endpoint-url ")?;
            rest.split(' ').next().map(str::to_owned)
        });
        Self { process, url }
    }

    /// The AWS CLI against it.
    pub fn aws<'a>(&self, place: &'a Place) -> Aws<'a> {
        Aws::new(place, &self.url)
    }
}

/// A running controller.
#[derive(Debug)]
pub struct Controller {
    /// The process.
    pub process: Process,
    /// Where health, metrics and the API are.
    pub url: String,
    /// Where its own sandbox takes AWS calls, if it has one.
    pub sandbox: Option<String>,
}

/// Accepted and refused write calls so far, by operation.
pub type Writes = BTreeMap<String, u64>;

impl Controller {
    /// Starts one on free ports, with a look at AWS every second.
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.evenkeel(&["run", "--sandbox-listen", "127.0.0.1:0"]);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(["--interval", "1s", "--log-format", "json"]).args(arguments);
        Self::of(command)
    }

    /// One that this command starts; it is to log JSON.
    pub fn of(command: Command) -> Self {
        let mut process = Process::start(command);
        let started = process.line("the controller to run", |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["message"] == "evenkeel is running").then_some(line)
        });
        let url = format!("http://{}", started["listen"].as_str().unwrap_or_default());
        Self { process, url, sandbox: started["sandbox"].as_str().map(str::to_owned) }
    }

    /// The AWS CLI against its sandbox.
    pub fn aws<'a>(&self, place: &'a Place) -> Aws<'a> {
        Aws::new(place, self.sandbox.as_deref().expect("it runs with a sandbox"))
    }

    /// What a path answers, as status and text.
    pub fn get(&self, path: &str) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(format!("{}{path}", self.url)).call().expect("the controller answers");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("it answers with text"))
    }

    /// All objects of a kind, such as `services`.
    pub fn list(&self, plural: &str) -> Vec<Value> {
        let (status, text) = self.get(&format!("/apis/evenkeel.dev/v1alpha1/{plural}"));
        let list: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status} {error}: {text}"));
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Clusters, task definitions and services.
    pub fn objects(&self) -> Vec<Value> {
        ["clusters", "taskdefinitions", "services"].iter().flat_map(|plural| self.list(plural)).collect()
    }

    /// Begins to watch the services.
    pub fn watch(&self) -> Watch {
        Watch::start(&format!("{}/apis/evenkeel.dev/v1alpha1/services?watch=true", self.url))
    }

    /// Waits until so many objects are there, all of them ready at their present generation.
    pub fn ready(&self, count: usize) {
        until("everything to be ready", || {
            let objects = self.objects();
            let open: Vec<String> = objects.iter().filter_map(unready).collect();
            match objects.len() == count && open.is_empty() {
                true => Ok(()),
                false => Err(format!("{} objects; {}", objects.len(), open.join("; "))),
            }
        });
    }

    /// The metrics: series with their values.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let (_, text) = self.get("/metrics");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.rsplit_once(' '))
            .filter_map(|(name, it)| Some((name.into(), it.parse().ok()?)))
            .collect()
    }

    /// Calls to AWS so far by operation, as far as they have this access.
    fn calls(&self, access: Access) -> Writes {
        let mut calls = Writes::new();
        for (series, value) in self.metrics() {
            let Some(labels) = series.strip_prefix("evenkeel_aws_requests_total{") else { continue };
            let operation = Operation::ALL.iter().find(|it| labels.contains(&format!("operation=\"{}\"", it.name())));
            let operation = operation.unwrap_or_else(|| panic!("an operation that nobody knows: {labels}"));
            if operation.access() == access {
                // Counts are whole numbers far below 2^53.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let count = value as u64;
                *calls.entry(operation.name().to_owned()).or_default() += count;
            }
        }
        calls
    }

    /// Write calls so far.
    pub fn writes(&self) -> Writes {
        self.calls(Access::Write)
    }

    /// Waits until the observer has looked at every cluster three times more.
    pub fn looks_three_times(&self) {
        let looks = || self.calls(Access::Read).get("DescribeServices").copied().unwrap_or_default();
        let clusters = self.list("clusters").len() as u64;
        let enough = looks() + 3 * clusters + 1;
        until("the observer to look", || match looks() {
            seen if seen >= enough => Ok(()),
            seen => Err(format!("{seen} of {enough} DescribeServices")),
        });
    }

    /// What it logged of changing AWS: key, operation and reason of each write.
    pub fn changes(&self) -> Vec<(String, String)> {
        let lines = self.process.lines();
        let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let word = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        lines
            .filter(|it| it["message"] == "changing AWS")
            .map(|it| (word(&it, "key"), word(&it, "operation")))
            .collect()
    }
}

/// Why an object is not ready at its present generation.
fn unready(object: &Value) -> Option<String> {
    let ready = condition(object, "Ready").unwrap_or(&Value::Null);
    let current = ready["observedGeneration"] == object["metadata"]["generation"];
    (ready["status"] != "True" || !current).then(|| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        format!("{} {name}: {} {}", object["kind"], ready["reason"], ready["message"])
    })
}

/// A condition of an object.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}
