//! What ten thousand services take in memory and on disk, and how long they take to come up.

use std::time::{Duration, Instant};

use evenkeel_tests::fleet::Fleet;

use crate::child::Running;
use crate::table::{Table, ratio, whole};
use crate::world::{Aws, Checkout};

const SIZES: [(usize, usize); 2] = [(1_000, 10), (10_000, 100)];
/// Several looks at all services.
const WHILE: Duration = Duration::from_secs(60);

pub(crate) fn print() {
    let table = Table::new("Memory and disk, 20 variables a task definition", &["MB", "1,000", "10,000", "ratio"]);
    let runs = SIZES.map(|(services, clusters)| run(&Fleet { services, clusters, variables: 20, places: 1 }));
    let row = |name: &str, figure: &dyn Fn(&Run) -> f64| {
        let [small, large] = [figure(&runs[0]), figure(&runs[1])];
        let cell = |figure: f64| if figure < 100.0 { format!("{figure:.1}") } else { whole(figure) };
        table.row(&[name.to_owned(), cell(small), cell(large), ratio(large, small)]);
    };
    row("controller alone: resident", &|run| run.alone.resident / 1e6);
    row("controller alone: peak (first convergence)", &|run| run.alone.peak / 1e6);
    row("controller and sandbox in one process: resident", &|run| run.together.resident / 1e6);
    row("store: objects and records, encoded", &|run| run.alone.encoded / 1e6);
    row("store: files", &|run| run.alone.disk / 1e6);
    row("store: encoded kB per service", &|run| run.alone.encoded / 1e3 / run.services);
    row("controller alone: resident kB per service", &|run| run.alone.resident / 1e3 / run.services);
    row("seconds from an empty AWS to all in line", &|run| run.convergence);
}

struct Run {
    services: f64,
    alone: crate::child::Measures,
    together: crate::child::Measures,
    convergence: f64,
}

fn run(fleet: &Fleet) -> Run {
    let aws = Aws::start();
    let checkout = Checkout::of(&fleet.files());
    let started = Instant::now();
    let mut running = Running::follow(fleet, &aws.endpoint(), &checkout.link(), &checkout.store());
    running.ready();
    let convergence = started.elapsed().as_secs_f64();
    std::thread::sleep(WHILE);
    let alone = running.measures();
    let mut running = Running::embedded(fleet);
    running.ready();
    #[allow(clippy::cast_precision_loss)] // a count
    Run { services: fleet.services as f64, alone, together: running.measures(), convergence }
}
