//! Whatever is sent gets an answer that kube clients can read.

use super::*;

#[tokio::test]
async fn whatever_is_sent_gets_a_status_and_is_never_a_server_error() {
    let api = Api::sample().await;
    let paths = [
        "/",
        "/apis/evenkeel.dev/v1alpha1/namespaces/shop/services/web",
        "/apis/evenkeel.dev/v1alpha1/namespaces/shop/services/web/status",
        "/apis/evenkeel.dev/v1alpha1/namespaces/shop/services/web/scale",
        "/apis/evenkeel.dev/v1alpha1/namespaces/shop/services/%2e%2e",
        "/apis/evenkeel.dev/v1alpha1/namespaces//services",
        "/apis/evenkeel.dev/v1alpha1/services",
        "/apis/evenkeel.dev/v1alpha1/clusters",
        "/apis/events.k8s.io/v1/namespaces/shop/events",
        "/api/v1/namespaces/shop",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        "/openapi/v2",
        "/openapi/v3/apis/evenkeel.dev/v2",
    ];
    let queries = [
        "",
        "?dryRun=All&fieldManager=%00",
        "?&limit=18446744073709551616",
        "?continue=9/../..",
        "?labelSelector=((((&fieldSelector=,,=",
        "?resourceVersion=18446744073709551615",
        "?%ff=%",
    ];
    let media = [
        "",
        "application/json",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/apply-patch+yaml",
        "application/vnd.kubernetes.protobuf",
        "text/html; charset=utf-8",
    ];
    let deep = "[".repeat(10_000);
    let bodies = [
        "",
        "null",
        "{}",
        "[]",
        "\"text\"",
        "{\"metadata\":7,\"spec\":[]}",
        "{\"metadata\":{\"name\":\"..\",\"labels\":{\"\":\"\"},\"annotations\":{\"a/b/c\":\"x\"},\"finalizers\":[1]}}",
        "{\"metadata\":{\"name\":\"a/b\",\"resourceVersion\":\"x\"},\"spec\":null}",
        "[{\"op\":\"move\",\"from\":\"\",\"path\":\"/metadata/x\"},{\"op\":\"remove\",\"path\":\"/metadata\"}]",
        "a: &a [*a, *a]",
        "k8s\0\u{a}\u{2}",
        &deep,
    ];
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::GET] {
        for (path, query) in paths.iter().flat_map(|path| queries.iter().map(move |query| (path, query))) {
            for (kind, body) in media.iter().flat_map(|kind| bodies.iter().map(move |body| (kind, body))) {
                let request = Request::builder().method(&method).uri(format!("{path}{query}"));
                let request = request.header(header::CONTENT_TYPE, *kind).body(Body::from((*body).to_owned())).unwrap();
                let response = api.router.clone().oneshot(request).await.unwrap();
                let code = response.status().as_u16();
                let bytes = response.into_body().collect().await.unwrap().to_bytes();
                let about = || format!("{method} {path}{query} {kind} {}: {code}", &body[..body.len().min(80)]);
                // 504 is kube's word for a version that is yet to come.
                assert!(code < 500 || code == 504, "{}", about());
                let answer: Value = serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("{}", about()));
                assert!(code < 400 || answer["kind"] == "Status", "{}", about());
                if method == Method::GET {
                    break;
                }
            }
        }
    }
}
