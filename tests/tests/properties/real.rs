//! Documents that people really registered, beside what AWS described later: `EVENKEEL_REAL_DOCUMENTS` names a
//! directory with `INDEX.tsv` and `pairs/*-input.json`, `pairs/*-output.json`. Without it there is nothing to check.

use std::path::Path;

use evenkeel_core::canonical::DocumentKind;
use evenkeel_core::catalogue::{Catalogue, Document, to_wire};
use evenkeel_core::diff::{Ignore, Scope, diff};
use serde_json::Value;

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    let document = document.get("taskDefinition").cloned().unwrap_or(document);
    // What is described is pasted into manifests with members that are output only: those come with a warning.
    match to_wire(&document, Catalogue::get().document(Document::TaskDefinition)) {
        Ok(wire) => wire.value,
        Err(problems) => panic!("{}: {problems:#?}", path.display()),
    }
}

#[test]
fn what_aws_describes_of_real_inputs_shows_no_drift() {
    let Some(directory) = std::env::var_os("EVENKEEL_REAL_DOCUMENTS") else { return };
    let directory = Path::new(&directory);
    let index = std::fs::read_to_string(directory.join("INDEX.tsv")).unwrap();
    let pairs = index.lines().filter(|line| line.contains("pair-input:taskdef") && line.contains("EXACT pair"));
    let mut checked = 0;
    for input in pairs.filter_map(|line| line.split('\t').next()) {
        let input = directory.join(input);
        let output = input.to_string_lossy().replace("-input.json", "-output.json");
        let (wanted, described) = (read(&input), read(Path::new(&output)));
        let drift = diff(DocumentKind::TaskDefinition, &wanted, &described, Scope::Declared, "", &Ignore::default());
        assert!(drift.is_empty(), "{}: {drift:#?}", input.display());
        checked += 1;
    }
    assert!(checked > 0, "there is no exact pair in {}", directory.display());
}
