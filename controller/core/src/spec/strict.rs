//! Reads a JSON value into a type of ours, strictly, and says where it cannot.
//!
//! serde tells a format which members a struct has, so this format, and not each type, finds unknown members, names
//! the one that was probably meant and knows the place of every error. A member that is `null` counts as absent.

use std::cell::RefCell;

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::catalogue::{Problem, pointer};

/// Reads `value`, which stands at the JSON pointer `at` of its document, as a `T`.
///
/// # Errors
/// All unknown members, and the first value of a wrong type or form.
pub fn read<T: DeserializeOwned>(value: &Value, at: &str) -> Result<T, Vec<Problem>> {
    let unknown = RefCell::default();
    let result = T::deserialize(Place { value, path: at.to_owned(), unknown: &unknown });
    let mut problems = unknown.into_inner();
    match result {
        Ok(typed) if problems.is_empty() => Ok(typed),
        Ok(_) => Err(problems),
        Err(Error { path, message }) => {
            problems.push(Problem::error(path.unwrap_or_else(|| at.to_owned()), "wrong-value", message));
            Err(problems)
        }
    }
}

/// The known name that `written` was probably meant to be: the same but for case or separators, or a typing error or
/// two away.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain =
        |name: &str| -> String { name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let written = plain(written);
    // One slip in three letters: `mdoe` finds `mode`, and `tags` does not find `name`.
    let near = |name: &str| strsim::damerau_levenshtein(&written, &plain(name));
    let allowed = |name: &str| name.len().max(written.len()) / 3;
    known.into_iter().filter(|name| near(name) <= allowed(name)).min_by_key(|name| near(name))
}

/// What to say about a member that is none of `known`.
pub fn unknown_member(name: &str, known: &[&str]) -> String {
    match did_you_mean(name, known.iter().copied()) {
        Some(meant) => format!("{name} is unknown here; did you mean {meant}?"),
        None => format!("{name} is unknown here; known are {}", known.join(", ")),
    }
}

/// One value with its place.
struct Place<'de, 'a> {
    value: &'de Value,
    path: String,
    unknown: &'a RefCell<Vec<Problem>>,
}

#[derive(Debug)]
struct Error {
    /// Where; absent until the value around it is known.
    path: Option<String>,
    message: String,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self { path: None, message: message.to_string() }
    }

    fn missing_field(field: &'static str) -> Self {
        de::Error::custom(format!("{field} is missing"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        de::Error::custom(match did_you_mean(variant, expected.iter().copied()) {
            Some(name) => format!("{variant:?} is unknown here; did you mean {name}?"),
            None => format!("{variant:?} is unknown here; it is one of {}", expected.join(", ")),
        })
    }
}

impl<'de, 'a> Place<'de, 'a> {
    fn child(&self, token: &str, value: &'de Value) -> Self {
        Self { value, path: pointer::join(&self.path, token), unknown: self.unknown }
    }

    fn wrong(&self, expected: &str) -> Error {
        let found = match self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Number(value) => format!("the number {value}"),
            // Not the text itself: it may be anything, a secret as well.
            Value::String(_) => "a string".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a mapping".to_owned(),
        };
        let advice = match (expected, self.value) {
            ("a string", Value::Bool(_) | Value::Number(_)) => ": quote it",
            ("a boolean" | "a number", Value::String(_)) => ": write it without quotes",
            _ => "",
        };
        Error { path: Some(self.path.clone()), message: format!("expected {expected}, found {found}{advice}") }
    }

    fn members(&self) -> Result<&'de Map<String, Value>, Error> {
        self.value.as_object().ok_or_else(|| self.wrong("a mapping"))
    }

    fn map<V: Visitor<'de>>(self, visitor: V, known: Option<&'static [&'static str]>) -> Result<V::Value, Error> {
        let mut entries = Vec::new();
        for (name, value) in self.members()? {
            match known {
                Some(fields) if !fields.contains(&name.as_str()) => {
                    let problem =
                        Problem::error(pointer::join(&self.path, name), "unknown-member", unknown_member(name, fields));
                    self.unknown.borrow_mut().push(problem.at_key());
                }
                Some(_) if value.is_null() => {}
                _ => entries.push((name.as_str(), self.child(name, value))),
            }
        }
        visitor.visit_map(Members { entries: entries.into_iter(), value: None })
    }
}

/// Reads one child; an error that has no place yet (a type of ours refused the value) happened there.
fn read_child<'de, T: DeserializeSeed<'de>>(seed: T, child: Place<'de, '_>) -> Result<T::Value, Error> {
    let path = child.path.clone();
    seed.deserialize(child).map_err(|error| Error { path: error.path.or(Some(path)), ..error })
}

struct Members<'de, 'a> {
    entries: std::vec::IntoIter<(&'de str, Place<'de, 'a>)>,
    value: Option<Place<'de, 'a>>,
}

impl<'de> MapAccess<'de> for Members<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take().ok_or_else(|| de::Error::custom("a value was read before its name"))?;
        read_child(seed, value)
    }
}

struct Items<'de, 'a> {
    list: Place<'de, 'a>,
    rest: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        read_child(seed, self.list.child(&index.to_string(), value)).map(Some)
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.value {
                Value::Number(_) => de::Deserializer::$method(self.value, visitor).map_err(de::Error::custom),
                _ => Err(self.wrong("a number")),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Place<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.value.deserialize_any(visitor).map_err(de::Error::custom)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.map(visitor, Some(fields))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.map(visitor, None)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        visitor.visit_seq(Items { list: self, rest: items.iter().enumerate() })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("a string"))?;
        visitor.visit_borrowed_str(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = self.value.as_bool().ok_or_else(|| self.wrong("a boolean"))?;
        visitor.visit_bool(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("a string"))?;
        visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(text))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    numbers! { deserialize_i64 deserialize_u64 deserialize_i32 deserialize_u32 deserialize_f64 }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}
