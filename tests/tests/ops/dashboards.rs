use std::collections::BTreeSet;

use serde_json::Value;

use crate::{json, stems, succeeds, tool};

/// Each panel's title and queries, with Grafana's variables replaced by something that they may stand for.
fn queries(name: &str) -> Vec<(String, String)> {
    let dashboard = json(&format!("ops/dashboards/{name}.json"));
    assert_eq!(dashboard["uid"], Value::from(name));
    let panels = dashboard["panels"].as_array().unwrap().clone();
    let mut queries = Vec::new();
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let expression = expression.replace("$__rate_interval", "5m").replace("\"$name\"", "\"frontapp\"");
            let expression = expression.replace("$namespace", "shop-prod");
            assert!(!expression.contains('$'), "a variable that nobody knows: {expression}");
            queries.push((format!("{name}: {}", panel["title"].as_str().unwrap()), expression));
        }
    }
    queries
}

/// All queries of all dashboards.
pub(crate) fn all() -> Vec<(String, String)> {
    stems("ops/dashboards").iter().flat_map(|name| queries(name)).collect()
}

#[test]
fn prometheus_understands_each_query() {
    let rules: Vec<Value> =
        (0..).zip(all()).map(|(n, (_, expr))| serde_json::json!({"record": format!("q{n}"), "expr": expr})).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("queries.yaml");
    let groups = serde_json::json!({"groups": [{"name": "dashboards", "rules": rules}]});
    std::fs::write(&path, groups.to_string()).unwrap();
    succeeds(tool("promtool").args(["check", "rules"]).arg(path));
}

#[test]
fn panels_have_titles_of_their_own_and_do_not_overlap() {
    for name in stems("ops/dashboards") {
        let dashboard = json(&format!("ops/dashboards/{name}.json"));
        let (mut titles, mut cells) = (BTreeSet::new(), BTreeSet::new());
        for panel in dashboard["panels"].as_array().unwrap() {
            assert!(titles.insert(panel["title"].to_string()), "{name}: {}", panel["title"]);
            let at = |member: &str| panel["gridPos"][member].as_u64().unwrap();
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(x < 24 && cells.insert((x, y)), "{name}: {} lies on another panel", panel["title"]);
                }
            }
        }
    }
}
