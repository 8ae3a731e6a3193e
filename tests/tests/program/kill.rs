//! `kill -9` at any moment, under load: what was acknowledged is still there, whole, and nothing is done twice.
//!
//! Each round starts the program on the store of the last, writes over its API and commits to its source all the while,
//! and kills it at a random moment, every fourth time before it is even up. `ROUNDS` says how many rounds (15 without
//! it), `SEED` repeats the moments of another run as far as the machine lets it:
//!
//! ```sh
//! ROUNDS=300 cargo test -p evenkeel-tests --test program kill -- --nocapture
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use evenkeel_tests::program::{Aws, Controller, Embedded, Place, Process};
use serde_json::Value;

use crate::fixture;

const SERVICES: [&str; 4] = ["web-0", "web-1", "web-2", "web-3"];

/// What the writer counts in, on each service.
const COUNTER: &str = "load.example.com/counter";

/// A number of the environment, or this one.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

/// The store's sequence as it stands in an object.
fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().and_then(|it| it.parse().ok()).unwrap_or_else(|| panic!("{object}"))
}

fn counter(object: &Value) -> u64 {
    object["metadata"]["annotations"][COUNTER].as_str().map_or(0, |text| text.parse().unwrap())
}

/// What the API acknowledged, and what it may have taken without being able to say so.
#[derive(Default)]
struct Ledger {
    /// By service: the counter and the resourceVersion that came back with it.
    acknowledged: BTreeMap<&'static str, (u64, u64)>,
    writes: u64,
    sent: u64,
}

/// Counts up on one service after the other until the controller is no more.
fn write_on(url: String, ledger: Arc<Mutex<Ledger>>, over: Arc<AtomicBool>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let timeout = Some(Duration::from_secs(5));
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(timeout).http_status_as_error(false).build().into();
        for name in SERVICES.iter().cycle() {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let next = {
                let mut ledger = ledger.lock().unwrap();
                ledger.sent += 1;
                ledger.sent
            };
            let patch = serde_json::json!({"metadata": {"annotations": {COUNTER: next.to_string()}}});
            let path = format!("{url}/apis/evenkeel.dev/v1alpha1/namespaces/lab/services/{name}");
            let answer = agent.patch(&path).content_type("application/merge-patch+json").send(patch.to_string());
            // Whatever is not a whole answer acknowledges nothing; before the first commit there is no such service.
            let Ok(mut answer) = answer else { continue };
            if answer.status() != 200 {
                continue;
            }
            let Ok(text) = answer.body_mut().read_to_string() else { continue };
            let object: Value = serde_json::from_str(&text).unwrap();
            let mut ledger = ledger.lock().unwrap();
            ledger.acknowledged.insert(name, (counter(&object), version(&object)));
            ledger.writes += 1;
        }
    })
}

/// Every object is whole, and no acknowledged write is missing.
fn check(controller: &Controller, ledger: &Ledger, what: &str) {
    for object in controller.objects() {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let whole = object["metadata"]["uid"].is_string()
            && object["metadata"]["generation"].as_i64() >= Some(1)
            && object["spec"].is_object();
        assert!(whole, "{what}: half an object: {object}");
        let Some((counted, at)) = ledger.acknowledged.get(name).filter(|_| object["kind"] == "Service") else {
            continue;
        };
        let (there, now) = (counter(&object), version(&object));
        assert!(there >= *counted, "{what}: {name} had {counted} acknowledged and has {there}");
        assert!(there <= ledger.sent, "{what}: {name} has {there}, which nobody wrote");
        assert!(now >= *at, "{what}: {name} was acknowledged at {at} and is at {now}");
    }
    let there: BTreeSet<String> =
        controller.list("services").iter().map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    for name in ledger.acknowledged.keys() {
        assert!(there.contains(*name), "{what}: {name} is gone");
    }
}

