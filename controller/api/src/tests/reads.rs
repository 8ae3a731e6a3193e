//! GET and LIST.

use super::*;

#[tokio::test]
async fn an_object_is_served_with_its_spec_and_status() {
    let web = Api::sample().await.get(&format!("{OWN}/namespaces/shop/services/web")).await;
    assert_eq!((&web["apiVersion"], &web["kind"]), (&json!("evenkeel.dev/v1alpha1"), &json!("Service")));
    assert_eq!(web["metadata"]["creationTimestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(web["spec"]["taskDefinition"], "web");
    assert_eq!(web["status"]["sync"], "OutOfSync");
}

#[tokio::test]
async fn a_list_is_of_one_namespace_or_of_all() {
    let api = Api::sample().await;
    assert_eq!(api.names(&format!("{OWN}/namespaces/shop/services")).await, ["shop/api", "shop/web"]);
    assert_eq!(api.names(&format!("{OWN}/services")).await, ["shop/api", "shop/web", "stage/web"]);
    assert_eq!(api.names(&format!("{OWN}/clusters")).await, ["shop", "stage"]);
    assert!(api.names(&format!("{OWN}/namespaces/nowhere/services")).await.is_empty());
}

#[tokio::test]
async fn a_list_says_its_kind_and_the_version_to_watch_from() {
    let api = Api::sample().await;
    let list = api.get(&format!("{OWN}/taskdefinitions")).await;
    let version = api.store.list(Kind::Service, None).await.unwrap().resource_version.to_string();
    assert_eq!(list["kind"], "TaskDefinitionList");
    assert_eq!(list["apiVersion"], "evenkeel.dev/v1alpha1");
    assert_eq!(list["metadata"], json!({"resourceVersion": version}));
}

#[tokio::test]
async fn the_empty_pair_that_kube_clients_put_first_in_queries_is_fine() {
    let list = Api::sample().await.names(&format!("{OWN}/services?&limit=500&fieldManager=x")).await;
    assert_eq!(list.len(), 3);
}

#[tokio::test]
async fn each_cluster_is_a_namespace() {
    let api = Api::sample().await;
    assert_eq!(api.names("/api/v1/namespaces").await, ["shop", "stage"]);
    let shop = api.get("/api/v1/namespaces/shop").await;
    assert_eq!((&shop["kind"], &shop["apiVersion"]), (&json!("Namespace"), &json!("v1")));
    assert_eq!(shop["status"], json!({"phase": "Active"}));
}

#[tokio::test]
async fn events_have_their_members_where_kube_has_them() {
    let api = Api::sample().await;
    let list = api.get("/api/v1/namespaces/shop/events").await;
    let event = &list["items"][0];
    assert_eq!((&event["kind"], &event["apiVersion"]), (&json!("Event"), &json!("v1")));
    assert_eq!(event["reason"], "DriftDetected");
    assert_eq!(event["source"], json!({"component": "evenkeel"}));
    assert_eq!(event["metadata"]["name"], "web.1");
    assert!(event.get("spec").is_none());
}

#[tokio::test]
async fn events_of_an_object_are_found_as_kubectl_describe_asks_for_them() {
    let api = Api::sample().await;
    let of = |name: &str| {
        format!(
            "/api/v1/namespaces/shop/events?fieldSelector=involvedObject.name%3D{name}%2CinvolvedObject.kind%3DService\
             %2CinvolvedObject.namespace%3Dshop%2CinvolvedObject.uid%3DSHOP-WEB&limit=500"
        )
    };
    assert_eq!(api.names(&of("web")).await, ["shop/web.1"]);
    assert!(api.names(&of("api")).await.is_empty());
}

#[tokio::test]
async fn selectors_narrow_a_list() {
    let api = Api::sample().await;
    assert_eq!(api.names(&format!("{OWN}/services?labelSelector=tier%3Dback")).await, ["shop/api"]);
    assert_eq!(api.names(&format!("{OWN}/services?fieldSelector=status.sync%3DOutOfSync")).await, ["shop/web"]);
    assert_eq!(
        api.names(&format!(
            "{OWN}/services?labelSelector=tier%20in%20(front)&fieldSelector=metadata.namespace!%3Dshop"
        ))
        .await,
        ["stage/web"]
    );
}

#[tokio::test]
async fn pages_join_to_the_whole_list_at_the_version_of_the_first() {
    let api = Api::sample().await;
    let path = format!("{OWN}/services?limit=1");
    let first = api.get(&path).await;
    assert_eq!(names(&first), ["shop/api"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 2);

    // What happens between the pages does not move the version that a watch starts from.
    api.apply(service("shop", "between")).await;
    let next = |page: &Value| format!("{path}&continue={}", page["metadata"]["continue"].as_str().unwrap());
    let second = api.get(&next(&first)).await;
    assert_eq!(names(&second), ["shop/between"]);
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);

    let third = api.get(&next(&second)).await;
    let last = api.get(&next(&third)).await;
    assert_eq!((names(&third), names(&last)), (vec!["shop/web".to_owned()], vec!["stage/web".to_owned()]));
    assert!(last["metadata"].get("continue").is_none());
}

#[tokio::test]
async fn the_last_page_under_a_selector_is_known_to_be_the_last() {
    let list = Api::sample().await.get(&format!("{OWN}/services?limit=1&labelSelector=tier%3Dback")).await;
    assert_eq!(names(&list), ["shop/api"]);
    assert!(list["metadata"].get("continue").is_none());
}

#[tokio::test]
async fn metadata_is_served_alone_to_those_who_ask_for_it() {
    let list = Api::sample().await.get_as(&format!("{OWN}/services"), METADATA).await;
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["items"][0]["kind"], "PartialObjectMetadata");
    assert!(list["items"][0].get("spec").is_none());
}

#[tokio::test]
async fn what_is_not_there_is_a_status_that_kubectl_can_print() {
    let api = Api::sample().await;
    let (code, status) = api.answer(Method::GET, &format!("{OWN}/namespaces/shop/services/x"), "*/*").await;
    assert_eq!(code, 404);
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 404, "reason": "NotFound",
        "message": "services.evenkeel.dev \"x\" not found",
        "details": {"name": "x", "group": "evenkeel.dev", "kind": "services"},
    });
    assert_eq!(status, expected);
    let (code, status) = api.answer(Method::GET, "/apis/apps/v1/deployments", "*/*").await;
    assert_eq!((code, &status["reason"]), (404, &json!("NotFound")));
}

