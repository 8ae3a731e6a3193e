use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::alerts::RULES;
use crate::{read, root, stems, succeeds, tool, yaml};

const REPOSITORY: &str = "source.repository=https://git.example.com/platform/desired-state.git";

fn helm(verb: &[&str], settings: &[&str]) -> Command {
    let mut command = tool("helm");
    // Its caches and settings stay out of the tests.
    command.env("HELM_CACHE_HOME", std::env::temp_dir()).env("HELM_CONFIG_HOME", std::env::temp_dir());
    command.args(verb).arg(root().join("charts/evenkeel"));
    for setting in settings {
        command.args(["--set", setting]);
    }
    command
}

fn rendered(settings: &[&str]) -> String {
    succeeds(&mut helm(&["template", "evenkeel", "--namespace", "platform"], settings))
}

fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|it| Value::deserialize(it).unwrap());
    documents.filter(|document| !document.is_null()).collect()
}

fn golden(name: &str, text: &str) {
    let path = format!("tests/tests/ops/golden/{name}.yaml");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join(&path), text).unwrap();
    }
    assert!(read(&path) == text, "{path} is not what the chart gives; UPDATE=1 accepts:\n{text}");
}

#[test]
fn helm_finds_nothing_wrong_with_the_chart() {
    succeeds(&mut helm(&["lint", "--strict"], &[REPOSITORY]));
}

#[test]
fn the_chart_gives_what_it_gave_before() {
    golden("default", &rendered(&[REPOSITORY]));
    let all = [
        "source.repository=git@git.example.com:platform/desired-state.git",
        "source.ssh=true",
        "source.existingSecret=git-key",
        "source.allowedSigners=signers",
        "source.path=desired-state",
        "webhooks.existingSecret=webhooks",
        "api.existingSecret=api",
        "persistence.enabled=false",
        "metrics.serviceMonitor.enabled=true",
        "networkPolicy.enabled=false",
        "extraArgs={--interval=2m}",
        "readOnly=true",
        "trail={https://sqs.ap-northeast-1.amazonaws.com/123456789012/evenkeel}",
    ];
    golden("everything", &rendered(&all));
}

/// Everything that the chart can give.
const ALL: [&str; 15] = [
    "api.existingSecret=api",
    "source.repository=git@git.example.com:platform/desired-state.git",
    "source.ssh=true",
    "source.existingSecret=git-key",
    "source.path=desired-state",
    "webhooks.existingSecret=webhooks",
    "persistence.storageClass=gp3",
    "metrics.serviceMonitor.enabled=true",
    "metrics.prometheusRule.enabled=true",
    "metrics.dashboards.enabled=true",
    "extraArgs={--interval=2m}",
    "extraEnv[0].name=HTTPS_PROXY",
    "extraEnv[0].value=http://proxy.example.com:3128",
    "nodeSelector.disk=ssd",
    "networkPolicy.from[0].namespaceSelector.matchLabels.name=monitoring",
];

#[test]
fn kubernetes_knows_each_field_that_the_chart_sets() {
    // Kubernetes' own kinds, without members that it does not know. Those of the Prometheus operator are checked as
    // golden output, and the rules in theirs by promtool.
    let place = tempfile::tempdir().unwrap();
    for (name, settings) in [("default", &[REPOSITORY][..]), ("all", &ALL)] {
        let all = documents(&rendered(settings));
        let (own, foreign): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|document| document["apiVersion"] != "monitoring.coreos.com/v1");
        let kinds: Vec<&str> = own.iter().map(|document| document["kind"].as_str().unwrap()).collect();
        assert!(["NetworkPolicy", "Service", "ServiceAccount", "StatefulSet"].iter().all(|kind| kinds.contains(kind)));
        assert_eq!((name, foreign.len()), if name == "all" { ("all", 2) } else { ("default", 0) });
        let text: Vec<String> = own.iter().map(|document| serde_yaml::to_string(document).unwrap()).collect();
        let path = place.path().join(name);
        std::fs::write(&path, text.join("---\n")).unwrap();
        assert!(knows(&path).0, "{}", knows(&path).1);
        // The check itself: a member that does not exist.
        std::fs::write(&path, text.join("---\n").replace("serviceName:", "servceName:")).unwrap();
        assert!(!knows(&path).0);
    }
}

/// Whether Kubernetes' schemas take everything in a file, and what they say.
fn knows(path: &std::path::Path) -> (bool, String) {
    let home = root().join("target/peers/ops/kubernetes");
    assert!(home.join("kubernetes_validate").exists(), "kubernetes-validate is missing: run tests/setup/ops.sh");
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", home).args(["-m", "kubernetes_validate", "--strict", "--quiet"]).arg(path);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn the_chart_carries_the_rules_with_links_that_lead_somewhere() {
    let base = "metrics.prometheusRule.runbookBaseUrl=https://git.example.com/evenkeel/blob/main/";
    let documents = documents(&rendered(&[REPOSITORY, "metrics.prometheusRule.enabled=true", base]));
    let rule = documents.iter().find(|document| document["kind"] == "PrometheusRule").unwrap();
    let rules = read(RULES).replace("ops/runbooks/", "https://git.example.com/evenkeel/blob/main/ops/runbooks/");
    assert_eq!(rule["spec"]["groups"], yaml(&rules)["groups"]);
}

#[test]
fn the_chart_carries_the_dashboards() {
    let documents = documents(&rendered(&[REPOSITORY, "metrics.dashboards.enabled=true"]));
    let maps: Vec<&Value> = documents.iter().filter(|document| document["kind"] == "ConfigMap").collect();
    assert_eq!(maps.len(), stems("ops/dashboards").len());
    for map in maps {
        for (name, text) in map["data"].as_object().unwrap() {
            assert_eq!(text.as_str().unwrap(), read(&format!("ops/dashboards/{name}")).trim());
        }
    }
}

#[test]
fn values_that_cannot_be_right_are_refused() {
    for (settings, part) in [
        (&[][..], "/source/repository"),
        (&[REPOSITORY, "source.perod=10s"], "perod"),
        (&[REPOSITORY, "persistence.size=big"], "/persistence/size"),
        (&[REPOSITORY, "source.ssh=true"], "source.existingSecret"),
    ] {
        let output = helm(&["template", "evenkeel"], settings).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(part), "{settings:?}: {error}");
    }
}
