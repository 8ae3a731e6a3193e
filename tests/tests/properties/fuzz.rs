//! Bytes and answers that nobody in their right mind sends: whatever they are, nothing panics, and the same comes of the
//! same. Good input is bent at random, for `FUZZ_SECONDS` a target (two without it):
//!
//! ```sh
//! FUZZ_SECONDS=600 cargo test --release -p evenkeel-tests --test properties fuzz -- --nocapture
//! SEED=1234 cargo test -p evenkeel-tests --test properties fuzz     # what a failure prints: that one case again
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use evenkeel_core::admission::admit;
use evenkeel_core::desired::Suspension;
use evenkeel_core::manifest::{Content, Files, load};
use evenkeel_core::memory::Memory;
use evenkeel_core::plan::service::TaskDefinition;
use evenkeel_core::plan::{Observation, check, service};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::services::Specs;
use crate::world::World;

/// Runs cases from random seeds until the time is over, or the one that `SEED` names.
fn fuzz(target: &str, mut case: impl FnMut(&mut Rng)) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let mut run = |seed: u64| {
        let outcome = catch_unwind(AssertUnwindSafe(|| case(&mut Rng::with_seed(seed))));
        assert!(outcome.is_ok(), "{target}: SEED={seed} plays it again");
    };
    if let Some(seed) = number("SEED") {
        return run(seed);
    }
    let (began, time) = (Instant::now(), Duration::from_secs(number("FUZZ_SECONDS").unwrap_or(2)));
    let mut executions = 0_u64;
    while began.elapsed() < time {
        run(fastrand::u64(..));
        executions += 1;
    }
    println!("{target}: {executions} executions");
}

/// Pieces that parsers and templates trip over.
const PIECES: [&str; 30] = [
    "${",
    "${name}",
    "$${",
    "}",
    "&a ",
    "*a",
    "<<: *a",
    "---\n",
    "...\n",
    "{",
    "[",
    "]",
    ": ",
    "? ",
    "- ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "\\u0000",
    "\u{feff}",
    "!!binary x",
    "%YAML 1.1\n",
    "\t",
    "\r",
    "0x7fffffffffffffff",
    ".nan",
    "1e999",
    "~",
    "é\u{202e}",
];

/// Bends a text in one to eight places.
fn bend_text(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.usize(1..9) {
        let at = rng.usize(0..=bytes.len());
        let end = (at + rng.usize(0..40)).min(bytes.len());
        match rng.u8(0..7) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..at, rng.choice(PIECES).unwrap().bytes())),
            2 => drop(bytes.splice(at..end, rng.choice(PIECES).unwrap().bytes())),
            3 if at < bytes.len() => bytes[at] = rng.u8(..),
            4 => {
                let part = bytes[at..end].to_vec();
                let to = rng.usize(0..=bytes.len());
                drop(bytes.splice(to..to, part));
            }
            5 => bytes.truncate(at),
            _ => {
                // Deep, as no hand writes it.
                let piece = rng.choice(["[", "{a: ", "- ", "? "]).unwrap();
                drop(bytes.splice(at..at, piece.repeat(rng.usize(1..400)).bytes()));
            }
        }
    }
}

