//! Discovery and OpenAPI.

use super::*;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

#[tokio::test]
async fn plain_discovery_leads_from_groups_to_resources() {
    let api = Api::empty().await;
    assert_eq!(api.get("/api").await["versions"], json!(["v1"]));
    let groups = api.get("/apis").await["groups"].clone();
    assert_eq!((&groups[0]["name"], &groups[1]["name"]), (&json!("events.k8s.io"), &json!("evenkeel.dev")));
    assert_eq!(api.get("/apis/evenkeel.dev").await["preferredVersion"]["version"], "v1alpha1");
    let plurals = async |path: &str| {
        let list = api.get(path).await;
        let resources = list["resources"].as_array().unwrap();
        resources.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(plurals("/api/v1").await, ["namespaces", "events"]);
    assert_eq!(
        plurals(OWN).await,
        [
            "clusters",
            "clusters/status",
            "taskdefinitions",
            "taskdefinitions/status",
            "services",
            "services/status",
            "services/scale",
            "installations",
            "installations/status"
        ]
    );
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
        let service = &list["items"][1]["versions"][0]["resources"][2];
        assert_eq!((&service["resource"], &service["scope"]), (&json!("services"), &json!("Namespaced")));
        assert!(service["verbs"].as_array().unwrap().contains(&json!("patch")));
        let below: Vec<&Value> =
            service["subresources"].as_array().unwrap().iter().map(|it| &it["subresource"]).collect();
        assert_eq!(below, ["status", "scale"]);
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
        let is_whole = |resource: &&Value| !resource["name"].as_str().unwrap().contains('/');
        for resource in list["resources"].as_array().unwrap().iter().filter(is_whole) {
            let namespaces = if resource["namespaced"] == true { "/namespaces/{namespace}" } else { "" };
            let path = format!("/{group_version}{namespaces}/{}", resource["name"].as_str().unwrap());
            let operation = &document["paths"][&path]["get"];
            assert_eq!(operation["x-kubernetes-group-version-kind"]["kind"], resource["kind"], "{path}");
        }
    }
    assert_eq!(index["paths"].as_object().unwrap().len(), 3);
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

#[tokio::test]
async fn a_client_that_has_discovery_is_told_so_and_nothing_more() {
    let api = Api::empty().await;
    let (_, headers, _) = api.send(Method::GET, "/apis", AGGREGATED).await;
    let tag = headers[header::ETAG].to_str().unwrap().to_owned();
    let request = Request::get("/apis").header(header::ACCEPT, AGGREGATED).header(header::IF_NONE_MATCH, tag);
    let response = api.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_patch_of_every_own_kind_is_described_as_kubectl_looks_for_it() {
    let document = Api::empty().await.get("/openapi/v3/apis/evenkeel.dev/v1alpha1").await;
    for (plural, kind) in [("services", "Service"), ("taskdefinitions", "TaskDefinition")] {
        let patch = &document["paths"][format!("{OWN}/namespaces/{{namespace}}/{plural}/{{name}}")]["patch"];
        assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], kind);
        let parameters = patch["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(|it| it["name"] == "fieldValidation"), "{parameters:?}");
        // kubectl would send one if it were named.
        assert!(patch["requestBody"]["content"].get("application/strategic-merge-patch+json").is_none());
    }
}

#[tokio::test]
async fn explain_finds_every_member_of_the_documents_of_aws_with_what_is_done_with_it() {
    let document = Api::empty().await.get("/openapi/v3/apis/evenkeel.dev/v1alpha1").await;
    let spec = &document["components"]["schemas"]["ServiceSpec"]["properties"];
    let service = &spec["service"]["properties"];
    let about = |value: &Value| value["description"].as_str().unwrap().to_owned();
    assert!(about(&service["loadBalancers"]).contains("starts a rollout"), "{}", about(&service["loadBalancers"]));
    assert!(about(&service["launchType"]).contains("cannot be changed"));
    assert_eq!(spec["scaling"]["properties"]["maxCapacity"]["type"], "integer");
    let spec = &document["components"]["schemas"]["TaskDefinitionSpec"]["properties"];
    let container = &spec["taskDefinition"]["properties"]["containerDefinitions"]["items"]["properties"];
    assert!(about(&container["environment"]["items"]["properties"]["value"]).contains("masked"));
}

#[tokio::test]
async fn openapi_v2_is_empty_and_in_the_form_that_old_clients_read() {
    let api = Api::empty().await;
    let accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    let (status, headers, _) = api.send(Method::GET, "/openapi/v2", accept).await;
    assert_eq!((status.as_u16(), headers[header::CONTENT_TYPE].to_str().unwrap().contains('@')), (200, false));
    assert_eq!(api.get("/openapi/v2").await["swagger"], "2.0");
}

#[tokio::test]
async fn reviews_answer_what_can_be_done() {
    let api = Api::empty().await;
    let may = async |verb: &str, resource: &str| {
        let attributes = json!({"group": "evenkeel.dev", "resource": resource, "verb": verb});
        let body = json!({"spec": {"resourceAttributes": attributes}});
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let (code, answer) = api.write(Method::POST, path, "application/json", &body).await;
        assert_eq!((code, &answer["kind"]), (201, &json!("SelfSubjectAccessReview")));
        answer["status"]["allowed"] == true
    };
    assert!(may("get", "services").await && may("patch", "services").await && may("*", "clusters").await);
    assert!(!may("get", "pods").await && !may("deletecollection", "namespaces").await);
    let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let (_, answer) = api.write(Method::POST, rules, "application/json", &json!({"spec": {"namespace": "shop"}})).await;
    assert!(!answer["status"]["resourceRules"].as_array().unwrap().is_empty());
    let who = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (_, answer) = api.write(Method::POST, who, "application/json", &json!({})).await;
    assert_eq!(answer["status"]["userInfo"]["username"], "system:anonymous");
}

#[test]
fn manifests_have_a_schema_in_which_variables_may_stand_for_numbers() {
    for kind in crate::manifest_kinds() {
        let schema = crate::manifest_schema(Some(kind)).unwrap();
        assert!(schema["$ref"].as_str().unwrap().ends_with(kind), "{schema}");
    }
    assert!(crate::manifest_schema(Some("Pod")).is_none());
    let schema = crate::manifest_schema(None).unwrap();
    let count = &schema["definitions"]["ServiceSpec"]["properties"]["service"]["properties"]["desiredCount"];
    assert_eq!(count["anyOf"][1]["type"], "string");
    assert!(!schema.to_string().contains("#/components/"));
}