#[tokio::test]
async fn an_exact_version_is_served_while_it_is_the_newest() {
    let api = Api::sample().await;
    let path = format!("{OWN}/services");
    let version: u64 = api.get(&path).await["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    let code = async |query: String| api.answer(Method::GET, &format!("{path}?{query}"), "*/*").await.0;
    assert_eq!(code(format!("resourceVersion={version}&resourceVersionMatch=Exact")).await, 200);
    assert_eq!(code(format!("resourceVersion={}&resourceVersionMatch=Exact", version - 1)).await, 410);
    assert_eq!(code(format!("resourceVersion={}&resourceVersionMatch=NotOlderThan", version - 1)).await, 200);
    assert_eq!(code("resourceVersion=0".into()).await, 200);
    assert_eq!(code(format!("resourceVersion={}", version + 1)).await, 504);
    assert_eq!(code("resourceVersionMatch=Exact".into()).await, 400);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_a_bad_request() {
    let api = Api::sample().await;
    for query in
        ["limit=many", "continue=x", "fieldSelector=spec.x%3D1", "labelSelector=a%20b", "watch=1&resourceVersion=x"]
    {
        let (code, status) = api.answer(Method::GET, &format!("{OWN}/services?{query}"), "*/*").await;
        assert_eq!((code, &status["reason"]), (400, &json!("BadRequest")), "{query}");
    }
}

#[tokio::test]
async fn a_store_that_closes_makes_the_api_unavailable() {
    let api = Api::sample().await;
    api.store.clone().close().await;
    let (code, status) = api.answer(Method::GET, &format!("{OWN}/services"), "*/*").await;
    assert_eq!((code, &status["reason"]), (503, &json!("ServiceUnavailable")));
}

#[tokio::test]
async fn a_long_list_comes_in_pieces_and_is_whole_in_every_form() {
    let api = Api::empty().await;
    for chunk in (0..1_000).collect::<Vec<_>>().chunks(500) {
        let named = chunk.iter().map(|number| {
            let mut object = service("shop", &format!("s{number:04}"));
            object.metadata.labels.insert("team".into(), "t".repeat(100));
            Write::Apply(object)
        });
        api.store.commit(Batch::new(made(), named.collect())).await.unwrap();
    }
    let path = format!("{OWN}/services");
    for (accept, member) in [("", "items"), (METADATA, "items"), (TABLE, "rows")] {
        let (status, headers, mut body) = api.send(Method::GET, &path, accept).await;
        assert_eq!(status, 200);
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        let (mut whole, mut pieces) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            whole.extend_from_slice(&frame.unwrap().into_data().unwrap());
            pieces += 1;
        }
        assert!(pieces > 1, "{accept}");
        let list: Value = serde_json::from_slice(&whole).unwrap();
        let elements = list[member].as_array().unwrap();
        assert_eq!(elements.len(), 1_000, "{accept}");
        let last = elements[999].get("object").unwrap_or(&elements[999]);
        assert_eq!(name(last), "shop/s0999", "{accept}");
    }
}
