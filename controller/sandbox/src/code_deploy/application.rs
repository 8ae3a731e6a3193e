//! Applications.

use super::{answer, application_name, group::Group, no_application, refusal};
use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    time::epoch,
};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;

/// One application with its deployment groups.
#[derive(Clone, Debug)]
pub(super) struct Application {
    id: String,
    platform: String,
    created: Timestamp,
    /// Deployment groups by name.
    pub(super) groups: BTreeMap<String, Group>,
}

impl Application {
    pub(super) fn is_for_ecs(&self) -> bool {
        self.platform == "ECS"
    }
}

impl super::CodeDeploy {
    /// An application as it is.
    pub(super) fn application(&self, name: &str) -> Result<&Application, ApiError> {
        self.applications.live(name).ok_or_else(|| no_application(name))
    }

    /// An application as a reader sees it.
    pub(super) fn application_seen(&self, name: &str, now: Timestamp) -> Result<&Application, ApiError> {
        self.applications.seen(name, now).ok_or_else(|| no_application(name))
    }

    /// Every deployment group of every application.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&str, &str, &Group)> {
        self.applications.all_live("").flat_map(|(name, application)| {
            application.groups.iter().map(move |(group, found)| (name, group.as_str(), found))
        })
    }
}

pub(super) fn create(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let name = application_name(input)?;
    let platform = input.str("computePlatform")?.unwrap_or("Server");
    if !["Server", "Lambda", "ECS"].contains(&platform) {
        return Err(refusal("InvalidComputePlatformException", format!("{platform} is no compute platform.")));
    }
    if region.code_deploy.applications.live(name).is_some() {
        return Err(refusal("ApplicationAlreadyExistsException", format!("Application already exists: {name}")));
    }
    let id = region.ids.uuid();
    let made = Application { id: id.clone(), platform: platform.to_owned(), created: now, groups: BTreeMap::new() };
    *region.code_deploy.applications.write(name, now) = Some(made);
    Ok(json!({"applicationId": id}))
}

pub(super) fn get(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let name = application_name(input)?;
    let found = region.code_deploy.application_seen(name, now)?;
    Ok(json!({"application": {
        "applicationId": found.id,
        "applicationName": name,
        "createTime": epoch(found.created),
        "linkedToGitHub": false,
        "computePlatform": found.platform,
    }}))
}

pub(super) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let names = region.code_deploy.applications.all_seen("", now).map(|(name, _)| name.to_owned()).collect();
    answer(input, "applications", names)
}

/// DeleteApplication: with all its deployment groups; that it was not there is no error.
pub(super) fn delete(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let name = application_name(input)?;
    *region.code_deploy.applications.write(name, now) = None;
    Ok(json!({}))
}
