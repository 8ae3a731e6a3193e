//! What the API takes to list ten thousand services, and what two hundred watchers cost, of which one does not read.

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
use tokio::runtime::Runtime;

use crate::child::status as process;
use crate::table::{Table, whole};

const SERVICES: usize = 10_000;
const WATCHERS: usize = 200;
const CHANGES: usize = 2_000;
/// How often each list is asked for; the median counts.
const TRIES: usize = 9;
const PATH: &str = "/apis/evenkeel.dev/v1alpha1/services";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
const JSON: &str = "application/json";

pub(crate) fn print() {
    let runtime = Runtime::new().unwrap();
    let (store, address) = runtime.block_on(serve());
    lists(address);
    watchers(&runtime, &store, address);
}

fn lists(address: SocketAddr) {
    let columns = ["over loopback, from the request to the last byte", "ms", "kB"];
    let table = Table::new("Lists of 10,000 services", &columns);
    let row = |what: &str, (time, bytes): (Duration, usize)| {
        let milliseconds = format!("{:.1}", time.as_secs_f64() * 1e3);
        table.row(&[what.to_owned(), milliseconds, (bytes / 1_000).to_string()]);
    };
    row("objects, the first time since the start", asked(address, PATH, JSON));
    for (what, query, accept) in [
        ("objects", "", JSON),
        ("a table, as kubectl prints it", "", TABLE),
        ("a table, a page of 500, as kubectl asks for it", "?limit=500", TABLE),
        ("objects of one namespace of 20", "?fieldSelector=metadata.namespace%3Dcluster-7", JSON),
        ("objects that are out of sync: none", "?fieldSelector=status.sync%3DOutOfSync", JSON),
    ] {
        let path = format!("{PATH}{query}");
        let mut tries: Vec<_> = (0..TRIES).map(|_| asked(address, &path, accept)).collect();
        tries.sort();
        row(what, tries[TRIES / 2]);
    }
}

fn watchers(runtime: &Runtime, store: &Store, address: SocketAddr) {
    let table = Table::new("200 watchers of 10,000 services, one of which does not read", &["", "figure"]);
    let before = process("self", "VmRSS:");
    let version = runtime.block_on(store.list(Kind::Service, None)).unwrap().resource_version;
    let path = format!("{PATH}?watch=true&resourceVersion={version}");
    let deaf = ask(address, &path, JSON);
    let seen = Arc::new(AtomicUsize::new(0));
    for _ in 1..WATCHERS {
        let mut stream = ask(address, &path, JSON);
        let seen = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                // Lines end with the only line feeds that there are, but for those of chunks, which come after a CR.
                let lines = buffer[..count].windows(2).filter(|pair| *pair == b"}\n").count();
                seen.fetch_add(lines, Ordering::Relaxed);
            }
        });
    }
    std::thread::sleep(Duration::from_millis(500));
    let started = Instant::now();
    runtime.block_on(async {
        for number in 0..CHANGES {
            let write = Write::Status { key: key(number), status: status(number, 1) };
            store.commit(Batch::new(Timestamp::now(), vec![write])).await.unwrap();
        }
    });
    let committed = started.elapsed();
    // A read may end between the two bytes that are counted: nearly all is enough to know that they came.
    let wanted = (WATCHERS - 1) * CHANGES * 99 / 100;
    while seen.load(Ordering::Relaxed) < wanted {
        assert!(started.elapsed() < Duration::from_secs(120), "the watchers did not get all changes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let delivered = started.elapsed();
    let after = process("self", "VmRSS:");
    #[allow(clippy::cast_precision_loss)] // counts
    let rate = ((WATCHERS - 1) * CHANGES) as f64 / delivered.as_secs_f64();
    for (what, figure) in [
        ("2,000 changes committed, one by one: ms", committed.as_secs_f64() * 1e3),
        ("all of them with 199 watchers: ms", delivered.as_secs_f64() * 1e3),
        ("events delivered a second", rate),
        ("memory that this took, threads of the watchers included: MB", after.saturating_sub(before) as f64 / 1e6),
    ] {
        table.row(&[what.to_owned(), whole(figure)]);
    }
    drop(deaf);
}

async fn serve() -> (Store, SocketAddr) {
    let store = Store::temporary(Options::default()).await.unwrap();
    for chunk in (0..SERVICES).collect::<Vec<_>>().chunks(500) {
        let objects = chunk.iter().map(|number| Write::Apply(service(*number)));
        let statuses = chunk.iter().map(|number| Write::Status { key: key(*number), status: status(*number, 2) });
        store.commit(Batch::new(Timestamp::now(), objects.chain(statuses).collect())).await.unwrap();
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let api = router(ApiState::of(store.clone(), Arc::new(Timestamp::now)));
    tokio::spawn(async move { axum::serve(listener, api).await });
    (store, address)
}

/// Asks, and gives the connection with the answer to come.
fn ask(address: SocketAddr, path: &str, accept: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// How long an answer takes, and how large it is.
fn asked(address: SocketAddr, path: &str, accept: &str) -> (Duration, usize) {
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    let started = Instant::now();
    let mut stream = ask(address, path, accept);
    while let count @ 1.. = stream.read(&mut buffer).unwrap() {
        bytes += count;
    }
    (started.elapsed(), bytes)
}

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
    let target = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/c7b6a59483726151";
    let spec = json!({
        "taskDefinition": "web",
        "service": {
            "serviceName": format!("service-{number}"), "launchType": "FARGATE", "desiredCount": 2,
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-0c7b6a59483726151", "subnet-0c7b6a59483726153"],
                "securityGroups": ["sg-0c7b6a5948372615a"],
            }},
            "loadBalancers": [{"targetGroupArn": target, "containerName": "web", "containerPort": 8080}],
            "tags": [{"key": "Team", "value": "shop"}, {"key": "Env", "value": "prod"}],
        },
        "scaling": {"minCapacity": 2, "maxCapacity": 4},
    });
    Object::new(&key(number), spec)
}
