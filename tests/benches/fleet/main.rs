//! How fast, how large, how many: figures of the whole controller, each with what it is compared with in the same run.
//!
//! `cargo bench -p evenkeel-tests` prints all of them, `cargo bench -p evenkeel-tests -- plans calls` some.
//! `docs/benchmarks.md` says what they mean.
#![allow(clippy::unwrap_used)] // a figure that cannot be taken ends the run

mod api;
mod bounds;
mod calls;
mod child;
mod controller;
mod latency;
mod loads;
mod memory;
mod plans;
mod poller;
mod processor;
mod table;
mod world;

/// A group of figures: its name on the command line, and what prints it.
type Section = (&'static str, fn());

const SECTIONS: [Section; 7] = [
    ("plans", plans::print),
    ("loads", loads::print),
    ("memory", memory::print),
    ("latency", latency::print),
    ("calls", calls::print),
    ("api", api::print),
    ("fleet", bounds::print),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some(child::CONTROLLER) => return child::run(&args[1..]),
        Some(child::POLLER) => return poller::run(&args[1..]),
        _ => {}
    }
    // Cargo says `--bench`; without it this is a run of tests, and there are none here.
    if !args.iter().any(|arg| arg == "--bench") {
        return;
    }
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    if let Some(unknown) = wanted.iter().find(|name| SECTIONS.iter().all(|(known, _)| known != **name)) {
        eprintln!("there is no section {unknown:?}; there are {:?}", SECTIONS.map(|(name, _)| name));
        std::process::exit(2);
    }
    for (name, print) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name) {
            print();
        }
    }
}
