#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

/// The next times of a schedule in Berlin, in UTC.
fn nexts(schedule: &str, after: &str, count: usize) -> Vec<String> {
    let cron: Cron = schedule.parse().unwrap();
    let mut at: Timestamp = after.parse().unwrap();
    let mut found = Vec::new();
    for _ in 0..count {
        at = cron.next(at, &berlin()).unwrap();
        found.push(at.to_string());
    }
    found
}

#[test]
fn fields_take_values_ranges_lists_steps_and_names() {
    let weekdays = ["2026-01-05T08:00:00Z", "2026-01-06T08:00:00Z"];
    for schedule in ["0 9 * * 1-5", "0 9 * * mon-FRI", "0 9 ? JAN-DEC 1,2,3,4,5", " 0  9 */1 * MON,TUE-FRI "] {
        // The second of January 2026 is a Friday.
        assert_eq!(nexts(schedule, "2026-01-02T08:00:00Z", 2), weekdays, "{schedule}");
    }
    assert_eq!(nexts("5/20 0 1 1 *", "2026-06-01T00:00:00Z", 2), ["2026-12-31T23:05:00Z", "2026-12-31T23:25:00Z"]);
    assert_eq!(nexts("0 0 * * 7", "2026-01-02T00:00:00Z", 1), nexts("0 0 * * SUN", "2026-01-02T00:00:00Z", 1));
    assert_eq!(nexts("0 0 29 2 *", "2097-01-01T00:00:00Z", 1), ["2104-02-28T23:00:00Z"], "2100 is no leap year");
}

#[test]
fn a_day_of_the_month_and_a_day_of_the_week_are_either_of_them() {
    // The thirteenth, and every Friday.
    let both = nexts("0 12 13 * FRI", "2026-01-10T00:00:00Z", 3);
    assert_eq!(both, ["2026-01-13T11:00:00Z", "2026-01-16T11:00:00Z", "2026-01-23T11:00:00Z"]);
}

#[test]
fn an_hour_that_is_skipped_counts_as_that_much_later() {
    // On 29 March 2026 clocks go from 02:00 to 03:00, at 01:00 UTC.
    assert_eq!(nexts("30 2 * * *", "2026-03-28T12:00:00Z", 2), ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
    let hourly = nexts("30 * * * *", "2026-03-28T23:45:00Z", 3);
    assert_eq!(hourly, ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"], "none twice");
    // What is named for the hour after the skipped one comes first.
    assert_eq!(nexts("0,30 2,3 * * *", "2026-03-29T00:30:00Z", 2), ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]);
}

#[test]
fn an_hour_that_comes_twice_counts_once_unless_every_hour_does() {
    // On 25 October 2026 clocks go from 03:00 to 02:00, at 01:00 UTC.
    assert_eq!(nexts("30 2 * * *", "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    let hourly = nexts("30 * * * *", "2026-10-25T00:00:00Z", 3);
    assert_eq!(hourly, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]);
}

#[test]
fn what_is_no_schedule_is_told_with_what_is_wrong() {
    for (text, why) in [
        ("0 9 * *", "it has 4 fields and not five"),
        ("@daily", "it has 1 fields"),
        ("0 24 * * *", "\"24\" is no hour: it is 0 to 23"),
        ("0 9 0 * *", "\"0\" is no day of the month: it is 1 to 31"),
        ("0 9 * * FOO", "\"FOO\" is no day of the week: it is 0 to 7 or SUN to SAT"),
        ("0 9 * * FRI-MON", "runs backwards"),
        ("*/0 9 * * *", "has no step"),
        ("+5 9 * * *", "is no minute"),
        ("0 0 31 2 *", "no month that it names has such a day"),
    ] {
        let told = text.parse::<Cron>().unwrap_err();
        assert!(told.contains(why) && told.contains("0 9 * * MON-FRI"), "{told}");
    }
}

/// Whether a schedule names the minute that clocks show, by its text alone.
fn shows(fields: &[Vec<u32>; 5], time: DateTime) -> bool {
    let [minutes, hours, days, months, weekdays] = fields;
    let in_field = |field: &Vec<u32>, n: i8| field.is_empty() || field.contains(&n.unsigned_abs().into());
    let (day, weekday) = (in_field(days, time.day()), in_field(weekdays, time.weekday().to_sunday_zero_offset()));
    let right_day = if days.is_empty() || weekdays.is_empty() { day && weekday } else { day || weekday };
    in_field(minutes, time.minute()) && in_field(hours, time.hour()) && in_field(months, time.month()) && right_day
}

proptest! {
    /// Away from changes of clocks, the next time is the first minute whose clock reading the fields name.
    #[test]
    fn the_next_time_is_the_first_minute_that_clocks_show_so(
        minutes in prop::collection::vec(0_u32..60, 0..3),
        hours in prop::collection::vec(0_u32..24, 0..3),
        days in prop::collection::vec(1_u32..29, 0..3),
        weekdays in prop::collection::vec(0_u32..7, 0..3),
        start in 1_767_225_600_i64..1_772_000_000,
    ) {
        let fields = [minutes, hours, days, Vec::new(), weekdays];
        let text = |field: &Vec<u32>| match field.is_empty() {
            true => "*".to_owned(),
            false => field.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        };
        let schedule = fields.iter().map(text).collect::<Vec<_>>().join(" ");
        let cron: Cron = schedule.parse().unwrap();
        let (start, zone) = (Timestamp::from_second(start).unwrap(), berlin());
        // January to March have no change of clocks before the 29th.
        let end = "2026-03-28T00:00:00Z".parse().unwrap();
        let mut minute = Timestamp::from_second(start.as_second().div_euclid(60) * 60 + 60).unwrap();
        while minute < end && !shows(&fields, zone.to_datetime(minute)) {
            minute = minute.checked_add(1.minute()).unwrap();
        }
        prop_assume!(minute < end);
        prop_assert_eq!(cron.next(start, &zone), Some(minute), "{}", schedule);
    }
}
