//! A network that fails, over real sockets: toxiproxy, which is not ours, in front of moto, which is not ours either.

use std::thread;
use std::time::Duration;

use evenkeel_core::operation::{Access, Operation};
use evenkeel_tests::program::{Controller, FaultProxy, Moto, Place, Trouble, root, until};
use serde_json::Value;

use super::moto::{NETWORKS, use_network_of};

/// One after the other while the example converges. Connections are kept, so each trouble also meets those that were
/// good before.
const TROUBLES: [(Trouble, f64); 8] = [
    (Trouble::ResetAnswer, 0.6),
    (Trouble::Cut(100), 0.5),
    (Trouble::ResetRequest, 0.6),
    (Trouble::Silence(700), 0.6),
    (Trouble::Cut(600), 0.8),
    (Trouble::Pieces, 1.0),
    (Trouble::Cut(0), 0.6),
    (Trouble::Late(300), 1.0),
];

fn list(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn over_a_network_that_resets_cuts_delays_and_loses_the_example_comes_in_sync_without_a_duplicate() {
    let place = Place::new();
    place.copy(&root().join("desired-state"), "desired-state");
    let moto = Moto::start(&place);
    use_network_of(&moto, &place, &NETWORKS.map(|file| format!("desired-state/{file}")));
    let proxy = FaultProxy::start(&place, &moto.url);
    // Broken from the start, so that the very first calls meet it.
    proxy.trouble(TROUBLES[0].0, TROUBLES[0].1);
    let controller = Controller::start(&place, &["--data", "data", "--endpoint-url", &proxy.url]);
    for (trouble, share) in TROUBLES.iter().cycle().take(2 * TROUBLES.len()) {
        proxy.trouble(*trouble, *share);
        thread::sleep(Duration::from_millis(900));
    }
    proxy.heal();
    until("everything to be in sync", || {
        let objects = controller.objects();
        let open: Vec<String> = objects
            .iter()
            .filter(|it| it["status"]["sync"] != "Synced")
            .map(|it| format!("{} {}", it["metadata"]["name"], it["status"]["message"]))
            .collect();
        if objects.len() == 9 && open.is_empty() { Ok(()) } else { Err(format!("{} {open:?}", objects.len())) }
    });

    let failed: f64 = controller
        .metrics()
        .iter()
        .filter(|(series, _)| series.starts_with("evenkeel_aws_requests_total{") && !series.contains("outcome=\"ok\""))
        .map(|(_, count)| count)
        .sum();
    assert!(failed >= 5.0, "only {failed} calls met any trouble");
    assert_eq!(controller.metrics()["evenkeel_reconcile_panics_total"], 0.0);

    let aws = moto.aws(&place);
    let families = list(&aws.call("ecs list-task-definition-families")["families"]);
    assert_eq!(families.len(), 3, "{families:?}");
    for family in families {
        let revisions =
            list(&aws.call(&format!("ecs list-task-definitions --family-prefix {family}"))["taskDefinitionArns"]);
        assert_eq!(revisions.len(), 1, "one revision for one content: {revisions:?}");
    }
    let clusters = list(&aws.call("ecs list-clusters")["clusterArns"]);
    assert_eq!(clusters.len(), 3, "{clusters:?}");
    for cluster in clusters {
        let services = list(&aws.call(&format!("ecs list-services --cluster {cluster}"))["serviceArns"]);
        assert_eq!(services.len(), 1, "{services:?}");
    }
    let policies = aws.call("application-autoscaling describe-scaling-policies --service-namespace ecs");
    assert_eq!(policies["ScalingPolicies"].as_array().unwrap().len(), 2, "{policies}");

    let writes = |calls: &[Operation]| calls.iter().filter(|it| it.access() == Access::Write).count();
    let before = writes(&moto.calls());
    controller.looks_three_times();
    assert_eq!(writes(&moto.calls()), before, "what is in sync is written to no more");
    println!("{failed} calls met trouble; {before} writes arrived");
}
