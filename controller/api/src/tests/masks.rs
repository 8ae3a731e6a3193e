//! What never leaves: values that may be secrets.

use super::*;

const SECRETS: [&str; 2] = ["hunter2", "hunter3"];

fn assert_masked(answer: &Value) {
    let text = answer.to_string();
    assert!(text.contains("(masked)"), "{text}");
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn environment_values_and_log_tokens_are_masked_and_references_are_shown() {
    let api = Api::sample().await;
    let web = api.get(&format!("{OWN}/namespaces/shop/taskdefinitions/web")).await;
    assert_masked(&web);
    let container = &web["spec"]["taskDefinition"]["containerDefinitions"][0];
    assert_eq!(container["environment"], json!([{"name": "PASSWORD", "value": "(masked)"}]));
    assert_eq!(container["logConfiguration"]["options"]["splunk-url"], "https://splunk.example");
    assert!(container["secrets"][0]["valueFrom"].as_str().unwrap().starts_with("arn:"));
}

#[tokio::test]
async fn masks_hold_in_every_form_of_answer() {
    let api = Api::sample().await;
    assert_masked(&api.get(&format!("{OWN}/taskdefinitions")).await);
    assert_masked(&api.get_as(&format!("{OWN}/taskdefinitions?includeObject=Object"), TABLE).await);
}

#[tokio::test]
async fn a_value_does_not_slip_through_for_the_spelling_of_its_members() {
    let api = Api::empty().await;
    let spec = json!({"taskDefinition": {"Family": "f", "ContainerDefinitions": [{
        "Name": "app", "Environment": [{"Name": "A", "Value": "hunter2"}],
        "LogConfiguration": {"Options": {"splunk-token": "hunter3", "Tag": "kept"}},
        "DockerLabels": {"Owner": "team"},
    }]}});
    api.apply(Object::new(&ObjectKey::new(Kind::TaskDefinition, "shop", "web"), spec)).await;
    let list = api.get(&format!("{OWN}/taskdefinitions")).await;
    assert_masked(&list);
    assert!(list.to_string().contains(r#"{"Owner":"team"}"#));
}

#[tokio::test]
async fn the_log_token_of_service_connect_is_masked() {
    let api = Api::empty().await;
    let log = json!({"options": {"splunk-token": "hunter3"}});
    let spec = json!({"service": {"serviceConnectConfiguration": {"enabled": true, "logConfiguration": log}}});
    api.apply(Object::new(&ObjectKey::new(Kind::Service, "shop", "web"), spec)).await;
    assert_masked(&api.get(&format!("{OWN}/services")).await);
}

#[tokio::test]
async fn manifests_that_kubectl_left_in_annotations_are_masked() {
    let api = Api::empty().await;
    let mut object = service("shop", "web");
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    object.metadata.annotations.insert(annotation.into(), "hunter2".into());
    api.apply(object).await;
    assert_masked(&api.get(&format!("{OWN}/services")).await);
    assert_masked(&api.get_as(&format!("{OWN}/services"), METADATA).await);
}
