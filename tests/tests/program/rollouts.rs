//! Rollouts over the wire, one service for each way in which ECS and CodeDeploy replace tasks: a good commit, then a bad one.

use std::collections::BTreeMap;

use evenkeel_tests::program::{Aws, Controller, Embedded, Place, until};
use serde_json::Value;

use crate::fixture;

/// A service for each strategy: its name, and what its manifest has in place of the rolling one's configuration.
const STRATEGIES: [(&str, &str); 5] = [
    (
        "rolling",
        "deploymentConfiguration: {minimumHealthyPercent: 100, maximumPercent: 200, \
         deploymentCircuitBreaker: {enable: true, rollback: true}}",
    ),
    (
        "blue-green",
        "deploymentConfiguration: {strategy: BLUE_GREEN, bakeTimeInMinutes: 0, \
         deploymentCircuitBreaker: {enable: true, rollback: true}}",
    ),
    (
        "canary",
        "deploymentConfiguration: {strategy: CANARY, bakeTimeInMinutes: 0, canaryConfiguration: \
         {canaryPercent: 10.0, canaryBakeTimeInMinutes: 0}, deploymentCircuitBreaker: {enable: true, rollback: true}}",
    ),
    (
        "linear",
        "deploymentConfiguration: {strategy: LINEAR, bakeTimeInMinutes: 0, linearConfiguration: \
         {stepPercent: 50.0, stepBakeTimeInMinutes: 0}, deploymentCircuitBreaker: {enable: true, rollback: true}}",
    ),
    (
        "code-deploy",
        "deploymentController: {type: CODE_DEPLOY}\n    deploymentConfiguration: {minimumHealthyPercent: 100, \
         maximumPercent: 200}",
    ),
];

const BALANCER: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012";

fn manifests(place: &Place, tag: &str) {
    place.write("source/definition.yaml", &fixture::task_definition(tag));
    for (name, configuration) in STRATEGIES {
        let rolling = "deploymentConfiguration: {minimumHealthyPercent: 100, maximumPercent: 200}";
        let mut text = fixture::service_text(name, 60).replace(rolling, configuration);
        if matches!(name, "blue-green" | "canary" | "linear") {
            let port = "        containerPort: 8080\n";
            let shift = format!(
                "{port}        advancedConfiguration: {{alternateTargetGroupArn: '{BALANCER}:targetgroup/{name}-2/c7b6a59483726151', \
                 productionListenerRule: '{BALANCER}:listener-rule/app/lab/1/2/3', \
                 roleArn: 'arn:aws:iam::123456789012:role/balancer'}}\n"
            );
            text = text.replace(port, &shift);
        }
        // The deadline ends what CodeDeploy itself gives up only much later.
        text += "  rollout: {progressDeadline: 20s, onFailure: Rollback}\n";
        place.write(&format!("source/{name}.yaml"), &text);
    }
}

/// Services by their names.
fn services(controller: &Controller) -> BTreeMap<String, Value> {
    let named = |service: Value| (service["metadata"]["name"].as_str().unwrap_or_default().to_owned(), service);
    controller.list("services").into_iter().map(named).collect()
}

/// Rollouts as AWS has them: CodeDeploy's deployments, and ECS's service deployments.
fn rollouts(aws: &Aws) -> BTreeMap<&'static str, usize> {
    let of = |(name, _): (&'static str, &str)| {
        let list = match name {
            "code-deploy" => aws.call(
                "deploy list-deployments --application-name AppECS-lab-code-deploy \
                 --deployment-group-name DgpECS-lab-code-deploy",
            )["deployments"]
                .clone(),
            name => {
                aws.call(&format!("ecs list-service-deployments --cluster lab --service {name}"))["serviceDeployments"]
                    .clone()
            }
        };
        (name, list.as_array().map_or(0, Vec::len))
    };
    STRATEGIES.into_iter().map(of).collect()
}

