//! The real process under load for as long as one likes: memory, file handles and the store's files come to a level and
//! stay there.
//!
//! ```sh
//! SOAK_SECONDS=3600 cargo test --release -p evenkeel-tests --test program soak -- --nocapture
//! ```
//!
//! The load: commits of three kinds, somebody else's changes in AWS, writes over the API, lists, watches that end in
//! the middle, scrapes, and connections that say nothing.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use evenkeel_tests::program::{Controller, Embedded, Place};
use serde_json::json;

use crate::fixture;

const SERVICES: [&str; 4] = ["web-0", "web-1", "web-2", "web-3"];

/// What the process holds at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// Resident memory, in KiB.
    memory: u64,
    /// Open file descriptors.
    handles: u64,
    /// The store's files, in KiB.
    store: u64,
}

impl Held {
    fn by(process: u32, store: &Path) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let memory = line.trim().trim_end_matches(" kB").parse().unwrap();
        let handles = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count() as u64;
        Self { memory, handles, store: bytes(store) / 1024 }
    }

    /// The most of each.
    fn most(all: &[Self]) -> Self {
        let most = |of: fn(&Self) -> u64| all.iter().map(of).max().unwrap_or_default();
        Self { memory: most(|it| it.memory), handles: most(|it| it.handles), store: most(|it| it.store) }
    }
}

/// What the files below a directory have; what vanishes meanwhile has none.
fn bytes(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => bytes(&entry.path()),
            _ => entry.metadata().map_or(0, |it| it.len()),
        })
        .sum()
}

/// Everything that is done to it, again and again until it is over; counts what was.
struct Load<'a> {
    place: &'a Place,
    controller: &'a str,
    sandbox: &'a str,
    over: AtomicBool,
    done: AtomicU64,
}

impl Load<'_> {
    fn again(&self, pause: u64, mut act: impl FnMut(u64)) {
        for count in 1.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            act(count);
            self.done.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(pause));
        }
    }

    fn agent() -> ureq::Agent {
        let timeout = Some(Duration::from_secs(10));
        ureq::Agent::config_builder().timeout_global(timeout).http_status_as_error(false).build().into()
    }

    fn commits(&self) {
        self.again(1_500, |count| {
            let (name, text) = match count % 8 {
                // A new image, ever onwards; then the same bytes in another order of lines, and two values by turns.
                0 => ("definition.yaml".to_owned(), fixture::task_definition(&format!("1.{count}"))),
                nth => {
                    let name = SERVICES[nth as usize % SERVICES.len()];
                    (format!("{name}.yaml"), fixture::service_text(name, 60 + (count % 16) as u32))
                }
            };
            self.place.write("aside", &text);
            std::fs::rename(self.place.path("aside"), self.place.path(&format!("source/{name}"))).unwrap();
        });
    }

    /// Somebody else changes services in AWS.
    fn drifts(&self) {
        let agent = Self::agent();
        self.again(900, |count| {
            let service = SERVICES[count as usize % SERVICES.len()];
            let body = json!({"cluster": "lab", "service": service, "healthCheckGracePeriodSeconds": 200 + count % 50});
            let call =
                agent.post(self.sandbox).header("x-amz-target", "AmazonEC2ContainerServiceV20141113.UpdateService");
            // While a service is being created there is none yet.
            let _ = call.content_type("application/x-amz-json-1.1").send(body.to_string());
        });
    }

    fn writes(&self) {
        let agent = Self::agent();
        self.again(50, |count| {
            let patch = json!({"metadata": {"annotations": {"load.example.com/counter": count.to_string()}}});
            let name = SERVICES[count as usize % SERVICES.len()];
            let path = format!("{}/apis/evenkeel.dev/v1alpha1/namespaces/lab/services/{name}", self.controller);
            let _ = agent.patch(&path).content_type("application/merge-patch+json").send(patch.to_string());
        });
    }

    fn reads(&self) {
        self.again(100, |_| {
            // Each over connections of its own, which are closed at once.
            let agent = Self::agent();
            for path in ["/metrics", "/readyz?verbose", "/apis/evenkeel.dev/v1alpha1/services", "/api/v1/events"] {
                let answer = agent.get(format!("{}{path}", self.controller)).call();
                let _ = answer.map(|mut answer| answer.body_mut().read_to_vec());
            }
        });
    }

    /// Watches that are dropped in the middle, and connections that never say what they want.
    fn watches(&self) {
        let address = self.controller.trim_start_matches("http://");
        self.again(300, |count| {
            let Ok(mut stream) = TcpStream::connect(address) else { return };
            let request = match count % 3 {
                0 => "GET /apis/evenkeel.dev/v1alpha1/serv",
                _ => "GET /apis/evenkeel.dev/v1alpha1/services?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n",
            };
            let _ = stream.write_all(request.as_bytes());
            thread::sleep(Duration::from_millis(500));
        });
    }
}

#[test]
fn under_load_memory_file_handles_and_the_store_come_to_a_level_and_stay_there() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(20, |text| text.parse::<u64>().unwrap());
    let place = Place::new();
    fixture::lab(&place);
    SERVICES.iter().for_each(|name| fixture::service(&place, name));
    let sandbox = Embedded::start(&place, &["--latency", "5"]);
    let arguments = ["--source", "source", "--data", "data", "--endpoint-url", &sandbox.url];
    let mut controller = Controller::start(&place, &arguments);
    controller.ready(2 + SERVICES.len());
    let load = Load {
        place: &place,
        controller: &controller.url,
        sandbox: &sandbox.url,
        over: AtomicBool::new(false),
        done: AtomicU64::new(0),
    };
    let (process, store, mut held) = (controller.process.id(), place.path("data"), Vec::new());
    thread::scope(|threads| {
        let actors: [fn(&Load<'_>); 5] =
            [|it| it.commits(), |it| it.drifts(), |it| it.writes(), |it| it.reads(), |it| it.watches()];
        for actor in actors {
            let load = &load;
            threads.spawn(move || actor(load));
        }
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            thread::sleep(Duration::from_millis(500));
            held.push(Held::by(process, &store));
        }
        load.over.store(true, Ordering::Relaxed);
    });
    // Caches, the ring of recent changes and the log's segments fill in the beginning.
    let quarters: Vec<Held> = held.chunks(held.len().div_ceil(4)).map(Held::most).collect();
    let done = load.done.load(Ordering::Relaxed);
    println!("{seconds} s, {done} actions; most in each quarter:");
    quarters.iter().for_each(|quarter| println!("  {quarter:?}"));
    let (before, last) = (quarters[quarters.len() - 2], quarters[quarters.len() - 1]);
    assert!(
        last.memory < 200 << 10 && last.memory <= before.memory * 5 / 4 + (16 << 10),
        "memory, in KiB: {quarters:?}"
    );
    assert!(last.handles < 300 && last.handles <= before.handles * 5 / 4 + 20, "handles: {quarters:?}");
    assert!(last.store < 64 << 10 && last.store <= before.store * 3 / 2 + (8 << 10), "store, in KiB: {quarters:?}");
    // Connections that were left open are gone soon, and it all goes on.
    controller.looks_three_times();
    controller.process.signal("TERM");
    assert_eq!(controller.process.exit(), 0);
}
