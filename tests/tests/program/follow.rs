//! The source changes while the controller runs.

use std::os::unix::fs::symlink;

use evenkeel_tests::program::{Aws, Controller, Place, until};
use serde_json::Value;

use crate::fixture;

/// Image of the revision that a service is set to.
fn image(aws: &Aws) -> String {
    let service = service(aws);
    let revision = service["taskDefinition"].as_str().unwrap();
    let line = format!("ecs describe-task-definition --task-definition {revision}");
    let image = aws.call(&line)["taskDefinition"]["containerDefinitions"][0]["image"].clone();
    image.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn service(aws: &Aws) -> Value {
    aws.call("ecs describe-services --cluster lab --services web")["services"][0].clone()
}

fn service_in(security_group: &str) -> String {
    fixture::service_text("web", 60).replace("sg-0c7b6a5948372615a", security_group)
}

/// Waits until the service has this revision in its status and is ready.
fn revision(controller: &Controller, number: u32) {
    until(&format!("revision {number}"), || {
        let status = &controller.list("services")[0]["status"];
        let there = status["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with(&format!(":{number}")));
        there.then_some(()).ok_or_else(|| status.to_string())
    });
    controller.ready(3);
}

#[test]
fn an_edited_file_rolls_out_and_a_broken_one_keeps_what_was_good_before_and_says_where_it_is_broken() {
    let place = Place::new();
    fixture::lab(&place);
    fixture::service(&place, "web");
    let controller = Controller::start(&place, &["--sandbox", "--source", "source"]);
    let aws = controller.aws(&place);
    controller.ready(3);
    assert_eq!(image(&aws), "web:1.0");

    place.write("source/definition.yaml.new", &fixture::task_definition("1.1"));
    std::fs::rename(place.path("source/definition.yaml.new"), place.path("source/definition.yaml")).unwrap();
    revision(&controller, 2);
    assert_eq!(image(&aws), "web:1.1");
    assert_eq!(controller.writes()["UpdateService"], 1, "one change, one rollout");

    let writes = controller.writes();
    place.write("source/definition.yaml", "kind: TaskDefinition\nspec: [");
    let told = until("the task definition to say that its file is broken", || {
        let status = controller.list("taskdefinitions")[0]["status"].to_string();
        if status.contains("definition.yaml") { Ok(status) } else { Err(status) }
    });
    assert!(told.contains("definition.yaml:"), "the place is named: {told}");
    controller.looks_three_times();
    assert_eq!(controller.writes(), writes);
    assert_eq!(image(&aws), "web:1.1", "what runs stays");
    assert_eq!(controller.metrics()["evenkeel_source_errors"], 1.0);

    // The rest of the source goes on meanwhile.
    place.write("source/web.yaml", &fixture::service_text("web", 90));
    until("the grace period to change", || match service(&aws)["healthCheckGracePeriodSeconds"].as_i64() {
        Some(90) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    place.write("source/definition.yaml", &fixture::task_definition("1.2"));
    revision(&controller, 3);
    assert_eq!(image(&aws), "web:1.2");
}

#[test]
fn a_link_that_git_sync_swaps_rolls_out_as_one_commit_and_names_it() {
    let place = Place::new();
    let first = "0123456789abcdef0123456789abcdef01234567";
    let second = "89abcdef0123456789abcdef0123456789abcdef";
    // As git-sync lays it out: a work tree for each commit, and a link that is replaced by renaming another over it.
    let publish = |commit: &str, group: &str, tag: &str| {
        let tree = format!("git/.worktrees/{commit}");
        fixture::lab(&place);
        place.copy(&place.path("source"), &tree);
        place.write(&format!("{tree}/definition.yaml"), &fixture::task_definition(tag));
        place.write(&format!("{tree}/service.yaml"), &service_in(group));
        symlink(format!(".worktrees/{commit}"), place.path("git/next")).unwrap();
        std::fs::rename(place.path("git/next"), place.path("git/current")).unwrap();
    };
    publish(first, "sg-0c7b6a5948372615a", "1.0");
    let controller = Controller::start(&place, &["--sandbox", "--source", "git/current"]);
    let aws = controller.aws(&place);
    controller.ready(3);
    publish(second, "sg-0d00000000000000d", "2.0");
    revision(&controller, 2);
    std::fs::remove_dir_all(place.path(&format!("git/.worktrees/{first}"))).unwrap();
    controller.looks_three_times();
    controller.ready(3);
    assert_eq!(image(&aws), "web:2.0");
    let network = &service(&aws)["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(network["securityGroups"][0], "sg-0d00000000000000d");
    assert_eq!(controller.writes()["UpdateService"], 1, "image and network came in one commit: one call, one rollout");
    let applied = controller.list("services")[0]["status"]["lastAppliedRevision"].clone();
    assert_eq!(applied, format!("sha1:{second}"));
}
