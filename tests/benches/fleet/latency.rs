//! From the publication of a commit to the first write to AWS for each object that it changes.
//!
//! The times of writes are AWS's own: when a revision was registered, and when a deployment was begun.

use std::time::{Duration, Instant, SystemTime};

use evenkeel_core::manifest::{Content, Files};
use evenkeel_core::operation::Operation;
use evenkeel_tests::fleet::{Fleet, name};
use serde_json::{Value, json};

use crate::child::Running;
use crate::table::{Table, whole};
use crate::world::{Aws, Checkout};

const FLEET: Fleet = Fleet { services: 1_000, clusters: 10, variables: 20, places: 1 };
/// Commits that change one service each.
const COMMITS: usize = 100;
/// Services that each larger commit changes.
const LARGER: [usize; 3] = [10, 100, 1_000];
/// No commit takes as long.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn print() {
    let columns = ["milliseconds from commit to first write", "objects", "p50", "p99", "max"];
    let table = Table::new("Commit to first write, 1,000 services in the directory", &columns);
    let aws = Aws::start();
    let mut files = FLEET.files();
    let mut checkout = Checkout::of(&files);
    let mut running = Running::follow(&FLEET, &aws.endpoint(), &checkout.link(), &checkout.store());
    running.ready();
    let mut tag = 0;
    let mut commit = |services: &[usize]| {
        tag += 1;
        // Commits come at any time, and not in step with looks and polls.
        std::thread::sleep(Duration::from_millis(1_000 + fastrand::u64(0..1_000)));
        push(&mut files, services, &format!("2.{tag}"));
        let published = checkout.publish(&files);
        services.iter().map(|nth| first_writes(&aws, *nth, &format!("2.{tag}"), published)).collect::<Vec<_>>()
    };
    let single: Vec<[f64; 2]> = (0..COMMITS).flat_map(|nth| commit(&[nth * 7 % FLEET.services])).collect();
    rows(&table, "1 image", &single);
    for services in LARGER {
        let all: Vec<usize> = (0..services).collect();
        rows(&table, &format!("{services} images in one commit"), &commit(&all));
    }
    running.measures();
}

fn push(files: &mut Files, services: &[usize], tag: &str) {
    for nth in services {
        files.insert(FLEET.path(*nth), Content::Bytes(FLEET.manifests(*nth, tag).into_bytes()));
    }
}

/// Milliseconds until the revision with a new image was registered, and until its service was told to run it.
fn first_writes(aws: &Aws, nth: usize, tag: &str, published: SystemTime) -> [f64; 2] {
    let (cluster, service) = (FLEET.namespace(nth), name(nth));
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < PATIENCE, "{cluster}/{service} was not changed");
        std::thread::sleep(Duration::from_millis(10));
        let family = json!({"taskDefinition": format!("{cluster}-{service}")});
        let Some(revision) = aws.read(Operation::DescribeTaskDefinition, &family) else { continue };
        let revision = &revision["taskDefinition"];
        let image = revision["containerDefinitions"][0]["image"].as_str().unwrap_or_default();
        if !image.ends_with(&format!(":{tag}")) {
            continue;
        }
        let services = json!({"cluster": cluster, "services": [service]});
        let Some(described) = aws.read(Operation::DescribeServices, &services) else { continue };
        let deployments = described["services"][0]["deployments"].as_array().cloned().unwrap_or_default();
        let of_revision = |deployment: &&Value| deployment["taskDefinition"] == revision["taskDefinitionArn"];
        let Some(deployment) = deployments.iter().find(of_revision) else { continue };
        let after = published.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        return [&revision["registeredAt"], &deployment["createdAt"]].map(|at| (at.as_f64().unwrap() - after) * 1e3);
    }
}

fn rows(table: &Table, what: &str, writes: &[[f64; 2]]) {
    for (nth, write) in ["task definition registered", "service updated"].into_iter().enumerate() {
        let mut times: Vec<f64> = writes.iter().map(|write| write[nth]).collect();
        times.sort_by(f64::total_cmp);
        let at = |share: usize| whole(times[(times.len() - 1) * share / 100]);
        table.row(&[format!("{what}: {write}"), times.len().to_string(), at(50), at(99), at(100)]);
    }
}
