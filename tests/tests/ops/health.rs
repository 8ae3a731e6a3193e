//! Whether it lives, and whether it can do its work; and that it changes nothing where it must not.

use evenkeel_tests::program::{Controller, Place, until};

use crate::metrics::MANIFESTS;

#[test]
fn ready_means_that_the_store_the_source_and_each_account_are_there() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    let controller = Controller::start(&place, &["--sandbox", "--source", "source"]);
    let ready = until("readiness", || match controller.get("/readyz") {
        (200, text) => Ok(text),
        (status, text) => Err(format!("{status} {text}")),
    });
    assert_eq!(ready, "ok\n");
    let (_, text) = controller.get("/readyz?verbose");
    assert_eq!(text, "[+]store ok\n[+]source ok\n[+]aws/shop-prod ok\nreadyz check passed\n");
    for path in ["/livez", "/healthz"] {
        assert_eq!(controller.get(path), (200, "ok".to_owned()));
    }
    let asked = place.run(&["check", "ready", "--server", &controller.url]).expect(0);
    assert_eq!(asked.out, "ok\n");
}

#[test]
fn an_account_that_does_not_answer_is_named_and_is_no_reason_to_restart() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    // Nobody listens there.
    let arguments = ["--source", "source", "--data", "data", "--endpoint-url", "http://127.0.0.1:9"];
    let controller = Controller::start(&place, &arguments);
    let text = until("the reason", || match controller.get("/readyz?verbose") {
        (503, text) if text.contains("DescribeClusters failed") => Ok(text),
        (status, text) => Err(format!("{status} {text}")),
    });
    assert!(
        text.contains("[+]store ok\n[+]source ok\n[-]aws/shop-prod failed: DescribeClusters failed: transient"),
        "{text}"
    );
    assert!(text.ends_with("readyz check failed\n"), "{text}");
    assert_eq!(controller.get("/livez").0, 200);
    let asked = place.run(&["check", "ready", "--server", &controller.url]).expect(1);
    assert!(asked.out.contains("aws/shop-prod"), "{asked:?}");
}

#[test]
fn a_source_that_is_not_there_is_named_and_makes_it_not_ready() {
    let place = Place::new();
    let controller = Controller::start(&place, &["--sandbox", "--source", "nowhere"]);
    let (status, text) = controller.get("/readyz");
    assert!(status == 503 && text.starts_with("[-]source failed: "), "{status} {text}");
    until("the reason", || match controller.get("/readyz") {
        (503, text) if text.contains("failed to find the source nowhere: it does not exist") => Ok(()),
        (status, text) => Err(format!("{status} {text}")),
    });
}

#[test]
fn read_only_it_proposes_and_sends_nothing_that_changes_anything() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    let controller = Controller::start(&place, &["--sandbox", "--read-only", "--source", "source"]);
    until("the proposal", || {
        let clusters = controller.list("clusters");
        let status = clusters.first().map(|it| it["status"].clone()).unwrap_or_default();
        let proposed = status["proposed"][0]["operation"] == "CreateCluster";
        proposed.then_some(()).ok_or_else(|| status.to_string())
    });
    controller.looks_three_times();
    assert!(controller.writes().is_empty(), "{:?}", controller.writes());
    assert_eq!(controller.metrics()["evenkeel_read_only"].to_string(), "1");
    assert_eq!(controller.aws(&place).call("ecs list-clusters")["clusterArns"], serde_json::json!([]));
}
