use std::collections::BTreeSet;

use serde_json::Value;

use crate::{read, root, succeeds, tool, yaml};

pub(crate) const RULES: &str = "ops/alerts/evenkeel.rules.yaml";
const TESTS: &str = "ops/alerts/evenkeel.rules.test.yaml";

/// All rules.
pub(crate) fn rules() -> Vec<Value> {
    let groups = yaml(&read(RULES));
    let groups = groups["groups"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

pub(crate) fn names() -> BTreeSet<String> {
    rules().iter().map(|rule| rule["alert"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn prometheus_understands_the_rules_and_each_fires_when_it_must() {
    succeeds(tool("promtool").args(["check", "rules"]).arg(root().join(RULES)));
    succeeds(tool("promtool").args(["test", "rules"]).arg(root().join(TESTS)));
}

#[test]
fn each_alert_is_shown_firing_and_quiet() {
    let tests = yaml(&read(TESTS));
    let tests = tests["tests"].as_array().unwrap().iter().flat_map(|test| test["alert_rule_test"].as_array().unwrap());
    let (mut firing, mut quiet) = (BTreeSet::new(), BTreeSet::new());
    for test in tests {
        let fires = test["exp_alerts"].as_array().is_some_and(|alerts| !alerts.is_empty());
        (if fires { &mut firing } else { &mut quiet }).insert(test["alertname"].as_str().unwrap().to_owned());
    }
    assert_eq!(firing, names());
    assert_eq!(quiet, names());
}

#[test]
fn each_alert_says_what_is_wrong_how_bad_it_is_and_where_to_read_on() {
    for rule in rules() {
        let name = rule["alert"].as_str().unwrap();
        assert!(["info", "warning", "critical"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{name}");
        let said = |member: &str| rule["annotations"][member].as_str().unwrap_or_default().len();
        assert!(said("summary") > 20 && said("description") > 20, "{name}");
        assert_eq!(rule["annotations"]["runbook_url"], format!("ops/runbooks/alerts/{name}.md"));
    }
}
