//! kubectl, as it comes, against the controller.

use std::process::Command;

use evenkeel_tests::program::{Controller, Finished, Place, Process, finish, kubectl};
use serde_json::Value;

use crate::fixture;

#[test]
fn kubectl_gets_describes_waits_and_watches() {
    let place = Place::new();
    fixture::lab(&place);
    fixture::service(&place, "web");
    let controller = Controller::start(&place, &["--sandbox", "--source", "source"]);
    let command = |words: &[&str]| -> Command {
        let mut command = place.command(&kubectl());
        command.args(["--server", &controller.url]).args(words);
        command
    };
    let run = |line: &str| -> Finished { finish(command(&line.split(' ').collect::<Vec<_>>())) };
    let mut watching = Process::start(command(&["get", "services.evenkeel.dev", "-n", "lab", "-w"]));

    let waited = run("wait services.evenkeel.dev/web -n lab --for=condition=Ready --timeout=60s").expect(0);
    assert!(waited.out.contains("condition met"), "{}", waited.out);
    let table = run("get esvc -A").expect(0).out;
    let (head, row) = table.split_once('\n').unwrap();
    for column in ["NAMESPACE", "NAME", "SYNC", "HEALTH", "AGE"] {
        assert!(head.contains(column), "{table}");
    }
    assert!(row.contains("lab") && row.contains("web") && row.contains("Synced"), "{table}");
    let described = run("describe services.evenkeel.dev web -n lab").expect(0).out;
    assert!(described.contains("Name:         web") && described.contains("Succeeded"), "{described}");
    let definitions = run("get etd -n lab -o json").expect(0).out;
    let list: Value = serde_json::from_str(&definitions).unwrap();
    assert_eq!(list["items"][0]["metadata"]["name"], "web");
    assert!(!definitions.contains(fixture::SECRET), "{definitions}");
    for line in ["get namespaces", "get clusters.evenkeel.dev", "get events -n lab", "api-resources", "explain etd.spec"] {
        run(line).expect(0);
    }
    let missing = run("get esvc nobody -n lab").expect(1);
    assert!(missing.err.contains("\"nobody\" not found"), "{}", missing.err);

    controller.aws(&place).call("ecs update-service --cluster lab --service web --desired-count 9");
    watching.line("the watch to show drift", |line| line.contains("OutOfSync").then_some(()));
    watching.line("the watch to show that it is over", |line| {
        (line.contains("Synced") && line.contains("Healthy")).then_some(())
    });
}
