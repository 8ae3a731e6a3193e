//! When a schedule is due: `at(…)`, `rate(…)` and `cron(…)`, in a time zone (Application Auto Scaling user guide,
//! "Scheduled scaling").

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use std::collections::BTreeSet;

/// A schedule that could be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Schedule {
    /// Once.
    At(DateTime),
    /// Again and again, from a start.
    Rate(SignedDuration),
    /// At every minute that fits all fields.
    Cron(Cron),
}

/// The six fields of a cron expression, each as the values that it admits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cron {
    minutes: BTreeSet<i64>,
    hours: BTreeSet<i64>,
    days: Option<BTreeSet<i64>>,
    months: BTreeSet<i64>,
    /// 1 is Sunday.
    weekdays: Option<BTreeSet<i64>>,
    years: BTreeSet<i64>,
}

/// Days that are looked at for the next time of a cron expression: four years hold every date there is.
const HORIZON: i64 = 4 * 366;

impl Schedule {
    /// Reads `at(yyyy-mm-ddThh:mm:ss)`, `rate(n minutes|hours|days)`, `cron(fields)`. The letters `L`, `W` and `#` of
    /// cron fields are not known here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, inside) = text.trim().strip_suffix(')')?.split_once('(')?;
        match kind {
            "at" => inside.parse().ok().map(Self::At),
            "rate" => {
                let (amount, unit) = inside.split_once(' ')?;
                let amount: i64 = amount.parse().ok().filter(|amount| (1..=1_000_000).contains(amount))?;
                match unit.trim_end_matches('s') {
                    "minute" => Some(Self::Rate(SignedDuration::from_mins(amount))),
                    "hour" => Some(Self::Rate(SignedDuration::from_hours(amount))),
                    "day" => Some(Self::Rate(SignedDuration::from_hours(24 * amount))),
                    _ => None,
                }
            }
            "cron" => Cron::parse(inside).map(Self::Cron),
            _ => None,
        }
    }

    /// The first time after `after`. `start` is where rates count from.
    pub(super) fn next(&self, after: Timestamp, start: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::At(time) => zone.to_timestamp(*time).ok().filter(|at| *at > after),
            Self::Rate(every) => {
                if start > after {
                    return Some(start);
                }
                let rounds = after.duration_since(start).as_secs() / every.as_secs() + 1;
                start.checked_add(SignedDuration::from_secs(rounds.checked_mul(every.as_secs())?)).ok()
            }
            Self::Cron(cron) => cron.next(after.max(start - SignedDuration::from_secs(1)), zone),
        }
    }
}

impl Cron {
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays, years] = fields.as_slice() else { return None };
        const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
        const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
        let optional = |field: &str, low, high, names| match field {
            "?" | "*" => Some(None),
            _ => values(field, low, high, names).map(Some),
        };
        Some(Self {
            minutes: values(minutes, 0, 59, &[])?,
            hours: values(hours, 0, 23, &[])?,
            days: optional(days, 1, 31, &[])?,
            months: values(months, 1, 12, MONTHS)?,
            weekdays: optional(weekdays, 1, 7, DAYS)?,
            years: values(years, 1970, 2199, &[])?,
        })
    }

    fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut day = zone.to_datetime(after).date();
        for _ in 0..HORIZON {
            if self.admits(day) {
                for (hour, minute) in self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |m| (hour, m))) {
                    let time = Time::new(*hour as i8, *minute as i8, 0, 0).ok()?;
                    match zone.to_timestamp(day.to_datetime(time)) {
                        Ok(at) if at > after => return Some(at),
                        _ => {}
                    }
                }
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }

    fn admits(&self, day: Date) -> bool {
        let weekday = i64::from(day.weekday().to_sunday_one_offset());
        self.years.contains(&i64::from(day.year()))
            && self.months.contains(&i64::from(day.month()))
            && self.days.as_ref().is_none_or(|days| days.contains(&i64::from(day.day())))
            && self.weekdays.as_ref().is_none_or(|days| days.contains(&weekday))
    }
}

/// The values that a field admits: `*`, numbers or names, ranges, steps, and lists of those.
fn values(field: &str, low: i64, high: i64, names: &[&str]) -> Option<BTreeSet<i64>> {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|place| place as i64 + 1);
        named.or_else(|| text.parse().ok()).filter(|number| (low..=high).contains(number))
    };
    let mut all = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(range)?, if part.contains('/') { high } else { number(range)? }),
        };
        all.extend((first..=last).step_by(step));
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn next(schedule: &str, after: &str, zone: &str) -> Option<String> {
        let (after, zone) = (after.parse().unwrap(), TimeZone::get(zone).unwrap());
        Schedule::parse(schedule).unwrap().next(after, after, &zone).map(|at| at.to_string())
    }

    #[test]
    fn cron_finds_the_next_minute_in_its_time_zone() {
        let monday = "2026-11-23T00:00:00Z";
        for (schedule, zone, expected) in [
            ("cron(0 9 ? * MON-FRI *)", "UTC", Some("2026-11-23T09:00:00Z")),
            ("cron(0 9 ? * MON-FRI *)", "Asia/Tokyo", Some("2026-11-24T00:00:00Z")),
            ("cron(0/15 * * * ? *)", "UTC", Some("2026-11-23T00:15:00Z")),
            ("cron(30 8 1 JAN ? *)", "UTC", Some("2027-01-01T08:30:00Z")),
            ("cron(0 0 ? * 7 2027)", "UTC", Some("2027-01-02T00:00:00Z")),
            ("cron(0 0 ? * 7 2020)", "UTC", None),
            ("at(2026-11-23T09:00:00)", "Asia/Tokyo", None),
            ("at(2026-11-23T10:00:00)", "Asia/Tokyo", Some("2026-11-23T01:00:00Z")),
            ("rate(5 minutes)", "UTC", Some("2026-11-23T00:05:00Z")),
        ] {
            assert_eq!(next(schedule, monday, zone).as_deref(), expected, "{schedule} in {zone}");
        }
    }

    #[test]
    fn rates_count_from_their_start() {
        let schedule = Schedule::parse("rate(1 hour)").unwrap();
        let (start, after) = ("2026-11-23T00:10:00Z".parse().unwrap(), "2026-11-23T05:00:00Z".parse().unwrap());
        let next = schedule.next(after, start, &TimeZone::UTC).unwrap();
        assert_eq!(next.to_string(), "2026-11-23T05:10:00Z");
    }
}
