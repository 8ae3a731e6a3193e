#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::{Cluster, Service, TaskDefinition};

fn definition() -> serde_json::Value {
    json!({"taskDefinition": {"containerDefinitions": [{"name": "app", "image": "app:1.0", "memory": 64}]}})
}

#[test]
fn names_default_to_the_objects_and_can_be_given_in_either_case() {
    let cluster = |spec| Cluster::check("prod", &spec).value.unwrap().name;
    assert_eq!(cluster(json!({"region": "eu-west-1", "cluster": {}})), "prod");
    assert_eq!(cluster(json!({"region": "eu-west-1", "cluster": {"ClusterName": "Other"}})), "Other");
    assert_eq!(cluster(json!({"region": "eu-west-1"})), "prod");
    assert_eq!(TaskDefinition::check("web", &definition()).value.unwrap().family, "web");
    let service = Service::check("web", &json!({"service": {"desiredCount": 1, "serviceName": "other"}}), None);
    assert_eq!(service.value.unwrap().name, "other");
}

#[test]
fn documents_come_out_in_wire_form_without_what_is_kept_apart() {
    let spec = json!({
        "service": {"DesiredCount": 1, "launchType": "EC2", "tags": [{"key": "a", "value": "b"}], "role": null},
        "scaling": {"minCapacity": 1, "maxCapacity": 2},
    });
    let service = Service::check("web", &spec, None).value.unwrap();
    let mut members: Vec<&String> = service.document.keys().collect();
    members.sort();
    assert_eq!(members, ["desiredCount", "launchType"]);
    assert_eq!(service.tags["a"], "b");
    assert_eq!(service.scaling.unwrap()["MaxCapacity"], 2);
}

#[test]
fn problems_are_placed_where_they_were_written() {
    let spec = json!({"service": {"DesiredCount": "2"}, "scaling": {"minCapacity": 3, "maxCapacity": 2}});
    let checked = Service::check("web", &spec, None);
    assert!(checked.value.is_none());
    let paths: Vec<&str> = checked.problems.iter().filter(|p| p.is_error()).map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["/spec/service/DesiredCount", "/spec/scaling/minCapacity"]);
}

#[test]
fn a_part_of_a_revisions_content_cannot_be_ignored() {
    let mut spec = definition();
    spec["drift"] = json!({"ignore": ["/tags/team", "/taskDefinition/containerDefinitions/app/image"]});
    let checked = TaskDefinition::check("web", &spec);
    let error = checked.problems.iter().find(|problem| problem.is_error()).unwrap();
    assert_eq!((error.path.as_str(), error.rule), ("/spec/drift/ignore/1", "ignored-content"));
}
