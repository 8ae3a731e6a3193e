//! Writes: what git owns is refused with the place in git; what operates is taken; a dry run shows what would come of
//! it.

use axum::http::StatusCode;
use evenkeel_core::catalogue::Problem;
use evenkeel_core::manifest;
use evenkeel_core::object::{Kind, Metadata, Object, ObjectKey};
use evenkeel_store::{Batch, CommitError, Precondition, Write};
use serde_json::{Value, json};

use crate::ApiState;
use crate::authority::{self, Origin, Refusal};
use crate::change::{Change, Target, expected_version};
use crate::document::{self, LAST_APPLIED};
use crate::failure::Failure;
use crate::unmask::{holds_mask, unmasked};

/// How often a write is decided again when another comes between reading and writing.
const ATTEMPTS: usize = 8;

/// What a write gave.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) code: StatusCode,
    pub(crate) document: Value,
    /// For the client's user; each becomes a `Warning` header.
    pub(crate) warnings: Vec<String>,
}

/// Changes an object, or with `dry` says what would come of it.
pub(crate) async fn write(
    state: &ApiState,
    target: Target<'_>,
    change: &Change,
    dry: bool,
) -> Result<Written, Failure> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match once(state, target, change, dry).await {
            Err(Stopped::Raced) if attempts < ATTEMPTS => {}
            Err(Stopped::Raced) => {
                return Err(Failure::conflict(target.resource, target.name, "it changes all the time: try again"));
            }
            Err(Stopped::Failed(failure)) => return Err(failure),
            Ok(written) => return Ok(written),
        }
    }
}

/// Why an attempt to write ended.
enum Stopped {
    /// Somebody else wrote in between.
    Raced,
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for Stopped {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

async fn once(state: &ApiState, target: Target<'_>, change: &Change, dry: bool) -> Result<Written, Stopped> {
    let Target { resource, name, .. } = target;
    let key = ObjectKey::new(resource.stored, target.namespace, name);
    let stored = state.store.get(&key).await?;
    match (&stored, change) {
        (Some(_), Change::Create(_)) => return Err(Failure::already_exists(resource, name).into()),
        (None, change) if !change.creates() => return Err(Failure::no_object(resource, name).into()),
        _ => {}
    }
    let before = stored.clone().map(resource.document);
    let mut after = change.of(target, before.as_ref())?;
    if let Some(stored) = &stored {
        expected(target, change, stored, &after)?;
    }
    let mut warnings = Vec::new();
    let object = match resource.stored {
        Kind::Event => {
            Object { spec: document::stored_event(&after), ..with_metadata(target, &after, stored.as_ref())? }
        }
        _ => {
            let origin = (state.origin)(key.clone()).await?;
            let before = before.unwrap_or(Value::Null);
            let owned = Owned { target, origin: origin.as_ref(), stored: stored.as_ref(), before: &before };
            owned.change(&mut after, dry, &mut warnings)?
        }
    };
    let precondition = match &stored {
        Some(stored) => Precondition::Unchanged(key, stored.metadata.resource_version),
        None => Precondition::Absent(key),
    };
    let code = if stored.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let batch = Batch::new((state.clock)(), vec![Write::Apply(object)]).when(precondition);
    let committed = if dry { state.store.preview(batch).await } else { state.store.commit(batch).await };
    let committed = committed.map_err(|error| match error {
        // Decided again: a client that said which version it means is told of the conflict then.
        CommitError::Conflict { .. } => Stopped::Raced,
        error => Failure::unwritten(resource, name, error).into(),
    })?;
    let outcome = committed.outcomes.into_iter().next();
    let object = outcome.ok_or_else(|| Failure::internal("the store gave no outcome"))?.object;
    if dry && resource.stored != Kind::Event {
        warnings.extend(previewed(state, target, &object).await?);
    }
    Ok(Written { code, document: (resource.document)(object), warnings })
}

/// Whether the object is the one, and at the version, that the client means.
fn expected(target: Target<'_>, change: &Change, stored: &Object, after: &Value) -> Result<(), Failure> {
    let Target { resource, name, .. } = target;
    match expected_version(after)? {
        Some(version) if version != stored.metadata.resource_version => {
            let why = "the object has been modified; please apply your changes to the latest version and try again";
            return Err(Failure::conflict(resource, name, why));
        }
        None if matches!(change, Change::Replace(_)) => {
            let why = "must be specified for an update: use that of the object as read";
            let problem = Problem::error("/metadata/resourceVersion", "missing-version", why);
            return Err(Failure::invalid(resource, name, &[problem]));
        }
        _ => {}
    }
    match after["metadata"]["uid"].as_str() {
        Some(uid) if uid != stored.metadata.uid => {
            let why =
                format!("its uid is {}, and {uid} was expected: it was deleted and made again", stored.metadata.uid);
            Err(Failure::conflict(resource, name, &why))
        }
        _ => Ok(()),
    }
}

/// The stored object, or a new one, with labels, annotations and finalizers of a document.
fn with_metadata(target: Target<'_>, document: &Value, stored: Option<&Object>) -> Result<Object, Failure> {
    let key = ObjectKey::new(target.resource.stored, target.namespace, target.name);
    let mut object = stored.cloned().unwrap_or_else(|| Object::new(&key, Value::Null));
    let member = |name: &str| document["metadata"].get(name).filter(|value| !value.is_null()).cloned();
    let wanted: Metadata = serde_json::from_value(json!({
        "labels": member("labels").unwrap_or_else(|| json!({})),
        "annotations": member("annotations").unwrap_or_else(|| json!({})),
        "finalizers": member("finalizers").unwrap_or_else(|| json!([])),
    }))
    .map_err(|error| Failure::bad_request(format!("metadata cannot be read: {error}")))?;
    object.metadata.labels = wanted.labels;
    object.metadata.annotations = wanted.annotations;
    object.metadata.finalizers = wanted.finalizers;
    Ok(object)
}

/// A Cluster, TaskDefinition or Service under change.
struct Owned<'a> {
    target: Target<'a>,
    origin: Option<&'a Origin>,
    stored: Option<&'a Object>,
    /// The stored object as served.
    before: &'a Value,
}

impl Owned<'_> {
    fn change(&self, after: &mut Value, dry: bool, warnings: &mut Vec<String>) -> Result<Object, Failure> {
        let Target { resource, name, .. } = self.target;
        // kubectl apply keeps a copy of the manifest here, secrets and all: git has it already.
        if let Some(annotations) = after["metadata"].get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
        let mut object = with_metadata(self.target, after, self.stored)?;
        if after.get("spec") != self.before.get("spec") {
            if !dry {
                return Err(Failure::forbidden(resource, name, &self.spec_is_gits()));
            }
            let kept = self.stored.map_or(&Value::Null, |object| &object.spec);
            object.spec = unmasked(&after["spec"], &self.before["spec"], kept);
            if holds_mask(&object.spec) {
                let why = "a value reads \"(masked)\", which stands for one that is not shown: write the real one";
                return Err(Failure::invalid(resource, name, &[Problem::error("/spec", "masked", why)]));
            }
        }
        let problems = self.problems(&object, dry);
        if problems.iter().any(Problem::is_error) {
            return Err(Failure::invalid(resource, name, &problems));
        }
        let empty = Object::new(&object.key(), Value::Null);
        match authority::check(self.stored.unwrap_or(&empty), &object.metadata, self.origin) {
            Ok(()) => {}
            // Through git it may come to be so.
            Err(Refusal::Forbidden(why)) if dry => warnings.push(format!("would be refused here: {why}")),
            Err(Refusal::Forbidden(why)) => return Err(Failure::forbidden(resource, name, &why)),
            Err(Refusal::Invalid(problem)) => return Err(Failure::invalid(resource, name, &[problem])),
        }
        Ok(object)
    }

