//! Emergency hands, with the program's own commands: nothing is written while they hold.

use evenkeel_tests::program::{Controller, Finished, Place, until};

use crate::fixture;

/// The controller with one service, and a way to run commands against it.
fn lab(place: &Place) -> (Controller, impl Fn(&str) -> Finished) {
    fixture::lab(place);
    fixture::service(place, "web");
    let controller = Controller::start(place, &["--sandbox", "--source", "source", "--data", "data"]);
    controller.ready(3);
    let url = controller.url.clone();
    let run = move |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        place.run(&[&words[..], &["--server", &url]].concat())
    };
    (controller, run)
}

#[test]
fn suspending_a_cluster_or_everything_holds_all_of_it_says_so_and_is_taken_back_by_name() {
    let place = Place::new();
    let (controller, run) = lab(&place);
    let told = run("suspend --all --reason incident-17 --by me --for 1h").expect(0).out;
    assert!(told.starts_with("the whole installation is suspended until "), "{told}");
    run("wait service/web --for jsonpath={.status.suspended.through}=Installation/evenkeel --timeout 30s").expect(0);
    let before = controller.writes();
    fixture::lab(&place);
    place.write("source/web.yaml", &fixture::service_text("web", 75));
    run("wait service/web --for jsonpath={.status.sync}=OutOfSync --timeout 30s").expect(0);
    controller.looks_three_times();
    assert_eq!(controller.writes(), before, "what differs is seen and left alone");
    let described = run("describe service/web").expect(0).out;
    assert!(described.contains("through Installation/evenkeel, incident-17, by me, until "), "{described}");
    let listed = run("get installations").expect(0).out;
    assert!(listed.contains("evenkeel") && listed.contains("until "), "{listed}");
    let shown = controller.metrics();
    let through = |kind: &str| {
        shown.keys().filter(|it| it.starts_with("evenkeel_object_suspended{") && it.contains(kind)).count()
    };
    assert_eq!((through("through=\"Installation/evenkeel\""), through("kind=\"Installation\"")), (3, 1), "{shown:?}");

    // A name alone is enough, and what still holds is said.
    let told = run("suspend lab --reason freeze").expect(0).out;
    assert_eq!(told, "cluster lab, with all that is in it, is suspended until it is resumed\n");
    assert_eq!(run("resume --all").expect(0).out, "the whole installation is resumed\n");
    run("wait service/web --for jsonpath={.status.suspended.through}=Cluster/lab --timeout 30s").expect(0);
    run("suspend web --for 1h").expect(0);
    let told = run("resume web").expect(0).out;
    assert_eq!(
        told,
        "service lab/web is resumed; it is still suspended through Cluster/lab: evenkeel resume cluster/lab\n"
    );
    assert_eq!(controller.writes(), before);
    run("resume cluster/lab").expect(0);
    until("the difference to be corrected", || {
        match controller.writes().get("UpdateService") > before.get("UpdateService") {
            true => Ok(()),
            false => Err("not yet".to_owned()),
        }
    });
    controller.ready(3);
    assert!(run("resume --all").expect(0).out.contains("is not suspended"));
}

#[test]
fn who_cannot_be_meant_is_not_suspended() {
    let place = Place::new();
    let (_controller, run) = lab(&place);
    assert!(run("suspend wbe").expect(1).err.contains("there is no service and no Cluster \"wbe\""));
    assert!(run("suspend cluster/wbe").expect(1).err.contains("not found"));
    assert!(run("suspend service").expect(1).err.contains("which of them?"));
    run("suspend").expect(2);
    run("suspend web --all").expect(2);
}