#[test]
fn a_good_commit_arrives_under_every_strategy_and_a_bad_one_fails_once_and_then_there_is_silence() {
    let place = Place::new();
    fixture::lab(&place);
    manifests(&place, "1.0");
    let sandbox = Embedded::start(&place, &["--failing-image", "web:broken", "--termination-wait", "0"]);
    let aws = sandbox.aws(&place);
    let endpoint = ["--endpoint-url", &sandbox.url];
    let controller = Controller::start(&place, &[&["--source", "source"][..], &endpoint].concat());
    let objects = STRATEGIES.len() + 2;
    controller.ready(objects);
    let created = rollouts(&aws);

    // A good commit: one rollout each, and the real waiters agree that it has arrived.
    manifests(&place, "2.0");
    until("the new revision to run everywhere", || {
        let services = services(&controller);
        let behind = |(name, _): &(&'static str, &str)| {
            let status = &services[*name]["status"];
            let runs = status["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with("lab-web:2"));
            let done = status["history"][0]["outcome"] == "Succeeded" && status["history"][0]["number"] == 2;
            (!runs || !done).then(|| format!("{name}: {status}"))
        };
        let behind: Vec<String> = STRATEGIES.iter().filter_map(behind).collect();
        if behind.is_empty() { Ok(()) } else { Err(behind.join("\n")) }
    });
    controller.ready(objects);
    aws.call("ecs wait services-stable --cluster lab --services rolling blue-green canary linear");
    let deployment = services(&controller)["code-deploy"]["status"]["rollout"]["deployment"].clone();
    aws.call(&format!("deploy wait deployment-successful --deployment-id {}", deployment.as_str().unwrap()));
    let good = rollouts(&aws);
    for (name, count) in &good {
        assert_eq!(*count, created[name] + 1, "{name}");
    }

    // A bad one: one failed rollout each, the revision before runs on, and the cause is told.
    manifests(&place, "broken");
    until("the bad revision to have failed everywhere", || {
        let services = services(&controller);
        let open = |(name, _): &(&'static str, &str)| {
            let status = &services[*name]["status"];
            let told = status["failed"]["causes"].to_string().contains("CannotPullContainerError");
            let back = status["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with("lab-web:2"));
            (!told || !back || status["health"] != "Healthy").then(|| format!("{name}: {status}"))
        };
        let open: Vec<String> = STRATEGIES.iter().filter_map(open).collect();
        if open.is_empty() { Ok(()) } else { Err(open.join("\n")) }
    });
    let failed = rollouts(&aws);
    controller.looks_three_times();
    for (name, service) in services(&controller) {
        let status = &service["status"];
        assert_eq!(
            (&status["sync"], &status["history"][0]["outcome"]),
            (&"OutOfSync".into(), &"Failed".into()),
            "{name}"
        );
        assert_eq!(status["history"].as_array().unwrap().len(), 3, "{name}: {}", status["history"]);
    }
    assert_eq!(rollouts(&aws), failed, "silence");

    // The history as people read it, and a commit that heals.
    let history = place.run(&["history", "code-deploy", "-n", "lab", "--server", &controller.url]).expect(0).out;
    let lines: Vec<&str> = history.lines().collect();
    assert!(lines[1].starts_with("3 ") && lines[1].contains("Failed"), "{history}");
    assert!(
        lines[2].starts_with("2 ") && lines[2].contains("lab-web:2") && lines[2].contains("Succeeded"),
        "{history}"
    );
    manifests(&place, "2.1");
    controller.ready(objects);

    // Back to the revision before for a while, with git as it is, and forth again.
    let runs = |revision: &str| {
        until(&format!("{revision} to run"), || {
            let status = services(&controller)["rolling"]["status"].clone();
            let there = status["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with(revision));
            if there && status["health"] == "Healthy" { Ok(status) } else { Err(status.to_string()) }
        })
    };
    let said = |more: &[&str]| {
        let words = ["rollback", "rolling", "-n", "lab", "--server", &controller.url];
        place.run(&[&words[..], more].concat()).expect(0).out
    };
    let told = said(&["--for", "2h", "--reason", "checkout fails"]);
    assert!(told.contains("goes back to lab-web:2 until "), "{told}");
    assert_eq!(runs("lab-web:2")["pinned"]["reason"], "checkout fails");
    let told = said(&["--end"]);
    assert!(told.contains("goes to what git declares"), "{told}");
    assert!(runs("lab-web:4")["pinned"].is_null());
}
