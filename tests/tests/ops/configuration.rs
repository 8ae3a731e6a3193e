use std::collections::BTreeSet;

use crate::{read, root};

/// The flags in a text, such as `--log-format`.
fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| c != '-' && !c.is_ascii_lowercase());
    words.filter(|word| word.starts_with("--") && word.len() > 4).map(str::to_owned).collect()
}

#[test]
fn the_reference_has_each_option_that_the_program_takes() {
    let text = read("docs/operations.md");
    let table = text.split("## Configuration").nth(1).unwrap().split("## Health").next().unwrap();
    let told: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `--"))
        .map(|line| format!("--{}", line.split('`').next().unwrap()))
        .collect();
    let sources = ["config", "run"].map(|name| read(&format!("controller/evenkeel/src/cli/{name}.rs")));
    let mut taken = BTreeSet::new();
    for source in &sources {
        // Fields that clap makes flags of: the line after `#[arg(long…)]` and perhaps serde's.
        let mut long = false;
        for line in source.lines().map(str::trim) {
            if line.starts_with("#[arg(") {
                long = line.contains("long");
            } else if long && !line.starts_with("#[") && !line.starts_with("///") {
                let name = line.split(':').next().unwrap().rsplit(' ').next().unwrap();
                taken.insert(format!("--{}", name.replace('_', "-")));
                long = false;
            }
        }
    }
    assert_eq!(told, taken);
}

#[test]
fn what_is_run_elsewhere_uses_options_that_there_are() {
    let text = read("docs/operations.md");
    let known = flags(&text);
    for path in ["ops/systemd/evenkeel.service", "charts/evenkeel/templates/statefulset.yaml"] {
        let file = read(path);
        let ours = file.split("name: git-sync").next().unwrap();
        let unknown: Vec<_> = flags(ours).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", root().join(path).display());
    }
}
