//! Reading request bodies as AWS does: unknown members are skipped, `null` is the same as absent, and a member of the
//! wrong JSON type is a `SerializationException` before anything else is looked at.

use crate::error::ApiError;
use serde_json::{Map, Value};

/// JSON types that the API models distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    String,
    Integer,
    Boolean,
    List,
    Structure,
    Timestamp,
}

impl Type {
    fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Structure => value.is_object(),
            Self::Timestamp => value.is_number(),
        }
    }
}

/// Refuses members of `object` that have another JSON type than the table says. Names that it lacks pass.
pub(crate) fn check_types(object: &Map<String, Value>, table: &[(Type, &[&str])]) -> Result<(), ApiError> {
    for (kind, names) in table {
        for name in *names {
            match object.get(*name) {
                None | Some(Value::Null) => {}
                Some(value) if kind.admits(value) => {}
                Some(value) => return Err(wrong_type(name, *kind, value)),
            }
        }
    }
    Ok(())
}

fn wrong_type(name: &str, wanted: Type, value: &Value) -> ApiError {
    let found = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    };
    ApiError::serialization(format!("{found} can not be converted to {wanted:?} (member {name})"))
}

/// Typed access to the members of a request body.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Input<'a> {
    pub(crate) fn of(body: &'a Value) -> Result<Self, ApiError> {
        body.as_object().map(Self).ok_or_else(|| ApiError::serialization("the request body is not a JSON object"))
    }

    /// The member, unless absent or `null`.
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(self, name: &str, kind: Type, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>, ApiError> {
        self.get(name).map(|value| read(value).ok_or_else(|| wrong_type(name, kind, value))).transpose()
    }

    pub(crate) fn str(self, name: &str) -> Result<Option<&'a str>, ApiError> {
        self.typed(name, Type::String, Value::as_str)
    }

    pub(crate) fn bool(self, name: &str) -> Result<Option<bool>, ApiError> {
        self.typed(name, Type::Boolean, Value::as_bool)
    }

    pub(crate) fn int(self, name: &str) -> Result<Option<i64>, ApiError> {
        self.typed(name, Type::Integer, |value| value.as_i64().or_else(|| whole(value.as_f64()?)))
    }

    pub(crate) fn list(self, name: &str) -> Result<Option<&'a Vec<Value>>, ApiError> {
        self.typed(name, Type::List, Value::as_array)
    }

    pub(crate) fn object(self, name: &str) -> Result<Option<&'a Map<String, Value>>, ApiError> {
        self.typed(name, Type::Structure, Value::as_object)
    }

    /// A list of strings; empty when absent.
    pub(crate) fn strings(self, name: &str) -> Result<Vec<&'a str>, ApiError> {
        let list = self.list(name)?.map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|value| value.as_str().ok_or_else(|| wrong_type(name, Type::String, value))).collect()
    }

    /// A member without which the operation makes no sense.
    pub(crate) fn required(self, name: &str, error: fn(String) -> ApiError) -> Result<&'a str, ApiError> {
        self.str(name)?.filter(|text| !text.is_empty()).ok_or_else(|| error(format!("{name} can not be blank.")))
    }

    /// Whether `include` asks for something.
    pub(crate) fn includes(self, what: &str) -> Result<bool, ApiError> {
        Ok(self.strings("include")?.contains(&what))
    }
}

fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}