    fn spec_is_gits(&self) -> String {
        match self.origin {
            Some(origin) => format!(
                "its spec is declared at {origin}: change it there, in git, and evenkeel follows. With --dry-run=server \
                 you see what a change would do"
            ),
            None => "specs come from git only, and nothing there declares this object: add a manifest. With \
                     --dry-run=server you see what it would do"
                .to_owned(),
        }
    }

    /// What is wrong with the object as a manifest; where its spec stays as it is, with its metadata.
    fn problems(&self, object: &Object, dry: bool) -> Vec<Problem> {
        let Metadata { name, namespace, labels, annotations, .. } = &object.metadata;
        let mut metadata = json!({"name": name, "labels": labels, "annotations": annotations});
        if let Some(namespace) = namespace {
            metadata["namespace"] = json!(namespace);
        }
        let (api_version, kind) = (object.kind.api_version(), object.kind.name());
        let written = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": object.spec});
        let mut problems = manifest::object(&written).err().unwrap_or_default();
        if !dry {
            problems.retain(|problem| problem.path.starts_with("/metadata"));
        }
        problems
    }
}

/// What would come of an object: what is wrong with it, or the plan, a line each.
pub(crate) async fn previewed(state: &ApiState, target: Target<'_>, object: &Object) -> Result<Vec<String>, Failure> {
    let preview = (state.preview)(object.clone()).await;
    if preview.problems.iter().any(Problem::is_error) {
        return Err(Failure::invalid(target.resource, target.name, &preview.problems));
    }
    Ok(preview.problems.iter().map(ToString::to_string).chain(preview.plan).collect())
}
