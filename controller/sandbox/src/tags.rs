//! Tags and their limits: 50 a resource, keys to 128 and values to 256 characters, `aws:` reserved (Amazon ECS
//! developer guide, "Tagging Amazon ECS resources").

use crate::error::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags(BTreeMap<String, String>);

impl Tags {
    /// The tags of a request member.
    pub(crate) fn from_list(list: Option<&Vec<Value>>) -> Result<Self, ApiError> {
        let mut tags = Self::default();
        tags.add(list.map(Vec::as_slice).unwrap_or_default())?;
        Ok(tags)
    }

    /// Adds tags over those that are there; all or none.
    pub(crate) fn add(&mut self, list: &[Value]) -> Result<(), ApiError> {
        let mut union = self.0.clone();
        for tag in list {
            let (key, value) = (tag["key"].as_str().unwrap_or(""), tag["value"].as_str().unwrap_or(""));
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(ApiError::parameter("Invalid tag: keys have 1 to 128 characters, values at most 256."));
            }
            if key.to_ascii_lowercase().starts_with("aws:") {
                return Err(ApiError::parameter("Invalid tag: keys with the prefix aws: are reserved."));
            }
            union.insert(key.to_owned(), value.to_owned());
        }
        if union.len() > 50 {
            return Err(ApiError::parameter("Too many tags: a resource can have 50."));
        }
        self.0 = union;
        Ok(())
    }

    pub(crate) fn remove(&mut self, keys: &[&str]) {
        for key in keys {
            self.0.remove(*key);
        }
    }

    pub(crate) fn list(&self) -> Value {
        self.0.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
    }
}
