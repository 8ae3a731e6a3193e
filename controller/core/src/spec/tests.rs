#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

fn fault<T: serde::de::DeserializeOwned + std::fmt::Debug>(value: Value) -> (String, String) {
    let faults = read::<T>(&value, "/spec").unwrap_err();
    (faults[0].path.clone(), faults[0].message.clone())
}

#[test]
fn a_spec_with_all_members_reads_and_writes_back_the_same() {
    let service = json!({
        "taskDefinition": "frontapp", "service": {"serviceName": "x"}, "scaling": {"minCapacity": 2},
        "codeDeploy": {"applicationName": "x"}, "rollout": {"progressDeadline": "15m"}, "adoption": "Report",
        "drift": {"mode": "Correct", "ignore": ["/service/enableExecuteCommand"]},
        "dependsOn": [{"kind": "Service", "name": "db"}], "deletionPolicy": "Retain",
    });
    assert_eq!(serde_json::to_value(read::<ServiceSpec>(&service, "").unwrap()).unwrap(), service);
    let cluster = json!({
        "accountId": "123456789012", "region": "ap-northeast-1", "assumeRoleArn": "arn:aws:iam::123456789012:role/e",
        "externalId": "x", "profile": "p", "endpointUrl": "http://localhost:1", "cluster": {"clusterName": "c"},
        "defaults": {"adoption": "Adopt", "drift": {"mode": "Report"}, "deletionPolicy": "Delete", "rollout": {}},
    });
    assert_eq!(serde_json::to_value(read::<ClusterSpec>(&cluster, "").unwrap()).unwrap(), cluster);
    let definition = json!({"taskDefinition": {"family": "f"}, "retainRevisions": 10});
    assert_eq!(serde_json::to_value(read::<TaskDefinitionSpec>(&definition, "").unwrap()).unwrap(), definition);
}

#[test]
fn null_means_absent_in_our_members_and_stays_in_aws_documents() {
    let spec = json!({"service": {"healthCheckGracePeriodSeconds": null}, "scaling": null, "dependsOn": null,
        "drift": {"mode": null, "ignore": null}});
    let spec = read::<ServiceSpec>(&spec, "").unwrap();
    assert_eq!(spec.scaling, None);
    assert_eq!(spec.service, json!({"healthCheckGracePeriodSeconds": null}));
}

#[test]
fn every_unknown_member_is_reported_at_its_key_with_the_name_that_was_meant() {
    let spec = json!({"service": {}, "scalling": {}, "drift": {"mod": "Report", "ingore": []}});
    let faults = read::<ServiceSpec>(&spec, "/spec").unwrap_err();
    let found: Vec<_> = faults.iter().map(|f| (f.path.as_str(), f.at_key, f.message.as_str())).collect();
    assert!(found.contains(&("/spec/scalling", true, "scalling is unknown here; did you mean scaling?")), "{found:?}");
    assert!(found.contains(&("/spec/drift/mod", true, "mod is unknown here; did you mean mode?")), "{found:?}");
    assert!(found.contains(&("/spec/drift/ingore", true, "ingore is unknown here; did you mean ignore?")), "{found:?}");
}

#[test]
fn a_name_that_is_near_none_lists_the_known_ones() {
    let (_, message) = fault::<DependsOn>(json!({"kind": "Service", "name": "x", "timeout": 3}));
    assert_eq!(message, "timeout is unknown here; known are kind, name");
}

#[test]
fn wrong_types_and_forms_are_reported_at_their_value() {
    let cases = [
        (json!({"service": []}), "/spec/service", "expected a mapping"),
        (json!({"service": {}, "rollout": {"progressDeadline": 15}}), "/spec/rollout/progressDeadline", "quote it"),
        (json!({"service": {}, "rollout": {"progressDeadline": "15x"}}), "/spec/rollout/progressDeadline", "15m"),
        (json!({"service": {}, "adoption": "adopt"}), "/spec/adoption", "did you mean Adopt?"),
        (json!({"service": {}, "deletionPolicy": true}), "/spec/deletionPolicy", "expected a string"),
        (json!({"service": {}, "drift": {"ignore": ["/servce/x"]}}), "/spec/drift/ignore/0", "did you mean /service?"),
        (json!({"service": {}, "taskDefinition": "web:latest"}), "/spec/taskDefinition", "family:revision"),
        (json!({"service": {}, "dependsOn": [{"kind": "Service"}]}), "/spec/dependsOn/0", "name is missing"),
        (json!({}), "/spec", "service is missing"),
        (json!([]), "/spec", "expected a mapping, found a list"),
    ];
    for (spec, pointer, text) in cases {
        let (at, message) = fault::<ServiceSpec>(spec);
        assert_eq!(at, pointer, "{message}");
        assert!(message.contains(text), "{message}");
    }
    let (at, message) = fault::<TaskDefinitionSpec>(json!({"retainRevisions": 0}));
    assert_eq!(at, "/spec/retainRevisions", "{message}");
}

#[test]
fn an_account_is_twelve_digits_in_quotes() {
    for wrong in [json!(123456789012_u64), json!("1234-5678-9012"), json!("12345")] {
        let (at, message) = fault::<ClusterSpec>(json!({"accountId": wrong, "region": "eu-west-1"}));
        assert_eq!(at, "/spec/accountId", "{message}");
    }
}

