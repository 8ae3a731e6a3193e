//! A fleet against what AWS's rates allow: the sandbox, behind a port, enforces the buckets and takes 20 ms for each answer.
//!
//! Each size runs in three accounts and two regions: a cold start, a warm one, looks at all services one after the other,
//! drifts that are made one by one, an image change of all, and a poller as other tools have it beside that.

use std::time::{Duration, Instant};

use evenkeel_core::manifest::{Content, Files};
use evenkeel_core::operation::{Access, Bucket, Operation};
use evenkeel_sandbox::Count;
use evenkeel_tests::fleet::{Fleet, name};
use serde_json::{Value, json};

use crate::child::{Limits, Running};
use crate::poller::{self, Polled};
use crate::table::{Table, ratio, whole};
use crate::world::{Aws, Checkout};

/// Services, and clusters: a multiple of the places.
const SIZES: [(usize, usize); 3] = [(100, 6), (1_000, 12), (10_000, 102)];
/// `SIZES=100,1000` runs these only.
const SIZES_VARIABLE: &str = "SIZES";
/// Larger fleets are rolled only with `ROLL=1`: that takes half an hour for ten thousand, and all of it is waiting.
const ROLLED: usize = 1_000;
/// The part of AWS's rates that is used.
const SHARE: f64 = 0.9;
/// What AWS takes for an answer.
const LATENCY: Duration = Duration::from_millis(20);
/// Seconds that the sandbox takes for a rollout of one service.
const ROLLOUT: f64 = 13.0;
/// Drifts of each size.
const DRIFTS: usize = 10;
/// At least so long looks are watched.
const WATCHED: Duration = Duration::from_secs(60);
/// How often a controller looks that nobody has told otherwise.
const MINUTE: Duration = Duration::from_secs(60);
/// Such a controller is watched for so many minutes, once what follows a start is over.
const MINUTES: u32 = 2;
const STARTING: Duration = Duration::from_secs(30);

pub(crate) fn print() {
    let wanted = std::env::var(SIZES_VARIABLE).ok();
    let is_wanted = |services: &str| wanted.as_ref().is_none_or(|wanted| wanted.split(',').any(|one| one == services));
    let sizes: Vec<(usize, usize)> =
        SIZES.into_iter().filter(|(services, _)| is_wanted(&services.to_string())).collect();
    assert!(!sizes.is_empty(), "{SIZES_VARIABLE} names none of the fleets: {SIZES:?}");
    let names: Vec<String> = sizes.iter().map(|(services, _)| whole(*services as f64)).collect();
    let mut columns = vec!["services in three accounts and two regions"];
    columns.extend(names.iter().map(String::as_str));
    let title = format!("Against AWS's bounds, with a share of {SHARE} and answers in {} ms", LATENCY.as_millis());
    let runs: Vec<Run> = sizes
        .iter()
        .map(|(services, clusters)| {
            eprintln!("{services} services");
            run(*services, *clusters)
        })
        .collect();
    let table = Table::new(&title, &columns);
    let row = |name: &str, cell: &dyn Fn(&Run) -> String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(runs.iter().map(cell));
        table.row(&cells);
    };
    row("calls of a look", &|run| whole(run.look.calls));
    row("calls of a look / least that the API allows", &|run| ratio(run.look.calls, run.look.least));
    row("calls per service of a look", &|run| format!("{:.3}", run.look.calls / run.services));
    row("other calls meanwhile, per service and hour", &|run| format!("{:.2}", run.look.others / run.services));
    row("writes meanwhile", &|run| whole(run.look.writes));
    row("look at services: seconds", &|run| format!("{:.1}", run.look.services.0));
    row("look at services: seconds / bound", &|run| ratio(run.look.services.0, run.look.services.1));
    row("look at scaling: seconds", &|run| format!("{:.1}", run.look.scaling.0));
    row("look at scaling: seconds / bound", &|run| ratio(run.look.scaling.0, run.look.scaling.1));
    row("processor seconds a minute, with a look a minute", &|run| format!("{:.2}", run.quiet.busy));
    row("resident memory, MB, with a look a minute", &|run| whole(run.quiet.resident / 1e6));
    row("resident memory, MB, the most since its start", &|run| whole(run.quiet.peak / 1e6));
    row("one drift, from change to repair: mean seconds", &|run| format!("{:.1}", run.drift.0));
    row("one drift, from change to repair: longest", &|run| format!("{:.1}", run.drift.1));
    let rolled =
        |run: &Run, cell: &dyn Fn(f64, f64) -> String| run.roll.map_or("-".to_owned(), |(took, of)| cell(took, of));
    row("new images everywhere: seconds", &|run| rolled(run, &|took, _| whole(took)));
    row("new images everywhere: seconds / bound", &|run| rolled(run, &ratio));
    row("calls that AWS refused for their rate", &|run| whole(run.refused));
    row("resident memory, MB, while it looks all the time", &|run| whole(run.resident / 1e6));
    row("store on disk, kB per service", &|run| whole(run.disk / 1e3 / run.services));
    row("start with a store: seconds until all is seen", &|run| format!("{:.1}", run.warm));
    row("start without a store: seconds until all is ready", &|run| whole(run.cold));
    row("poller: calls of a round", &|run| whole(run.poller.calls));
    row("poller: seconds of a round", &|run| whole(run.poller.seconds));
    row("poller: refused calls", &|run| whole(run.poller.refused));
    row("poller: processor seconds of a round", &|run| format!("{:.2}", run.poller.busy));
    row("poller / look: seconds", &|run| ratio(run.poller.seconds, run.look.services.0.max(run.look.scaling.0)));
}

