//! A store that is older than git and AWS: what came since is not taken back.

use evenkeel_tests::program::{Controller, Embedded, Place, until};

use crate::fixture;

/// A controller on a data directory, at this source.
fn start(place: &Place, sandbox: &Embedded, source: &str, data: &str) -> Controller {
    Controller::start(place, &["--source", source, "--data", data, "--endpoint-url", &sandbox.url])
}

fn stop(mut controller: Controller) {
    controller.process.signal("TERM");
    controller.process.exit();
}

#[test]
fn a_store_that_was_restored_or_is_behind_waits_for_git_and_rolls_nothing_back() {
    let place = Place::new();
    fixture::lab(&place);
    fixture::service(&place, "web");
    let sandbox = Embedded::start(&place, &[]);
    let controller = start(&place, &sandbox, "source", "data");
    controller.ready(3);
    stop(controller);
    place.run(&["store", "backup", "--data", "data", "backup"]).expect(0);
    // A store that is behind without having been restored, as after a snapshot of the volume.
    let copied = std::process::Command::new("cp").args(["-r", "data", "behind"]).current_dir(place.path(".")).status();
    assert!(copied.unwrap().success());

    // The next revision is rolled out, and then the store is lost.
    place.write("source/definition.yaml", &fixture::task_definition("2.0"));
    let controller = start(&place, &sandbox, "source", "data");
    until("the rollout", || match controller.writes().get("UpdateService") {
        Some(1) => Ok(()),
        _ => Err(format!("{:?}", controller.writes())),
    });
    controller.ready(3);
    stop(controller);
    place.run(&["store", "restore", "--data", "again", "backup"]).expect(0);

    // While there is no source, a restored store says nothing of what is wanted now.
    let controller = start(&place, &sandbox, "not-cloned-yet", "again");
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(controller.writes(), Default::default(), "it waits for git");
    stop(controller);

    for data in ["again", "behind"] {
        let controller = start(&place, &sandbox, "source", data);
        controller.ready(3);
        controller.looks_three_times();
        let said: Vec<String> =
            controller.process.lines().into_iter().filter(|line| line.contains("Service")).collect();
        assert_eq!(controller.writes(), Default::default(), "{data}: git and AWS agree\n{}", said.join("\n"));
        stop(controller);
    }
    // From then on it is a store like any other: what was applied last is wanted, source or not.
    let controller = start(&place, &sandbox, "not-cloned-yet", "again");
    controller.ready(3);
    stop(controller);
}

#[test]
fn a_damaged_store_is_refused_with_what_to_do_and_repaired_into_a_new_one() {
    let place = Place::new();
    fixture::lab(&place);
    fixture::service(&place, "web");
    let sandbox = Embedded::start(&place, &[]);
    let controller = start(&place, &sandbox, "source", "data");
    controller.ready(3);
    stop(controller);
    let log = place.path("data/sled/db");
    let mut bytes = std::fs::read(&log).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end * 4 / 5] ^= 0x10;
    std::fs::write(&log, bytes).unwrap();
    let refused = place.run(&["store", "check", "--data", "data"]).expect(1);
    assert!(refused.err.contains("evenkeel store repair"), "{}", refused.err);
    let repaired = place.run(&["store", "repair", "--data", "data", "new"]).expect(0);
    assert!(repaired.out.contains("lost: the last") && repaired.out.contains("is as it was"), "{}", repaired.out);
    place.run(&["store", "check", "--data", "new"]).expect(0);
    let controller = start(&place, &sandbox, "source", "new");
    controller.ready(3);
    controller.looks_three_times();
    assert_eq!(controller.writes(), Default::default(), "nothing has to be done again");
}
