//! A controller in a process of its own, so that its memory can be told from that of the sandbox and of other figures.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use evenkeel::clock::Clock;
use evenkeel::follow::follow;
use evenkeel::http::Readiness;
use evenkeel::reconcile::Options;
use evenkeel::source::{self, Source};
use evenkeel_aws::Transport;
use evenkeel_core::object::Kind;
use evenkeel_store::{Store, Table};
use evenkeel_tests::fleet::{ACCOUNT, Fleet};

use crate::controller::{self, Controller};

/// First argument of such a process.
pub(crate) const CONTROLLER: &str = "controller";
/// First argument of one that polls as other tools do.
pub(crate) const POLLER: &str = "poller";

/// What it may take of AWS's rates, and how often it looks at all services.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) share: f64,
    pub(crate) interval: Duration,
}

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

    /// The same within a budget.
    pub(crate) fn limited(fleet: &Fleet, endpoint: &str, source: &Path, store: &Path, limits: Limits) -> Self {
        let [share, interval] = [limits.share, limits.interval.as_secs_f64()].map(|number| number.to_string());
        let rest = [endpoint.as_ref(), source.as_os_str(), store.as_os_str(), share.as_ref(), interval.as_ref()];
        Self::start(fleet, &rest)
    }

    /// Starts a controller with its AWS in the same process, in virtual time.
    pub(crate) fn embedded(fleet: &Fleet) -> Self {
        Self::start(fleet, &[])
    }

    fn start(fleet: &Fleet, rest: &[&std::ffi::OsStr]) -> Self {
        Self(command(CONTROLLER, fleet).args(rest).stdin(Stdio::piped()).spawn().unwrap())
    }

    /// Waits until the whole fleet is in line.
    pub(crate) fn ready(&mut self) {
        self.wait(READY);
    }

    /// Waits until every service and its scaling were read.
    pub(crate) fn seen(&mut self) {
        self.wait(SEEN);
    }

    fn wait(&mut self, mark: u8) {
        let mut word = [0];
        while word[0] != mark {
            self.0.stdout.as_mut().unwrap().read_exact(&mut word).expect("the controller ended early");
        }
    }

    /// A line of its `/proc/<pid>/status`, in bytes.
    pub(crate) fn status(&self, name: &str) -> f64 {
        status(&self.0.id().to_string(), name) as f64
    }

    /// Seconds that it has been on a processor.
    pub(crate) fn busy(&self) -> f64 {
        busy(&self.0.id().to_string())
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

/// Says that the fleet is in line.
const READY: u8 = b'+';
/// Says that every service was read.
const SEEN: u8 = b'.';

/// This program once more, as a process of its own. The sandbox takes any credentials; none of this machine's are looked
/// for.
pub(crate) fn command(what: &str, fleet: &Fleet) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(what).stdout(Stdio::piped());
    command.args([fleet.services, fleet.clusters, fleet.variables, fleet.places].map(|number| number.to_string()));
    command.env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_SECRET_ACCESS_KEY", "none").env_remove("AWS_PROFILE");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
}

/// The fleet that a process was told of.
pub(crate) fn fleet(args: &[String]) -> Fleet {
    let number = |nth: usize| args[nth].parse().unwrap();
    Fleet { services: number(0), clusters: number(1), variables: number(2), places: number(3) }
}

/// The process itself: `services clusters variables places [endpoint source store [share interval]]`.
pub(crate) fn run(args: &[String]) {
    let fleet = fleet(args);
    match &args[4..] {
        [] => controller::virtually(async {
            let controller = Controller::of(&fleet, Duration::from_millis(50)).await;
            let store = controller.engine.context.store.clone();
            finish(&store, None).await;
        }),
        [endpoint, source, path, limits @ ..] => {
            let (source, path) = (PathBuf::from(source), PathBuf::from(path));
            let limit = |nth: usize| limits.get(nth).map(|number| number.parse::<f64>().unwrap());
            let interval = limit(1).map_or(INTERVAL, Duration::from_secs_f64);
            let options = Options { interval, budget_share: limit(0), ..Options::default() };
            tokio::runtime::Runtime::new().unwrap().block_on(async move {
                let store = Store::open(&path, evenkeel_store::Options::default()).await.unwrap();
                let endpoint = Some(endpoint.clone());
                let engine = controller::engine(store, Transport::Network, &Clock::system(), options, endpoint);
                let running = engine.clone();
                tokio::spawn(async move { running.run().await });
                let following = engine.clone();
                tokio::spawn(async move {
                    follow(following, Source::new(source, source::POLL), Readiness::default()).await
                });
                controller::seen(&engine, &fleet).await;
                say(SEEN);
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
    say(READY);
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    let (resident, peak) = (status("self", "VmRSS:"), status("self", "VmHWM:"));
    let encoded = encoded(store).await;
    let disk = path.map_or(0, size);
    println!("\n{resident}\n{peak}\n{encoded}\n{disk}");
}

fn say(mark: u8) {
    let mut out = std::io::stdout();
    out.write_all(&[mark]).and_then(|()| out.flush()).unwrap();
}

/// A line of a process' `/proc/<pid>/status`, in bytes.
pub(crate) fn status(process: &str, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
}

/// Seconds that a process has been on a processor (`/proc/<pid>/stat`, fields 14 and 15, in hundredths).
pub(crate) fn busy(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    fields.map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
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
pub(crate) fn size(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => size(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}
