#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::ObjectKey;

fn windows(windows: Value) -> Vec<ChangeWindow> {
    serde_json::from_value(windows).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What is told at a time: `open`, or when it opens.
fn told(declared: &[ChangeWindow], now: &str) -> String {
    closed(declared, at(now)).map_or_else(|| "open".to_owned(), |closed| closed.to_string())
}

fn office() -> Value {
    json!({"kind": "Allow", "schedule": "0 9 * * MON-FRI", "duration": "8h", "timeZone": "Europe/Berlin"})
}

#[test]
fn without_windows_commits_are_always_let_in() {
    assert_eq!(closed(&[], at("2026-01-03T00:00:00Z")), None);
}

#[test]
fn allow_windows_keep_commits_out_at_all_other_times() {
    let office = windows(json!([office()]));
    assert_eq!(told(&office, "2026-01-05T07:59:59Z"), "opens at 2026-01-05T08:00:00Z");
    assert_eq!(told(&office, "2026-01-05T08:00:00Z"), "open");
    assert_eq!(told(&office, "2026-01-05T15:59:59Z"), "open");
    assert_eq!(told(&office, "2026-01-05T16:00:00Z"), "opens at 2026-01-06T08:00:00Z");
    assert_eq!(told(&office, "2026-01-09T16:00:00Z"), "opens at 2026-01-12T08:00:00Z", "over the weekend");
    assert_eq!(told(&office, "2026-07-03T20:00:00Z"), "opens at 2026-07-06T07:00:00Z", "in summer");
}

#[test]
fn deny_windows_keep_commits_out_and_beat_allow_windows() {
    let lunch = json!({"kind": "Deny", "schedule": "0 12 * * *", "duration": "1h", "timeZone": "Europe/Berlin"});
    let alone = windows(json!([lunch]));
    assert_eq!(told(&alone, "2026-01-03T03:00:00Z"), "open");
    assert_eq!(told(&alone, "2026-01-03T11:30:00Z"), "opens at 2026-01-03T12:00:00Z");
    let both = windows(json!([office(), lunch]));
    assert_eq!(told(&both, "2026-01-05T11:30:00Z"), "opens at 2026-01-05T12:00:00Z");
    let late = json!({"kind": "Deny", "schedule": "0 16 * * FRI", "duration": "2h", "timeZone": "Europe/Berlin"});
    let both = windows(json!([office(), late]));
    assert_eq!(told(&both, "2026-01-09T15:30:00Z"), "opens at 2026-01-12T08:00:00Z", "its end is out of hours");
}

#[test]
fn windows_may_overlap_themselves_and_may_never_open() {
    let chain = windows(json!([{"kind": "Deny", "schedule": "0 0-5 * * *", "duration": "90m"}]));
    assert_eq!(told(&chain, "2026-01-03T00:30:00Z"), "opens at 2026-01-03T06:30:00Z");
    let always = windows(json!([{"kind": "Deny", "schedule": "0 * * * *", "duration": "1h"}]));
    assert_eq!(told(&always, "2026-01-03T00:30:00Z"), "does not open by itself");
}

#[test]
fn a_window_lasts_as_long_in_the_night_in_which_clocks_change() {
    let night = windows(json!([
        {"kind": "Allow", "schedule": "30 2 * * *", "duration": "1h", "timeZone": "Europe/Berlin"},
    ]));
    // 02:30 does not exist on 29 March: it opens at 03:30 summer time.
    assert_eq!(told(&night, "2026-03-29T00:45:00Z"), "opens at 2026-03-29T01:30:00Z");
    assert_eq!(told(&night, "2026-03-29T02:29:59Z"), "open");
    assert_eq!(told(&night, "2026-03-29T02:30:00Z"), "opens at 2026-03-30T00:30:00Z");
    // 02:30 comes twice on 25 October: it opens the first time, for an hour.
    assert_eq!(told(&night, "2026-10-25T00:29:59Z"), "opens at 2026-10-25T00:30:00Z");
    assert_eq!(told(&night, "2026-10-25T01:29:59Z"), "open");
    assert_eq!(told(&night, "2026-10-25T01:30:00Z"), "opens at 2026-10-26T01:30:00Z");
}

#[test]
fn drift_is_held_only_by_windows_that_hold_everything() {
    let mut freeze = json!({"kind": "Deny", "schedule": "0 0 24 12 *", "duration": "3d", "holds": "Everything"});
    let christmas = at("2026-12-25T00:00:00Z");
    let found = closed(&windows(json!([office(), freeze])), christmas).unwrap();
    assert!(found.everything);
    assert_eq!(found.opens, Some(at("2026-12-28T08:00:00Z")));
    let before = closed(&windows(json!([office(), freeze])), at("2026-12-23T20:00:00Z")).unwrap();
    assert!(!before.everything);
    freeze["holds"] = json!("Commits");
    assert!(!closed(&windows(json!([freeze])), christmas).unwrap().everything);
}

#[test]
fn somebody_may_open_them_for_an_object_or_its_cluster_until_a_time() {
    let office = windows(json!([office()]));
    let now = at("2026-01-03T00:00:00Z");
    let object = |until: &str| {
        let mut object = Object::new(&ObjectKey::new(Kind::Cluster, "", "shop"), Value::Null);
        object.metadata.annotations.insert(OPEN_UNTIL.into(), until.into());
        object
    };
    for (until, open) in [("2026-01-03T00:00:01Z", true), ("2026-01-03T00:00:00Z", false), ("tomorrow", false)] {
        assert_eq!(closed_for(&office, [&object(until)], now).is_none(), open, "{until}");
    }
    assert!(closed_for(&office, [&object("tomorrow"), &object("2026-01-03T01:00:00Z")], now).is_none());
}

#[test]
fn of_a_cluster_only_what_is_sent_to_aws_is_held() {
    let before = json!({"region": "eu-west-1", "cluster": {"settings": []}});
    let declared = json!({"region": "eu-west-1", "cluster": {"settings": [1]}, "changeWindows": []});
    let expected = json!({"region": "eu-west-1", "cluster": {"settings": []}, "changeWindows": []});
    assert_eq!(in_force(Kind::Cluster, &before, &declared), expected);
    assert_eq!(in_force(Kind::Cluster, &json!({"region": "eu-west-1"}), &before), json!({"region": "eu-west-1"}));
    assert_eq!(in_force(Kind::Service, &before, &declared), before);
}

fn window() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![Just("Allow"), Just("Deny")];
    let zone = prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/Los_Angeles"), Just("Asia/Kathmandu")];
    (kind, 0_u8..60, 0_u8..24, prop_oneof![Just("*"), Just("MON-FRI"), Just("SUN")], 1_u32..40, zone).prop_map(
        |(kind, minute, hour, days, hours, zone)| {
            json!({"kind": kind, "schedule": format!("{minute} {hour} * * {days}"), "duration": format!("{hours}h"),
                   "timeZone": zone})
        },
    )
}

proptest! {
    /// From now until the time that is told they are closed, and then they are open.
    #[test]
    fn windows_open_when_it_is_said_and_not_before(
        declared in prop::collection::vec(window(), 1..4),
        now in 1_767_225_600_i64..1_798_761_600,
        parts in prop::collection::vec(0_i64..10_000, 8),
    ) {
        let (declared, now) = (windows(Value::Array(declared)), Timestamp::from_second(now).unwrap());
        if let Some(Closed { opens: Some(opens), .. }) = closed(&declared, now) {
            prop_assert!(opens > now);
            prop_assert!(closed(&declared, opens).is_none());
            let span = opens.as_second() - now.as_second();
            for part in parts {
                let moment = Timestamp::from_second(now.as_second() + span * part / 10_000).unwrap();
                prop_assert!(closed(&declared, moment).is_some_and(|closed| closed.opens == Some(opens)), "{moment}");
            }
        }
    }
}
