//! Who may do what; counts and whole collections.

use super::*;
use crate::{Client, Denied, Origin, Role};

const MERGE: &str = "application/merge-patch+json";

/// An API that knows two clients, by what they say in `Accept-Language`, over the sample objects, of which git declares
/// shop/web.
async fn guarded() -> Api {
    let change = |state: &mut ApiState| {
        state.origin = Arc::new(|key: ObjectKey| {
            let origin = Origin { file: "shop/web.yaml".into(), line: 12, revision: "x".into(), ..Origin::default() };
            let found = (key.namespace == "shop" && key.name == "web").then_some(origin);
            Box::pin(async move { Ok(found) })
        });
    };
    Api::changed(Options { store_id: Some(1), ..Options::default() }, change).await.filled().await
}

/// The same for a client with a role, or for one whom nobody knows.
async fn as_client(client: Result<Client, Denied>) -> Api {
    let change = |state: &mut ApiState| state.admit = Arc::new(move |_| client.clone());
    Api::changed(Options { store_id: Some(1), ..Options::default() }, change).await.filled().await
}

fn reader() -> Result<Client, Denied> {
    Ok(Client { name: "grafana".into(), role: Role::Read })
}

#[tokio::test]
async fn who_may_read_reads_and_tries_and_writes_nothing() {
    let api = as_client(reader()).await;
    let web = format!("{OWN}/namespaces/stage/services/web");
    let suspend = json!({"metadata": {"annotations": {"evenkeel.dev/suspend": "true"}}});
    assert_eq!(api.answer(Method::GET, &web, "").await.0, 200);
    for (method, path, body) in [
        (Method::PATCH, web.clone(), &suspend),
        (Method::PUT, web.clone(), &suspend),
        (Method::DELETE, web.clone(), &Value::Null),
        (Method::DELETE, format!("{OWN}/services"), &Value::Null),
        (Method::POST, "/api/v1/namespaces/shop/events".into(), &suspend),
    ] {
        let (code, status) = api.write(method.clone(), &path, MERGE, body).await;
        assert_eq!((code, &status["reason"]), (403, &json!("Forbidden")), "{method} {path}");
        assert!(status["message"].as_str().unwrap().contains("the role operate"), "{status}");
    }
    assert_eq!(api.write(Method::PATCH, &format!("{web}?dryRun=All"), MERGE, &suspend).await.0, 200);
    let review = |verb: &str| {
        let attributes = json!({"group": "evenkeel.dev", "resource": "services", "verb": verb});
        json!({"spec": {"resourceAttributes": attributes}})
    };
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    for (verb, allowed) in [("list", true), ("patch", false), ("*", false)] {
        let (_, answer) = api.write(Method::POST, path, "application/json", &review(verb)).await;
        assert_eq!(answer["status"]["allowed"], allowed, "{verb}");
    }
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (_, answer) = api.write(Method::POST, path, "application/json", &json!({})).await;
    assert_eq!(answer["status"]["userInfo"], json!({"username": "grafana", "groups": ["evenkeel:read"]}));
}

#[tokio::test]
async fn who_is_not_known_gets_nothing_at_all() {
    for (denied, expected, reason) in [
        (Denied::Unknown("a token is needed".into()), 401, "Unauthorized"),
        (Denied::Elsewhere("not from there".into()), 403, "Forbidden"),
    ] {
        let api = as_client(Err(denied)).await;
        for path in ["/version", "/apis", "/openapi/v3", "/nothing", "/api/v1/namespaces"] {
            let (code, status) = api.answer(Method::GET, path, "").await;
            assert_eq!((code, &status["reason"]), (expected, &json!(reason)), "{path}");
        }
    }
    let (_, headers, _) = as_client(Err(Denied::Unknown("?".into()))).await.send(Method::GET, "/apis", "").await;
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn a_scale_is_read_and_a_write_is_refused_with_the_place_that_decides() {
    let api = guarded().await;
    let scale = format!("{OWN}/namespaces/shop/services/web/scale");
    let answer = api.get(&scale).await;
    assert_eq!((&answer["kind"], &answer["apiVersion"]), (&json!("Scale"), &json!("autoscaling/v1")));
    assert_eq!((&answer["spec"]["replicas"], &answer["status"]["replicas"]), (&json!(3), &json!(3)));
    assert_eq!(answer["metadata"]["name"], "web");
    let (code, status) = api.write(Method::PATCH, &scale, MERGE, &json!({"spec": {"replicas": 9}})).await;
    assert_eq!(code, 403);
    assert!(status["message"].as_str().unwrap().contains("declared at shop/web.yaml:12"), "{status}");
    let none = format!("{OWN}/namespaces/shop/services/none/scale");
    assert_eq!(api.write(Method::PATCH, &none, MERGE, &json!({})).await.0, 404);
    assert_eq!(api.answer(Method::GET, &none, "").await.0, 404);
    assert_eq!(api.answer(Method::GET, &format!("{OWN}/namespaces/shop/taskdefinitions/web/scale"), "").await.0, 404);
}

#[tokio::test]
async fn a_collection_is_deleted_unless_git_declares_any_of_it() {
    let api = guarded().await;
    let services = format!("{OWN}/services");
    let (code, status) = api.answer(Method::DELETE, &services, "").await;
    assert_eq!(code, 403);
    assert!(status["message"].as_str().unwrap().contains("1 of 3 that were selected"), "{status}");
    assert_eq!(api.names(&services).await.len(), 3);

    let rest = format!("{services}?fieldSelector=metadata.namespace!%3Dshop");
    let (code, list) = api.answer(Method::DELETE, &format!("{rest}&dryRun=All"), "").await;
    assert_eq!((code, names(&list)), (200, vec!["stage/web".to_owned()]));
    assert_eq!(api.names(&services).await.len(), 3);
    let (code, list) = api.answer(Method::DELETE, &rest, "").await;
    assert_eq!((code, &list["kind"], names(&list)), (200, &json!("ServiceList"), vec!["stage/web".to_owned()]));
    assert_eq!(api.names(&services).await, ["shop/api", "shop/web"]);
    assert_eq!(api.answer(Method::DELETE, &rest, "").await.1["items"], json!([]));
    assert_eq!(api.answer(Method::DELETE, "/api/v1/namespaces/shop/events", "").await.0, 405);
}
