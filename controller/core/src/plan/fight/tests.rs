#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{FIGHT_REPAIRS, hold};
use crate::diff::Drift;
use crate::memory::{FIGHT_WINDOW, Memory};
use crate::reason::Reason;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_mins(minutes)
}

fn drift(desired: i64, observed: i64) -> Drift {
    Drift {
        path: "/service/healthCheckGracePeriodSeconds".into(),
        desired: Some(json!(desired)),
        observed: Some(json!(observed)),
        rule: "exact".into(),
    }
}

/// A memory with so many repairs, so many minutes apart, the last of them in minute 0.
fn repaired(times: usize, apart: i64) -> Memory {
    let mut memory = Memory::default();
    for number in 0..times {
        let before = i64::try_from(times - 1 - number).unwrap() * apart;
        memory.repaired(&drift(300, 10), at(-before));
    }
    memory
}

fn held(memory: &mut Memory, drift: &Drift, minute: i64) -> bool {
    let (paths, waiting) = hold(std::slice::from_ref(drift), memory, at(minute));
    assert_eq!(paths.len(), waiting.len());
    assert!(waiting.iter().all(|it| it.reason == Reason::DriftFight && it.retry_in.unwrap() <= FIGHT_WINDOW));
    !paths.is_empty()
}

#[test]
fn what_is_set_back_too_often_within_the_window_is_left_alone_and_nothing_less_is() {
    for (times, apart, minute, wanted) in [
        (FIGHT_REPAIRS - 1, 1, 1, false),
        (FIGHT_REPAIRS, 1, 1, true),
        (FIGHT_REPAIRS, 14, 1, true),
        (FIGHT_REPAIRS, 14, 5, false),
        (FIGHT_REPAIRS, 15, 1, false),
        (3 * FIGHT_REPAIRS, 20, 1, false),
        (FIGHT_REPAIRS, 1, 60, false),
    ] {
        let mut memory = repaired(times, apart);
        assert_eq!(held(&mut memory, &drift(300, 10), minute), wanted, "{times} every {apart} min, {minute} min later");
    }
}

#[test]
fn both_values_are_named_and_another_path_goes_on() {
    let mut memory = repaired(FIGHT_REPAIRS, 1);
    let other = Drift { path: "/service/desiredCount".into(), ..drift(2, 3) };
    let (paths, waiting) = hold(&[drift(300, 10), other], &mut memory, at(1));
    assert_eq!(paths.into_iter().collect::<Vec<_>>(), ["/service/healthCheckGracePeriodSeconds"]);
    let told = &waiting[0].message;
    assert!(told.contains("set to 300 5 times") && told.contains("now to 10;"), "{told}");
}

#[test]
fn a_fight_is_over_once_the_other_side_is_quiet_for_the_window_or_something_else_is_wanted() {
    let mut memory = repaired(FIGHT_REPAIRS, 1);
    assert!(held(&mut memory, &drift(300, 10), 1));
    let since = memory.clone();
    assert!(held(&mut memory, &drift(300, 10), 50));
    assert_eq!(memory, since, "as long as nothing happens there is nothing to remember");
    assert!(held(&mut memory, &drift(300, 20), 55), "another value: they are at it");
    assert!(held(&mut memory, &drift(300, 20), 114));
    assert!(!held(&mut memory, &drift(300, 20), 115), "an hour of quiet");

    let mut memory = since;
    assert!(!held(&mut memory, &drift(240, 10), 2), "the manifest changed");
    memory.repaired(&drift(240, 10), at(2));
    assert!(!held(&mut memory, &drift(240, 10), 3), "and begins anew");
}