/// Every text below a directory of the repository.
fn texts(directory: &str) -> Files {
    fn walk(root: &Path, at: &Path, files: &mut Files) {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                files.insert(name, Content::Bytes(std::fs::read(&path).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(directory);
    let mut files = Files::new();
    walk(&root, &root, &mut files);
    assert!(!files.is_empty());
    files
}

/// Loads files as the controller does, and finds the same twice.
fn loads(files: &Files) {
    let twice = || {
        let mut load = load(files);
        admit(&mut load);
        format!("{load:?}")
    };
    assert_eq!(twice(), twice(), "a load is a function");
}

#[test]
fn manifests_of_any_bytes_load_or_are_refused() {
    // Small ones, since each case loads one whole: the shapes count, not the sizes.
    let corpora =
        ["desired-state/hands-on", "tests/scenarios/fixtures/shop", "tests/scenarios/fixtures/code-deploy"].map(texts);
    fuzz("manifests", |rng| {
        let mut files = rng.choice(&corpora).unwrap().clone();
        // One or two are enough: what is good around them is loaded all the same.
        for _ in 0..rng.usize(1..3) {
            let name = rng.choice(files.keys().cloned().collect::<Vec<_>>()).unwrap();
            if let Some(Content::Bytes(bytes)) = files.get_mut(&name) {
                bend_text(rng, bytes);
            }
        }
        loads(&files);
    });
}

#[test]
fn variables_of_any_text_are_substituted_or_refused() {
    fuzz("variables", |rng| {
        let text = |rng: &mut Rng| {
            let pieces =
                ["${", "}", "$", "{", "a", "b", "c", "${a}", "${b}", "$${a}", "é", " ", "\\n", "-", ".", "0", "\u{1f}"];
            (0..rng.usize(0..12)).map(|_| rng.choice(pieces).unwrap()).collect::<String>()
        };
        let variables = json!({"a": text(rng), "b": text(rng), "c": {"d": text(rng)}, text(rng): text(rng)});
        let directory = json!({
            "apiVersion": "evenkeel.dev/v1alpha1", "kind": "Directory", "variables": variables, "include": [text(rng)],
        });
        let manifest = json!({
            "apiVersion": "evenkeel.dev/v1alpha1", "kind": "Service", "metadata": {"name": text(rng), "namespace": "shop"},
            "spec": {"taskDefinition": text(rng), "service": {"serviceName": text(rng), text(rng): text(rng), "desiredCount": "${a}"}},
        });
        let bytes = |value: &Value| Content::Bytes(value.to_string().into_bytes());
        let files = Files::from([
            ("evenkeel.yaml".to_owned(), bytes(&directory)),
            ("web.yaml".to_owned(), bytes(&manifest)),
            ("sub/evenkeel.yaml".to_owned(), bytes(&json!({"kind": "Directory", "variables": {"a": text(rng)}}))),
            ("sub/web.yaml".to_owned(), bytes(&manifest)),
        ]);
        loads(&files);
    });
}

/// A value that has no business being there.
fn odd(rng: &mut Rng) -> Value {
    match rng.u8(0..12) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(..)),
        3 => json!(u64::MAX),
        4 => json!(rng.choice([f64::MAX, f64::MIN, f64::MIN_POSITIVE, -0.0, 0.5, 1e19]).unwrap()),
        5 => json!(
            rng.choice(["", "ACTIVE", "INACTIVE", "DRAINING", "PRIMARY", "FAILED", "COMPLETED", "CODE_DEPLOY"])
                .unwrap()
        ),
        6 => json!(
            rng.choice(["EXTERNAL", "arn:", "arn:aws:ecs", ":::", "/", "web:0", "é\u{202e}\u{0}", "rolling back"])
                .unwrap()
        ),
        7 => json!([]),
        8 => json!({}),
        9 => json!([null, [], {}, "x", 1]),
        10 => json!({"name": 1, "key": null, "value": [], "id": {}}),
        _ => json!("x".repeat(rng.usize(0..3000))),
    }
}

/// Bends a document in one place, wherever that is.
fn bend_json(rng: &mut Rng, value: &mut Value) {
    let inside = rng.u8(0..8) > 0;
    match value {
        Value::Object(members) if inside && !members.is_empty() => {
            let names: Vec<String> = members.keys().cloned().collect();
            let name = rng.choice(&names).unwrap();
            match rng.u8(0..6) {
                0 => drop(members.remove(name)),
                1 => {
                    let other = members[rng.choice(&names).unwrap()].clone();
                    members.insert(name.clone(), other);
                }
                _ => bend_json(rng, &mut members[name]),
            }
        }
        Value::Array(elements) if inside && !elements.is_empty() => {
            let at = rng.usize(0..elements.len());
            match rng.u8(0..6) {
                0 => drop(elements.remove(at)),
                1 => elements.push(elements[at].clone()),
                2 => elements.reverse(),
                _ => bend_json(rng, &mut elements[at]),
            }
        }
        _ => *value = odd(rng),
    }
}

/// Bends what was read, if anything was; now and then it is not known or not there.
fn bend<T>(rng: &mut Rng, observation: &mut Observation<T>, bent: impl FnOnce(&mut Rng, &mut T)) {
    match (rng.u8(0..10), &mut *observation) {
        (0, _) => *observation = Observation::Unknown,
        (1, _) => *observation = Observation::Absent,
        (2..=6, Observation::Present(value)) => bent(rng, value),
        _ => {}
    }
}

fn bend_list(rng: &mut Rng, list: &mut Vec<Value>) {
    let mut whole = Value::Array(std::mem::take(list));
    bend_json(rng, &mut whole);
    *list = whole.as_array().cloned().unwrap_or_default();
}

/// A service that is in line, as it is wanted and as AWS shows it, with what was remembered on the way there.
fn converged() -> (service::Desired, service::Observed, Memory, Timestamp) {
    let container = json!({"name": "app", "image": "app:1.0", "portMappings": [{"containerPort": 80}],
                           "environment": [{"name": "A", "value": "1"}]});
    let definition = json!({"taskDefinition": {
        "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [container],
    }});
    let service = json!({
        "taskDefinition": "web", "adoption": "Adopt",
        "service": {
            "launchType": "FARGATE", "desiredCount": 2, "healthCheckGracePeriodSeconds": 60,
            "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100},
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["sg-1"]}},
            "loadBalancers": [{
                "targetGroupArn": "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/web/0123456789abcdef",
                "containerName": "app", "containerPort": 80,
            }],
            "tags": [{"key": "team", "value": "shop"}],
        },
        "scaling": {"minCapacity": 2, "maxCapacity": 4, "policies": [{
            "policyName": "cpu", "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "targetValue": 60, "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        }]},
    });
    let mut world = World::new(&Specs { definition, service });
    world.converge();
    let arn = world.live().service.present().unwrap()["taskDefinition"].as_str().unwrap().to_owned();
    let hash = world.wanted_definition().content();
    let desired = world.wanted_service(TaskDefinition::Content { arn, hash });
    let observed = world.observe(&desired);
    (desired, observed, world.memory, world.now)
}

