//! How the API bears a large fleet: `cargo bench -p evenkeel-api --bench load`.
//!
//! Prints how long lists of 10,000 services take over loopback, and what 200 watchers cost, of which one does not read.

use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use evenkeel_api::{ApiState, router};
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_store::{Batch, Options, Store, Write};
use jiff::Timestamp;
use serde_json::{Value, json};

const SERVICES: usize = 10_000;
const WATCHERS: usize = 200;
const CHANGES: usize = 2_000;
const PATH: &str = "/apis/evenkeel.dev/v1alpha1/services";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
const JSON: &str = "application/json";

fn key(number: usize) -> ObjectKey {
    ObjectKey::new(Kind::Service, &format!("cluster-{}", number % 20), &format!("service-{number:05}"))
}

fn status(number: usize, running: usize) -> Value {
    let condition = |kind: &str| {
        json!({
            "type": kind, "status": "True", "reason": "Succeeded", "message": "observed state is as declared",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
        })
    };
    let conditions = ["Ready", "Drifted", "Healthy"].map(condition);
    json!({
        "observedGeneration": 1, "sync": "Synced", "health": "Healthy", "desiredCount": 2, "runningCount": running,
        "range": {"min": 2, "max": 4}, "lastAppliedRevision": "sha1:0f3a9c21d4e5b6a7980123456789abcdef012345",
        "taskDefinition": format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/service-{number}:7"),
        "conditions": conditions,
    })
}

fn service(number: usize) -> Object {
    let spec = json!({
        "taskDefinition": "web",
        "service": {
            "serviceName": format!("service-{number}"), "launchType": "FARGATE", "desiredCount": 2,
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-0c7b6a59483726151", "subnet-0c7b6a59483726153"],
                "securityGroups": ["sg-0c7b6a5948372615a"],
            }},
            "loadBalancers": [{
                "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/c7b6a59483726151",
                "containerName": "web", "containerPort": 8080,
            }],
            "tags": [{"key": "Team", "value": "shop"}, {"key": "Env", "value": "prod"}],
        },
        "scaling": {"minCapacity": 2, "maxCapacity": 4},
    });
    Object::new(&key(number), spec)
}

async fn filled() -> Store {
    let store = Store::temporary(Options::default()).await.expect("a temporary store opens");
    for chunk in (0..SERVICES).collect::<Vec<_>>().chunks(500) {
        let objects = chunk.iter().map(|number| Write::Apply(service(*number)));
        let statuses = chunk.iter().map(|number| Write::Status { key: key(*number), status: status(*number, 2) });
        let batch = Batch::new(Timestamp::now(), objects.chain(statuses).collect());
        store.commit(batch).await.expect("the store takes a batch");
    }
    store
}

/// Asks, and gives the connection with the answer to come.
fn ask(address: SocketAddr, path: &str, accept: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server reads");
    stream
}

fn timed(address: SocketAddr, path: &str, accept: &str) -> (Duration, usize) {
    let mut best = Duration::MAX;
    let mut bytes = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let mut answer = Vec::new();
        ask(address, path, accept).read_to_end(&mut answer).expect("the server answers");
        best = best.min(start.elapsed());
        bytes = answer.len();
    }
    (best, bytes)
}

/// Resident memory of this process in MiB, where Linux tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let (store, address) = runtime.block_on(async {
        let store = filled().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let api = router(ApiState::of(store.clone(), Arc::new(Timestamp::now)));
        tokio::spawn(async move { axum::serve(listener, api).await });
        (store, address)
    });
    println!("{SERVICES} services, memory {:?} MiB", resident());
    for (what, query, accept) in [
        ("list, objects", "", JSON),
        ("list, table", "", TABLE),
        ("list, table, a page of 500", "?limit=500", TABLE),
        ("list, one namespace of 20", "?fieldSelector=metadata.namespace%3Dcluster-7", JSON),
        ("list, status.sync=OutOfSync", "?fieldSelector=status.sync%3DOutOfSync", JSON),
    ] {
        let (time, bytes) = timed(address, &format!("{PATH}{query}"), accept);
        println!("{what:30} {time:>10.1?} {:>8} KiB", bytes / 1024);
    }

    let version = runtime.block_on(store.list(Kind::Service, None)).expect("the store can be read").resource_version;
    let seen = Arc::new(AtomicUsize::new(0));
    let path = format!("{PATH}?watch=true&resourceVersion={version}");
    let deaf = ask(address, &path, JSON);
    for _ in 1..WATCHERS {
        let mut stream = ask(address, &path, JSON);
        let seen = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count) = stream.read(&mut buffer) {
                if count == 0 {
                    break;
                }
                let lines = String::from_utf8_lossy(&buffer[..count]).matches("\"type\":\"MODIFIED\"").count();
                seen.fetch_add(lines, Ordering::Relaxed);
            }
        });
    }
    std::thread::sleep(Duration::from_millis(500));
    println!("{WATCHERS} watchers, memory {:?} MiB", resident());
    let start = Instant::now();
    runtime.block_on(async {
        for number in 0..CHANGES {
            let write = Write::Status { key: key(number), status: status(number, 1) };
            store.commit(Batch::new(Timestamp::now(), vec![write])).await.expect("the store takes a status");
        }
    });
    let committed = start.elapsed();
    // A chunk may end within a word, so a few are not counted: nearly all is enough to know that they came.
    let wanted = (WATCHERS - 1) * CHANGES * 99 / 100;
    while seen.load(Ordering::Relaxed) < wanted && start.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let delivered = start.elapsed();
    println!(
        "{CHANGES} changes committed in {committed:.1?}, and all watchers but the deaf one had them in {delivered:.1?}"
    );
    println!("after that, memory {:?} MiB", resident());
    drop(deaf);
}
