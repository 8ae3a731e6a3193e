//! One document: apiVersion, kind, metadata, our part of the spec.

use super::*;

fn refused(value: Value) -> Vec<(String, String)> {
    object(&value).unwrap_err().into_iter().map(|problem| (problem.path, problem.message)).collect()
}

fn valid() -> Value {
    json!({"apiVersion": "evenkeel.dev/v1alpha1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"service": {}}})
}

fn with(pointer: &str, member: &str, value: Value) -> Value {
    let mut document = valid();
    document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(member.to_owned(), value);
    document
}

#[test]
fn a_document_becomes_an_object_with_its_labels_and_annotations() {
    let mut document = with("/metadata", "labels", json!({"app.kubernetes.io/name": "web", "team": ""}));
    document["metadata"]["annotations"] = json!({"evenkeel.dev/suspend-reason": "any text: at all"});
    document["metadata"]["creationTimestamp"] = Value::Null;
    document["status"] = Value::Null;
    document["metadata"].as_object_mut().unwrap().remove("creationTimestamp");
    let object = object(&document).unwrap();
    assert_eq!(object.key(), ObjectKey::new(Kind::Service, "shop", "web"));
    assert_eq!(object.metadata.labels["app.kubernetes.io/name"], "web");
    assert_eq!(object.metadata.annotations["evenkeel.dev/suspend-reason"], "any text: at all");
    assert_eq!(object.spec, json!({"service": {}}));
}

#[test]
fn an_api_version_that_is_nearly_ours_gets_ours_named() {
    for near in [
        "evenkeel.dev/v1",
        "evenkeel.io/v1alpha1",
        "evenkeel/v1alpha1",
        "Evenkeel.dev/v1alpha1",
        "evenkel.dev/v1alpha1",
    ] {
        let found = refused(with("", "apiVersion", json!(near)));
        assert_eq!(found[0].0, "/apiVersion");
        assert!(found[0].1.contains("did you mean evenkeel.dev/v1alpha1?"), "{near}: {}", found[0].1);
    }
    let mut without = valid();
    without.as_object_mut().unwrap().remove("apiVersion");
    assert!(refused(without)[0].1.contains("apiVersion is missing"));
    assert!(refused(json!({"apiVersion": "apps/v1", "kind": "Deployment"}))[0].1.contains("no manifest of ours"));
}

#[test]
fn kinds_that_cannot_be_declared_are_refused() {
    for (kind, text) in [
        (json!("service"), "did you mean Service?"),
        (json!("TaskDefintion"), "did you mean TaskDefinition?"),
        (json!("Deployment"), "one of Cluster, TaskDefinition, Service"),
        (json!("Event"), "one of Cluster, TaskDefinition, Service"),
        (json!("Directory"), "evenkeel.yaml"),
        (json!(3), "expected a string"),
    ] {
        let found = refused(with("", "kind", kind));
        assert_eq!(found[0].0, "/kind");
        assert!(found[0].1.contains(text), "{}", found[0].1);
    }
}

#[test]
fn members_that_are_not_ours_to_know_are_refused_with_the_name_that_was_meant() {
    for (at, member, text) in [
        ("", "sepc", "did you mean spec?"),
        ("", "status", "remove it"),
        ("/metadata", "lables", "did you mean labels?"),
        ("/metadata", "uid", "known are"),
        ("/spec", "rolout", "did you mean rollout?"),
    ] {
        let found = refused(with(at, member, json!({})));
        assert_eq!(found[0].0, format!("{at}/{member}"));
        assert!(found[0].1.contains(text), "{}", found[0].1);
    }
}

#[test]
fn names_follow_the_rules_of_kube() {
    for right in ["a", "0", "web-1", "a.b-c.d", &"x".repeat(253)] {
        assert!(object(&with("/metadata", "name", json!(right))).is_ok(), "{right}");
    }
    for wrong in ["", "Web", "-a", "a-", "a..b", ".a", "a_b", "ä", "a b", "a/b", &"x".repeat(254)] {
        assert_eq!(refused(with("/metadata", "name", json!(wrong)))[0].0, "/metadata/name", "{wrong}");
    }
    for wrong in ["", "a.b", "Shop", &"x".repeat(64)] {
        assert_eq!(refused(with("/metadata", "namespace", json!(wrong)))[0].0, "/metadata/namespace", "{wrong}");
    }
    assert!(refused(with("/metadata", "name", json!(7)))[0].1.contains("quote it"));
    assert!(refused(with("/metadata", "name", Value::Null))[0].1.contains("name is missing"));
    assert!(refused(with("", "metadata", Value::Null))[0].1.contains("metadata is missing"));
    assert!(refused(with("", "spec", Value::Null))[0].1.contains("spec is missing"));
}

#[test]
fn a_cluster_has_no_namespace_and_all_else_has_one() {
    let cluster = |metadata: Value| json!({"apiVersion": "evenkeel.dev/v1alpha1", "kind": "Cluster", "metadata": metadata, "spec": {"region": "eu-west-1"}});
    assert_eq!(object(&cluster(json!({"name": "shop"}))).unwrap().key(), ObjectKey::new(Kind::Cluster, "", "shop"));
    assert_eq!(refused(cluster(json!({"name": "shop", "namespace": "x"})))[0].0, "/metadata/namespace");
    // Its name is a namespace, which has no dots.
    assert_eq!(refused(cluster(json!({"name": "shop.prod"})))[0].0, "/metadata/name");
    assert!(refused(with("/metadata", "namespace", Value::Null))[0].1.contains("namespace is missing"));
}

#[test]
fn labels_and_annotations_are_text_under_names_of_kube() {
    for (member, entries, at) in [
        ("labels", json!({"a": 1}), "/metadata/labels/a"),
        ("labels", json!({"a": true}), "/metadata/labels/a"),
        ("labels", json!({"a b": "x"}), "/metadata/labels/a b"),
        ("labels", json!({"A.b/c/d": "x"}), "/metadata/labels/A.b~1c~1d"),
        ("labels", json!({"a": "no spaces"}), "/metadata/labels/a"),
        ("annotations", json!({"-a": "x"}), "/metadata/annotations/-a"),
        ("annotations", json!({"a": ["x"]}), "/metadata/annotations/a"),
    ] {
        assert_eq!(refused(with("/metadata", member, entries))[0].0, at);
    }
}

#[test]
fn a_task_definition_has_its_document_once() {
    let definition = |spec: Value| {
        json!({"apiVersion": "evenkeel.dev/v1alpha1", "kind": "TaskDefinition",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    };
    assert!(object(&definition(json!({"taskDefinition": {}}))).is_ok());
    assert!(object(&definition(json!({"taskDefinitionFile": "a.json", "taskDefinition": null}))).is_ok());
    assert_eq!(refused(definition(json!({})))[0].0, "/spec");
    assert_eq!(
        refused(definition(json!({"taskDefinition": {}, "taskDefinitionFile": "a.json"})))[0].0,
        "/spec/taskDefinitionFile"
    );
}

#[test]
fn all_problems_of_metadata_and_spec_are_told_at_once() {
    let mut document = with("/spec", "scalling", json!({}));
    document["metadata"]["name"] = json!("Web");
    document["metadata"]["namespace"] = json!("Shop");
    document["extra"] = json!(1);
    let at: Vec<_> = refused(document).into_iter().map(|(path, _)| path).collect();
    assert_eq!(at, ["/extra", "/metadata/name", "/metadata/namespace", "/spec/scalling"]);
}
