//! What a fleet in which nothing happens costs in calls to AWS, against the least that its API allows.

use std::sync::PoisonError;
use std::time::Duration;

use evenkeel::reconcile::Options;
use evenkeel_core::operation::Operation;
use evenkeel_sandbox::{Caller, Sandbox};
use evenkeel_tests::fleet::{ACCOUNT, Fleet, REGION};
use jiff::Timestamp;

use crate::controller::{Controller, virtually};
use crate::poller;
use crate::processor;
use crate::table::{Table, ratio, whole};

/// Sizes: services and clusters.
const SIZES: [(usize, usize); 3] = [(100, 4), (1_000, 10), (10_000, 100)];
/// What AWS takes for an answer.
const LATENCY: Duration = Duration::from_millis(50);
/// Looks that are counted: a period of resync, so that its passes are counted as well.
const LOOKS: u32 = 10;

pub(crate) fn print() {
    let columns = ["calls of one look, by operation", "100", "1,000", "10,000"];
    let table = Table::new("Calls without drift, 2 policies a service, AWS answers in 50 ms", &columns);
    let runs: Vec<Run> = SIZES.into_iter().map(|(services, clusters)| run(services, clusters)).collect();
    let row = |name: &str, cell: &dyn Fn(&Run) -> String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(runs.iter().map(cell));
        table.row(&cells);
    };
    for operation in [
        Operation::DescribeServices,
        Operation::DescribeScalableTargets,
        Operation::DescribeScalingPolicies,
        Operation::DescribeScheduledActions,
        Operation::DescribeClusters,
        Operation::ListTaskDefinitions,
        Operation::DescribeTaskDefinition,
    ] {
        row(operation.name(), &|run| whole(run.of(operation)));
    }
    row("writes", &|run| whole(run.writes));
    row("all", &|run| whole(run.calls));
    row("bound n/10 + n/50 + policies/10 + 1", &|run| whole(run.bound()));
    row("looks only / bound", &|run| ratio(run.looks(), run.bound()));
    row("calls per service", &|run| format!("{:.3}", run.calls / run.services));
    row("a poller that reads service by service", &|run| whole(run.naive));
    row("poller / this", &|run| ratio(run.naive, run.calls));
    row("processor time of one look, ms", &|run| whole(run.busy * 1e3));
}

struct Run {
    services: f64,
    by_operation: Vec<(Operation, f64)>,
    calls: f64,
    writes: f64,
    naive: f64,
    /// Seconds that one look, with its share of resync, keeps a processor busy, the sandbox included.
    busy: f64,
}

impl Run {
    fn of(&self, operation: Operation) -> f64 {
        self.by_operation.iter().filter(|(of, _)| *of == operation).map(|(_, calls)| calls).sum()
    }

    fn looks(&self) -> f64 {
        self.of(Operation::DescribeServices)
            + self.of(Operation::DescribeScalableTargets)
            + self.of(Operation::DescribeScalingPolicies)
            + self.of(Operation::DescribeScheduledActions)
    }

    fn bound(&self) -> f64 {
        self.services / 10.0 + self.services / 50.0 + self.services * 2.0 / 10.0 + 1.0
    }
}

#[allow(clippy::cast_precision_loss)] // counts
fn run(services: usize, clusters: usize) -> Run {
    virtually(async {
        let fleet = Fleet { services, clusters, variables: 10, places: 1 };
        let controller = Controller::of(&fleet, LATENCY).await;
        let lock = || controller.sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        lock().reset_calls();
        let started = processor::time();
        tokio::time::sleep(Options::default().interval * LOOKS).await;
        let busy = (processor::time() - started).as_secs_f64() / f64::from(LOOKS);
        let per_look = |count: u64| count as f64 / f64::from(LOOKS);
        let mut sandbox = lock();
        let calls = sandbox.calls();
        let by_operation: Vec<_> = calls.iter().map(|(operation, count)| (operation, per_look(count.calls))).collect();
        let (calls, writes) = (per_look(calls.reads() + calls.writes()), per_look(calls.writes()));
        sandbox.reset_calls();
        poll(&mut sandbox, controller.clock.now(), &fleet);
        let naive = sandbox.calls().reads() as f64;
        Run { services: services as f64, by_operation, calls, writes, naive, busy }
    })
}

/// One round of a poller that asks for each service by itself, and for its revision.
fn poll(sandbox: &mut Sandbox, now: Timestamp, fleet: &Fleet) {
    let caller = Caller::new(ACCOUNT, REGION);
    for (operation, body) in (0..fleet.services).flat_map(|nth| poller::calls(fleet, nth)) {
        sandbox.call(now, &caller, operation, &body).unwrap();
    }
}
