//! WATCH.

use super::*;

/// A watch as a client reads it.
struct Reader(Body);

impl Reader {
    async fn start(api: &Api, query: &str, accept: &str) -> Self {
        let (status, _, body) = api.send(Method::GET, &format!("{OWN}/services?watch=true&{query}"), accept).await;
        assert_eq!(status, 200);
        Self(body)
    }

    /// The next event, whole; `None` at the end.
    async fn event(&mut self) -> Option<Value> {
        let frame = self.0.frame().await?.unwrap();
        let bytes = frame.into_data().unwrap();
        assert_eq!(bytes.last(), Some(&b'\n'));
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// The next event as `TYPE namespace/name`.
    async fn line(&mut self) -> String {
        let event = self.event().await.unwrap();
        let kind = event["type"].as_str().unwrap();
        match kind {
            "BOOKMARK" | "ERROR" => kind.to_owned(),
            _ => format!("{kind} {}", name(&event["object"])),
        }
    }

    async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..count {
            lines.push(self.line().await);
        }
        lines
    }
}

fn labelled(name: &str, tier: &str) -> Object {
    let mut object = service("shop", name);
    object.metadata.labels.insert("tier".into(), tier.into());
    object
}

async fn version(api: &Api) -> String {
    api.store.list(Kind::Service, None).await.unwrap().resource_version.to_string()
}

