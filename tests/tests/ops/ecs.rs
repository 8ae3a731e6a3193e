//! The controller's own task definition and service, checked by the controller's own rules.

use evenkeel_core::admission::admit;
use evenkeel_core::manifest::{Content, Files, load};
use serde_json::{Value, json};

use crate::{json as file, read, yaml};

#[test]
fn evenkeel_takes_its_own_task_definition_and_service_as_manifests() {
    let mut service = file("ops/ecs/service.json");
    let members = service.as_object_mut().unwrap();
    // Elsewhere in a manifest: the namespace's Cluster, and the TaskDefinition.
    let cluster = members.remove("cluster").unwrap();
    members.remove("taskDefinition");
    let object = |kind: &str, name: &str, namespace: Option<&Value>, spec: Value| {
        let metadata = json!({"name": name, "namespace": namespace});
        json!({"apiVersion": "evenkeel.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
    };
    let mut top =
        object("Cluster", "platform", None, json!({"region": "ap-northeast-1", "cluster": {"clusterName": cluster}}));
    top["metadata"].as_object_mut().unwrap().remove("namespace");
    let namespace = Some(&cluster);
    let definition =
        object("TaskDefinition", "evenkeel", namespace, json!({"taskDefinitionFile": "task-definition.json"}));
    let service = object("Service", "evenkeel", namespace, json!({"taskDefinition": "evenkeel", "service": service}));
    let mut files = Files::new();
    let mut put = |name: &str, text: String| files.insert(name.into(), Content::Bytes(text.into_bytes()));
    put("task-definition.json", read("ops/ecs/task-definition.json"));
    put("cluster.yaml", top.to_string());
    put("definition.yaml", definition.to_string());
    put("service.yaml", service.to_string());
    let mut loaded = load(&files);
    admit(&mut loaded);
    let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(loaded.manifests.len(), 3);
}

#[test]
fn there_are_never_two_controllers_at_once() {
    let service = file("ops/ecs/service.json");
    assert_eq!(service["desiredCount"], 1);
    let deployment = &service["deploymentConfiguration"];
    assert_eq!((&deployment["maximumPercent"], &deployment["minimumHealthyPercent"]), (&json!(100), &json!(0)));
}

#[test]
fn the_controller_runs_as_nobody_on_a_read_only_root_and_is_checked_without_a_shell() {
    let definition = file("ops/ecs/task-definition.json");
    let container = &definition["containerDefinitions"][0];
    assert_eq!(container["user"], "65532:65532");
    assert_eq!(container["readonlyRootFilesystem"], true);
    assert_eq!(container["healthCheck"]["command"], json!(["CMD", "/evenkeel", "check", "live"]));
    // It drains for 25 s.
    assert!(container["stopTimeout"].as_u64().unwrap() >= 30);
    let git_sync = definition["containerDefinitions"][1]["command"].as_array().unwrap();
    assert!(git_sync.contains(&json!("--stale-worktree-timeout=5m")));
}

#[test]
fn a_linter_finds_nothing_wrong_with_the_image() {
    let file = "ops/image/Dockerfile";
    // DL3008: Debian's packages are not pinned, since its archive keeps only the newest.
    crate::succeeds(crate::tool("hadolint").args(["--ignore", "DL3008"]).arg(crate::root().join(file)));
    let text = read(file);
    let last = text.rsplit("\nFROM ").next().unwrap();
    assert!(last.starts_with("gcr.io/distroless/static") && last.contains("\nUSER 65532:65532\n"), "{last}");
    // What is built is what the workspace asks for.
    let wanted = read("Cargo.toml");
    let wanted = wanted.lines().find_map(|line| line.strip_prefix("rust-version = \"")).unwrap();
    let built = text.lines().find_map(|line| line.strip_prefix("FROM rust:")).unwrap();
    assert!(wanted.starts_with(built.split('-').next().unwrap()), "{built} builds what needs {wanted}");
}

#[test]
fn the_collector_leaves_the_labels_of_metrics_as_they_are() {
    let config = yaml(&read("ops/ecs/collector.yaml"));
    assert_eq!(config["receivers"]["prometheus"]["config"]["scrape_configs"][0]["honor_labels"], true);
}
