//! What a request makes of an object: the document before, the document after.

use evenkeel_core::object::ResourceVersion;
use serde_json::{Map, Value, json};

use crate::body::{Content, Media};
use crate::failure::Failure;
use crate::patch::{self, Step};
use crate::resource::Resource;

/// A change that a client asks for.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A new object.
    Create(Value),
    /// A whole object in place of the one that is there.
    Replace(Value),
    /// A merge patch.
    Merge(Value),
    /// A JSON patch.
    Json(Vec<Step>),
    /// An object as its client wants it, whether it is there or not. It changes what it names and leaves the rest: who
    /// applied what is not kept, since git alone owns specs.
    Apply(Value),
}

/// An object that a change is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) resource: &'static Resource,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

impl Change {
    /// The change of a `PATCH`.
    pub(crate) fn patch(content: Content) -> Result<Self, Failure> {
        match content.media {
            Media::MergePatch => Ok(Self::Merge(object(content.value)?)),
            Media::JsonPatch => Ok(Self::Json(patch::steps(content.value)?)),
            Media::Apply => Ok(Self::Apply(object(content.value)?)),
            Media::Object => Err(Failure::unsupported_media("application/json, which says no kind of patch")),
        }
    }

    /// Whether an object that is not there comes to be.
    pub(crate) fn creates(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Apply(_))
    }

    /// The document after the change.
    ///
    /// # Errors
    /// 422 when a JSON patch does not fit, 400 when it is no document of the target any more.
    pub(crate) fn of(&self, target: Target<'_>, before: Option<&Value>) -> Result<Value, Failure> {
        let resource = target.resource;
        let empty = || json!({"metadata": {}});
        let mut after = match self {
            Self::Create(value) | Self::Replace(value) => value.clone(),
            Self::Merge(patch) | Self::Apply(patch) => {
                let mut after = before.cloned().unwrap_or_else(empty);
                patch::merge(&mut after, patch.clone());
                after
            }
            Self::Json(steps) => {
                let mut after = before.cloned().unwrap_or_else(empty);
                patch::json(&mut after, steps).map_err(|why| Failure::unfit(resource, target.name, &why))?;
                after
            }
        };
        let members = after.as_object_mut().ok_or_else(|| Failure::bad_request("an object is a mapping"))?;
        for (member, own) in [("apiVersion", resource.group_version().api_version()), ("kind", resource.kind.into())] {
            let given = members.entry(member).or_insert_with(|| own.clone().into());
            if *given != own.as_str() {
                return Err(Failure::bad_request(format!("{member} is {given} in the body, and {own:?} by the path")));
            }
        }
        let metadata = members.entry("metadata").or_insert_with(|| Map::new().into());
        let metadata = metadata.as_object_mut().ok_or_else(|| Failure::bad_request("metadata is a mapping"))?;
        for (member, own) in [("namespace", target.namespace), ("name", target.name)] {
            if own.is_empty() {
                continue;
            }
            let given = metadata.entry(member).or_insert_with(|| own.into());
            if *given != own {
                let message = format!("metadata.{member} is {given} in the body, and {own:?} by the path");
                return Err(Failure::bad_request(message));
            }
        }
        Ok(after)
    }
}

/// The version that a client expects of an object; `None`: any.
///
/// # Errors
/// 400 when it is no version.
pub(crate) fn expected_version(document: &Value) -> Result<Option<ResourceVersion>, Failure> {
    match document["metadata"].get("resourceVersion").and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(|version| Some(ResourceVersion(version))).map_err(|_| {
            Failure::bad_request(format!("metadata.resourceVersion {text:?} is none: use that of the object as read"))
        }),
    }
}

pub(crate) fn object(value: Value) -> Result<Value, Failure> {
    if value.is_object() { Ok(value) } else { Err(Failure::bad_request("the body must be a mapping")) }
}