#[test]
fn answers_of_any_shape_lead_to_a_plan_or_to_its_refusal() {
    let (desired, observed, memory, now) = converged();
    let mut under_code_deploy = (desired.clone(), observed.clone());
    under_code_deploy.0.document.insert("deploymentController".into(), json!({"type": "CODE_DEPLOY"}));
    if let Observation::Present(service) = &mut under_code_deploy.1.service {
        let arn = service["taskDefinition"].clone();
        service["deploymentController"] = json!({"type": "CODE_DEPLOY"});
        service["taskSets"] = json!([
            {"id": "1", "externalId": "d-1", "status": "PRIMARY", "stabilityStatus": "STEADY_STATE", "taskDefinition": arn,
             "computedDesiredCount": 2, "runningCount": 2, "loadBalancers": service["loadBalancers"]},
            {"id": "2", "externalId": "d-2", "status": "ACTIVE", "stabilityStatus": "STABILIZING", "taskDefinition": arn,
             "computedDesiredCount": 2, "runningCount": 0, "loadBalancers": service["loadBalancers"]},
        ]);
    }
    let systems = [(desired, observed), under_code_deploy];
    fuzz("answers", |rng| {
        let (mut desired, mut observed) = rng.choice(&systems).unwrap().clone();
        let mut now = now;
        let mut memory = if rng.bool() { memory.clone() } else { Memory::default() };
        desired.mandate.deleting = rng.u8(0..6) == 0;
        desired.mandate.holds.suspension = (rng.u8(0..10) == 0).then(Suspension::default);
        // One answer after the other, each with what was remembered of those before it.
        for _ in 0..rng.usize(1..5) {
            bend(rng, &mut observed.service, bend_json);
            bend(rng, &mut observed.target, bend_json);
            bend(rng, &mut observed.policies, bend_list);
            bend(rng, &mut observed.scheduled_actions, bend_list);
            if rng.u8(0..4) == 0 {
                observed.deployment = Observation::Present(odd(rng));
                observed.revision_content = rng.bool().then(|| "other".to_owned());
            }
            let plan = service::plan(&desired, &observed, &memory, now);
            assert_eq!(plan, service::plan(&desired, &observed, &memory, now), "a plan is a function");
            if !check::service(&desired, &observed, &plan).is_empty() {
                // As the controller does: it is refused, nothing is done, and somebody is told.
                return;
            }
            memory = plan.memory.clone();
            for action in &plan.actions {
                // The answer to a write is no better than those to reads.
                let mut answer = json!({"service": observed.service.present(), "deploymentId": "d-1"});
                bend_json(rng, &mut answer);
                memory.record(action, &answer, now);
            }
            plan.remember_applied(&mut memory, now);
            // What the store gives back is what goes on. (A null that AWS answered comes back as nothing.)
            memory = serde_json::from_value(serde_json::to_value(&memory).unwrap()).unwrap();
            now += SignedDuration::from_secs(rng.i64(0..2000));
            observed.read_at = now;
        }
    });
}
