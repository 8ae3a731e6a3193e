//! Names in alerts and dashboards, held against what the controller really shows.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;

use evenkeel::follow::apply_load;
use evenkeel::metrics::Format;
use evenkeel::reconcile::Options;
use evenkeel_core::admission::admit;
use evenkeel_core::manifest::{Content, load};
use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_core::operation::Operation;
use evenkeel_core::trail::notices;
use evenkeel_tests::World;
use serde_json::json;

use crate::trail::{ALICE, event};
use crate::{alerts, dashboards, read, tool};

pub(crate) const MANIFESTS: &str = r#"
apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {name: shop-prod}
spec:
  region: ap-northeast-1
  cluster: {clusterName: shop-prod}
  defaults: {adoption: Adopt}
---
apiVersion: evenkeel.dev/v1alpha1
kind: TaskDefinition
metadata: {name: frontapp, namespace: shop-prod}
spec:
  taskDefinition:
    family: frontapp
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions: [{name: app, image: "frontapp:1.0", essential: true}]
---
apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata: {name: frontapp, namespace: shop-prod}
spec:
  taskDefinition: frontapp
  service:
    serviceName: frontapp
    launchType: FARGATE
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0e9f8a7b6c5d4e301], securityGroups: [sg-0e9f8a7b6c5d4e3f2]}}
  scaling: {minCapacity: 2, maxCapacity: 4}
"#;

/// The metrics of a controller that has seen a rollout, a repair, and drift of a suspended and pinned service.
async fn page() -> String {
    let limited = Options { budget_share: Some(0.5), ..Options::default() };
    let mut world = World::with(evenkeel_sandbox::Options::default(), limited).await;
    world.files.insert("shop.yaml".into(), Content::Bytes(MANIFESTS.into()));
    let mut loaded = load(&world.files);
    admit(&mut loaded);
    apply_load(&world.engine, &loaded, "sha1:0000000000000000000000000000000000000001").await.unwrap();
    world.pass(600).await;
    world.all_ready().await.unwrap();
    // Somebody else's range, in wire form.
    let foreign = json!({"ServiceNamespace": "ecs", "ResourceId": "service/shop-prod/frontapp",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 9});
    world.aws(Operation::RegisterScalableTarget, &foreign);
    world.pass(120).await;
    let key = ObjectKey::new(Kind::Service, "shop-prod", "frontapp");
    for (name, value) in [
        ("evenkeel.dev/suspend", "true"),
        ("evenkeel.dev/suspended-until", "2027-01-01T00:00:00Z"),
        ("evenkeel.dev/pin", "frontapp:1"),
        ("evenkeel.dev/pinned-until", "2027-01-01T00:00:00Z"),
    ] {
        world.annotate(&key, name, value).await;
    }
    world.aws(Operation::RegisterScalableTarget, &foreign);
    let input = json!({"resourceId": "service/shop-prod/frontapp", "minCapacity": 1, "maxCapacity": 9});
    let record = event("RegisterScalableTarget", "autoscaling.amazonaws.com", ALICE, &input);
    for notice in notices(&serde_json::from_str(&record).unwrap()) {
        world.engine.context.trail.note(&key, notice);
        world.engine.context.metrics.record("taken");
    }
    world.pass(120).await;
    let store = world.engine.context.store.stats().await.unwrap();
    world.engine.context.metrics.budgets(Some(0.5), &world.engine.context.fleet.levels());
    world.engine.context.metrics.render(&world.engine.queue.stats(), Some(&store), Format::Text)
}

/// Names of families, with the three series names that a histogram has.
fn families(page: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        names.insert(name.to_owned());
        if kind == "histogram" {
            names.extend(["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")));
        }
    }
    names
}

/// The names of metrics in an expression: ours, and those of the process.
fn named(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("evenkeel_") || word.starts_with("process_")).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn alerts_and_dashboards_ask_only_for_what_a_running_controller_shows() {
    let page = page().await;
    let shown = families(&page);
    for (panel, expression) in dashboards::all() {
        let missing: Vec<_> = named(&expression).difference(&shown).cloned().collect();
        assert!(missing.is_empty(), "{panel} asks for {missing:?}, which is not among\n{page}");
    }
    for rule in alerts::rules() {
        let missing: Vec<_> = named(rule["expr"].as_str().unwrap()).difference(&shown).cloned().collect();
        assert!(missing.is_empty(), "{} asks for {missing:?}, which is not among\n{page}", rule["alert"]);
    }
}

#[tokio::test(start_paused = true)]
async fn prometheus_finds_nothing_wrong_with_names_and_help() {
    lint(&page().await);
}

/// promtool on a page of metrics.
pub(crate) fn lint(page: &str) {
    let mut check =
        tool("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    check.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = check.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(start_paused = true)]
async fn the_reference_names_each_metric_and_no_other() {
    let mut told = named(&read("docs/operations.md"));
    told.retain(|name| name.starts_with("evenkeel_"));
    let shown: BTreeSet<String> =
        families(&page().await).into_iter().filter(|name| name.starts_with("evenkeel_")).collect();
    let ends = ["_bucket", "_sum", "_count"];
    let shown: BTreeSet<String> =
        shown.into_iter().filter(|name| !ends.iter().any(|end| name.ends_with(end))).collect();
    assert_eq!(told, shown);
}
