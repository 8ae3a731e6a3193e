//! Clients from elsewhere: over https, with a token, and with no more than its role.

use std::net::UdpSocket;

use evenkeel_tests::program::{Controller, Finished, Place, finish};

use crate::fixture::{CLUSTER, MINORS, definition, kubectl, service, words};

const ALICE: &str = "0d6f1f0a8c2b4e7792a1";
const GRAFANA: &str = "c55b0f3e4d8a4b1f9e60";

/// A controller that knows two clients, and has a certificate that vouches for itself.
struct Guarded {
    place: Place,
    server: String,
    _controller: Controller,
}

impl Guarded {
    fn start() -> Self {
        let place = Place::new();
        place.write("source/cluster.yaml", CLUSTER);
        place.write("source/web/definition.yaml", &definition());
        place.write("source/web/service.yaml", &service("web", 4));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        place.write("tls.crt", &made.cert.pem());
        place.write("tls.key", &made.signing_key.serialize_pem());
        place.write("tokens", &format!("operate alice {ALICE}\nread grafana {GRAFANA} # dashboards\n"));
        place.write("alice", &format!("{ALICE}\n"));
        place.write("grafana", GRAFANA);
        let guarding = ["--tls-cert", "tls.crt", "--tls-key", "tls.key", "--tokens", "tokens"];
        let controller = Controller::start(&place, &[&["--sandbox", "--source", "source"], &guarding[..]].concat());
        let server = controller.url.replace("http:", "https:");
        let guarded = Self { place, server, _controller: controller };
        guarded.evenkeel(Some("alice"), "wait services --timeout 60s").expect(0);
        guarded
    }

    /// Runs the program as somebody.
    fn evenkeel(&self, who: Option<&str>, line: &str) -> Finished {
        let mut command = self.place.evenkeel(&words(line));
        command.env("EVENKEEL_SERVER", &self.server).env("EVENKEEL_CERTIFICATE_AUTHORITY", "tls.crt");
        if let Some(who) = who {
            command.env("EVENKEEL_TOKEN_FILE", who);
        }
        finish(command)
    }

    /// Runs kubectl with the context of somebody.
    fn kubectl(&self, minor: &str, who: &str, line: &str) -> Finished {
        let mut command = self.place.command(&kubectl(minor));
        command.env("KUBECONFIG", self.place.path(&format!("{who}.config")));
        command.arg("--cache-dir").arg(self.place.path(&format!("cache-{minor}"))).args(words(line));
        finish(command)
    }
}

#[test]
fn a_token_lets_in_as_far_as_its_role_goes() {
    let lab = Guarded::start();
    assert!(lab.evenkeel(None, "get services").expect(1).err.contains("a token is needed"));
    assert!(lab.evenkeel(None, "check ready").expect(0).out.contains("ok"));
    assert!(lab.evenkeel(Some("grafana"), "get services").expect(0).out.contains("Synced"));
    assert!(lab.evenkeel(Some("grafana"), "suspend service/web").expect(1).err.contains("the role operate"));
    lab.evenkeel(Some("alice"), "suspend service/web").expect(0);
    lab.evenkeel(Some("alice"), "resume service/web").expect(0);
    let over_http = lab.evenkeel(Some("alice"), "get services --server http://127.0.0.1:1").expect(1);
    assert!(over_http.err.contains("over https only"), "{}", over_http.err);

    for who in ["alice", "grafana"] {
        lab.evenkeel(Some(who), &format!("kubeconfig --namespace lab --write {who}.config")).expect(0);
    }
    for minor in MINORS {
        let run = |who: &str, line: &str| lab.kubectl(minor, who, line);
        assert!(run("alice", "auth whoami").expect(0).out.contains("evenkeel:operate"));
        assert!(
            run("alice", "annotate esvc/web --overwrite evenkeel.dev/suspend=false")
                .expect(0)
                .out
                .contains("annotated")
        );
        assert!(run("grafana", "get esvc").expect(0).out.contains("web"));
        assert!(run("grafana", "auth can-i patch services.evenkeel.dev").expect(1).out.contains("no"));
        let refused = run("grafana", "annotate esvc/web --overwrite evenkeel.dev/suspend=true").expect(1);
        assert!(refused.err.contains("(Forbidden)") && refused.err.contains("the role operate"), "{}", refused.err);
    }
    lab.place.write("mallory", "c55b0f3e4d8a4b1f9e61");
    lab.evenkeel(Some("mallory"), "kubeconfig --namespace lab --write mallory.config").expect(0);
    let unknown = lab.kubectl("1.37", "mallory", "get esvc").expect(1).err;
    assert!(unknown.contains("must be logged in") && !unknown.contains(GRAFANA), "{unknown}");
}

/// An address of this machine by which others know it, if it has one.
fn outer() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: this only asks for the way there. 192.0.2.1 is nobody's (RFC 5737).
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

#[test]
fn without_tokens_others_than_the_machine_itself_get_health_and_metrics_only() {
    let place = Place::new();
    place.write("source/cluster.yaml", CLUSTER);
    let mut controller = Controller::start(&place, &["--sandbox", "--source", "source", "--listen", "0.0.0.0:0"]);
    let warned = |line: &str| line.contains("others than this machine get health and metrics only").then_some(());
    controller.process.line("a warning", warned);
    let port = controller.url.rsplit(':').next().unwrap().to_owned();
    controller.url = format!("http://127.0.0.1:{port}");
    assert_eq!(controller.get("/apis/evenkeel.dev/v1alpha1/clusters").0, 200);
    let Some(outer) = outer() else { return };
    controller.url = format!("http://{outer}:{port}");
    assert_eq!(controller.get("/livez").0, 200);
    assert_eq!(controller.get("/metrics").0, 200);
    for path in ["/version", "/apis", "/apis/evenkeel.dev/v1alpha1/clusters", "/openapi/v3"] {
        let (code, text) = controller.get(path);
        assert!(code == 403 && text.contains("its own machine only"), "{path}: {code} {text}");
    }
}

#[test]
fn tokens_without_a_certificate_are_refused_at_the_start() {
    let place = Place::new();
    place.write("tokens", &format!("read grafana {GRAFANA}\n"));
    let run = ["run", "--sandbox", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0", "--tokens", "tokens"];
    assert!(finish(place.evenkeel(&run)).expect(1).err.contains("--tokens needs --tls-cert"));
}
