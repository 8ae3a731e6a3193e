//! PATCH, PUT, POST and DELETE.

use evenkeel_core::catalogue::Problem;
use evenkeel_core::object::FINALIZER;

use super::*;
use crate::{Origin, Preview};

const MERGE: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";
const APPLY: &str = "application/apply-patch+yaml";
const SUSPEND: &str = "evenkeel.dev/suspend";

fn web() -> String {
    format!("{OWN}/namespaces/shop/services/web")
}

/// The sample objects, of which git declares shop/web.
async fn declared() -> Api {
    let origin = || Origin {
        file: "shop/web.yaml".into(),
        line: 12,
        revision: "sha1:0f3a9c21d4e5b6a7980123456789abcdef012345".into(),
        annotations: ["team".to_owned()].into(),
        labels: ["tier".to_owned()].into(),
    };
    let change = move |state: &mut ApiState| {
        state.origin = Arc::new(move |key: ObjectKey| {
            let found = (key.name == "web").then(origin);
            Box::pin(async move { Ok(found) })
        });
        state.preview = Arc::new(|object: Object| {
            Box::pin(async move {
                let problems = match object.spec["taskDefinition"] == "nowhere" {
                    true => vec![Problem::error("/spec/taskDefinition", "no-such-object", "there is none")],
                    false => vec![Problem::warning("/spec", "careful", "somebody may regret it")],
                };
                Preview { problems, plan: vec![format!("would say \"{}\"", object.metadata.generation)] }
            })
        });
    };
    Api::changed(Options { store_id: Some(1), ..Options::default() }, change).await.filled().await
}

fn annotate(key: &str, value: impl Into<Value>) -> Value {
    json!({"metadata": {"annotations": {key: value.into()}}})
}

