//! Reading objects: one, or many in pages.

use evenkeel_core::object::{ObjectKey, ResourceVersion};
use evenkeel_store::Encoded;
use serde_json::{Value, json};

use crate::ApiState;
use crate::failure::Failure;
use crate::params::Params;
use crate::resource::Resource;
use crate::selector::Selector;

/// Objects of one answer.
#[derive(Debug)]
pub(crate) struct Page {
    /// They, by namespace and name.
    pub(crate) objects: Vec<Encoded>,
    /// The version that a watch may start from.
    pub(crate) resource_version: ResourceVersion,
    /// Where the next page begins; `None` on the last.
    pub(crate) next: Option<Cursor>,
    /// How many objects follow, where that is known.
    pub(crate) remaining: Option<usize>,
}

impl Page {
    /// The list's own metadata.
    pub(crate) fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": self.resource_version});
        if let Some(next) = &self.next {
            metadata["continue"] = next.to_string().into();
        }
        if let Some(remaining) = self.remaining {
            metadata["remainingItemCount"] = remaining.into();
        }
        metadata
    }
}

/// Where a page ended. Clients hand it back as they got it.
///
/// It holds the version of the *first* page: a client that watches from there sees every change since, also those
/// between the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    first: ResourceVersion,
    namespace: String,
    name: String,
}

/// `VERSION/NAMESPACE/NAME`; neither name can hold a slash.
impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.first, self.namespace, self.name)
    }
}

impl Cursor {
    fn parse(text: &str) -> Result<Option<Self>, Failure> {
        if text.is_empty() {
            return Ok(None);
        }
        let mut parts = text.splitn(3, '/');
        let mut part = || parts.next().map(str::to_owned);
        let parsed = part().and_then(|first| Some((first.parse().ok()?, part()?, part()?)));
        let (first, namespace, name) = parsed.ok_or_else(|| {
            Failure::bad_request(format!("continue {text:?} did not come from a list here: list from the start"))
        })?;
        Ok(Some(Self { first: ResourceVersion(first), namespace, name }))
    }
}

/// One object's document.
pub(crate) async fn get(state: &ApiState, resource: &Resource, namespace: &str, name: &str) -> Result<Value, Failure> {
    let object = state.store.get(&ObjectKey::new(resource.stored, namespace, name)).await?;
    object.map(resource.document).ok_or_else(|| Failure::no_object(resource, name))
}

/// A page of the objects in one namespace or in all.
pub(crate) async fn list(
    state: &ApiState,
    resource: &Resource,
    namespace: Option<&str>,
    params: &Params,
) -> Result<Page, Failure> {
    let selector = Selector::parse(resource, &params.label_selector, &params.field_selector)?;
    let after = Cursor::parse(&params.continue_)?;
    let listing = state.store.list(resource.stored, namespace).await?;
    // A page that goes on says so itself where it began.
    if after.is_none() {
        params.accepts(listing.resource_version)?;
    }
    let first = after.as_ref().map_or(listing.resource_version, |cursor| cursor.first);
    let seen =
        |key: &ObjectKey| after.as_ref().is_some_and(|it| (&key.namespace, &key.name) <= (&it.namespace, &it.name));
    let skip = listing.keys().take_while(|key| seen(key)).count();
    let left = listing.len() - skip;
    let limit = if params.limit == 0 { usize::MAX } else { params.limit };

    let mut page = Page { objects: Vec::new(), resource_version: first, next: None, remaining: None };
    for object in listing.encoded().skip(skip) {
        if !selector.selects(resource, &object)? {
            continue;
        }
        if page.objects.len() == limit {
            let last = page.objects.last().map(Encoded::key);
            page.next = last.map(|key| Cursor { first, namespace: key.namespace.clone(), name: key.name.clone() });
            // With a selector, counting would mean to read everything.
            page.remaining = selector.is_everything().then(|| left - limit);
            break;
        }
        page.objects.push(object);
    }
    Ok(page)
}
