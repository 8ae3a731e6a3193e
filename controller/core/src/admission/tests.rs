#![allow(clippy::unwrap_used)]

use crate::manifest::{Content, Files, Load, load};

use super::admit;

const CLUSTER: &str = "apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {name: prod}
spec: {region: eu-west-1, cluster: {clusterName: prod-cluster}}
";

const DEFINITION: &str = "apiVersion: evenkeel.dev/v1alpha1
kind: TaskDefinition
metadata: {name: web, namespace: prod}
spec:
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: 256
    memory: 512
    containerDefinitions: [{name: app, image: 'app:1.0', portMappings: [{containerPort: 80}]}]
";

fn service(name: &str, more: &str) -> String {
    format!(
        "apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata: {{name: {name}, namespace: prod}}
spec:
  taskDefinition: web
  service:
    launchType: FARGATE
    desiredCount: 1
    networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-1]}}}}
    deploymentConfiguration: {{deploymentCircuitBreaker: {{enable: true, rollback: true}}}}
{more}"
    )
}

fn admitted(files: &[(&str, &str)]) -> Load {
    let files: Files =
        files.iter().map(|(path, text)| ((*path).to_owned(), Content::Bytes(text.as_bytes().to_vec()))).collect();
    let mut load = load(&files);
    admit(&mut load);
    load
}

fn told(load: &Load) -> Vec<String> {
    load.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_directory_passes_without_a_word() {
    let load = admitted(&[("c.yaml", CLUSTER), ("t.yaml", DEFINITION), ("s.yaml", &service("web", ""))]);
    assert_eq!(told(&load), Vec::<String>::new());
    assert_eq!(load.manifests.len(), 3);
    assert!(load.whole());
}

#[test]
fn a_service_whose_task_definition_is_missing_is_told_where_and_what_was_meant() {
    let text = service("web", "").replace("taskDefinition: web", "taskDefinition: wbe");
    let load = admitted(&[("c.yaml", CLUSTER), ("t.yaml", DEFINITION), ("s.yaml", &text)]);
    assert_eq!(
        told(&load),
        ["s.yaml:5:19: error: there is no TaskDefinition wbe in namespace prod; did you mean web? (no-such-object)"]
    );
    assert_eq!(load.manifests.len(), 2, "the rest goes on");
    assert!(!load.whole());
}

#[test]
fn a_namespace_without_a_cluster_is_an_error_at_the_namespace() {
    let load = admitted(&[("t.yaml", DEFINITION)]);
    assert_eq!(told(&load), ["t.yaml:3:34: error: there is no Cluster prod (no-cluster)"]);
}

#[test]
fn a_fargate_size_that_does_not_exist_is_told_at_its_place() {
    let text = DEFINITION.replace("memory: 512", "memory: 700");
    let load = admitted(&[("c.yaml", CLUSTER), ("t.yaml", &text)]);
    assert_eq!(load.problems.len(), 1, "{:?}", told(&load));
    assert!(told(&load)[0].starts_with("t.yaml:"), "{:?}", told(&load));
}

#[test]
fn two_objects_that_claim_one_aws_service_are_both_refused() {
    let (a, b) = (service("web", ""), service("other", "    serviceName: web\n"));
    let load = admitted(&[("c.yaml", CLUSTER), ("t.yaml", DEFINITION), ("a.yaml", &a), ("b.yaml", &b)]);
    assert_eq!(load.problems.iter().filter(|problem| problem.rule == "claimed-twice").count(), 2);
    assert_eq!(load.manifests.len(), 2);
}

#[test]
fn services_that_wait_for_each_other_are_refused() {
    let a = service("a", "  dependsOn: [{kind: Service, name: b}]\n");
    let b = service("b", "  dependsOn: [{kind: Service, name: a}]\n");
    let load = admitted(&[("c.yaml", CLUSTER), ("t.yaml", DEFINITION), ("a.yaml", &a), ("b.yaml", &b)]);
    assert_eq!(load.problems.iter().filter(|problem| problem.rule == "dependency-cycle").count(), 2);
}

#[test]
fn what_refers_to_an_object_in_a_bad_file_is_not_blamed_for_it() {
    let broken = DEFINITION.replace("awsvpc", "awsvpx");
    let load = admitted(&[("c.yaml", CLUSTER), ("t.yaml", &broken), ("s.yaml", &service("web", ""))]);
    assert!(load.problems.iter().all(|problem| problem.file == "t.yaml"), "{:?}", told(&load));
}

#[test]
fn a_change_window_that_is_none_is_refused_at_its_place() {
    let window = |window: &str| {
        let text = CLUSTER.replace("}}", &format!("}}, changeWindows: [{{kind: Allow, {window}}}]}}"));
        let mut load = load(&Files::from([("a.yaml".to_owned(), Content::Bytes(text.into_bytes()))]));
        admit(&mut load);
        load.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(window("schedule: 0 9 * * MON-FRI, duration: 8h, timeZone: Europe/Berlin"), "");
    let told = window("schedule: 0 25 * * *, duration: 8h");
    assert!(told.starts_with("a.yaml:4:") && told.contains("\"25\" is no hour: it is 0 to 23"), "{told}");
    let told = window("schedule: 0 9 * * *, duration: 8h, timeZone: Europe/Berln");
    assert!(told.starts_with("a.yaml:4:") && told.contains("did you mean Europe/Berlin?"), "{told}");
    assert!(window("schedule: 0 9 * * *, duration: 8hours").contains("is not a duration"));
    assert!(window("schedule: 0 9 * * *").contains("duration is missing"));
}
