//! Discovery and OpenAPI.

use super::*;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

#[tokio::test]
async fn plain_discovery_leads_from_groups_to_resources() {
    let api = Api::empty().await;
    assert_eq!(api.get("/api").await["versions"], json!(["v1"]));
    assert_eq!(api.get("/apis").await["groups"][0]["name"], "evenkeel.dev");
    assert_eq!(api.get("/apis/evenkeel.dev").await["preferredVersion"]["version"], "v1alpha1");
    let plurals = async |path: &str| {
        let list = api.get(path).await;
        let resources = list["resources"].as_array().unwrap();
        resources.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(plurals("/api/v1").await, ["namespaces", "events"]);
    assert_eq!(plurals(OWN).await, ["clusters", "taskdefinitions", "services"]);
}

#[tokio::test]
async fn aggregated_discovery_is_said_to_be_so_in_its_content_type() {
    let api = Api::empty().await;
    for (accept, version) in [(AGGREGATED, "v2"), (AGGREGATED.split_once(',').unwrap().1, "v2beta1")] {
        let (_, headers, body) = api.send(Method::GET, "/apis", accept).await;
        let expected = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
        assert_eq!(headers[header::CONTENT_TYPE], expected);
        let list: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(list["apiVersion"], format!("apidiscovery.k8s.io/{version}"));
        let service = &list["items"][0]["versions"][0]["resources"][2];
        assert_eq!((&service["resource"], &service["scope"]), (&json!("services"), &json!("Namespaced")));
        assert_eq!(service["verbs"], json!(["get", "list", "watch"]));
    }
    assert!(api.get_as("/api", AGGREGATED).await["items"][0]["metadata"].get("name").is_none());
}

#[tokio::test]
async fn the_version_is_complete_and_one_that_kubectl_knows() {
    let version = Api::empty().await.get("/version").await;
    assert!(version.as_object().unwrap().values().all(Value::is_string));
    assert!(version["gitVersion"].as_str().unwrap().starts_with("v1."));
}

#[tokio::test]
async fn openapi_has_a_path_and_a_schema_for_every_resource() {
    let api = Api::empty().await;
    let index = api.get("/openapi/v3").await;
    for (group_version, entry) in index["paths"].as_object().unwrap() {
        let document = api.get(entry["serverRelativeURL"].as_str().unwrap()).await;
        let list = api.get(&format!("/{group_version}")).await;
        for resource in list["resources"].as_array().unwrap() {
            let namespaces = if resource["namespaced"] == true { "/namespaces/{namespace}" } else { "" };
            let path = format!("/{group_version}{namespaces}/{}", resource["name"].as_str().unwrap());
            let operation = &document["paths"][&path]["get"];
            assert_eq!(operation["x-kubernetes-group-version-kind"]["kind"], resource["kind"], "{path}");
        }
    }
    assert_eq!(index["paths"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn every_reference_in_openapi_leads_somewhere() {
    let api = Api::empty().await;
    for path in ["/openapi/v3/api/v1", "/openapi/v3/apis/evenkeel.dev/v1alpha1"] {
        let document = api.get(path).await;
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
            }
            match value {
                Value::Object(members) => open.extend(members.values()),
                Value::Array(elements) => open.extend(elements),
                _ => {}
            }
        }
    }
}
