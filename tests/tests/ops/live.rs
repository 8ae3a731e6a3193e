//! The way from a change behind the controller's back to an alert and back, with the real program, Prometheus and
//! Alertmanager; and each panel's query on what they have then.

use std::net::TcpListener;

use evenkeel_tests::program::{Controller, Place, Process, until};
use serde_json::{Value, json};

use crate::metrics::{MANIFESTS, lint};
use crate::trail::{ALICE, event};
use crate::{alerts, dashboards, read, succeeds, tool};

/// Panels that show nothing as long as nothing is wrong.
const QUIET: [&str; 1] = ["evenkeel-internals: Failed calls by outcome"];

/// A port that was free a moment ago: neither peer tells which one it took.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Monitoring {
    prometheus: String,
    alertmanager: String,
    _processes: [Process; 2],
}

impl Monitoring {
    /// Scrapes and judges every second; what has to last minutes has to last none.
    fn start(place: &Place, target: &str) -> Self {
        let [prometheus, alertmanager] = [free(), free()].map(|port| format!("127.0.0.1:{port}"));
        let rules = read(alerts::RULES).replace("> 900", "> 1").replace("for: 1m", "for: 0s");
        place.write("rules.yaml", &rules);
        place.write(
            "prometheus.yaml",
            &format!(
                "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yaml]\nalerting: \
                 {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\nscrape_configs:\n- job_name: \
                 evenkeel\n  honor_labels: true\n  static_configs: [{{targets: ['{target}']}}]\n"
            ),
        );
        place.write(
            "alertmanager.yaml",
            "route: {receiver: nobody, group_by: [namespace, name]}\nreceivers: [{name: nobody}]\n",
        );
        succeeds(tool("promtool").args(["check", "config"]).arg(place.path("prometheus.yaml")));
        succeeds(tool("amtool").arg("check-config").arg(place.path("alertmanager.yaml")));
        let mut judge = place.command(tool("alertmanager").get_program().as_ref());
        judge.args(["--config.file=alertmanager.yaml", "--storage.path=alertmanager", "--cluster.listen-address="]);
        judge.arg(format!("--web.listen-address={alertmanager}"));
        let mut scraper = place.command(tool("prometheus").get_program().as_ref());
        scraper.args(["--config.file=prometheus.yaml", "--storage.tsdb.path=prometheus"]);
        scraper.arg(format!("--web.listen-address={prometheus}"));
        Self { prometheus, alertmanager, _processes: [Process::start(judge), Process::start(scraper)] }
    }

    fn get(address: &str, path: &str, query: &[(&str, &str)]) -> Result<Value, String> {
        let mut request = ureq::get(format!("http://{address}{path}"));
        for (name, value) in query {
            request = request.query(*name, *value);
        }
        let mut answer = request.call().map_err(|error| error.to_string())?;
        let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    /// The alerts of this name that Alertmanager has as active.
    fn active(&self, name: &str) -> Result<Vec<Value>, String> {
        let alerts = Self::get(&self.alertmanager, "/api/v2/alerts", &[("active", "true")])?;
        let alerts = alerts.as_array().ok_or("no list")?.iter().cloned();
        Ok(alerts.filter(|alert| alert["labels"]["alertname"] == name).collect())
    }

    /// How many series an expression gives now.
    fn series(&self, expression: &str) -> Result<usize, String> {
        let answer = Self::get(&self.prometheus, "/api/v1/query", &[("query", expression)])?;
        Ok(answer["data"]["result"].as_array().ok_or_else(|| answer.to_string())?.len())
    }
}

pub(crate) fn range(min: u32, max: u32) -> String {
    format!(
        "application-autoscaling register-scalable-target --service-namespace ecs --resource-id service/shop-prod/frontapp \
         --scalable-dimension ecs:service:DesiredCount --min-capacity {min} --max-capacity {max}"
    )
}

#[test]
fn a_change_behind_its_back_becomes_an_alert_that_names_it_and_goes_with_it() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    place.write("trail/calls.jsonl", "");
    // What somebody changes right after our own write is taken for a read that lags, until the next resync.
    let controller =
        Controller::start(&place, &["--sandbox", "--source", "source", "--resync", "5s", "--trail", "trail"]);
    controller.ready(3);
    let monitoring = Monitoring::start(&place, controller.url.trim_start_matches("http://"));
    // One repair, so that there is one to be shown.
    controller.aws(&place).call(&range(1, 9));
    until("a repair", || {
        match controller.metrics().keys().any(|name| name.starts_with("evenkeel_drift_repaired_total")) {
            true => Ok(()),
            false => Err("none".into()),
        }
    });
    controller.ready(3);

    place.write("source/shop.yaml", &MANIFESTS.replace("  scaling:", "  drift: {mode: Report}\n  scaling:"));
    until("the mode to be Report", || {
        let services = controller.list("services");
        let mode = services[0]["spec"]["drift"]["mode"].as_str() == Some("Report");
        (mode && services[0]["status"]["observedGeneration"] == services[0]["metadata"]["generation"])
            .then_some(())
            .ok_or_else(|| services[0].to_string())
    });
    controller.aws(&place).call(&range(2, 9));
    let unknown = until("the alert", || {
        let seen = |expression: &str| format!("{expression}: {:?}", monitoring.series(expression));
        let instead = || format!("{}; {}; {}", seen("up == 1"), seen("evenkeel_object_drift"), seen("ALERTS"));
        monitoring.active("EvenkeelDriftPersists")?.first().cloned().ok_or_else(instead)
    });
    assert_eq!(unknown["annotations"]["changed_by"], "unknown");
    let input = json!({"serviceNamespace": "ecs", "resourceId": "service/shop-prod/frontapp", "minCapacity": 2, "maxCapacity": 9});
    place.write(
        "trail/calls.jsonl",
        &(event("RegisterScalableTarget", "autoscaling.amazonaws.com", ALICE, &input) + "\n"),
    );
    let alert = until("the alert to name who it was", || {
        let alert = monitoring.active("EvenkeelDriftPersists")?.first().cloned().ok_or("none")?;
        let by = alert["annotations"]["changed_by"].as_str().unwrap_or_default();
        if by.starts_with(ALICE) { Ok(alert) } else { Err(alert.to_string()) }
    });
    assert_eq!(alert["fingerprint"], unknown["fingerprint"], "it is the same alert");
    let labels = &alert["labels"];
    for (label, value) in [
        ("kind", "Service"),
        ("namespace", "shop-prod"),
        ("name", "frontapp"),
        ("area", "scaling"),
        ("path", "/scaling/maxCapacity"),
        ("severity", "warning"),
    ] {
        assert_eq!(labels[label], value, "{labels}");
    }

    for (panel, expression) in dashboards::all() {
        if !QUIET.contains(&panel.as_str()) {
            until(&panel, || match monitoring.series(&expression)? {
                0 => Err(format!("{expression} gives nothing")),
                _ => Ok(()),
            });
        }
    }

    lint(&controller.get("/metrics").1);
    controller.aws(&place).call(&range(2, 4));
    until("the alert to resolve", || match monitoring.active("EvenkeelDriftPersists")? {
        alerts if alerts.is_empty() => Ok(()),
        alerts => Err(format!("{alerts:?}")),
    });
}