#[test]
fn durations_read_as_people_write_them() {
    for (text, seconds) in [("90s", 90), ("15m", 900), ("1h30m", 5400), ("2d", 172_800), ("1d1s", 86_401)] {
        assert_eq!(text.parse::<Duration>().unwrap(), Duration::from_secs(seconds));
    }
    for wrong in ["", "0s", "15", "m", "1m1h", "1m1m", "-1s", "1.5h", "1 h", "366d", "99999999999999999999d", "１m"] {
        assert!(wrong.parse::<Duration>().is_err(), "{wrong:?}");
    }
    assert_eq!(Duration::from_secs(5400).to_string(), "1h30m");
}

#[test]
fn an_ignore_pointer_is_one_of_rfc_6901_below_a_document_of_ours() {
    for right in ["/service/enableExecuteCommand", "/tags/a~1b", "/taskDefinition", "/scaling/policies/0"] {
        assert_eq!(right.parse::<IgnorePointer>().unwrap().as_str(), right);
    }
    for wrong in ["", "/", "service/x", "/tags/a~2", "/tags/~", "/status/x", "/Service/x"] {
        assert!(wrong.parse::<IgnorePointer>().is_err(), "{wrong:?}");
    }
}

#[test]
fn a_task_definition_is_an_object_by_name_or_a_pinned_revision() {
    let reads = |text: &str| text.parse::<TaskDefinitionRef>();
    assert_eq!(reads("frontapp"), Ok(TaskDefinitionRef::Object("frontapp".to_owned())));
    for pinned in ["web:12", "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:12"] {
        assert_eq!(reads(pinned), Ok(TaskDefinitionRef::Revision(pinned.to_owned())));
    }
    for wrong in ["", "web:", "web:0", "web:latest", ":3", "arn:aws:ecs:eu-west-1:1:service/web:12", "a/b"] {
        assert!(reads(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_clusters_defaults_hold_where_an_object_says_nothing() {
    let defaults: Defaults = read(
        &json!({"adoption": "Adopt", "drift": {"mode": "Report", "ignore": ["/tags/a"]}, "deletionPolicy": "Delete",
            "rollout": {"progressDeadline": "5m"}}),
        "",
    )
    .unwrap();
    let own = |value: Value| read::<ServiceSpec>(&value, "").unwrap().policy(&defaults);
    let open = own(json!({"service": {}, "drift": {"ignore": ["/service/tags", "/tags/a"]}}));
    assert_eq!(open.adoption, Adoption::Adopt);
    assert_eq!(open.drift, DriftMode::Report);
    assert_eq!(open.ignore.iter().map(IgnorePointer::as_str).collect::<Vec<_>>(), ["/tags/a", "/service/tags"]);
    assert_eq!(open.deletion_policy, DeletionPolicy::Delete);
    assert_eq!(open.progress_deadline, Duration::from_secs(300));
    let said =
        own(json!({"service": {}, "adoption": "Report", "drift": {"mode": "Ignore"}, "deletionPolicy": "Retain",
        "rollout": {"progressDeadline": "1h"}}));
    assert_eq!((said.adoption, said.drift), (Adoption::Report, DriftMode::Ignore));
    assert_eq!(said.deletion_policy, DeletionPolicy::Retain);
    assert_eq!(said.progress_deadline, Duration::from_secs(3600));
    let nobody = read::<ServiceSpec>(&json!({"service": {}}), "").unwrap().policy(&Defaults::default());
    assert_eq!((nobody.adoption, nobody.drift), (Adoption::Report, DriftMode::Correct));
    assert_eq!(nobody.deletion_policy, DeletionPolicy::Retain);
    assert_eq!(nobody.progress_deadline, Policy::PROGRESS_DEADLINE);
}

#[test]
fn a_default_for_services_never_deletes_the_cluster_under_them() {
    let spec: ClusterSpec =
        read(&json!({"region": "eu-west-1", "defaults": {"deletionPolicy": "Delete", "adoption": "Adopt"}}), "")
            .unwrap();
    assert_eq!(spec.policy().deletion_policy, DeletionPolicy::Retain);
    assert_eq!(spec.policy().adoption, Adoption::Adopt);
}

#[test]
fn what_only_describing_gives_is_stripped_in_either_case() {
    let mut described = json!({"family": "f", "taskDefinitionArn": "a", "Revision": 3, "status": "ACTIVE",
        "registeredAt": 1, "containerDefinitions": [{"status": "kept"}]});
    strip_output_only(&mut described);
    assert_eq!(described, json!({"family": "f", "containerDefinitions": [{"status": "kept"}]}));
}

#[test]
fn the_schema_for_editors_closes_our_types_and_leaves_aws_documents_open() {
    let schema = serde_json::to_value(schemars::schema_for!(ServiceSpec)).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["properties"]["service"],
        json!({"description":
        "What `aws ecs create-service` takes, without `cluster` and `taskDefinition`."})
    );
    assert_eq!(schema["required"], json!(["service"]));
}
