//! Against moto, an AWS that is not ours, and that leaves things out as other endpoints do, too.

use evenkeel_core::operation::{Access, Operation};
use evenkeel_tests::program::{Controller, Moto, Place, root, until};

use crate::fixture;

/// Files of the example that name a network.
pub(crate) const NETWORKS: [&str; 3] =
    ["environments/dev/evenkeel.yaml", "environments/prod/evenkeel.yaml", "hands-on/container-hands-on.yaml"];

/// Writes manifests anew with subnets and a security group that moto has: it looks them up when it creates a service.
pub(crate) fn use_network_of(moto: &Moto, place: &Place, files: &[String]) {
    let aws = moto.aws(place);
    let subnets = aws.call("ec2 describe-subnets --query Subnets[].SubnetId");
    let groups = aws.call("ec2 describe-security-groups --query SecurityGroups[].GroupId");
    for file in files {
        let mut text = std::fs::read_to_string(place.path(file)).unwrap();
        let mut theirs =
            subnets.as_array().unwrap().iter().chain(groups.as_array().unwrap()).map(|id| id.as_str().unwrap());
        let is_id = |word: &&str| word.starts_with("subnet-0") || word.starts_with("sg-0");
        let ours: Vec<String> = text.split([' ', ',', '[', ']', '"', '\n']).filter(is_id).map(str::to_owned).collect();
        for id in ours {
            let kind = &id[..3];
            text = text.replace(&id, theirs.find(|it| it.starts_with(kind)).expect("moto has as many"));
        }
        place.write(file, &text);
    }
}

#[test]
fn the_example_system_syncs_with_moto_and_a_second_time_nothing_is_written() {
    let place = Place::new();
    place.copy(&root().join("desired-state"), "desired-state");
    let moto = Moto::start(&place);
    use_network_of(&moto, &place, &NETWORKS.map(|file| format!("desired-state/{file}")));
    let sync =
        || place.run(&["sync", "--endpoint-url", &moto.url, "--until", "synced", "--timeout", "60s", "--data", "data"]);
    let first = sync().expect(0);
    assert!(first.out.contains("9 of 9 objects converged"), "{}", first.out);
    assert!(first.err.contains("changing AWS"), "{}", first.err);
    let aws = moto.aws(&place);
    let line = "ecs describe-services --cluster shop-prod-cluster --services shop-prod-frontapp-service";
    let service = &aws.call(line)["services"][0];
    assert_eq!(service["desiredCount"], 2);
    assert_eq!(service["healthCheckGracePeriodSeconds"], 300, "moto drops it at creation, so it was updated");
    assert_eq!(service["deploymentController"]["type"], "CODE_DEPLOY");
    let policies = aws.call("application-autoscaling describe-scaling-policies --service-namespace ecs");
    assert_eq!(policies["ScalingPolicies"].as_array().unwrap().len(), 2);
    let before = moto.calls();
    assert!(before.contains(&Operation::CreateService), "{before:?}");
    let second = sync().expect(0);
    assert!(!second.err.contains("changing AWS"), "{}", second.err);
    let after = moto.calls().split_off(before.len());
    assert!(!after.is_empty() && after.iter().all(|call| call.access() == Access::Read), "{after:?}");
}

#[test]
fn a_field_that_the_endpoint_drops_costs_one_write_and_is_named_and_left_alone() {
    let place = Place::new();
    fixture::lab(&place);
    // moto takes Service Connect, but describes no deployment with it.
    let declared = "    serviceConnectConfiguration: {enabled: true, namespace: internal}\n  scaling:";
    let text = fixture::service_text("web", 60).replace("  scaling:", declared);
    place.write("source/web.yaml", &text);
    let moto = Moto::start(&place);
    use_network_of(&moto, &place, &["source/web.yaml".to_owned()]);
    let controller = Controller::start(&place, &["--source", "source", "--endpoint-url", &moto.url, "--data", "data"]);
    let held = until("the field to be named as not reflected", || {
        let status = controller.list("services").first().map(|it| it["status"].clone()).unwrap_or_default();
        let ready = status["conditions"].as_array().into_iter().flatten().find(|it| it["type"] == "Ready").cloned();
        let ready = ready.unwrap_or_default();
        if ready["reason"] == "NotReflected" { Ok(ready) } else { Err(status.to_string()) }
    });
    assert!(held["message"].as_str().unwrap().contains("/service/serviceConnectConfiguration"), "{held}");
    let updates = || moto.calls().iter().filter(|call| **call == Operation::UpdateService).count();
    let sent = updates();
    assert!(sent <= 2, "{sent} UpdateService");
    controller.looks_three_times();
    assert_eq!(updates(), sent, "what does not show is not written again");
}
