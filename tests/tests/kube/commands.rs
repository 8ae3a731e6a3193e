//! The program's own commands on the same API, and the context that it writes for kubectl.

use evenkeel_tests::program::{Finished, Process, finish};

use crate::fixture::{Lab, MINORS, words};

/// Runs the program against the lab's controller.
fn evenkeel(lab: &Lab, line: &str) -> Finished {
    let mut command = lab.place.evenkeel(&words(line));
    command.env("EVENKEEL_SERVER", &lab.controller.url).env("USER", "me");
    finish(command)
}

#[test]
fn the_program_operates_waits_and_says_so_in_its_exit_code() {
    let lab = Lab::start();
    let run = |line: &str| evenkeel(&lab, line);
    assert!(run("wait services --timeout 30s").expect(0).out.contains("service lab/web: condition met"));
    assert!(run("wait service/web --for jsonpath={.status.sync}=Synced --timeout 30s").expect(0).err.is_empty());
    assert!(run("wait service/nobody --timeout 1s").expect(3).err.contains("there are no such services"));
    run("wait pods").expect(1);
    assert!(run("suspend service/web --reason 'a look' --for 1h").expect(0).out.contains("is suspended until"));
    run("wait service/web '--for=jsonpath={.status.suspended.by}=me' --timeout 30s").expect(0);
    assert!(run("describe service/web").expect(0).out.contains("a look, by me, until"));
    run("resume service/web").expect(0);
    assert!(run("resume service/web").expect(0).out.contains("is not suspended"));
    assert!(run("reconcile service/web --wait --timeout 30s").expect(0).out.contains("was reconciled"));
    assert!(run("approve service/web").expect(0).out.contains("nothing waits"));
    run("approve service/web --token 1a2b3c4d").expect(0);
    assert!(run("approve service/web --token 1a2b3c4d").expect(0).out.contains("already"));
    run("approve service/web --token 5e6f7a8b").expect(0);
    let annotations = run("get service/web -o jsonpath={.metadata.annotations}").expect(0).out;
    assert!(annotations.contains("1a2b3c4d,5e6f7a8b"), "{annotations}");
    run("retry service/web").expect(0);
    assert!(run("events service/web").expect(0).out.contains("service lab/web"));
    assert!(run("schema Service").expect(0).out.contains("containerPort"));
    run("schema --dir schemas").expect(0);
    assert!(lab.place.path("schemas/service_v1alpha1.json").exists());
    assert!(run("completion zsh").expect(0).out.contains("evenkeel"));
}

#[test]
fn the_context_that_it_writes_is_all_that_kubectl_needs() {
    let lab = Lab::start();
    evenkeel(&lab, "kubeconfig --namespace lab --write config").expect(0);
    let mut kubectl = lab.kubectl("1.37", &["get", "esvc"]);
    // The context alone says where the server is.
    let program = kubectl.get_program().to_owned();
    kubectl = lab.place.command(program.as_ref());
    kubectl.env("KUBECONFIG", lab.place.path("config")).args(["get", "esvc"]);
    assert!(finish(kubectl).expect(0).out.contains("web"));
}

#[test]
fn a_watch_shows_drift_when_it_comes_and_when_it_goes() {
    let lab = Lab::start();
    let mut watching = Process::start(lab.kubectl("1.35", &["get", "esvc", "-n", "lab", "-w"]));
    watching.line("the first row", |line| line.contains("Synced").then_some(()));
    evenkeel(&lab, "suspend service/web").expect(0);
    lab.controller.aws(&lab.place).call("ecs update-service --cluster lab --service web --desired-count 9");
    watching.line("drift", |line| line.contains("OutOfSync").then_some(()));
    for minor in MINORS {
        let out = lab.run(minor, "get services --field-selector status.sync=OutOfSync -A").expect(0).out;
        assert!(out.contains("lab") && out.contains("web") && out.contains("OutOfSync"), "{out}");
        let told = lab.run(minor, "describe esvc web -n lab").expect(0).out;
        for words in [
            "Conditions:",
            "Drift:",
            "Desired:",
            "Observed:",
            "Path:",
            "Range:",
            "Rollout",
            "Suspended:",
            "Events:",
            "DriftDetected",
        ] {
            assert!(told.contains(words), "{words} is not in:\n{told}");
        }
    }
    evenkeel(&lab, "resume service/web").expect(0);
    evenkeel(&lab, "wait service/web --for jsonpath={.status.sync}=Synced --timeout 60s").expect(0);
}
