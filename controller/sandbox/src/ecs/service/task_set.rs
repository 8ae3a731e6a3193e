//! What a task set of a CODE_DEPLOY service would be, checked as AWS checks it.

use super::{check, defaults, is_fargate};
use crate::{ecs::cluster, error::ApiError, region::Region};
use serde_json::{Map, Value, json};

/// The members of a replacement task set, as described; `revision` are those that were asked for.
pub(crate) fn task_set_members(
    region: &Region,
    key: &str,
    mut revision: Map<String, Value>,
) -> Result<Map<String, Value>, ApiError> {
    let service = region.services.live(key).ok_or_else(ApiError::service_not_found)?;
    let cluster = cluster::active(region, key.split('/').next().unwrap_or(key))?;
    defaults::normalise(&mut revision);
    let reference = revision.get("taskDefinition").and_then(Value::as_str).unwrap_or("");
    let arn = check::resolve(region, reference)?.arn.clone();
    revision.insert("taskDefinition".to_owned(), json!(arn));
    if !is_fargate(&revision) {
        revision.remove("platformVersion");
    } else if revision.get("platformVersion").is_none_or(|version| version == "LATEST") {
        revision.insert("platformVersion".to_owned(), json!("1.4.0"));
    }
    let mut service = service.clone();
    service.adopt_revision(&revision);
    check::check(region, cluster, &service.members)?;
    Ok(revision)
}
