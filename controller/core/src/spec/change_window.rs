//! `spec.changeWindows` of a Cluster: when commits may change what is in it.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Cron, Duration, did_you_mean};

/// A time that comes again and again, in which commits are let in or kept out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeWindow {
    /// Whether commits are let in (and, if there is such a window, at no other time), or kept out. `Deny` beats `Allow`.
    pub kind: WindowKind,
    /// When it begins: minute, hour, day of the month, month and day of the week, as in `0 9 * * MON-FRI`.
    pub schedule: Cron,
    /// How long it lasts, in time that passes and not as clocks show it.
    pub duration: Duration,
    /// Whose clocks the schedule goes by.
    #[serde(default)]
    pub time_zone: Zone,
    /// What is held while this window keeps commits out, or, if it lets them in, while it does not.
    #[serde(default)]
    pub holds: Held,
}

/// What a window does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WindowKind {
    /// Commits are let in while it is open, and at no other time, unless another window lets them in.
    Allow,
    /// Commits are kept out while it is open.
    Deny,
}

/// What is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Held {
    /// What commits ask for. What somebody else changes is repaired all the same.
    #[default]
    Commits,
    /// Every write.
    Everything,
}

/// A time zone by its name in the IANA database, such as `Europe/Berlin`; UTC where nothing is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The time zone.
    pub fn get(&self) -> &TimeZone {
        &self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl std::str::FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        TimeZone::get(text).map(Self).map_err(|_| {
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
            let hint = did_you_mean(text, known.iter().map(String::as_str));
            let hint = hint.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            format!("{text:?} is no time zone of the IANA database: write it as in Europe/Berlin{hint}")
        })
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A time zone by its name in the IANA database, such as Europe/Berlin.",
        })
    }
}
