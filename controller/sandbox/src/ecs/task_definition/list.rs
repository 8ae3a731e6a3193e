//! ListTaskDefinitions and ListTaskDefinitionFamilies.

use super::{Family, Status};
use crate::{
    ecs::cluster::{bad_page_size, bad_token},
    error::{Answer, ApiError},
    input::Input,
    paging,
    region::Region,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// ListTaskDefinitions. `familyPrefix` is a whole family name here (API reference: "the full family name"). Ascending
/// is by family name and then revision, so the newest is last; DESC turns that round.
pub(in crate::ecs) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let status = match input.str("status")? {
        None | Some("ACTIVE") => Status::Active,
        Some("INACTIVE") => Status::Inactive,
        Some("DELETE_IN_PROGRESS") => Status::DeleteInProgress,
        Some(other) => return Err(ApiError::parameter(format!("Invalid status: {other}"))),
    };
    let wanted = input.str("familyPrefix")?.filter(|name| !name.is_empty());
    let mut arns: Vec<&str> = region
        .families
        .all_seen(wanted.unwrap_or(""), now)
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
        .flat_map(|(_, family)| &family.revisions)
        .filter(|revision| revision.status == status && !revision.is_gone(now))
        .map(|revision| revision.arn.as_str())
        .collect();
    match input.str("sort")? {
        None | Some("ASC") => {}
        Some("DESC") => arns.reverse(),
        Some(other) => return Err(ApiError::parameter(format!("Invalid sort order: {other}"))),
    }
    let size = paging::size(input.int("maxResults")?, 100, 100, bad_page_size)?;
    let (arns, next) = paging::page(arns, size, input.str("nextToken")?, bad_token)?;
    Ok(with_token(json!({"taskDefinitionArns": arns}), next))
}

/// ListTaskDefinitionFamilies. `familyPrefix` is a prefix here; without a status all families are listed.
pub(in crate::ecs) fn list_families(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let wanted: fn(&Family) -> bool = match input.str("status")? {
        None | Some("ALL") => |_| true,
        Some("ACTIVE") => |family| family.latest_active().is_some(),
        Some("INACTIVE") => |family| family.latest_active().is_none(),
        Some(other) => return Err(ApiError::parameter(format!("Invalid status: {other}"))),
    };
    let prefix = input.str("familyPrefix")?.unwrap_or("");
    let families = region.families.all_seen(prefix, now).filter(|(_, family)| wanted(family));
    let families: Vec<&str> = families.map(|(name, _)| name).collect();
    let size = paging::size(input.int("maxResults")?, 100, 100, bad_page_size)?;
    let (families, next) = paging::page(families, size, input.str("nextToken")?, bad_token)?;
    Ok(with_token(json!({"families": families}), next))
}

/// An answer with its `nextToken`, if there is a next page.
pub(in crate::ecs) fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["nextToken"] = Value::from(next);
    }
    answer
}
