//! Secrets that are planted wherever the program meets some, and everything that it ever says searched for them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use evenkeel_tests::program::{Controller, Embedded, Place, Process, finish, until};

use crate::fixture;

/// What nobody is to read anywhere, and where it stands.
const PLANTED: [(&str, &str); 10] = [
    ("environment", fixture::SECRET),
    ("environment of a broken commit", "planted-in-the-next-environment-2c1d"),
    ("log driver", "planted-in-the-log-driver-5b7e"),
    ("file that cannot be read", "planted-in-a-broken-file-93aa"),
    ("webhook's URL", "planted-in-the-webhook-url-0d4f"),
    ("webhook's key", "planted-in-the-webhook-key-77c3"),
    ("token of a client", "planted-in-the-token-file-e612"),
    ("token that nobody has", "planted-in-a-wrong-token-b09e"),
    ("AWS secret key", "planted-in-the-aws-secret-key-4f18"),
    ("AWS session token", "planted-in-the-aws-session-token-a5d2"),
];

fn planted(place: &str) -> &'static str {
    PLANTED.iter().find(|(at, _)| *at == place).unwrap().1
}

fn definition(tag: &str) -> String {
    let log = format!(
        "        logConfiguration: {{logDriver: splunk, options: {{splunk-url: 'https://logs.example.com', splunk-token: {}}}}}\n",
        planted("log driver")
    );
    fixture::task_definition(tag) + &log
}

/// What was said so far, each with where.
#[derive(Default)]
struct Said(Vec<(String, String)>);

impl Said {
    fn add(&mut self, whence: impl Into<String>, text: impl Into<String>) {
        self.0.push((whence.into(), text.into()));
    }

    fn command(&mut self, place: &Place, environment: &[(&str, &str)], words: &[&str]) {
        let mut command = place.evenkeel(words);
        command.envs(environment.iter().copied());
        let done = finish(command);
        self.add(words.join(" "), done.out + &done.err);
    }

    fn assert_silent(&self) {
        for (whence, text) in &self.0 {
            for (what, secret) in PLANTED {
                let line = text.lines().find(|line| line.contains(secret));
                assert!(line.is_none(), "the secret of the {what} is told by {whence}: {}", line.unwrap_or_default());
            }
        }
    }
}

/// Takes notifications and keeps their bodies: what is sent to a webhook is read by others.
fn webhook() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = bodies.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut text, mut part) = (String::new(), [0; 4096]);
            let whole = |text: &str| {
                let (head, body) = text.split_once("\r\n\r\n")?;
                let length =
                    head.lines().find_map(|it| it.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                (body.len() >= length.unwrap_or(0)).then(|| body.to_owned())
            };
            while whole(&text).is_none() {
                match stream.read(&mut part) {
                    Ok(read @ 1..) => text += &String::from_utf8_lossy(&part[..read]),
                    _ => break,
                }
            }
            kept.lock().unwrap().push(whole(&text).unwrap_or_default());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (port, bodies)
}

/// A program that has every secret at hand, and a broken rollout, a broken file and refused clients to tell of.
fn sow(place: &Place, port: u16) {
    fixture::lab(place);
    place.write("source/web.yaml", &(fixture::service_text("web", 60) + "  rollout: {progressDeadline: 10s}\n"));
    place.write("source/definition.yaml", &definition("1.0"));
    place.write("webhook-key", planted("webhook's key"));
    let url = format!("http://127.0.0.1:{port}/{}", planted("webhook's URL"));
    // Nobody listens on port 9: what is told of a failed notification is told too.
    let unheard = format!("http://127.0.0.1:9/{}", planted("webhook's URL"));
    place.write(
        "webhooks.yaml",
        &format!("webhooks:\n- {{url: '{url}', secretFile: webhook-key}}\n- {{url: '{unheard}', format: slack}}\n"),
    );
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    place.write("tls.crt", &made.cert.pem());
    place.write("tls.key", &made.signing_key.serialize_pem());
    place.write("tokens", &format!("operate alice {}\n", planted("token of a client")));
    place.write("alice", planted("token of a client"));
    place.write("mallory", planted("token that nobody has"));
}

const CREDENTIALS: [(&str, &str); 2] = [("AWS_SECRET_ACCESS_KEY", PLANTED[8].1), ("AWS_SESSION_TOKEN", PLANTED[9].1)];

/// The outputs that programs read: the API in all its forms, and the metrics.
fn ask(said: &mut Said, controller: &Controller) {
    let api = "/apis/evenkeel.dev/v1alpha1";
    for plural in ["clusters", "taskdefinitions", "services", "events"] {
        for query in ["", "?watch=true&timeoutSeconds=1"] {
            let path = format!("{api}/{plural}{query}");
            said.add(format!("GET {path}"), controller.get(&path).1);
        }
    }
    for path in ["/metrics", "/readyz", "/livez", "/openapi/v3", "/nowhere"] {
        said.add(format!("GET {path}"), controller.get(path).1);
    }
    for name in ["taskdefinitions/web", "services/web"] {
        let path = format!("{api}/namespaces/lab/{name}");
        said.add(format!("GET {path}"), controller.get(&path).1);
        // A patch that is refused tells why.
        let patch =
            format!("{{\"spec\": {{\"taskDefinition\": {{\"environment\": \"{}\"}}}}}}", planted("environment"));
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.patch(format!("{}{path}", controller.url)).content_type("application/merge-patch+json");
        let mut answer = request.send(patch).unwrap();
        said.add(format!("PATCH {path}"), answer.body_mut().read_to_string().unwrap());
    }
}