struct Run {
    services: f64,
    look: Look,
    drift: (f64, f64),
    roll: Option<(f64, f64)>,
    quiet: Quiet,
    refused: f64,
    resident: f64,
    disk: f64,
    warm: f64,
    cold: f64,
    poller: Polled,
}

/// A controller that looks as often as it does by itself: its looks, its resyncs and whatever else a minute holds.
struct Quiet {
    busy: f64,
    resident: f64,
    /// The most that it ever took, as when it read all manifests.
    peak: f64,
}

/// A look at all, as the mean of several. Times stand beside their bounds.
struct Look {
    calls: f64,
    least: f64,
    others: f64,
    writes: f64,
    services: (f64, f64),
    scaling: (f64, f64),
}

#[allow(clippy::cast_precision_loss)] // counts
fn run(services: usize, clusters: usize) -> Run {
    let fleet = Fleet { services, clusters, variables: 20, places: 6 };
    let aws = Aws::start();
    let mut files = fleet.files();
    let mut checkout = Checkout::of(&files);
    // The fleet comes up without limits, which would take an hour; what is measured are fleets that are there.
    let mut first = Running::follow(&fleet, &aws.endpoint(), &checkout.link(), &checkout.store());
    first.ready();
    drop(first);
    aws.limit(LATENCY);
    let at_once = Duration::from_secs(1);
    let (link, store) = (checkout.link(), checkout.store());
    let start = |store: &std::path::Path, interval| {
        aws.rest();
        Running::limited(&fleet, &aws.endpoint(), &link, store, Limits { share: SHARE, interval })
    };

    let started = Instant::now();
    let mut running = start(&store.with_file_name("lost"), at_once);
    running.ready();
    let cold = started.elapsed().as_secs_f64();
    drop(running);

    let started = Instant::now();
    let mut running = start(&store, at_once);
    running.seen();
    let warm = started.elapsed().as_secs_f64();
    let look = watch(&aws, &fleet);
    let resident = running.status("VmRSS:");
    let drift = drifts(&aws, &fleet);

    let roll = (services <= ROLLED || std::env::var_os("ROLL").is_some())
        .then(|| roll(&aws, &fleet, &mut files, &mut checkout));
    drop(running);
    let quiet = quiet(start(&store, MINUTE));
    let refused = refused(&aws);
    let disk = crate::child::size(&store) as f64;
    aws.rest();
    let poller = poller::round(&aws, &fleet);
    Run { services: services as f64, look, drift, roll, quiet, refused, resident, disk, warm, cold, poller }
}

/// Watches a controller, that has just been started, for some minutes.
fn quiet(mut running: Running) -> Quiet {
    running.seen();
    std::thread::sleep(STARTING);
    let before = running.busy();
    std::thread::sleep(MINUTE * MINUTES);
    let busy = (running.busy() - before) / f64::from(MINUTES);
    Quiet { busy, resident: running.status("VmRSS:"), peak: running.status("VmHWM:") }
}

/// Publishes a new image of every service; how long it takes until all run it, and how long it must take.
#[allow(clippy::cast_precision_loss)] // counts
fn roll(aws: &Aws, fleet: &Fleet, files: &mut Files, checkout: &mut Checkout) -> (f64, f64) {
    for nth in 0..fleet.services {
        files.insert(fleet.path(nth), Content::Bytes(fleet.manifests(nth, "2.0").into_bytes()));
    }
    let started = Instant::now();
    checkout.publish(files);
    while !rolled(aws, fleet) {
        std::thread::sleep(Duration::from_secs(1));
    }
    let (burst, rate) = Bucket::TaskDefinitionModify.limits();
    let bound = ((most(fleet) as f64 - f64::from(burst) * SHARE) / (f64::from(rate) * SHARE)).max(0.0) + ROLLOUT;
    (started.elapsed().as_secs_f64(), bound)
}

/// Services of the largest place.
fn most(fleet: &Fleet) -> usize {
    let in_place = |place| (0..fleet.services).filter(|nth| fleet.place(*nth) == place).count();
    (0..fleet.places).map(|nth| in_place(fleet.place(nth))).max().unwrap()
}

