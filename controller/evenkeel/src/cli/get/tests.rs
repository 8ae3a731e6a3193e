//! The whole way: command line, HTTP, API, store.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use clap::Parser;
use evenkeel_api::{ApiState, router};
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_store::{Batch, Options, Store, Write};
use jiff::{SignedDuration, Timestamp};

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: GetArgs,
}

fn made() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// What `evenkeel get` prints on a controller with two Services `web` and one `api`.
async fn get(line: &str) -> Result<String, String> {
    let store = Store::temporary(Options { store_id: Some(1), ..Options::default() }).await.unwrap();
    let service = |namespace: &str, name: &str, tier: &str| {
        let mut object = Object::new(&ObjectKey::new(Kind::Service, namespace, name), json!({"service": {}}));
        object.metadata.labels.insert("tier".into(), tier.into());
        object
    };
    let objects = [service("shop", "api", "back"), service("shop", "web", "front"), service("stage", "web", "front")];
    let mut writes: Vec<Write> = objects.into_iter().map(Write::Apply).collect();
    let status = json!({"sync": "Synced", "health": "Healthy", "desiredCount": 1, "runningCount": 1});
    writes.push(Write::Status { key: ObjectKey::new(Kind::Service, "shop", "api"), status });
    store.commit(Batch::new(made(), writes)).await.unwrap();

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let clock = Arc::new(|| made() + SignedDuration::from_mins(5));
    tokio::spawn(async { axum::serve(listener, router(ApiState::of(store, clock))).await });
    let words = std::iter::once("get").chain(line.split(' ')).chain(["--server", &server]);
    let args = Line::try_parse_from(words).map_err(|error| error.to_string())?.args;
    tokio::task::spawn_blocking(move || run(&args).map_err(|error| error.to_string())).await.unwrap()
}

#[tokio::test]
async fn a_list_is_a_table_of_all_namespaces() {
    let expected = "\
NAMESPACE   NAME   SYNC     HEALTH    DESIRED   RUNNING   RANGE    REVISION   COMMIT   DRIFT    AGE
shop        api    Synced   Healthy   1         1         <none>   <none>     <none>   0        5m
shop        web    <none>   <none>    <none>    <none>    <none>   <none>     <none>   <none>   5m
stage       web    <none>   <none>    <none>    <none>    <none>   <none>     <none>   <none>   5m
";
    assert_eq!(get("services").await.unwrap(), expected);
    assert_eq!(get("esvc -A").await.unwrap(), expected);
}

#[tokio::test]
async fn wide_output_has_all_columns() {
    let wide = get("services -n stage -o wide").await.unwrap();
    assert!(
        wide.starts_with("NAME   SYNC ") && wide.lines().next().unwrap().ends_with("ROLLOUT   REASON   ARN"),
        "{wide}"
    );
}

#[tokio::test]
async fn one_object_is_named_in_three_ways() {
    for line in ["service web -n stage -o name", "service/web -n stage -o name", "service/api -o name"] {
        let name = if line.contains("web") { "service/web\n" } else { "service/api\n" };
        assert_eq!(get(line).await.unwrap(), name, "{line}");
    }
    assert_eq!(get("service web -o jsonpath={.items[*].metadata.namespace}").await.unwrap(), "shop stage");
}

#[tokio::test]
async fn selectors_are_passed_on() {
    assert_eq!(get("services -l tier=back -o name").await.unwrap(), "service/api\n");
    assert_eq!(get("services --field-selector status.sync=Synced -o name").await.unwrap(), "service/api\n");
    assert_eq!(get("services -l tier=none").await.unwrap(), "No services that the selector means.\n");
    assert_eq!(get("services -n nowhere").await.unwrap(), "No services in namespace nowhere.\n");
}

#[tokio::test]
async fn objects_are_printed_as_json_yaml_and_single_values() {
    let json: Value = serde_json::from_str(&get("service api -o json").await.unwrap()).unwrap();
    assert_eq!(json["kind"], "Service");
    let list: Value = serde_json::from_str(&get("services -o json").await.unwrap()).unwrap();
    assert_eq!((&list["kind"], list["items"].as_array().unwrap().len()), (&json!("List"), 3));
    assert!(get("service api -o yaml").await.unwrap().starts_with("apiVersion: evenkeel.dev/v1alpha1\n"));
    assert_eq!(get("service api -o jsonpath={.status.sync}").await.unwrap(), "Synced");
}

#[tokio::test]
async fn what_is_not_there_or_not_meant_is_an_error() {
    assert_eq!(get("service x").await.unwrap_err(), "services \"x\" not found in any namespace");
    assert_eq!(get("service x -n shop").await.unwrap_err(), "services.evenkeel.dev \"x\" not found");
    assert!(get("services -l a%b").await.unwrap_err().contains("label selector"));
    assert!(get("service web -l a=b").await.unwrap_err().contains("exclude each other"));
    assert!(get("services -o toml").await.unwrap_err().contains("write table, wide, yaml"));
}

#[test]
fn messages_cannot_move_the_cursor() {
    assert_eq!(text(&json!("a\u{1b}[2Jb\nc")), "a [2Jb c");
}