fn delete(name: &str) -> Write {
    Write::Delete { key: ObjectKey::new(Kind::Service, "shop", name) }
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_is_there_and_goes_on_with_changes() {
    let api = Api::sample().await;
    let mut watch = Reader::start(&api, "", "*/*").await;
    assert_eq!(watch.lines(3).await, ["ADDED shop/api", "ADDED shop/web", "ADDED stage/web"]);
    api.commit(Write::Apply(labelled("api", "new"))).await;
    api.commit(Write::Apply(service("shop", "more"))).await;
    api.commit(delete("more")).await;
    assert_eq!(watch.lines(3).await, ["MODIFIED shop/api", "ADDED shop/more", "DELETED shop/more"]);
}

#[tokio::test]
async fn a_watch_from_the_version_of_a_list_has_only_what_came_after() {
    let api = Api::sample().await;
    let list = api.get(&format!("{OWN}/services")).await;
    api.commit(delete("api")).await;
    let from = list["metadata"]["resourceVersion"].as_str().unwrap();
    let mut watch = Reader::start(&api, &format!("resourceVersion={from}"), "*/*").await;
    let event = watch.event().await.unwrap();
    assert_eq!((&event["type"], name(&event["object"])), (&json!("DELETED"), "shop/api".to_owned()));
    assert_eq!(event["object"]["metadata"]["resourceVersion"], version(&api).await);
}

#[tokio::test]
async fn initial_events_end_with_a_marked_bookmark() {
    let api = Api::sample().await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true\
                 &fieldSelector=metadata.name%3Dapi";
    let mut watch = Reader::start(&api, query, "*/*").await;
    assert_eq!(watch.line().await, "ADDED shop/api");
    let bookmark = watch.event().await.unwrap();
    let metadata = json!({
        "resourceVersion": version(&api).await,
        "annotations": {"k8s.io/initial-events-end": "true"},
    });
    let object = json!({"kind": "Service", "apiVersion": "evenkeel.dev/v1alpha1", "metadata": metadata});
    assert_eq!(bookmark, json!({"type": "BOOKMARK", "object": object}));
    api.commit(delete("api")).await;
    assert_eq!(watch.line().await, "DELETED shop/api");
}

#[tokio::test]
async fn initial_events_without_the_word_on_versions_are_refused() {
    let (code, _) =
        Api::empty().await.answer(Method::GET, &format!("{OWN}/services?watch=1&sendInitialEvents=1"), "").await;
    assert_eq!(code, 400);
}

#[tokio::test]
async fn a_version_that_is_no_longer_known_is_an_error_in_the_stream() {
    let api = Api::with(Options { recent_changes: 1, store_id: Some(1), ..Options::default() }).await;
    for name in ["a", "b", "c"] {
        api.apply(service("shop", name)).await;
    }
    for from in ["1", "999"] {
        let mut watch = Reader::start(&api, &format!("resourceVersion={from}"), "*/*").await;
        let event = watch.event().await.unwrap();
        assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
        assert_eq!(event["object"]["reason"], "Expired");
        assert!(watch.event().await.is_none());
    }
}

#[tokio::test]
async fn a_watcher_that_falls_behind_is_told_so_and_holds_nobody_up() {
    let api = Api::with(Options { recent_changes: 2, store_id: Some(1), ..Options::default() }).await;
    let mut deaf = Reader::start(&api, "", "*/*").await;
    let mut keen = Reader::start(&api, "", "*/*").await;
    for name in ["a", "b", "c", "d"] {
        api.apply(service("shop", name)).await;
        assert_eq!(keen.line().await, format!("ADDED shop/{name}"));
    }
    let event = deaf.event().await.unwrap();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert!(deaf.event().await.is_none());
}

#[tokio::test]
async fn an_object_that_comes_to_be_selected_is_added_and_one_that_ceases_to_be_is_deleted() {
    let api = Api::sample().await;
    let from = format!("labelSelector=tier%3Dback&resourceVersion={}", version(&api).await);
    let mut listed = Reader::start(&api, &from, "*/*").await;
    let mut fresh = Reader::start(&api, "labelSelector=tier%3Dback", "*/*").await;
    assert_eq!(fresh.line().await, "ADDED shop/api");
    for (name, tier) in [("web", "middle"), ("web", "back"), ("web", "front"), ("web", "middle"), ("api", "front")] {
        api.commit(Write::Apply(labelled(name, tier))).await;
    }
    let expected = ["ADDED shop/web", "DELETED shop/web", "DELETED shop/api"];
    assert_eq!(listed.lines(3).await, expected);
    assert_eq!(fresh.lines(3).await, expected);
}

#[tokio::test]
async fn a_client_that_may_know_an_object_is_told_when_it_ceases_to_be_selected() {
    let api = Api::sample().await;
    let from = version(&api).await;
    // Before the watch starts, so that it cannot see how the object was.
    api.commit(Write::Apply(labelled("api", "front"))).await;
    let mut watch = Reader::start(&api, &format!("labelSelector=tier%3Dback&resourceVersion={from}"), "*/*").await;
    assert_eq!(watch.line().await, "DELETED shop/api");
}

#[tokio::test]
async fn a_watch_of_a_table_has_its_columns_once() {
    let api = Api::sample().await;
    let mut watch = Reader::start(&api, "", TABLE).await;
    let first = watch.event().await.unwrap();
    let second = watch.event().await.unwrap();
    assert_eq!(first["object"]["kind"], "Table");
    assert!(!first["object"]["columnDefinitions"].as_array().unwrap().is_empty());
    assert!(second["object"]["columnDefinitions"].as_array().unwrap().is_empty());
    assert_eq!(second["object"]["rows"][0]["cells"][0], "web");
    assert_eq!(second["object"]["rows"][0]["object"]["metadata"]["namespace"], "shop");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_watch_sends_bookmarks_each_minute_and_ends_when_its_time_is_over() {
    let api = Api::empty().await;
    let query = "allowWatchBookmarks=true&timeoutSeconds=150&resourceVersion=0";
    let mut watch = Reader::start(&api, query, "*/*").await;
    assert_eq!(watch.lines(2).await, ["BOOKMARK", "BOOKMARK"]);
    assert!(watch.event().await.is_none());
}

#[tokio::test]
async fn watches_end_when_the_store_closes() {
    let api = Api::sample().await;
    let mut watch = Reader::start(&api, "fieldSelector=metadata.name%3Dapi", "*/*").await;
    assert_eq!(watch.line().await, "ADDED shop/api");
    api.store.clone().close().await;
    assert!(watch.event().await.is_none());
}

#[tokio::test]
async fn namespaces_are_watched_through_their_clusters() {
    let api = Api::sample().await;
    let (_, _, body) = api.send(Method::GET, "/api/v1/namespaces?watch=1", "*/*").await;
    let mut watch = Reader(body);
    assert_eq!(watch.lines(2).await, ["ADDED shop", "ADDED stage"]);
    api.commit(Write::Delete { key: ObjectKey::new(Kind::Cluster, "", "stage") }).await;
    let event = watch.event().await.unwrap();
    assert_eq!((&event["type"], &event["object"]["kind"]), (&json!("DELETED"), &json!("Namespace")));
}
