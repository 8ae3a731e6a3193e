//! What the program meets that is not ours: the AWS CLI and moto. They are never skipped: where one is missing the
//! test fails and says what to run.

use std::path::{Path, PathBuf};

use evenkeel_core::operation::Operation;
use serde_json::Value;

use super::place::finish;
use super::{Finished, Place, Process, root};

/// Programs of the pinned Python environment.
fn python(program: &str) -> PathBuf {
    environment("python", include_str!("../../setup/requirements.txt"), program)
}

/// A program of the environment NAME, which has to hold what is pinned now.
fn environment(name: &str, wanted: &str, program: &str) -> PathBuf {
    let home = root().join("target/peers").join(name);
    let installed = std::fs::read_to_string(home.join("installed")).unwrap_or_default();
    assert!(installed == wanted, "the peers in {} are missing or old: run tests/setup/install.sh", home.display());
    home.join("bin").join(program)
}

/// The AWS CLI.
fn aws_cli() -> PathBuf {
    python("aws")
}

/// The AWS CLI against an endpoint: what everybody but the controller uses.
#[derive(Debug)]
pub struct Aws<'a> {
    place: &'a Place,
    endpoint: String,
}

impl<'a> Aws<'a> {
    /// At an endpoint.
    pub fn new(place: &'a Place, endpoint: &str) -> Self {
        Self { place, endpoint: endpoint.to_owned() }
    }

    /// Runs a command, given as its words.
    pub fn run(&self, words: &[&str]) -> Finished {
        let mut command = self.place.command(&aws_cli());
        command.args(["--endpoint-url", &self.endpoint, "--output", "json"]).args(words);
        finish(command)
    }

    /// Runs a command, given as one line whose words have no spaces, and gives its answer.
    ///
    /// # Panics
    /// When it fails, with what it said.
    pub fn call(&self, line: &str) -> Value {
        let answer = self.run(&line.split_whitespace().collect::<Vec<_>>()).expect(0);
        // Some operations answer nothing, and the CLI then prints nothing.
        if answer.out.trim().is_empty() { Value::Null } else { parse(&answer.out) }
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
}

/// ministack, another AWS that is not ours: its scheduler replaces tasks, and gives broken images up. It starts its
/// containers with a stand-in for Docker (`tests/peers/docker`).
#[derive(Debug)]
pub struct Ministack {
    /// The process.
    pub process: Process,
    /// Where it takes AWS calls.
    pub url: String,
}

impl Ministack {
    /// Starts one on a free port.
    pub fn start(place: &Place) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = free.local_addr().expect("it has an address").port().to_string();
        drop(free);
        let program = environment("ministack", include_str!("../../setup/ministack.txt"), "ministack");
        let mut command = place.command(&program);
        command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", &port).env("PYTHONUNBUFFERED", "1");
        command.env("PYTHONPATH", root().join("tests/peers"));
        let mut process = Process::start(command);
        process.line("ministack's address", |line| line.contains("Running on http").then_some(()));
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }

    /// The AWS CLI against it.
    pub fn aws<'a>(&self, place: &'a Place) -> Aws<'a> {
        Aws::new(place, &self.url)
    }
}

/// moto, an AWS that is not ours.
#[derive(Debug)]
pub struct Moto {
    /// The process.
    pub process: Process,
    /// Where it takes AWS calls.
    pub url: String,
}

impl Moto {
    /// Starts one on a free port.
    pub fn start(place: &Place) -> Self {
        let mut command = place.command(Path::new(&python("moto_server")));
        // Python holds back lines that go into a pipe.
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("PYTHONUNBUFFERED", "1");
        command.env("MOTO_ENABLE_RECORDING", "1").env("MOTO_RECORDER_FILEPATH", place.path("recording"));
        let mut process = Process::start(command);
        let url = process.line("moto's address", |line| {
            line.split_once("Running on ").map(|(_, url)| url.trim_end_matches(['/', ' ']).to_owned())
        });
        Self { process, url }
    }

    /// The AWS CLI against it.
    pub fn aws<'a>(&self, place: &'a Place) -> Aws<'a> {
        Aws::new(place, &self.url)
    }

    /// The calls that it was sent so far, as far as evenkeel knows them, in order.
    pub fn calls(&self) -> Vec<Operation> {
        let url = format!("{}/moto-api/recorder/download-recording", self.url);
        let text = ureq::get(&url).call().expect("moto answers").body_mut().read_to_string().expect("with text");
        let requests = text.lines().map(parse);
        let target = |request: &Value| {
            let headers = request["headers"].as_object()?;
            let (_, target) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-target"))?;
            Operation::from_target(target.as_str()?)
        };
        requests.filter_map(|request| target(&request)).collect()
    }
}
