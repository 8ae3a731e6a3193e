//! toxiproxy, a fault proxy that is not ours: it breaks connections as networks do.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::{Place, Process, root, until};

/// A running proxy in front of one address.
#[derive(Debug)]
pub struct FaultProxy {
    /// The process.
    pub process: Process,
    /// Where it takes connections.
    pub url: String,
    admin: String,
}

/// What may be wrong with a share of the connections from now on.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// The connection is reset before a request gets through.
    ResetRequest,
    /// The connection is reset when the answer is on its way.
    ResetAnswer,
    /// Nothing comes back, and after so many milliseconds the connection closes.
    Silence(u64),
    /// The answer ends after so many bytes: the request was carried out, and nobody hears of it.
    Cut(u64),
    /// Answers come in pieces of a few bytes, with pauses.
    Pieces,
    /// Answers come so many milliseconds later.
    Late(u64),
}

impl Trouble {
    fn toxic(self, share: f64) -> Value {
        let (kind, stream, attributes) = match self {
            Self::ResetRequest => ("reset_peer", "upstream", json!({"timeout": 0})),
            Self::ResetAnswer => ("reset_peer", "downstream", json!({"timeout": 0})),
            Self::Silence(milliseconds) => ("timeout", "downstream", json!({"timeout": milliseconds})),
            Self::Cut(bytes) => ("limit_data", "downstream", json!({"bytes": bytes})),
            Self::Pieces => ("slicer", "downstream", json!({"average_size": 64, "size_variation": 32, "delay": 2000})),
            Self::Late(milliseconds) => {
                ("latency", "downstream", json!({"latency": milliseconds, "jitter": milliseconds}))
            }
        };
        json!({"name": kind, "type": kind, "stream": stream, "toxicity": share, "attributes": attributes})
    }
}

impl FaultProxy {
    /// Starts one in front of `upstream`, an URL of HTTP on this machine. It passes everything on.
    ///
    /// # Panics
    /// When toxiproxy is missing, with what to run.
    pub fn start(place: &Place, upstream: &str) -> Self {
        let program = root().join("target/peers/toxiproxy-v2.5.0");
        assert!(program.exists(), "{} is missing: run tests/setup/proxy.sh", program.display());
        // It says nowhere which port it got where it is to choose one.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("there is a free port");
        let mut command = place.command(&program);
        command.args(["-host", "127.0.0.1", "-port", &free.port().to_string()]);
        let process = Process::start(command);
        let admin = format!("http://{free}");
        until("toxiproxy to answer", || ureq::get(format!("{admin}/version")).call().map_err(|it| it.to_string()));
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/');
        let made =
            post(&format!("{admin}/proxies"), &json!({"name": "aws", "listen": "127.0.0.1:0", "upstream": upstream}));
        let url = format!("http://{}", made["listen"].as_str().expect("it says where it listens"));
        Self { process, url, admin }
    }

    /// From now on this share of the connections, from 0 to 1, has this trouble, and no other has any.
    pub fn trouble(&self, trouble: Trouble, share: f64) {
        self.heal();
        post(&format!("{}/proxies/aws/toxics", self.admin), &trouble.toxic(share));
    }

    /// Everything passes again.
    pub fn heal(&self) {
        post(&format!("{}/reset", self.admin), &Value::Null);
    }
}

fn post(url: &str, body: &Value) -> Value {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.post(url).send(body.to_string()).expect("toxiproxy answers");
    let text = answer.body_mut().read_to_string().expect("with text");
    assert!(answer.status().is_success(), "{url} {body}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}
