//! `docs/manifests.md` is complete: every rule, field and annotation stands in it, and its example works.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use evenkeel_core::admission::admit;
use evenkeel_core::desired;
use evenkeel_core::manifest::{Content, Files, load};
use evenkeel_core::spec::{ClusterSpec, DirectorySpec, ServiceSpec, TaskDefinitionSpec};
use schemars::{Schema, schema_for};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    std::fs::read_to_string(here().join("../../docs/manifests.md")).unwrap()
}

/// Rules that have a row in a table of the page.
fn documented(page: &str) -> BTreeSet<String> {
    let rules = page.split("## Errors and warnings").nth(1).unwrap();
    let rows = rules.lines().filter(|line| line.contains("` | error") || line.contains("` | warning"));
    rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect()
}

/// Where problems are made. Tests do not count.
fn sources() -> Vec<String> {
    fn walk(path: PathBuf, found: &mut Vec<PathBuf>) {
        match path.is_dir() {
            true => std::fs::read_dir(path).unwrap().for_each(|entry| walk(entry.unwrap().path(), found)),
            false => found.push(path),
        }
    }
    let mut paths = Vec::new();
    for place in ["admission.rs", "catalogue", "desired", "manifest", "spec", "validate"] {
        walk(here().join("src").join(place), &mut paths);
    }
    let is_test = |path: &Path| {
        let parts = path.strip_prefix(here()).unwrap().iter();
        parts.into_iter().any(|part| part == "tests" || part == "tests.rs" || part == "testing.rs")
    };
    let code = paths.into_iter().filter(|path| !is_test(path)).map(|path| std::fs::read_to_string(path).unwrap());
    code.map(|text| {
        let code = text.split("mod tests {").next().unwrap_or_default();
        let lines: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        lines.join("\n")
    })
    .collect()
}

/// Whether a text is written as names of rules are.
fn kebab(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.split('-').all(word)
}

/// String literals of a source without escapes, each with the byte where it begins.
fn literals(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = code.split('"').scan(0, |at, part| {
        let begin = *at;
        *at += part.len() + 1;
        Some((begin, part))
    });
    parts.filter(|(_, part)| kebab(part))
}

/// Words with a hyphen that stand in those sources and are no rules.
const NO_RULES: [&str; 3] = ["application-autoscaling", "awslogs-group", "awslogs-stream-prefix"];

/// What makes a problem, whose first plain word is the rule.
const MAKERS: [&str; 4] = ["error(", "warning(", "refuse(", "rule: "];

/// Rules that a source names: all words with hyphens, and the words right behind what makes a problem.
fn named(code: &str) -> BTreeSet<String> {
    let hyphened = literals(code).map(|(_, word)| word).filter(|word| word.contains('-') && !NO_RULES.contains(word));
    let mut rules: BTreeSet<String> = hyphened.map(str::to_owned).collect();
    for maker in MAKERS {
        for (at, _) in code.match_indices(maker) {
            let end = code[at..].find(';').map_or(code.len(), |length| at + length);
            let word = literals(code).find(|(begin, _)| (at..end).contains(begin));
            rules.extend(word.map(|(_, word)| word.to_owned()));
        }
    }
    rules
}

#[test]
fn the_page_names_every_rule_and_no_other() {
    let code: BTreeSet<String> = sources().iter().flat_map(|code| named(code)).collect();
    let documented = documented(&page());
    let missing: Vec<_> = code.difference(&documented).collect();
    assert!(missing.is_empty(), "add to docs/manifests.md (or to NO_RULES here, if it is none): {missing:?}");
    let gone: Vec<_> = documented.difference(&code).collect();
    assert!(gone.is_empty(), "take out of docs/manifests.md: {gone:?}");
}

/// Names of all members that a schema has, at any depth.
fn members(schema: &Schema) -> BTreeSet<String> {
    fn walk(value: &serde_json::Value, found: &mut BTreeSet<String>) {
        if let Some(properties) = value.get("properties").and_then(|properties| properties.as_object()) {
            found.extend(properties.keys().cloned());
        }
        match value {
            serde_json::Value::Object(members) => members.values().for_each(|member| walk(member, found)),
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(schema.as_value(), &mut found);
    found
}

#[test]
fn every_field_of_ours_stands_in_the_page() {
    let page = page();
    let schemas = [
        schema_for!(ClusterSpec),
        schema_for!(TaskDefinitionSpec),
        schema_for!(ServiceSpec),
        schema_for!(DirectorySpec),
    ];
    let names: BTreeSet<String> = schemas.iter().flat_map(members).collect();
    assert!(names.contains("progressDeadline") && names.contains("substitute"), "{names:?}");
    // In code, alone or as part of a path: `mode` stands there as `drift.mode`.
    let stands = |name: &str| {
        ["`", ".", "{", " "]
            .iter()
            .any(|before| ["`", ":", ",", "}"].iter().any(|after| page.contains(&format!("{before}{name}{after}"))))
    };
    let missing: Vec<_> = names.iter().filter(|name| !stands(name)).collect();
    assert!(missing.is_empty(), "add these fields to docs/manifests.md: {missing:?}");
}

#[test]
fn every_annotation_stands_in_the_page() {
    let page = page();
    let annotations = [
        desired::APPROVE,
        desired::OPEN_BY,
        desired::OPEN_REASON,
        desired::OPEN_UNTIL,
        desired::PIN,
        desired::PIN_BY,
        desired::PIN_INSTEAD_OF,
        desired::PIN_REASON,
        desired::PIN_UNTIL,
        desired::RECONCILE,
        desired::RETRY,
        desired::SUSPEND,
        desired::SUSPEND_BY,
        desired::SUSPEND_REASON,
        desired::SUSPEND_UNTIL,
    ];
    for name in annotations {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}

/// The files of the worked example: a line with the path, then a fenced block.
fn example(page: &str) -> Files {
    let (_, example) = page.split_once("## A worked example").unwrap();
    let blocks: Vec<_> = example.split("\n```").collect();
    let fenced = blocks.chunks_exact(2).filter_map(|pair| {
        let path = pair[0].trim_end().lines().last()?.strip_prefix('`')?.strip_suffix("`:")?;
        let (_, text) = pair[1].split_once('\n')?;
        Some((path.to_owned(), Content::Bytes(text.as_bytes().to_vec())))
    });
    fenced.collect()
}

#[test]
fn the_worked_example_loads_without_a_word() {
    let files = example(&page());
    assert_eq!(files.len(), 6, "{:?}", files.keys());
    let mut load = load(&files);
    admit(&mut load);
    assert_eq!(load.problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    let keys: Vec<_> = load.manifests.iter().map(|manifest| manifest.key.to_string()).collect();
    let expected = [
        "Cluster/web-dev",
        "Cluster/web-prod",
        "TaskDefinition/web-dev/web",
        "TaskDefinition/web-prod/web",
        "Service/web-dev/web",
        "Service/web-prod/web",
    ];
    assert_eq!(keys, expected);
}
