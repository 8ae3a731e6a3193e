//! Emergency hands, with the program's own commands: nothing is written while they hold.

use evenkeel_tests::program::{Controller, Finished, Place, finish, until};

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

/// Commits all of `source`, signed with the key `key` or not.
fn commit(place: &Place, signed: bool) -> String {
    let git = |arguments: &[&str]| {
        let mut command = place.command("git".as_ref());
        command.args([
            "-C",
            "source",
            "-c",
            "user.name=Mei",
            "-c",
            "user.email=mei@example.com",
            "-c",
            "gpg.format=ssh",
        ]);
        let key = format!("user.signingKey={}", place.path("key").display());
        finish({
            command.args(["-c", &key]).args(arguments);
            command
        })
        .expect(0)
        .out
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", if signed { "--gpg-sign" } else { "--no-gpg-sign" }, "-m", "a change"]);
    git(&["rev-parse", "HEAD"]).trim().to_owned()
}

#[test]
fn a_commit_without_the_signature_that_is_asked_for_changes_nothing_and_is_named_everywhere() {
    let place = Place::new();
    let mut keygen = place.command("ssh-keygen".as_ref());
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", "key"]);
    finish(keygen).expect(0);
    place.write("signers", &format!("mei@example.com {}", std::fs::read_to_string(place.path("key.pub")).unwrap()));
    fixture::lab(&place);
    fixture::service(&place, "web");
    let first = commit(&place, false);
    let arguments = ["--sandbox", "--source", "source", "--data", "data", "--require-signed", "signers"];
    let controller = Controller::start(&place, &arguments);
    until("readiness to say why", || match controller.get("/readyz") {
        (503, told) if told.contains(&format!("sha1:{first}")) && told.contains("it is not signed") => Ok(()),
        (status, told) => Err(format!("{status} {told}")),
    });
    assert!(controller.objects().is_empty());

    let good = commit_more(&place, 60, true);
    controller.ready(3);
    let bad = commit_more(&place, 75, false);
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        place.run(&[&words[..], &["--server", &controller.url]].concat())
    };
    run("wait installation/evenkeel --for jsonpath={.status.conditions[0].reason}=SourceInvalid --timeout 30s")
        .expect(0);
    let told = run("describe installation evenkeel").expect(0).out;
    assert!(told.contains(&bad) && told.contains("it is not signed"), "{told}");
    assert!(run("events cluster/lab").expect(0).out.contains(&bad[..7]));
    assert_eq!(controller.metrics().get("evenkeel_source_up"), Some(&0.0));
    assert_eq!(controller.get("/readyz").0, 200, "it works on with the commit before");
    controller.looks_three_times();
    let services = controller.list("services");
    assert_eq!(services[0]["status"]["lastAppliedRevision"], format!("sha1:{good}"));
    assert_eq!(services[0]["spec"]["service"]["healthCheckGracePeriodSeconds"], 60);
    let refused = place.run(&["plan", "--source", "source", "--sandbox", "--require-signed", "signers"]).expect(1);
    assert!(
        refused.err.contains("failed to trust sha1:") && refused.err.contains("it is not signed"),
        "{}",
        refused.err
    );

    commit_more(&place, 90, true);
    until("the commit that is signed", || match &controller.list("services")[0]["spec"]["service"] {
        service if service["healthCheckGracePeriodSeconds"] == 90 => Ok(()),
        service => Err(service.to_string()),
    });
    controller.ready(3);
    run("wait installation/evenkeel --for condition=Ready --timeout 30s").expect(0);
}

fn commit_more(place: &Place, grace: u32, signed: bool) -> String {
    place.write("source/web.yaml", &fixture::service_text("web", grace));
    place.write("source/note.txt", &grace.to_string());
    commit(place, signed)
}
