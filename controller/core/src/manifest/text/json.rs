//! JSON: reading and places.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::strict::Reader;
use super::{Fault, Location};

/// The one document, or why it cannot be read.
pub(super) fn parse(text: &str) -> (Vec<Value>, Option<Fault>) {
    let reader = Reader::new();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let result = reader.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    match result {
        Ok(value) => (vec![value], None),
        Err(_) if text.trim().is_empty() => (Vec::new(), None),
        Err(error) => {
            // serde_json counts columns in bytes and stands behind what it has read.
            let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
            let end = line_start + error.column();
            let fault = match reader.fault() {
                Some((message, rule)) => Fault { location: Location::of(text, string_start(text, end)), message, rule },
                None => {
                    let message = error.to_string();
                    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
                    Fault { location: Location::of(text, end.saturating_sub(1)), message, rule: "syntax" }
                }
            };
            (Vec::new(), Some(fault))
        }
    }
}

/// The opening quote of the string whose closing quote ends before `end`: what we refuse in JSON is a member's name.
fn string_start(text: &str, end: usize) -> usize {
    let inside = text.get(..end.saturating_sub(1)).unwrap_or_default();
    let escaped = |quote: usize| inside[..quote].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    inside.rmatch_indices('"').map(|(quote, _)| quote).find(|quote| !escaped(*quote)).unwrap_or(0)
}

/// Where the node stands that `tokens` lead to, or the last node on the way to it. Raw values are slices of the text,
/// so that where they begin is where the node stands.
pub(super) fn locate(text: &str, tokens: &[String], at_key: bool) -> Location {
    let mut here = text.trim_start();
    for (depth, token) in tokens.iter().enumerate() {
        let child = match here.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<Members<'_>>(here).ok().and_then(|Members(members)| {
                let named =
                    |name: &RawValue| serde_json::from_str::<String>(name.get()).is_ok_and(|name| name == *token);
                members
                    .into_iter()
                    .find(|(name, _)| named(name))
                    .map(|(name, value)| if at_key && depth + 1 == tokens.len() { name } else { value })
            }),
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(here)
                .ok()
                .and_then(|items| items.get(token.parse::<usize>().ok()?).copied()),
            _ => None,
        };
        let Some(child) = child else { break };
        here = child.get();
    }
    Location::of(text, here.as_ptr().addr().saturating_sub(text.as_ptr().addr()))
}

/// The members of an object with their names as written.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    members.push(entry);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Visit).map(Members)
    }
}
