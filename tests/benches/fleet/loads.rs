//! Reading and checking whole directories, on one core.

use evenkeel_core::admission::admit;
use evenkeel_core::manifest::{Content, Files, load};
use evenkeel_tests::fleet::Fleet;

use crate::processor;
use crate::table::{Table, ratio, whole};

/// Half of the manifests are services, half their task definitions with this many variables.
const VARIABLES: usize = 20;

pub(crate) fn print() {
    let columns = ["manifests", "MB", "load, ms", "admit, ms", "us/manifest", "MB/s", "to the first"];
    let table = Table::new("Load and admission of a directory, on one core", &columns);
    let mut first = None;
    for services in [500, 2_500, 5_000] {
        let fleet = Fleet { services, clusters: services / 50, variables: VARIABLES, places: 1 };
        let files = fleet.files();
        let megabytes = megabytes(&files);
        let (loading, admission) = best_of_three(&files);
        let per_manifest = (loading + admission) * 1e6 / count(&fleet);
        let first = *first.get_or_insert(per_manifest);
        table.row(&[
            whole(count(&fleet)),
            format!("{megabytes:.1}"),
            whole(loading * 1e3),
            whole(admission * 1e3),
            whole(per_manifest),
            format!("{:.1}", megabytes / (loading + admission)),
            ratio(per_manifest, first),
        ]);
    }
}

#[allow(clippy::cast_precision_loss)] // counts and sizes
fn count(fleet: &Fleet) -> f64 {
    fleet.objects() as f64
}

#[allow(clippy::cast_precision_loss)]
fn megabytes(files: &Files) -> f64 {
    let bytes = |content: &Content| if let Content::Bytes(bytes) = content { bytes.len() } else { 0 };
    files.values().map(bytes).sum::<usize>() as f64 / 1e6
}

/// Seconds on a processor for loading and for admission.
fn best_of_three(files: &Files) -> (f64, f64) {
    let runs = (0..3).map(|_| {
        let started = processor::time();
        let mut load = load(files);
        let loaded = processor::time();
        admit(&mut load);
        assert!(load.whole(), "{:?}", load.problems.first());
        ((loaded - started).as_secs_f64(), (processor::time() - loaded).as_secs_f64())
    });
    runs.min_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1))).unwrap_or_default()
}
