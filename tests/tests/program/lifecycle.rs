//! Ends and starts: asked to stop, killed in the middle, and started twice.

use evenkeel_tests::program::{Controller, Embedded, Place, until};

use crate::fixture;

/// Waits until it begins to write to AWS.
fn first_write(controller: &Controller) {
    until("the first write", || controller.changes().first().map(drop).ok_or_else(|| "none".to_owned()));
}

#[test]
fn asked_to_stop_in_the_middle_it_finishes_its_passes_and_exits_with_0() {
    let place = Place::new();
    fixture::lab(&place);
    fixture::service(&place, "web");
    // Calls take a while, so that passes are in progress when the signal comes.
    let sandbox = Embedded::start(&place, &["--latency", "300"]);
    let mut controller =
        Controller::start(&place, &["--source", "source", "--data", "data", "--endpoint-url", &sandbox.url]);
    first_write(&controller);
    controller.process.signal("TERM");
    assert_eq!(controller.process.exit(), 0);
    let said = controller.process.lines().join("\n");
    assert!(said.contains("draining") && said.contains("\"finished\":true"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn killed_in_the_middle_it_goes_on_from_its_store_and_makes_nothing_twice() {
    let place = Place::new();
    fixture::lab(&place);
    let services: Vec<String> = (0..6).map(|number| format!("web-{number}")).collect();
    services.iter().for_each(|name| fixture::service(&place, name));
    let sandbox = Embedded::start(&place, &["--latency", "200"]);
    let arguments = ["--source", "source", "--data", "data", "--endpoint-url", &sandbox.url];
    // Each life is ended while its first write is under way.
    for _ in 0..4 {
        let mut controller = Controller::start(&place, &arguments);
        first_write(&controller);
        controller.process.signal("KILL");
        assert_eq!(controller.process.exit(), -1, "a signal ended it");
    }
    let controller = Controller::start(&place, &arguments);
    controller.ready(2 + services.len());
    let settled = controller.writes();
    controller.looks_three_times();
    assert_eq!(controller.writes(), settled);
    let aws = sandbox.aws(&place);
    let revisions = aws.call("ecs list-task-definitions --family-prefix lab-web");
    assert_eq!(revisions["taskDefinitionArns"].as_array().unwrap().len(), 1, "{revisions}");
    let arns = aws.call("ecs list-services --cluster lab");
    assert_eq!(arns["serviceArns"].as_array().unwrap().len(), services.len(), "{arns}");
    let line = format!("ecs describe-services --cluster lab --services {}", services.join(" "));
    for service in aws.call(&line)["services"].as_array().unwrap() {
        assert_eq!(service["deployments"].as_array().unwrap().len(), 1, "one rollout only: {service}");
        assert_eq!(service["runningCount"], 2);
    }
}

#[test]
fn a_second_process_on_the_same_store_says_that_it_is_in_use_and_by_what_to_go_on() {
    let place = Place::new();
    fixture::lab(&place);
    let arguments = ["--sandbox", "--source", "source", "--data", "data"];
    let controller = Controller::start(&place, &arguments);
    let second =
        place.run(&[&["run", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"], &arguments[..]].concat());
    let second = second.expect(1);
    let told = "the store in data is in use by another process: stop that one, or give this one another directory";
    assert!(second.err.contains(told), "{}", second.err);
    assert_eq!(controller.get("/livez").0, 200, "the first one goes on");
}
