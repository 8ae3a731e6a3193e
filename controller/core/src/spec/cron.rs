//! Schedules as crontab(5) has them: minute, hour, day of the month, month, day of the week.
//!
//! Libraries for this bring a calendar and time zones of their own, which read the machine's files. What there is to a
//! pattern of five sets is here, and everything about time is jiff's.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A schedule of five fields, such as `0 9 * * MON-FRI`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    text: String,
    /// Bit n: minute n. The same for the other fields, with Sunday as day 0 of the week.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

/// A field: its name, its lowest and highest value, and words for its values from the lowest on.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
    // Both 0 and 7 are Sunday.
    ("day of the week", 0, 7, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
];

/// 29 February comes again within eight years, also around a century that is no leap year.
const HORIZON_DAYS: u32 = 8 * 366;

/// No clock is put forward or back by more than a day.
const SHIFT: SignedDuration = SignedDuration::from_hours(25);

impl Cron {
    /// The first time after `after` that it names, on the clocks of `zone`. `None`: there is none.
    ///
    /// A time that is skipped when clocks go forward counts as that much later (02:30 as 03:30), and one that comes twice
    /// when they go back counts the first time; but a schedule of every hour is one of every hour that there is.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let from = zone.to_datetime(after).checked_sub(SHIFT).ok()?;
        let mut date = from.date();
        let mut first: Option<Timestamp> = None;
        for _ in 0..HORIZON_DAYS {
            let midnight = date.to_datetime(Time::midnight());
            // What is found cannot be undercut any more by a later day, however clocks change.
            if first.is_some_and(|first| midnight > zone.to_datetime(first).saturating_add(SHIFT)) {
                return first;
            }
            if self.names(date) {
                let times = self.times(date).filter(|time| *time >= from);
                let instants = times.flat_map(|time| self.instants(time, zone)).filter(|instant| *instant > after);
                first = first.into_iter().chain(instants.min()).min();
            }
            date = date.checked_add(1.day()).ok()?;
        }
        first
    }

    /// Whether it names any time of a day. Where both days are restricted either will do, as crontab(5) has it.
    fn names(&self, date: Date) -> bool {
        let day = has(self.days, date.day().unsigned_abs().into());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset().unsigned_abs().into());
        let every_day = (1..=31).all(|day| has(self.days, day));
        let every_weekday = (0..=6).all(|day| has(self.weekdays, day));
        has(self.months, date.month().unsigned_abs().into())
            && match (every_day, every_weekday) {
                (false, false) => day || weekday,
                _ => day && weekday,
            }
    }

    fn times(&self, date: Date) -> impl Iterator<Item = DateTime> {
        let of = |set: u64, high: i8| (0..=high).filter(move |n| has(set, n.unsigned_abs().into()));
        let minutes = self.minutes;
        of(self.hours, 23).flat_map(move |hour| of(minutes, 59).map(move |minute| date.at(hour, minute, 0, 0)))
    }

    /// When clocks show a time: mostly once.
    fn instants(&self, time: DateTime, zone: &TimeZone) -> Vec<Timestamp> {
        let found = zone.to_ambiguous_timestamp(time);
        let hourly = (0..=23).all(|hour| has(self.hours, hour));
        let instants = match found.offset() {
            AmbiguousOffset::Gap { .. } if hourly => return Vec::new(),
            AmbiguousOffset::Fold { .. } if hourly => vec![found.earlier(), found.later()],
            _ => vec![found.compatible()],
        };
        instants.into_iter().filter_map(Result::ok).collect()
    }
}

fn has(set: u64, n: u32) -> bool {
    set & (1 << n) != 0
}

/// The values that a field names.
fn set(text: &str, (field, low, high, words): Field) -> Result<u64, String> {
    let value = |text: &str| -> Result<u32, String> {
        let word = words.iter().zip(low..).find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, n)| n);
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = word.or_else(|| text.parse().ok().filter(|_| digits));
        number.filter(|n| (low..=high).contains(n)).ok_or_else(|| {
            let or = if words.is_empty() {
                String::new()
            } else {
                format!(" or {} to {}", words[0], words[words.len() - 1])
            };
            format!("{text:?} is no {field}: it is {low} to {high}{or}")
        })
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (low, high),
            Some((first, last)) => (value(first)?, value(last)?),
            // `5/15` goes on to the end, as other implementations have it.
            None if step.is_some() => (value(range)?, high),
            None => (value(range)?, value(range)?),
        };
        if first > last {
            return Err(format!("{range:?} runs backwards: name the lower {field} first, or write two ranges"));
        }
        let step = step.map_or(Some(1), |text| text.parse().ok().filter(|step| *step > 0));
        let step = step.ok_or_else(|| format!("{part:?} has no step: it is a whole number from 1"))?;
        set |= (first..=last).step_by(step).fold(0, |set, n| set | 1_u64 << n);
    }
    Ok(set)
}

impl std::str::FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: String| {
            format!(
                "{text:?} is no schedule: {why}. Write minute, hour, day of the month, month and day of the week, as in 0 9 * * MON-FRI"
            )
        };
        let parts: Vec<&str> = text.split_whitespace().collect();
        let fields: [&str; 5] = parts
            .try_into()
            .map_err(|parts: Vec<&str>| wrong(format!("it has {} fields and not five", parts.len())))?;
        let mut sets = [0; 5];
        for ((set_of, text), field) in sets.iter_mut().zip(fields).zip(FIELDS) {
            *set_of = set(text, field).map_err(&wrong)?;
        }
        let [minutes, hours, days, months, weekdays] = sets;
        let weekdays = if has(weekdays, 7) { weekdays | 1 } else { weekdays };
        let cron = Self { text: text.to_owned(), minutes, hours, days, months, weekdays };
        match cron.next(Timestamp::UNIX_EPOCH, &TimeZone::UTC) {
            Some(_) => Ok(cron),
            None => Err(wrong("no month that it names has such a day".to_owned())),
        }
    }
}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Cron {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cron {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Cron {
    fn schema_name() -> Cow<'static, str> {
        "Cron".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A schedule of minute, hour, day of the month, month and day of the week, as in 0 9 * * MON-FRI.",
            "pattern": "^\\s*(\\S+\\s+){4}\\S+\\s*$",
        })
    }
}

#[cfg(test)]
mod tests;
