//! Schemas for editors and CI: the documented command, and the lines in the examples, with kubeconform itself.

use std::path::{Path, PathBuf};

use evenkeel_tests::program::{Place, finish, root};

use crate::fixture::words;

/// The schema that the examples name.
const SCHEMA: &str = "docs/schemas/manifest.json";

/// Runs the command of the documentation in a place.
fn kubeconform(place: &Place) -> evenkeel_tests::program::Finished {
    let program = root().join("target/peers/kubeconform");
    assert!(program.exists(), "{} is missing: run tests/setup/kube.sh", program.display());
    let text = std::fs::read_to_string(root().join("docs/kubectl.md")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("kubeconform ")).unwrap();
    let mut command = place.command(&program);
    command.args(words(line));
    finish(command)
}

#[test]
fn the_documented_command_finds_nothing_wrong_with_the_examples_and_tells_what_is() {
    let place = Place::new();
    place.copy(&root().join("desired-state"), "desired-state");
    finish(place.evenkeel(&["schema", "--dir", "schemas"])).expect(0);
    kubeconform(&place).expect(0);
    let file = place.path("desired-state/templates/frontapp/service.yaml");
    let service = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, service.replace("healthCheckGracePeriodSeconds: 300", "healthCheckGracePeriodSeconds: soon"))
        .unwrap();
    let said = kubeconform(&place).expect(1).out;
    assert!(said.contains("healthCheckGracePeriodSeconds"), "{said}");
}

fn manifests(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { manifests(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|it| it == "yaml") && !path.ends_with("evenkeel.yaml")).collect()
}

#[test]
fn editors_find_the_schema_of_each_example() {
    let schema = root().join(SCHEMA);
    let wanted = finish(Place::new().evenkeel(&["schema"])).expect(0).out;
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&schema, &wanted).unwrap();
    }
    let there = std::fs::read_to_string(&schema).unwrap();
    assert!(there == wanted, "{SCHEMA} is not what `evenkeel schema` prints; UPDATE=1 writes it");
    let examples = manifests(&root().join("desired-state"));
    assert!(examples.len() >= 4);
    for path in examples {
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().next().unwrap();
        let named =
            line.strip_prefix("# yaml-language-server: $schema=").unwrap_or_else(|| panic!("{}", path.display()));
        let named = path.parent().unwrap().join(named).canonicalize();
        assert_eq!(named.unwrap(), schema.canonicalize().unwrap(), "{}", path.display());
    }
}
