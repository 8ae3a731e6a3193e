//! Deregistering and deleting revisions.

use super::{Family, Status};
use crate::{
    arn,
    error::{Answer, ApiError},
    input::Input,
    region::Region,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// DeregisterTaskDefinition: INACTIVE at once; services that run on it go on.
pub(in crate::ecs) fn deregister(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let reference = input.required("taskDefinition", ApiError::client)?;
    let unknown = || ApiError::client("The specified task definition does not exist.");
    let (name, number) = arn::task_definition(reference).ok_or_else(unknown)?;
    let number = number.ok_or_else(|| ApiError::client("Invalid revision number. Number: null"))?;
    let current = region.families.live(name).and_then(|family| family.revision(number));
    match current.ok_or_else(unknown)?.status {
        Status::DeleteInProgress => {
            Err(ApiError::client("The specified task definition is in the process of being deleted."))
        }
        Status::Inactive => Ok(json!({"taskDefinition": current.ok_or_else(unknown)?.describe()})),
        Status::Active => {
            let document = retire(region.families.write(name, now), number, now, Status::Inactive);
            Ok(json!({"taskDefinition": document}))
        }
    }
}

/// DeleteTaskDefinitions: up to ten, INACTIVE ones only.
pub(in crate::ecs) fn delete(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let references = input.strings("taskDefinitions")?;
    if references.is_empty() || references.len() > 10 {
        return Err(ApiError::parameter("taskDefinitions must have 1 to 10 elements."));
    }
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for reference in references {
        let found = arn::task_definition(reference).and_then(|(name, number)| {
            let revision = region.families.live(name)?.revision(number?)?;
            Some((name, number?, revision.status, revision.arn.clone()))
        });
        match found {
            None => failures.push(json!({"arn": reference, "reason": "The specified task definition does not exist."})),
            Some((_, _, Status::Active, arn)) => failures.push(json!({
                "arn": arn,
                "reason": "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
            })),
            Some((name, number, _, _)) => {
                deleted.push(retire(region.families.write(name, now), number, now, Status::DeleteInProgress));
            }
        }
    }
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

fn retire(family: &mut Option<Family>, number: usize, now: Timestamp, status: Status) -> Value {
    let Some(revision) = family.as_mut().and_then(|family| family.revision_mut(number)) else { return Value::Null };
    revision.status = status;
    match status {
        Status::DeleteInProgress => _ = revision.delete_requested.get_or_insert(now),
        _ => revision.deregistered = Some(now),
    }
    revision.describe()
}
