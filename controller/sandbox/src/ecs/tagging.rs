//! TagResource, UntagResource, ListTagsForResource.

use crate::{
    arn,
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    tags::Tags,
};
use jiff::Timestamp;
use serde_json::json;

pub(super) fn tag(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let list = input.list("tags")?.ok_or_else(|| ApiError::parameter("Tags can not be empty."))?;
    change(region, now, input, |tags| tags.add(list))
}

pub(super) fn untag(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let keys = input.strings("tagKeys")?;
    change(region, now, input, |tags| {
        tags.remove(&keys);
        Ok(())
    })
}

pub(super) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let arn = input.required("resourceArn", ApiError::parameter)?;
    let tags = match Resource::of(arn)? {
        Resource::Cluster(name) => region.clusters.seen(name, now).map(|cluster| &cluster.tags),
        Resource::Service(key) => region.services.seen(key, now).map(|service| &service.tags),
        Resource::TaskDefinition(family, number) => {
            region.families.seen(family, now).and_then(|family| Some(&family.revision(number)?.tags))
        }
    };
    Ok(json!({"tags": tags.ok_or_else(not_found)?.list()}))
}

fn change(
    region: &mut Region,
    now: Timestamp,
    input: Input<'_>,
    edit: impl FnOnce(&mut Tags) -> Result<(), ApiError>,
) -> Answer {
    let arn = input.required("resourceArn", ApiError::parameter)?;
    let tags = match Resource::of(arn)? {
        Resource::Cluster(name) => {
            region.clusters.live(name).ok_or_else(not_found)?;
            region.clusters.write(name, now).as_mut().map(|cluster| &mut cluster.tags)
        }
        Resource::Service(key) => {
            region.services.live(key).filter(|service| service.is_active()).ok_or_else(not_found)?;
            region.services.write(key, now).as_mut().map(|service| &mut service.tags)
        }
        Resource::TaskDefinition(name, number) => {
            region.families.live(name).and_then(|family| family.revision(number)).ok_or_else(not_found)?;
            let family = region.families.write(name, now).as_mut();
            family.and_then(|family| Some(&mut family.revision_mut(number)?.tags))
        }
    };
    edit(tags.ok_or_else(not_found)?)?;
    Ok(json!({}))
}

enum Resource<'a> {
    Cluster(&'a str),
    Service(&'a str),
    TaskDefinition(&'a str, usize),
}

impl<'a> Resource<'a> {
    fn of(reference: &'a str) -> Result<Self, ApiError> {
        let invalid = || ApiError::parameter("Invalid identifier: the resource ARN names nothing that can be tagged.");
        let (kind, path) = arn::resource(reference).and_then(|path| path.split_once('/')).ok_or_else(invalid)?;
        match kind {
            "cluster" => Ok(Self::Cluster(path)),
            "service" if path.contains('/') => Ok(Self::Service(path)),
            "service" => Err(ApiError::parameter("Long arn format must be used for tagging operations")),
            "task-definition" => match arn::task_definition(reference) {
                Some((family, Some(number))) => Ok(Self::TaskDefinition(family, number)),
                _ => Err(invalid()),
            },
            _ => Err(invalid()),
        }
    }
}

fn not_found() -> ApiError {
    ApiError::new(400, "ResourceNotFoundException", "The specified resource could not be found.")
}
