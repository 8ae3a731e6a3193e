//! The subresource `scale`: how many tasks there are to be, for clients that know nothing else of a Service. It is only
//! read: git declares the count, and where there is scaling, autoscaling moves it.

use evenkeel_core::object::ObjectKey;
use serde_json::{Map, Value, json};

use crate::ApiState;
use crate::change::Target;
use crate::failure::Failure;

/// A Service's scale, as kube's autoscaling/v1 has it.
pub(crate) fn document(service: &Value) -> Value {
    let mut metadata = Map::new();
    for member in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = service["metadata"].get(member) {
            metadata.insert(member.to_owned(), value.clone());
        }
    }
    let count = |value: &Value| value.as_i64();
    let desired =
        count(&service["status"]["desiredCount"]).or_else(|| count(&service["spec"]["service"]["desiredCount"]));
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": desired.unwrap_or(0)},
        "status": {"replicas": count(&service["status"]["runningCount"]).unwrap_or(0)},
    })
}

/// Why a scale is not written, with the place where the count is decided.
pub(crate) async fn refusal(state: &ApiState, target: Target<'_>) -> Result<Failure, Failure> {
    let key = ObjectKey::new(target.resource.stored, target.namespace, target.name);
    let Some(service) = state.store.get(&key).await? else {
        return Ok(Failure::no_object(target.resource, target.name));
    };
    let decides = match service.spec.get("scaling").is_some_and(Value::is_object) {
        true => "its count is autoscaling's, between minCapacity and maxCapacity of spec.scaling",
        false => "its count is spec.service.desiredCount",
    };
    let place = match (state.origin)(key).await? {
        Some(origin) => format!("declared at {origin}: change it there, in git, and evenkeel follows"),
        None => "and nothing in git declares it any more".to_owned(),
    };
    Ok(Failure::forbidden(target.resource, target.name, &format!("{decides}, {place}")))
}
