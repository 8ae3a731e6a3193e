//! Parts of a document: only what is asked about is read, and the rest is skipped, which takes a tenth of the time.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Which members of a document are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pick {
    /// All of this value.
    whole: bool,
    /// Else these members of it.
    members: BTreeMap<String, Pick>,
}

impl Pick {
    /// Everything.
    pub(crate) fn whole() -> Self {
        Self { whole: true, members: BTreeMap::new() }
    }

    /// Whether everything is wanted.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Wants the value at a path as well.
    pub(crate) fn add<'a>(&mut self, path: impl IntoIterator<Item = &'a str>) {
        let place = path.into_iter().fold(self, |at, member| at.members.entry(member.to_owned()).or_default());
        place.whole = true;
    }

    /// Reads what is wanted of a JSON document.
    pub(crate) fn read(&self, json: &[u8]) -> serde_json::Result<Value> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        self.deserialize(&mut reader)
    }
}

impl<'de> DeserializeSeed<'de> for &Pick {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        if self.whole { Value::deserialize(reader) } else { reader.deserialize_any(self) }
    }
}

/// A value that has no members has none of those that are wanted.
impl<'de> Visitor<'de> for &Pick {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(wanted) = access.next_key_seed(Key(&self.members))? {
            match wanted {
                Some((name, pick)) => drop(members.insert(name.clone(), access.next_value_seed(pick)?)),
                None => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        while access.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Looks a key up without keeping it.
struct Key<'a>(&'a BTreeMap<String, Pick>);

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = Option<(&'a String, &'a Pick)>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = Option<(&'a String, &'a Pick)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.get_key_value(key))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_wanted_is_read() {
        let document = json!({
            "metadata": {"name": "web", "labels": {"a": "b"}, "uid": "x"},
            "spec": {"list": [1, 2], "text": "t", "nothing": null, "number": 1.5, "less": -1, "yes": true},
            "status": "none yet",
        });
        let mut pick = Pick::default();
        pick.add(["metadata", "labels"]);
        for member in ["list", "text", "nothing", "number", "less", "yes", "absent"] {
            pick.add(["spec", member, "below"]);
        }
        pick.add(["status", "sync"]);
        let nothing = Value::Null;
        let spec = json!({
            "list": nothing, "text": nothing, "nothing": nothing, "number": nothing, "less": nothing, "yes": nothing,
        });
        let read = pick.read(document.to_string().as_bytes()).unwrap();
        assert_eq!(read, json!({"metadata": {"labels": {"a": "b"}}, "spec": spec, "status": null}));
        assert_eq!(Pick::whole().read(document.to_string().as_bytes()).unwrap(), document);
    }

    #[test]
    fn a_path_into_what_is_wanted_whole_changes_nothing() {
        let mut pick = Pick::default();
        pick.add(["status"]);
        pick.add(["status", "sync"]);
        assert_eq!(pick.read(br#"{"status": {"sync": "a", "health": "b"}}"#).unwrap()["status"]["health"], "b");
    }
}