/// Revisions by image, and rollouts by service and revision, as AWS has them: each is there once.
fn nothing_twice(aws: &Aws<'_>) -> usize {
    let arns = aws.call("ecs list-task-definitions --family-prefix lab-web");
    let arns: Vec<String> = serde_json::from_value(arns["taskDefinitionArns"].clone()).unwrap();
    let mut images = BTreeSet::new();
    for arn in &arns {
        let shown = aws.call(&format!("ecs describe-task-definition --task-definition {arn}"));
        let image = shown["taskDefinition"]["containerDefinitions"][0]["image"].to_string();
        assert!(images.insert(image.clone()), "{image} is registered twice");
    }
    let services = aws.call("ecs list-services --cluster lab");
    assert_eq!(services["serviceArns"].as_array().unwrap().len(), SERVICES.len(), "{services}");
    let mut rollouts = 0;
    for name in SERVICES {
        let list = aws.call(&format!("ecs list-service-deployments --cluster lab --max-results 100 --service {name}"));
        let targets: Vec<String> = list["serviceDeployments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["targetServiceRevisionArn"].as_str().unwrap().to_owned())
            .collect();
        let mut seen = BTreeSet::new();
        for part in targets.chunks(20) {
            let line = format!("ecs describe-service-revisions --service-revision-arns {}", part.join(" "));
            for revision in aws.call(&line)["serviceRevisions"].as_array().unwrap() {
                let definition = revision["taskDefinition"].as_str().unwrap().to_owned();
                assert!(seen.insert(definition.clone()), "{name} was rolled out to {definition} twice");
            }
        }
        assert_eq!(seen.len(), targets.len());
        rollouts += seen.len();
    }
    rollouts
}

#[test]
fn killed_at_any_moment_under_load_it_loses_nothing_acknowledged_and_does_nothing_twice() {
    let rounds = number("ROUNDS", 15);
    let seed = number("SEED", fastrand::u64(..));
    println!("SEED={seed} ROUNDS={rounds}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let place = Place::new();
    fixture::lab(&place);
    SERVICES.iter().for_each(|name| fixture::service(&place, name));
    let sandbox = Embedded::start(&place, &["--latency", "20"]);
    let arguments = ["--source", "source", "--data", "data", "--endpoint-url", &sandbox.url];
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut early = 0;
    for round in 0..rounds {
        let what = format!("SEED={seed}, round {round}");
        if rng.u8(0..4) == 0 {
            // While it opens the store, reads the source and begins.
            let mut command = place.evenkeel(&["run", "--listen", "127.0.0.1:0", "--interval", "1s"]);
            let mut process = Process::start({
                command.args(arguments);
                command
            });
            thread::sleep(Duration::from_millis(rng.u64(0..300)));
            process.signal("KILL");
            assert_eq!(process.exit(), -1, "{what}: it ended by itself:\n{}", process.lines().join("\n"));
            early += 1;
            continue;
        }
        let mut controller = Controller::start(&place, &arguments);
        check(&controller, &ledger.lock().unwrap(), &what);
        let over = Arc::new(AtomicBool::new(false));
        let writer = write_on(controller.url.clone(), ledger.clone(), over.clone());
        let life = rng.u64(0..1500);
        let commit = rng.u64(0..=life);
        thread::sleep(Duration::from_millis(commit));
        if rng.u8(0..3) == 0 {
            // Only ever onwards, so that no content comes back and each may roll out once.
            place.write("source/definition.yaml.new", &fixture::task_definition(&format!("1.{}", round + 1)));
            std::fs::rename(place.path("source/definition.yaml.new"), place.path("source/definition.yaml")).unwrap();
        }
        thread::sleep(Duration::from_millis(life - commit));
        controller.process.signal("KILL");
        assert_eq!(controller.process.exit(), -1, "{what}: it ended by itself");
        over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    }
    let controller = Controller::start(&place, &arguments);
    let ledger = ledger.lock().unwrap();
    check(&controller, &ledger, &format!("SEED={seed}, the last start"));
    controller.ready(2 + SERVICES.len());
    check(&controller, &ledger, &format!("SEED={seed}, the end"));
    let settled = controller.writes();
    controller.looks_three_times();
    assert_eq!(controller.writes(), settled, "SEED={seed}: what has converged is written to no more");
    let rollouts = nothing_twice(&sandbox.aws(&place));
    println!(
        "{rounds} kills, {early} of them before it was up; {} writes acknowledged, none lost; {rollouts} rollouts, none twice",
        ledger.writes
    );
}
