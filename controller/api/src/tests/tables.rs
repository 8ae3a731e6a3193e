//! Tables.

use super::*;

/// A Table as kubectl prints it, wide columns too, with ` | ` between cells.
async fn printed(path: &str) -> Vec<String> {
    let table = Api::sample().await.get_as(path, TABLE).await;
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    let text = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
    let definitions = table["columnDefinitions"].as_array().unwrap();
    let head: Vec<String> = definitions.iter().map(|column| text(&column["name"]).to_uppercase()).collect();
    let rows = table["rows"].as_array().unwrap().iter();
    let rows = rows.map(|row| row["cells"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(" | "));
    std::iter::once(head.join(" | ")).chain(rows).collect()
}

#[tokio::test]
async fn services_show_sync_health_counts_range_revision_commit_drift_and_age() {
    let arn = "arn:aws:ecs:ap-northeast-1:123456789012:service/shop-cluster/shop-web";
    let n = "<none>";
    assert_eq!(
        printed(&format!("{OWN}/services")).await,
        [
            "NAME | SYNC | HEALTH | DESIRED | RUNNING | RANGE | REVISION | COMMIT | DRIFT | AGE | ROLLOUT | REASON | ARN"
                .to_owned(),
            format!("api | {n} | {n} | {n} | {n} | {n} | {n} | {n} | {n} | 5m | {n} | {n} | {n}"),
            format!(
                "web | OutOfSync | Healthy | 3 | 3 | 2-4 | shop-web:7 | 0f3a9c2 | 1 | 5m | COMPLETED | DriftReported | {arn}"
            ),
            format!("web | Synced | Progressing | 1 | 0 | {n} | {n} | {n} | 0 | 5m | {n} | {n} | {n}"),
        ]
    );
}

#[tokio::test]
async fn task_definitions_show_family_and_revision() {
    let arn = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/shop-web:7";
    assert_eq!(
        printed(&format!("{OWN}/taskdefinitions")).await,
        [
            "NAME | SYNC | FAMILY | REVISION | COMMIT | DRIFT | AGE | REASON | CONTENT | ARN".to_owned(),
            format!("web | Synced | shop-web | shop-web:7 | <none> | 0 | 5m | Succeeded | 9c1185a | {arn}"),
        ]
    );
}

#[tokio::test]
async fn clusters_show_where_they_are() {
    let table = printed(&format!("{OWN}/clusters")).await;
    assert_eq!(table[0], "NAME | SYNC | HEALTH | ACCOUNT | REGION | COMMIT | DRIFT | AGE | REASON | ARN");
    assert!(table[1].starts_with("shop | Synced | Healthy | 123456789012 | ap-northeast-1 | 0f3a9c2 | 0 | 5m | "));
    assert!(table[2].starts_with("stage | <none> | <none> | 210987654321 | eu-west-1 | "), "{}", table[2]);
}

#[tokio::test]
async fn events_show_when_and_to_whom() {
    assert_eq!(
        printed("/api/v1/events").await[1],
        "60s | Warning | DriftDetected | service/web | /service/enableExecuteCommand differs | evenkeel | 5m | 2 | web.1"
    );
}

#[tokio::test]
async fn a_single_object_is_a_table_of_one_row() {
    assert_eq!(printed("/api/v1/namespaces/shop").await, ["NAME | STATUS | AGE", "shop | Active | 5m"]);
}

#[tokio::test]
async fn rows_hold_as_much_of_the_object_as_was_asked_for() {
    let api = Api::sample().await;
    let object = async |include: &str| {
        let path = format!("{OWN}/namespaces/shop/services/web?includeObject={include}");
        api.get_as(&path, TABLE).await["rows"][0]["object"].clone()
    };
    assert_eq!(object("Metadata").await["metadata"]["labels"], json!({"tier": "front"}));
    assert!(object("Metadata").await.get("spec").is_none());
    assert_eq!(object("Object").await["kind"], "Service");
    assert!(object("None").await.is_null());
}

#[tokio::test]
async fn wide_columns_have_a_lower_priority() {
    let table = Api::sample().await.get_as(&format!("{OWN}/services"), TABLE).await;
    let wide = |name: &str| {
        let definitions = table["columnDefinitions"].as_array().unwrap();
        definitions.iter().find(|column| column["name"] == name).unwrap()["priority"] == 1
    };
    assert!(wide("ARN") && wide("Rollout") && wide("Reason") && !wide("Name") && !wide("Drift"));
}