fn refused(aws: &Aws) -> f64 {
    aws.counts().iter().map(|(_, count)| count.throttled as f64).sum()
}

/// Watches a controller that looks at all services again and again.
#[allow(clippy::cast_precision_loss)] // counts
fn watch(aws: &Aws, fleet: &Fleet) -> Look {
    // A page per ten policies, and one that is empty where the last was full; one page of scheduled actions.
    let places = fleet.places;
    let of = |nth: usize| (0..fleet.services).filter(|other| fleet.place(*other) == fleet.place(nth)).count();
    let each: Vec<usize> = (0..places).map(of).collect();
    let per_cluster =
        |nth: usize| (0..fleet.services).filter(|other| fleet.namespace(*other) == fleet.namespace(nth)).count();
    let batches: Vec<usize> = (0..places)
        .map(|place| {
            (0..fleet.clusters).filter(|nth| nth % places == place).map(|nth| per_cluster(nth).div_ceil(10)).sum()
        })
        .collect();
    let pages: Vec<usize> =
        each.iter().map(|services| services.div_ceil(50) + (2 * services).div_ceil(10) + 1).collect();
    let bound =
        |bucket: Bucket, calls: &[usize]| *calls.iter().max().unwrap() as f64 / (f64::from(bucket.limits().1) * SHARE);
    let services_bound = bound(Bucket::ServiceRead, &batches);
    let scaling_bound = bound(Bucket::ScalingRead, &pages);
    let window = WATCHED.max(Duration::from_secs_f64(scaling_bound * 3.0));
    let before = aws.counts();
    let started = Instant::now();
    std::thread::sleep(window);
    let (after, seconds) = (aws.counts(), started.elapsed().as_secs_f64());
    let made = |operations: &[Operation]| {
        let of = |counts: &[(Operation, Count)]| {
            counts
                .iter()
                .filter(|(operation, _)| operations.contains(operation))
                .map(|(_, count)| count.calls)
                .sum::<u64>()
        };
        (of(&after) - of(&before)) as f64
    };
    let all = |access: Access| {
        made(&Operation::ALL.iter().copied().filter(|operation| operation.access() == access).collect::<Vec<_>>())
    };
    let services_made = made(&[Operation::DescribeServices]);
    let scaling_made = made(&[
        Operation::DescribeScalableTargets,
        Operation::DescribeScalingPolicies,
        Operation::DescribeScheduledActions,
    ]);
    let (services_least, scaling_least) = (sum(&batches), sum(&pages));
    // Scheduled actions tell how many looks there were: a page each.
    let scaling_looks = made(&[Operation::DescribeScheduledActions]) / places as f64;
    let services_looks = services_made / services_least;
    Look {
        calls: services_least + scaling_made / scaling_looks,
        least: services_least + scaling_least,
        others: (all(Access::Read) - services_made - scaling_made) / seconds * 3_600.0,
        writes: all(Access::Write),
        services: (seconds / services_looks, services_bound.max(1.0)),
        scaling: (seconds / scaling_looks, scaling_bound.max(1.0)),
    }
}

fn sum(numbers: &[usize]) -> f64 {
    numbers.iter().sum::<usize>() as f64
}

/// Changes the grace period of one service after the other behind the controller's back; mean and longest time until it is
/// as declared again.
#[allow(clippy::cast_precision_loss)] // counts
fn drifts(aws: &Aws, fleet: &Fleet) -> (f64, f64) {
    let mut times = Vec::new();
    for _ in 0..DRIFTS {
        let nth = fastrand::usize(0..fleet.services);
        let (cluster, service) = (fleet.namespace(nth), name(nth));
        let change = json!({"cluster": cluster, "service": service, "healthCheckGracePeriodSeconds": 1});
        aws.call(fleet.place(nth), Operation::UpdateService, &change).unwrap();
        let started = Instant::now();
        let asked = json!({"cluster": cluster, "services": [service]});
        let declared = || {
            let found = aws.call(fleet.place(nth), Operation::DescribeServices, &asked).unwrap();
            found["services"][0]["healthCheckGracePeriodSeconds"] == 300
        };
        while !declared() {
            std::thread::sleep(Duration::from_millis(50));
        }
        times.push(started.elapsed().as_secs_f64());
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..3_000)));
    }
    (times.iter().sum::<f64>() / times.len() as f64, times.iter().copied().fold(0.0, f64::max))
}

/// Whether every service runs its second revision and nothing else.
fn rolled(aws: &Aws, fleet: &Fleet) -> bool {
    (0..fleet.services).rev().all(|nth| {
        let body = json!({"cluster": fleet.namespace(nth), "services": [name(nth)]});
        let found: Value = aws.call(fleet.place(nth), Operation::DescribeServices, &body).unwrap();
        let service = &found["services"][0];
        let revision = service["taskDefinition"].as_str().unwrap_or_default();
        revision.ends_with(":2") && service["deployments"].as_array().is_some_and(|all| all.len() == 1)
    })
}
