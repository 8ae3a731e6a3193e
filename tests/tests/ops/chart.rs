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
        "source.path=desired-state",
        "webhooks.existingSecret=webhooks",
        "api.existingSecret=api",
        "persistence.enabled=false",
        "metrics.serviceMonitor.enabled=true",
        "networkPolicy.enabled=false",
        "extraArgs={--interval=2m}",
    ];
    golden("everything", &rendered(&all));
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
