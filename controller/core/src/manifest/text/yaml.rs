//! YAML: reading, merge keys, and places.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::strict::Reader;
use super::{Fault, Location};
use crate::catalogue::{Problem, pointer};

/// The member that merges other mappings into its own (YAML 1.1, "merge").
pub(super) const MERGE_KEY: &str = "<<";

/// All documents up to the first that cannot be read, and why that one cannot.
pub(super) fn parse(text: &str) -> (Vec<Value>, Option<Fault>) {
    if let Some((byte, _)) = text.char_indices().find(|(_, c)| !printable(*c)) {
        let message = "a control character, which YAML does not allow: remove it".to_owned();
        return (Vec::new(), Some(Fault { location: Location::of(text, byte), message, rule: "syntax" }));
    }
    if let Some(byte) = left_open(text) {
        let message = format!("more than {MAX_LEFT_OPEN} brackets are open here: nested too deeply to be read");
        return (Vec::new(), Some(Fault { location: Location::of(text, byte), message, rule: "syntax" }));
    }
    let reader = Reader::new();
    let mut values = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        match reader.deserialize(document) {
            Ok(value) => values.push(value),
            Err(error) => {
                let location =
                    error.location().map_or(Location::START, |at| Location { line: at.line(), column: at.column() });
                let (message, rule) = reader.fault().unwrap_or_else(|| (error.to_string(), "syntax"));
                return (values, Some(Fault { location, message, rule }));
            }
        }
    }
    (values, None)
}

/// Brackets that may be open at one place. The parser stops at 128 levels, but only once it has scanned the whole
/// text, which takes it time in the square of the open brackets. More than 128, since brackets in text count too.
const MAX_LEFT_OPEN: usize = 1000;

/// Where more brackets are open than that.
fn left_open(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MAX_LEFT_OPEN
    })
}

/// The characters that YAML allows in a stream (YAML 1.1, "c-printable").
fn printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\n' | '\r' | '\u{85}')
}

/// Where the content of each document begins; nothing for one that has none.
///
/// Document markers are lines that nothing else in YAML can hold, neither in quotes nor in block scalars (YAML 1.2.2,
/// "c-forbidden"), so lines are enough to tell, and a large directory need not be parsed once more.
pub(super) fn starts(text: &str) -> Vec<Option<Location>> {
    let mut starts = Vec::new();
    // The document that is open: where it begins, as far as that is known.
    let mut open: Option<Option<Location>> = None;
    for (line, whole) in text.lines().enumerate() {
        let marker = |mark: &str| {
            let rest = whole.strip_prefix(mark)?;
            (rest.is_empty() || rest.starts_with([' ', '\t'])).then_some(rest)
        };
        let (begins, ends) = (marker("---"), marker("..."));
        if begins.is_some() || ends.is_some() {
            starts.extend(open.take());
            open = begins.map(|_| None);
        }
        let content = ends.map_or_else(|| begins.unwrap_or(whole), |_| "").trim_start_matches([' ', '\t']);
        let directive = open.is_none() && content.starts_with('%');
        if content.is_empty() || content.starts_with('#') || directive {
            continue;
        }
        let column = whole[..whole.len() - content.len()].chars().count() + 1;
        open.get_or_insert_default().get_or_insert(Location { line: line + 1, column });
    }
    starts.extend(open);
    starts
}

/// Puts in each mapping what its merge key brings and it does not say itself.
pub(super) fn merge(value: &mut Value, path: &str) -> Result<(), Problem> {
    match value {
        Value::Object(map) => {
            for (name, child) in map.iter_mut() {
                merge(child, &pointer::join(path, name))?;
            }
            let Some(source) = map.remove(MERGE_KEY) else { return Ok(()) };
            let at = pointer::join(path, MERGE_KEY);
            let sources = if let Value::Array(sources) = source { sources } else { vec![source] };
            for source in sources {
                let Value::Object(source) = source else {
                    return Err(Problem::error(at, "merge-key", "<< merges mappings: give it one, or a list of them"));
                };
                for (name, child) in source {
                    map.entry(name).or_insert(child);
                }
            }
            Ok(())
        }
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, item)| merge(item, &pointer::join(path, &index.to_string()))),
        _ => Ok(()),
    }
}

/// Where a path through merged mappings leads in the document as written, as far as it leads anywhere.
pub(super) fn unmerged_path(written: &Value, tokens: &[String]) -> Vec<String> {
    let mut path = Vec::new();
    let mut here = Some(written);
    for token in tokens {
        here = here.and_then(|value| descend(value, token, &mut path));
        path.push(token.clone());
    }
    path
}

/// The member or item called `token`; extends `path` by the merge keys that lead to it.
fn descend<'a>(here: &'a Value, token: &str, path: &mut Vec<String>) -> Option<&'a Value> {
    let Value::Object(map) = here else { return here.get(token.parse::<usize>().ok()?) };
    if let Some(next) = map.get(token) {
        return Some(next);
    }
    let merged = map.get(MERGE_KEY)?;
    let depth = path.len();
    path.push(MERGE_KEY.to_owned());
    let sources = merged.as_array().map_or(std::slice::from_ref(merged), Vec::as_slice);
    for (index, source) in sources.iter().enumerate() {
        path.truncate(depth + 1);
        if merged.is_array() {
            path.push(index.to_string());
        }
        if let Some(next) = descend(source, token, path) {
            return Some(next);
        }
    }
    path.truncate(depth);
    None
}

/// Where the node stands that `tokens` lead to in the document numbered `index`, or the last node on the way to it.
///
/// The parser gives positions only with errors, so this walks down and fails on purpose at the node.
pub(super) fn locate(text: &str, index: usize, tokens: &[String], at_key: bool) -> Option<Location> {
    let document = serde_yaml::Deserializer::from_str(text).nth(index)?;
    let at = Walk { tokens, at_key }.deserialize(document).err()?.location()?;
    Some(Location { line: at.line(), column: at.column() })
}

/// A visitor takes only what it has a method for: scalars on the way, too, end the walk where they stand.
#[derive(Clone, Copy)]
struct Walk<'a> {
    tokens: &'a [String],
    at_key: bool,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a node further down")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((token, rest)) = self.tokens.split_first() else { return Err(A::Error::custom("here")) };
        while let Some(name) = entries.next_key_seed(Name { stop_at: token, stop: self.at_key && rest.is_empty() })? {
            if name == *token {
                return entries.next_value_seed(Walk { tokens: rest, ..self });
            }
            entries.next_value::<IgnoredAny>()?;
        }
        Err(A::Error::custom("nothing further down"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((token, rest)) = self.tokens.split_first() else { return Err(A::Error::custom("here")) };
        for _ in 0..token.parse::<usize>().unwrap_or(usize::MAX) {
            if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        items.next_element_seed(Walk { tokens: rest, ..self })?;
        Err(A::Error::custom("nothing further down"))
    }
}

struct Name<'a> {
    stop_at: &'a str,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
        if self.stop && name == self.stop_at { Err(E::custom("here")) } else { Ok(name.to_owned()) }
    }
}
