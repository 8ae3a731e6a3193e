use std::path::Path;
use std::sync::Mutex;

use evenkeel_tests::script;

/// Plays every scenario of `tests/scenarios`, on as many threads as there are processors. `SCENARIO=part-of-a-name`
/// plays some; `UPDATE=1` takes what they print for what they are to print from now on.
#[test]
fn every_scenario_goes_as_it_went_before() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let update = std::env::var_os("UPDATE").is_some();
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let mut paths = script::scenarios(&directory);
    paths.retain(|path| path.file_stem().is_some_and(|name| name.to_string_lossy().contains(&only)));
    assert!(!paths.is_empty(), "there is no scenario {only:?} in {}", directory.display());
    let (left, failures) = (Mutex::new(paths), Mutex::new(Vec::new()));
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                loop {
                    let Some(path) = left.lock().unwrap().pop() else { return };
                    if let Err(why) = script::check(&path, update) {
                        failures.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} scenarios failed\n\n{}", failures.len(), failures.join("\n\n"));
}
