//! Deletes: what git declares stays; what it no longer has may go.

use axum::http::StatusCode;
use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_store::{Batch, Precondition, Write};
use serde_json::{Value, json};

use crate::ApiState;
use crate::change::{Target, expected_version};
use crate::failure::Failure;
use crate::list;
use crate::params::Params;
use crate::resource::Resource;
use crate::write::{Written, previewed};

/// Deletes an object, or with `dry` says what would come of it. A document that still has finalizers is the answer
/// then; without, it is gone.
pub(crate) async fn delete(
    state: &ApiState,
    target: Target<'_>,
    options: &Value,
    dry: bool,
) -> Result<Written, Failure> {
    let Target { resource, name, .. } = target;
    let key = ObjectKey::new(resource.stored, target.namespace, name);
    let stored = state.store.get(&key).await?.ok_or_else(|| Failure::no_object(resource, name))?;
    let mut warnings = Vec::new();
    if resource.stored != Kind::Event
        && let Some(origin) = (state.origin)(key.clone()).await?
    {
        let why = format!("it is declared at {origin}: remove it there, in git, and evenkeel lets it go");
        match dry {
            true => warnings.push(format!("would be refused here: {why}")),
            false => return Err(Failure::forbidden(resource, name, &why)),
        }
    }
    let mut batch = Batch::new((state.clock)(), vec![Write::Delete { key: key.clone() }])
        .when(Precondition::Uid(key.clone(), stored.metadata.uid.clone()));
    let preconditions = &options["preconditions"];
    if let Some(uid) = preconditions["uid"].as_str() {
        batch = batch.when(Precondition::Uid(key.clone(), uid.to_owned()));
    }
    if let Some(version) = expected_version(&json!({"metadata": preconditions}))? {
        batch = batch.when(Precondition::Unchanged(key, version));
    }
    let committed = if dry { state.store.preview(batch).await } else { state.store.commit(batch).await };
    let committed = committed.map_err(|error| Failure::unwritten(resource, name, error))?;
    let outcome =
        committed.outcomes.into_iter().next().ok_or_else(|| Failure::internal("the store gave no outcome"))?;
    if dry && resource.stored != Kind::Event {
        warnings.extend(previewed(state, target, &outcome.object).await?);
    }
    let gone = outcome.change == Some(evenkeel_store::Change::Deleted);
    let document = match gone {
        false => (resource.document)(outcome.object),
        true => json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {
                "name": name,
                "group": resource.group,
                "kind": resource.plural,
                "uid": outcome.object.metadata.uid,
            },
        }),
    };
    Ok(Written { code: StatusCode::OK, document, warnings })
}

/// Deletes all objects that a request selects, or with `dry` says which. Where git declares one of them, none goes.
pub(crate) async fn delete_all(
    state: &ApiState,
    resource: &'static Resource,
    namespace: Option<&str>,
    params: &Params,
    options: &Value,
    dry: bool,
) -> Result<Written, Failure> {
    let page = list::list(state, resource, namespace, params).await?;
    let metadata = page.metadata();
    let mut declared = Vec::new();
    for object in &page.objects {
        if let Some(origin) = (state.origin)(object.key().clone()).await? {
            declared.push((&object.key().name, origin));
        }
    }
    if let (Some((name, origin)), false) = (declared.first(), dry) {
        let why = format!(
            "{} of {} that were selected are declared in git, this one at {origin}: remove them there, or select less; \
             none was deleted",
            declared.len(),
            page.objects.len()
        );
        return Err(Failure::forbidden(resource, name, &why));
    }
    let mut warnings: Vec<String> = declared
        .iter()
        .map(|(name, origin)| {
            format!("{name} would keep all of them from being deleted here: it is declared at {origin}")
        })
        .collect();
    let mut items = Vec::new();
    for object in &page.objects {
        let ObjectKey { namespace, name, .. } = object.key();
        match delete(state, Target { resource, namespace, name }, options, dry).await {
            Ok(written) => {
                items.push((resource.document)(object.decode()?));
                warnings.extend(written.warnings.into_iter().filter(|_| declared.is_empty()));
            }
            // Somebody else was faster.
            Err(failure) if failure.is_not_found() => {}
            Err(failure) => return Err(failure),
        }
    }
    let document = json!({
        "kind": format!("{}List", resource.kind),
        "apiVersion": resource.group_version().api_version(),
        "metadata": metadata,
        "items": items,
    });
    Ok(Written { code: StatusCode::OK, document, warnings })
}
