#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Drift, Ignore, MASK, Scope, diff};
use crate::canonical::DocumentKind;

fn service(declared: &Value, observed: &Value, ignore: &[&str]) -> Vec<Drift> {
    let ignore = Ignore::new(ignore.iter().map(|pointer| (*pointer).to_owned()));
    diff(DocumentKind::Service, declared, observed, Scope::Declared, "/service", &ignore)
}

fn paths(drift: &[Drift]) -> Vec<&str> {
    drift.iter().map(|drift| drift.path.as_str()).collect()
}

#[test]
fn only_declared_paths_are_compared() {
    let declared = json!({"healthCheckGracePeriodSeconds": 300});
    let observed = json!({"healthCheckGracePeriodSeconds": 300, "propagateTags": "SERVICE", "new": {"from": "AWS"}});
    assert!(service(&declared, &observed, &[]).is_empty());
}

#[test]
fn a_declared_default_equals_its_absence_but_not_another_value() {
    let declared = json!({"propagateTags": "NONE", "loadBalancers": []});
    assert!(service(&declared, &json!({}), &[]).is_empty());
    let drift = service(&declared, &json!({"propagateTags": "SERVICE", "loadBalancers": [{"containerPort": 1}]}), &[]);
    assert_eq!(paths(&drift), ["/service/loadBalancers", "/service/propagateTags"]);
    assert_eq!(drift[1].rule, "default \"NONE\"");
}

#[test]
fn drift_names_the_deepest_declared_path() {
    let declared = json!({"deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100}});
    let observed = json!({"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let drift = service(&declared, &observed, &[]);
    assert_eq!(paths(&drift), ["/service/deploymentConfiguration/maximumPercent"]);
    assert_eq!((drift[0].desired.as_ref(), drift[0].observed.as_ref()), (Some(&json!(200)), Some(&json!(150))));
}

#[test]
fn what_aws_adds_to_an_element_of_a_list_is_no_drift_and_another_element_is() {
    let declared = json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]});
    let filled = json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]});
    assert!(service(&declared, &filled, &[]).is_empty());
    let more = json!({"capacityProviderStrategy": [
        {"capacityProvider": "FARGATE", "weight": 1, "base": 0}, {"capacityProvider": "FARGATE_SPOT", "weight": 1}]});
    let drift = service(&declared, &more, &[]);
    assert_eq!(paths(&drift), ["/service/capacityProviderStrategy/FARGATE_SPOT"]);
    assert!(drift[0].desired.is_none());
}

#[test]
fn ignored_paths_cover_what_lies_below_them_and_nothing_beside() {
    let declared = json!({"enableExecuteCommand": true, "deploymentConfiguration": {"maximumPercent": 200}});
    let observed = json!({"enableExecuteCommand": false, "deploymentConfiguration": {"maximumPercent": 100}});
    assert_eq!(
        paths(&service(&declared, &observed, &["/service/deploymentConfiguration"])),
        ["/service/enableExecuteCommand"]
    );
    assert_eq!(service(&declared, &observed, &["/service/deploymentConfig"]).len(), 2);
    assert!(service(&declared, &observed, &["/service"]).is_empty());
}

#[test]
fn environment_values_are_masked_and_their_names_are_not() {
    let document = |value: &str| json!({"containerDefinitions": [{"name": "app", "environment": [{"name": "PASSWORD", "value": value}]}]});
    let ignore = Ignore::default();
    let of = |a: &Value, b: &Value| diff(DocumentKind::TaskDefinition, a, b, Scope::Whole, "/taskDefinition", &ignore);
    let drift = of(&document("old-secret"), &document("new-secret"));
    assert_eq!(paths(&drift), ["/taskDefinition/containerDefinitions/app/environment/PASSWORD/value"]);
    assert_eq!(drift[0].desired, Some(json!(MASK)));
    let added = of(&json!({"containerDefinitions": [{"name": "app"}]}), &document("new-secret"));
    assert!(!format!("{added:?}").contains("new-secret"), "{added:?}");
    let removed = of(&json!({"containerDefinitions": []}), &document("new-secret"));
    assert!(!format!("{removed:?}").contains("new-secret"), "{removed:?}");
}

#[test]
fn content_that_nobody_declared_is_a_difference_of_the_whole() {
    let declared = json!({"containerDefinitions": [{"name": "app", "image": "a"}]});
    let observed = json!({"containerDefinitions": [{"name": "app", "image": "a", "user": "root"}]});
    let ignore = Ignore::default();
    let of = |scope| diff(DocumentKind::TaskDefinition, &declared, &observed, scope, "/taskDefinition", &ignore);
    assert!(of(Scope::Declared).is_empty());
    assert_eq!(paths(&of(Scope::Whole)), ["/taskDefinition/containerDefinitions/app/user"]);
}

#[test]
fn an_absent_structure_whose_members_are_defaults_is_no_drift() {
    let declared =
        json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": false, "rollback": false}}});
    assert!(service(&declared, &json!({}), &[]).is_empty());
}

#[test]
fn a_set_that_differs_is_shown_in_one_order_whatever_the_order_of_the_read() {
    let network = |subnets: Value| json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": subnets}}});
    let first = service(&network(json!(["b", "a"])), &network(json!(["x", "y"])), &[]);
    let second = service(&network(json!(["a", "b"])), &network(json!(["y", "x"])), &[]);
    assert_eq!(first, second, "otherwise a value that AWS does not take would be sent again and again");
    assert_eq!(first.len(), 1);
}

#[test]
fn elements_that_share_a_key_are_compared_without_order_and_masked() {
    let document = |values: &[&str]| {
        let pairs: Vec<Value> = values.iter().map(|value| json!({"name": "KEY", "value": value})).collect();
        json!({"containerDefinitions": [{"name": "app", "environment": pairs}]})
    };
    let of = |a: &Value, b: &Value| {
        diff(DocumentKind::TaskDefinition, a, b, Scope::Declared, "/taskDefinition", &Ignore::default())
    };
    assert!(of(&document(&["1", "2"]), &document(&["2", "1"])).is_empty());
    let drift = of(&document(&["old-secret"]), &document(&["old-secret", "new-secret"]));
    assert_eq!(paths(&drift), ["/taskDefinition/containerDefinitions/app/environment/KEY"]);
    assert_eq!(drift[0].observed, Some(json!([{"name": "KEY", "value": MASK}, {"name": "KEY", "value": MASK}])));
}

#[test]
fn a_port_is_told_apart_by_its_protocol() {
    let document = |udp: &str| {
        let ports =
            json!([{"containerPort": 53, "protocol": "udp", "name": udp}, {"containerPort": 53, "name": "tcp"}]);
        json!({"containerDefinitions": [{"name": "dns", "portMappings": ports}]})
    };
    let ignore = Ignore::default();
    let drift =
        diff(DocumentKind::TaskDefinition, &document("a"), &document("b"), Scope::Declared, "/taskDefinition", &ignore);
    assert_eq!(paths(&drift), ["/taskDefinition/containerDefinitions/dns/portMappings/53~1udp/name"]);
}
