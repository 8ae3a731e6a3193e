//! A controller in a process of its own, so that its memory can be told from that of the sandbox and of other figures.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use evenkeel::clock::Clock;
use evenkeel::follow::follow;
use evenkeel::http::Readiness;
use evenkeel::reconcile::Options;
use evenkeel_aws::Transport;
use evenkeel_core::object::Kind;
use evenkeel_store::{Store, Table};
use evenkeel_tests::fleet::{ACCOUNT, Fleet};

use crate::controller::{self, Controller};

/// First argument of such a process.
pub(crate) const ARGUMENT: &str = "controller";

/// How often it looks at all services: often enough to have looked several times before it is measured.
const INTERVAL: Duration = Duration::from_secs(20);

/// What a controller says of itself at its end.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    /// Resident set with the fleet in line, in bytes.
    pub(crate) resident: f64,
    /// The largest that it ever was.
    pub(crate) peak: f64,
    /// Objects and records as they are stored.
    pub(crate) encoded: f64,
    /// Files of the store.
    pub(crate) disk: f64,
}

/// A running controller; it is killed when dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts a controller that follows a directory, against the AWS of an endpoint.
    pub(crate) fn follow(fleet: &Fleet, endpoint: &str, source: &Path, store: &Path) -> Self {
        Self::start(fleet, &[endpoint.as_ref(), source.as_os_str(), store.as_os_str()])
    }

    /// Starts a controller with its AWS in the same process, in virtual time.
    pub(crate) fn embedded(fleet: &Fleet) -> Self {
        Self::start(fleet, &[])
    }

    fn start(fleet: &Fleet, rest: &[&std::ffi::OsStr]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(ARGUMENT);
        command.args([fleet.services, fleet.clusters, fleet.variables].map(|number| number.to_string()));
        command.args(rest).stdin(Stdio::piped()).stdout(Stdio::piped());
        // The sandbox takes any credentials; none of this machine's are looked for.
        command.env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_SECRET_ACCESS_KEY", "none").env_remove("AWS_PROFILE");
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        Self(command.spawn().unwrap())
    }

    /// Waits until the whole fleet is in line.
    pub(crate) fn ready(&mut self) {
        let mut word = [0];
        self.0.stdout.as_mut().unwrap().read_exact(&mut word).expect("the controller ended early");
    }

    /// Ends it and takes its measures.
    pub(crate) fn measures(mut self) -> Measures {
        drop(self.0.stdin.take());
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let numbers: Vec<f64> = lines.map_while(Result::ok).filter_map(|line| line.parse().ok()).collect();
        self.0.wait().unwrap();
        let [resident, peak, encoded, disk] = numbers[..] else { panic!("the controller said {numbers:?}") };
        Measures { resident, peak, encoded, disk }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a figure could not be taken.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The process itself: `services clusters variables [endpoint source store]`.
pub(crate) fn run(args: &[String]) {
    let number = |nth: usize| args[nth].parse().unwrap();
    let fleet = Fleet { services: number(0), clusters: number(1), variables: number(2) };
    match &args[3..] {
        [] => controller::virtually(async {
            let controller = Controller::of(&fleet, Duration::from_millis(50)).await;
            let store = controller.engine.context.store.clone();
            finish(&store, None).await;
        }),
        [endpoint, source, path] => {
            let (source, path) = (PathBuf::from(source), PathBuf::from(path));
            tokio::runtime::Runtime::new().unwrap().block_on(async move {
                let store = Store::open(&path, evenkeel_store::Options::default()).await.unwrap();
                let options = Options { interval: INTERVAL, ..Options::default() };
                let endpoint = Some(endpoint.clone());
                let engine = controller::engine(store, Transport::Network, &Clock::system(), options, endpoint);
                let running = engine.clone();
                tokio::spawn(async move { running.run().await });
                let following = engine.clone();
                tokio::spawn(async move { follow(following, &source, Readiness::default()).await });
                controller::ready(&engine, &fleet).await;
                let store = engine.context.store.clone();
                finish(&store, Some(&path)).await;
            });
        }
        other => panic!("unexpected arguments {other:?}"),
    }
}

/// Says that all is ready; when nobody wants more, says the measures.
async fn finish(store: &Store, path: Option<&Path>) {
    print!("+");
    std::io::stdout().flush().unwrap();
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    let (resident, peak) = (status("VmRSS:"), status("VmHWM:"));
    let encoded = encoded(store).await;
    let disk = path.map_or(0, size);
    println!("\n{resident}\n{peak}\n{encoded}\n{disk}");
}

/// A line of `/proc/self/status`, in bytes.
pub(crate) fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
}

async fn encoded(store: &Store) -> usize {
    let mut bytes = 0;
    for kind in [Kind::Cluster, Kind::TaskDefinition, Kind::Service, Kind::Event] {
        for object in store.list(kind, None).await.unwrap() {
            bytes += serde_json::to_vec(&object.unwrap()).unwrap().len();
        }
    }
    for table in [Table::Memory, Table::Source, Table::TaskDefinitions] {
        let records = store.records(table).await.unwrap();
        bytes += records.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    }
    bytes
}

/// Bytes of a directory's files.
fn size(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => size(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}
