//! Durations as people write them: `90s`, `15m`, `1h30m`.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time in whole seconds, written as days, hours, minutes and seconds: `2d`, `1h30m`, `15m`, `90s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(std::time::Duration);

/// Units from the largest to the smallest, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
/// Nothing that is waited for here takes longer than a year, and no sum with a time stamp overflows below it.
const LONGEST_SECONDS: u64 = 365 * 86_400;

impl Duration {
    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(std::time::Duration::from_secs(seconds))
    }

    /// In seconds.
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }

    /// The length as the standard library has it.
    pub const fn get(self) -> std::time::Duration {
        self.0
    }
}

impl std::str::FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a duration: write it as in 90s, 15m or 1h30m, the larger unit first");
        let (mut rest, mut seconds, mut units) = (text, 0_u64, UNITS.iter());
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let count: u64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit = rest[digits..].chars().next().ok_or_else(wrong)?;
            // `units` only moves on, so that each unit stands at most once and in order.
            let (_, length) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            seconds = count.checked_mul(*length).and_then(|more| seconds.checked_add(more)).ok_or_else(wrong)?;
            rest = &rest[digits + unit.len_utf8()..];
        }
        match seconds {
            0 => Err(if text.is_empty() { wrong() } else { format!("a duration of {text:?} is no time at all") }),
            1..=LONGEST_SECONDS => Ok(Self::from_secs(seconds)),
            _ => Err(format!("{text:?} is longer than a year")),
        }
    }
}

/// The shortest exact form: `90s` is shown as `1m30s`.
impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0.as_secs();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (name, length) in UNITS {
            if rest >= length {
                write!(f, "{}{name}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time such as 90s, 15m or 1h30m.",
            // Without look-ahead, which Go's regular expressions (kubeconform) do not have.
            "minLength": 2,
            "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
        })
    }
}
