//! The one visitor that builds values, for both syntaxes: no member twice, no names but text, no tags, no numbers
//! that JSON does not have, and no more than a budget, whatever aliases unfold to.

use std::cell::{Cell, RefCell};

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::MAX_FILE_BYTES;

/// How much a file may unfold to, counting [`NODE_BYTES`] a node and the text in it. Plain text unfolds to at most
/// four nodes in eight bytes (`[1,1,1,1`), so nothing but aliases and merge keys can reach it.
const MAX_UNFOLDED_BYTES: usize = 16 * MAX_FILE_BYTES;
const NODE_BYTES: usize = 8;

/// What all nodes of one file share.
#[derive(Debug)]
pub(super) struct Reader {
    left: Cell<usize>,
    fault: RefCell<Option<(String, &'static str)>>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { left: Cell::new(MAX_UNFOLDED_BYTES), fault: RefCell::default() }
    }

    /// What we had against the text, if it was us who stopped and not the parser.
    pub(super) fn fault(&self) -> Option<(String, &'static str)> {
        self.fault.take()
    }

    fn refuse<E: Error>(&self, rule: &'static str, message: impl Into<String>) -> E {
        self.fault.replace(Some((message.into(), rule)));
        E::custom("refused")
    }

    fn spend<E: Error>(&self, text: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(NODE_BYTES + text);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| {
            self.refuse(
                "alias-bomb",
                "the aliases in this file unfold to more than is read: write out what they stand for",
            )
        })
    }
}

impl<'de> DeserializeSeed<'de> for &Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Reader {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a mapping, a list or a scalar")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.spend(0).map(|()| Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.spend(0).map(|()| value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.spend(0).map(|()| value.into())
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Value, E> {
        Err(self.refuse("number", "the number has more digits than any AWS field takes: if it is text, quote it"))
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Value, E> {
        self.visit_i128(0)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.spend(0)?;
        let number = Number::from_f64(value);
        number
            .map(Value::Number)
            .ok_or_else(|| self.refuse("number", "infinity and NaN are no values in JSON: if it is text, quote it"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.spend(value.len()).map(|()| value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.spend(0).map(|()| Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(self.refuse("tag", "YAML tags such as !Ref have no meaning here: for a variable write ${name}"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.spend(0)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.spend(0)?;
        let mut map = Map::new();
        while let Some(name) = entries.next_key_seed(Name { reader: self, seen: &map })? {
            let value = entries.next_value_seed(self)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

/// A member's name, which must be text and new.
struct Name<'a> {
    reader: &'a Reader,
    seen: &'a Map<String, Value>,
}

impl Name<'_> {
    fn no_text<E: Error>(&self, found: impl std::fmt::Display) -> E {
        self.reader.refuse("member-name", format!("the name of a member is text: quote it, as in \"{found}\""))
    }
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
        self.reader.spend(name.len())?;
        if self.seen.contains_key(name) {
            let message = format!("{name} stands twice in this mapping: remove one");
            return Err(self.reader.refuse("duplicate-key", message));
        }
        Ok(name.to_owned())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
        Err(self.no_text(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
        Err(self.no_text(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
        Err(self.no_text(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        Err(self.no_text(value))
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        Err(self.no_text("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<String, A::Error> {
        Err(self.reader.refuse("member-name", "the name of a member is text, not a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<String, A::Error> {
        // The usual cause is a template of another tool: `key: {{ value }}`.
        Err(self
            .reader
            .refuse("member-name", "the name of a member is text, not a mapping: for a variable write ${name}"))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<String, A::Error> {
        Err(self.reader.refuse("tag", "YAML tags have no meaning here"))
    }
}
