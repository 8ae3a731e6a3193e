use std::collections::BTreeSet;

use evenkeel_core::reason::Reason;

use crate::{alerts, read, stems};

#[test]
fn there_is_a_runbook_for_each_alert_and_no_other() {
    assert_eq!(stems("ops/runbooks/alerts"), alerts::names());
}

#[test]
fn there_is_a_runbook_for_each_reason_and_no_other() {
    let reasons: BTreeSet<String> = Reason::ALL.iter().map(|reason| reason.name().to_owned()).collect();
    assert_eq!(stems("ops/runbooks/reasons"), reasons);
}

#[test]
fn each_runbook_bears_its_name_and_says_what_to_do() {
    for directory in ["ops/runbooks/alerts", "ops/runbooks/reasons"] {
        for name in stems(directory) {
            let text = read(&format!("{directory}/{name}.md"));
            assert!(
                text.starts_with(&format!("# {name}\n\n")) && text.contains("\n## Do\n\n- "),
                "{directory}/{name}.md"
            );
        }
    }
}