#[tokio::test]
async fn what_operates_is_written_and_the_generation_stays() {
    let api = declared().await;
    let before = api.get(&web()).await;
    let (code, after) = api.write(Method::PATCH, &web(), MERGE, &annotate(SUSPEND, "true")).await;
    assert_eq!((code, &after["metadata"]["annotations"][SUSPEND]), (200, &json!("true")));
    assert_eq!(after["metadata"]["generation"], before["metadata"]["generation"]);
    assert_ne!(after["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
    assert_eq!((&after["spec"], &after["status"]), (&before["spec"], &before["status"]));
    // Again: nothing changes, and no new version is given out.
    let (_, again) = api.write(Method::PATCH, &web(), MERGE, &annotate(SUSPEND, "true")).await;
    assert_eq!(again, after);
    let remove = json!([{"op": "remove", "path": "/metadata/annotations/evenkeel.dev~1suspend"}]);
    let (code, after) = api.write(Method::PATCH, &web(), JSON_PATCH, &remove).await;
    assert_eq!((code, after["metadata"]["annotations"].get(SUSPEND)), (200, None));
}

#[tokio::test]
async fn a_write_to_a_spec_names_the_place_in_git() {
    let api = declared().await;
    let patch = json!({"spec": {"service": {"desiredCount": 3}}});
    for media in [MERGE, APPLY] {
        let (code, status) = api.write(Method::PATCH, &web(), media, &patch).await;
        assert_eq!((code, &status["reason"]), (403, &json!("Forbidden")));
        let message = status["message"].as_str().unwrap();
        assert!(message.starts_with("services.evenkeel.dev \"web\" is forbidden: "), "{message}");
        assert!(message.contains("shop/web.yaml:12 (commit 0f3a9c2)"), "{message}");
    }
    let mut whole = api.get(&web()).await;
    whole["spec"]["service"]["desiredCount"] = json!(3);
    assert_eq!(api.write(Method::PUT, &web(), "application/json", &whole).await.0, 403);
    let new = json!({"apiVersion": "evenkeel.dev/v1alpha1", "kind": "Service", "metadata": {"name": "new"}, "spec": {"service": {}}});
    let (code, status) =
        api.write(Method::POST, &format!("{OWN}/namespaces/shop/services"), "application/json", &new).await;
    assert_eq!(code, 403);
    assert!(status["message"].as_str().unwrap().contains("--dry-run=server"), "{status}");
}

#[tokio::test]
async fn what_git_set_and_what_means_nothing_is_refused() {
    let api = declared().await;
    for (patch, expected, words) in [
        (annotate("team", "b"), 403, "annotation team is set at shop/web.yaml:12"),
        (json!({"metadata": {"labels": {"tier": null}}}), 403, "label tier is set at shop/web.yaml:12"),
        (annotate("evenkeel.dev/suspnd", "true"), 422, "did you mean evenkeel.dev/suspend?"),
        (annotate("evenkeel.dev/suspended-until", "later"), 422, "2026-01-31T18:00:00Z"),
        (annotate("not a name", "x"), 422, "not a name"),
        (json!({"metadata": {"finalizers": [FINALIZER]}}), 403, "only evenkeel moves it"),
        (json!({"metadata": {"labels": {"a": 1}}}), 400, "metadata cannot be read"),
        (json!({"metadata": {"name": "other"}}), 400, "by the path"),
        (json!({"kind": "Cluster"}), 400, "by the path"),
    ] {
        let (code, status) = api.write(Method::PATCH, &web(), MERGE, &patch).await;
        assert_eq!(code, expected, "{patch}: {status}");
        assert!(status["message"].as_str().unwrap().contains(words), "{patch}: {status}");
    }
    let (code, _) = api.write(Method::PATCH, &web(), MERGE, &json!({"metadata": {"labels": {"mine": "a"}}})).await;
    assert_eq!(code, 200);
}

#[tokio::test]
async fn a_dry_run_stores_nothing_and_tells_the_plan() {
    let api = declared().await;
    let before = api.get(&web()).await;
    let patch = json!({"spec": {"service": {"desiredCount": 3}}});
    let (code, after, warnings) = api.try_write(Method::PATCH, &format!("{}?dryRun=All", web()), MERGE, &patch).await;
    assert_eq!((code, &after["spec"]["service"]["desiredCount"]), (200, &json!(3)));
    assert_eq!(after["metadata"]["generation"], 2);
    assert_eq!(warnings, ["299 - \"/spec: somebody may regret it (careful)\"", "299 - \"would say \\\"2\\\"\""]);
    assert_eq!(api.get(&web()).await, before);

    // What is not there is created, from YAML as well, and what git would have to do is said.
    let path = format!("{OWN}/namespaces/shop/services/new?dryRun=All&fieldManager=me");
    let new = json!({"apiVersion": "evenkeel.dev/v1alpha1", "kind": "Service", "metadata": {"name": "new"}, "spec": {"service": {}}});
    assert_eq!(api.write(Method::PATCH, &path, APPLY, &new).await.0, 201);
    let (_, _, warnings) =
        api.try_write(Method::PATCH, &format!("{}?dryRun=All", web()), MERGE, &annotate("team", "b")).await;
    assert!(warnings[0].contains("would be refused here"), "{warnings:?}");
    let (code, _, warnings) = api.try_write(Method::DELETE, &format!("{}?dryRun=All", web()), "", &json!({})).await;
    assert_eq!((code, warnings.len()), (200, 3));
    assert_eq!(api.get(&web()).await, before);
}

#[tokio::test]
async fn a_dry_run_checks_as_the_source_does() {
    let api = declared().await;
    let dry = format!("{}?dryRun=All", web());
    let (code, status) = api.write(Method::PATCH, &dry, MERGE, &json!({"spec": {"scalng": {}}})).await;
    assert_eq!((code, &status["reason"]), (422, &json!("Invalid")));
    let cause = &status["details"]["causes"][0];
    assert_eq!((&status["details"]["kind"], &cause["field"]), (&json!("Service"), &json!("spec.scalng")));
    assert!(cause["message"].as_str().unwrap().contains("did you mean scaling?"), "{cause}");
    let (code, status) = api.write(Method::PATCH, &dry, MERGE, &json!({"spec": {"taskDefinition": "nowhere"}})).await;
    assert_eq!((code, &status["details"]["causes"][0]["field"]), (422, &json!("spec.taskDefinition")));
}

#[tokio::test]
async fn secrets_neither_leave_nor_get_lost() {
    let api = declared().await;
    let path = format!("{OWN}/namespaces/shop/taskdefinitions/web");
    let mut seen = api.get(&path).await;
    assert!(!seen.to_string().contains("hunter"));
    // The whole masked document comes back: that is no change of the spec.
    seen["metadata"]["annotations"] = json!({"evenkeel.dev/reconcile-requested-at": "now"});
    let (code, answer) = api.write(Method::PUT, &path, "application/json", &seen).await;
    assert_eq!((code, &answer["metadata"]["generation"]), (200, &json!(1)), "{answer}");
    let stored = api.store.get(&ObjectKey::new(Kind::TaskDefinition, "shop", "web")).await.unwrap().unwrap();
    assert!(stored.spec.to_string().contains("hunter2"));
    // kubectl's copy of the manifest is not kept, and a mask in a new place is no value.
    let patch = annotate("kubectl.kubernetes.io/last-applied-configuration", "{\"secret\":1}");
    let (_, answer) = api.write(Method::PATCH, &path, MERGE, &patch).await;
    assert!(!answer.to_string().contains("last-applied"), "{answer}");
    let masked = json!({"spec": {"taskDefinition": {"family": "(masked)"}}});
    let (code, _) = api.write(Method::PATCH, &format!("{path}?dryRun=All"), MERGE, &masked).await;
    assert_eq!(code, 422);
}

#[tokio::test]
async fn a_write_that_expects_another_version_or_object_is_a_conflict() {
    let api = declared().await;
    let object = api.get(&web()).await;
    let stale = json!({"metadata": {"resourceVersion": "1", "annotations": {SUSPEND: "true"}}});
    let (code, status) = api.write(Method::PATCH, &web(), MERGE, &stale).await;
    assert_eq!((code, &status["reason"]), (409, &json!("Conflict")));
    let other = json!({"metadata": {"uid": "another"}});
    assert_eq!(api.write(Method::PATCH, &web(), MERGE, &other).await.0, 409);
    let mut whole = object.clone();
    whole["metadata"]["resourceVersion"].take();
    let (code, status) = api.write(Method::PUT, &web(), "application/json", &whole).await;
    assert_eq!((code, &status["details"]["causes"][0]["field"]), (422, &json!("metadata.resourceVersion")));
    assert_eq!(api.write(Method::PUT, &web(), "application/json", &object).await.0, 200);
    let preconditions = json!({"preconditions": {"uid": "another"}});
    let api_path = format!("{OWN}/namespaces/shop/services/api");
    assert_eq!(api.write(Method::DELETE, &api_path, "application/json", &preconditions).await.0, 409);
}

#[tokio::test]
async fn many_writers_of_different_keys_all_get_through() {
    let api = Arc::new(declared().await);
    let writers = (0..6).map(|n| {
        let api = api.clone();
        async move { api.write(Method::PATCH, &web(), MERGE, &annotate(&format!("example.com/{n}"), "x")).await.0 }
    });
    let codes = futures_util::future::join_all(writers).await;
    assert_eq!(codes, [200; 6]);
    assert!(api.get(&web()).await["metadata"]["annotations"].as_object().unwrap().len() >= 6);
}

#[tokio::test]
async fn what_git_no_longer_has_can_be_deleted_and_waits_for_its_finalizers() {
    let api = declared().await;
    let (code, status) = api.write(Method::DELETE, &web(), "", &json!({})).await;
    assert_eq!(code, 403);
    assert!(status["message"].as_str().unwrap().contains("remove it there"), "{status}");

    let mut held = service("shop", "held");
    held.metadata.finalizers.push(FINALIZER.into());
    api.apply(held).await;
    let path = format!("{OWN}/namespaces/shop/services/held");
    let (code, answer) = api.write(Method::DELETE, &path, "", &json!({})).await;
    assert_eq!((code, &answer["kind"]), (200, &json!("Service")));
    assert!(answer["metadata"]["deletionTimestamp"].is_string());

    let uid = api.get(&format!("{OWN}/namespaces/shop/services/api")).await["metadata"]["uid"].clone();
    let (code, answer) =
        api.write(Method::DELETE, &format!("{OWN}/namespaces/shop/services/api"), "", &json!({})).await;
    assert_eq!((code, &answer["status"], &answer["details"]["uid"]), (200, &json!("Success"), &uid));
    assert_eq!(api.write(Method::DELETE, &format!("{OWN}/namespaces/shop/services/api"), "", &json!({})).await.0, 404);
}

#[tokio::test]
async fn bodies_and_methods_that_do_not_fit_are_told_so() {
    let api = declared().await;
    let strategic = "application/strategic-merge-patch+json";
    for (method, path, media, body, code) in [
        (Method::PATCH, web(), strategic, json!({}), 415),
        (Method::PATCH, web(), "application/json", json!({}), 415),
        (Method::PATCH, web(), "text/plain", json!({}), 415),
        (Method::PATCH, web(), MERGE, json!([]), 400),
        (Method::PATCH, web(), JSON_PATCH, json!({}), 400),
        (Method::PATCH, web(), JSON_PATCH, json!([{"op": "remove", "path": "/nowhere"}]), 422),
        (Method::PATCH, format!("{}x", web()), MERGE, json!({}), 404),
        (Method::PATCH, format!("{}/status", web()), MERGE, json!({"status": {}}), 403),
        (Method::PATCH, format!("{}?dryRun=Some", web()), MERGE, json!({}), 400),
        (Method::POST, web(), "", json!({}), 405),
        (Method::DELETE, format!("{OWN}/services"), "", json!({}), 403),
        (Method::POST, "/api/v1/namespaces".into(), "", json!({"metadata": {"name": "x"}}), 405),
        (Method::POST, "/version".into(), "", json!({}), 405),
        (Method::PUT, format!("{}x", web()), "", json!({}), 404),
    ] {
        let (found, status) = api.write(method.clone(), &path, media, &body).await;
        assert_eq!((found, &status["kind"]), (code, &json!("Status")), "{method} {path} {media}: {status}");
    }
    let huge = json!({"metadata": {"annotations": {"example.com/x": "x".repeat(crate::body::MAX_BYTES)}}});
    assert_eq!(api.write(Method::PATCH, &web(), MERGE, &huge).await.0, 413);
}

#[tokio::test]
async fn events_are_written_in_either_form_and_read_in_both() {
    let api = declared().await;
    let event = json!({
        "metadata": {"generateName": "web."},
        "regarding": {"kind": "Service", "name": "web", "namespace": "shop"},
        "reason": "Looked", "note": "somebody looked", "type": "Normal", "action": "Look",
        "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "me", "reportingInstance": "me-1",
    });
    let path = "/apis/events.k8s.io/v1/namespaces/shop/events";
    let (code, created) = api.write(Method::POST, path, "application/json", &event).await;
    assert_eq!((code, &created["apiVersion"]), (201, &json!("events.k8s.io/v1")), "{created}");
    let name = created["metadata"]["name"].as_str().unwrap();
    let series = json!({"series": {"count": 3, "lastObservedTime": "2026-01-01T00:01:00.000000Z"}});
    assert_eq!(api.write(Method::PATCH, &format!("{path}/{name}"), MERGE, &series).await.0, 200);
    let core = api.get(&format!("/api/v1/namespaces/shop/events/{name}")).await;
    assert_eq!((&core["message"], &core["involvedObject"]["name"]), (&json!("somebody looked"), &json!("web")));
    assert_eq!((&core["count"], &core["lastTimestamp"]), (&json!(3), &json!("2026-01-01T00:01:00.000000Z")));
    assert!(core.get("note").is_none());
    let newer = api.get(&format!("{path}/{name}")).await;
    assert_eq!((&newer["note"], &newer["deprecatedCount"]), (&json!("somebody looked"), &json!(3)));
}

#[tokio::test]
async fn web_pages_of_others_get_nothing() {
    let api = declared().await;
    let request = Request::get(web()).header(header::HOST, "attacker.example").body(Body::empty()).unwrap();
    let response = api.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