#[test]
fn no_output_of_any_kind_tells_a_secret() {
    let place = Place::new();
    let (port, bodies) = webhook();
    sow(&place, port);
    let mut said = Said::default();
    let sandbox = Embedded::start(&place, &["--failing-image", "web:broken"]);
    let run = ["--source", "source", "--data", "data", "--endpoint-url", &sandbox.url];

    // For programs: JSON lines, plain http.
    let mut command = place.evenkeel(&["run", "--listen", "127.0.0.1:0", "--interval", "1s", "--log-format", "json"]);
    command.args(["--log", "trace", "--webhooks", "webhooks.yaml"]).args(run).envs(CREDENTIALS);
    let mut controller = Controller { process: Process::start(command), url: String::new(), sandbox: None };
    let address = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        (line["message"] == "evenkeel is running").then(|| format!("http://{}", line["listen"].as_str().unwrap()))
    };
    controller.url = controller.process.line("it to run", address);
    controller.ready(3);

    // A commit that fails, and a file that cannot be read.
    let broken = definition("broken").replace(fixture::SECRET, planted("environment of a broken commit"));
    place.write("source/definition.yaml", &broken);
    let file = planted("file that cannot be read");
    place.write(
        "source/broken.yaml",
        &format!("kind: Service\nspec: {{a: {file}, a: [{file}\n{file}: &{file} *{file}\n"),
    );
    for output in ["text", "yaml", "json"] {
        said.command(
            &place,
            &CREDENTIALS,
            &["plan", "--source", "source", "--endpoint-url", &sandbox.url, "-o", output],
        );
        said.command(&place, &CREDENTIALS, &["validate", "source", "-o", output]);
    }
    until("the rollout to fail", || {
        let status = controller.list("services")[0]["status"].to_string();
        if status.contains("RolloutFailed") { Ok(()) } else { Err(status) }
    });
    ask(&mut said, &controller);
    until("a notification", || if bodies.lock().unwrap().is_empty() { Err(String::new()) } else { Ok(()) });
    let server = [("EVENKEEL_SERVER", controller.url.as_str())];
    for (kind, output) in [("taskdefinitions", "yaml"), ("services", "json"), ("taskdefinitions", "wide")] {
        said.command(&place, &server, &["get", kind, "-o", output]);
    }
    for words in [
        &["describe", "cluster", "lab"][..],
        &["describe", "taskdefinition", "web"],
        &["describe", "service", "web"],
        &["history", "web"],
        &["events"],
    ] {
        said.command(&place, &server, words);
    }
    controller.process.signal("TERM");
    controller.process.exit();
    said.add("the log in JSON, at level trace", controller.process.lines().join("\n"));
    said.add("webhooks", bodies.lock().unwrap().join("\n"));

    // For people: human lines, https with tokens, on the same store.
    let mut command = place.evenkeel(&["run", "--listen", "127.0.0.1:0", "--interval", "1s", "--log", "trace"]);
    command.args(["--log-format", "human", "--tls-cert", "tls.crt", "--tls-key", "tls.key", "--tokens", "tokens"]);
    command.args(["--webhooks", "webhooks.yaml"]).args(run).envs(CREDENTIALS);
    let mut process = Process::start(command);
    let address = process.line("it to run", |line| {
        let (_, rest) = line.split_once("evenkeel is running")?.1.split_once("listen=")?;
        Some(format!("https://{}", rest.split_whitespace().next()?.trim_matches('"')))
    });
    for who in ["alice", "mallory"] {
        let server = [
            ("EVENKEEL_SERVER", address.as_str()),
            ("EVENKEEL_TOKEN_FILE", who),
            ("EVENKEEL_CERTIFICATE_AUTHORITY", "tls.crt"),
        ];
        said.command(&place, &server, &["get", "services", "-o", "yaml"]);
        said.command(&place, &server, &["suspend", "service/web", "--reason", "tried"]);
        said.command(&place, &server, &["resume", "service/web"]);
    }
    process.signal("TERM");
    process.exit();
    said.add("the log for people, at level trace", process.lines().join("\n"));

    let compared = |value: &str| {
        format!(
            "{{\"containerDefinitions\": [{{\"name\": \"a\", \"environment\": [{{\"name\": \"A\", \"value\": \"{value}\"}}]}}]}}"
        )
    };
    place.write("one.json", &compared(planted("environment")));
    place.write("two.json", &compared(planted("environment of a broken commit")));
    said.command(&place, &[], &["compare", "--kind", "task-definition", "one.json", "two.json"]);

    let told =
        |whence: &str, text: &str| said.0.iter().any(|(from, said)| from.contains(whence) && said.contains(text));
    for (whence, text) in [
        ("GET", "(masked)"),
        ("JSON", "changing AWS"),
        ("people", "evenkeel is running"),
        ("webhooks", "RolloutFailed"),
        ("describe service", "RolloutFailed"),
        ("plan", "broken.yaml"),
        ("compare", "environment"),
        ("suspend", "suspended"),
    ] {
        assert!(
            told(whence, text),
            "{whence} was to tell {text}: {:?}",
            said.0.iter().filter(|it| it.0.contains(whence)).collect::<Vec<_>>()
        );
    }
    said.assert_silent();
}
