//! Task definitions: families of numbered revisions that never change once registered.

mod check;
mod container;
mod defaults;
mod fargate;
mod list;
mod register;
mod retire;

#[cfg(test)]
mod tests;

pub(super) use list::{list, list_families, with_token};
pub(super) use register::register;
pub(super) use retire::{delete, deregister};

use crate::{
    arn,
    ecs::Fate,
    error::{Answer, ApiError},
    input::Input,
    options::Options,
    region::Region,
    shelf::Shelf,
    tags::Tags,
    time::epoch,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// All revisions that a family ever had; the first is number 1. None is ever removed, so numbers do not come back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Family {
    revisions: Vec<Revision>,
}

/// One revision.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    /// The definition as described, without status and times.
    pub(crate) document: Map<String, Value>,
    pub(crate) arn: String,
    pub(crate) tags: Tags,
    status: Status,
    registered: Timestamp,
    deregistered: Option<Timestamp>,
    delete_requested: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Active,
    Inactive,
    DeleteInProgress,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
        }
    }
}

/// How long a revision is described as DELETE_IN_PROGRESS. AWS keeps it until no task or service refers to it, and
/// publishes no time; the sandbox takes an hour.
const DELETION: SignedDuration = SignedDuration::from_hours(1);

impl Revision {
    pub(crate) fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    fn is_gone(&self, now: Timestamp) -> bool {
        self.delete_requested.is_some_and(|asked| asked + DELETION <= now)
    }

    pub(crate) fn member(&self, name: &str) -> &Value {
        self.document.get(name).unwrap_or(&Value::Null)
    }

    pub(crate) fn containers(&self) -> &[Value] {
        self.member("containerDefinitions").as_array().map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn is_awsvpc(&self) -> bool {
        self.member("networkMode") == "awsvpc"
    }

    fn describe(&self) -> Value {
        let mut document = self.document.clone();
        document.insert("status".to_owned(), json!(self.status.name()));
        document.insert("registeredAt".to_owned(), epoch(self.registered));
        for (name, at) in [("deregisteredAt", self.deregistered), ("deleteRequestedAt", self.delete_requested)] {
            if let Some(at) = at {
                document.insert(name.to_owned(), epoch(at));
            }
        }
        Value::Object(document)
    }
}

impl Family {
    /// The revision of a number (from 1).
    pub(crate) fn revision(&self, number: usize) -> Option<&Revision> {
        self.revisions.get(number.checked_sub(1)?)
    }

    pub(crate) fn revision_mut(&mut self, number: usize) -> Option<&mut Revision> {
        self.revisions.get_mut(number.checked_sub(1)?)
    }

    fn latest_active(&self) -> Option<&Revision> {
        self.revisions.iter().rev().find(|revision| revision.is_active())
    }

    /// The revision that a reference names: by number, else the latest ACTIVE one.
    fn named(&self, number: Option<usize>) -> Option<&Revision> {
        number.map_or_else(|| self.latest_active(), |number| self.revision(number))
    }

    /// The revision behind `family`, `family:revision` or an ARN, as writes see it.
    pub(crate) fn find<'a>(families: &'a Shelf<Self>, reference: &str) -> Option<&'a Revision> {
        let (family, number) = arn::task_definition(reference)?;
        families.live(family)?.named(number)
    }

    /// What becomes of tasks of the revision with this ARN, as the options say.
    pub(crate) fn fate(families: &Shelf<Self>, options: &Options, arn: &str) -> Fate {
        let (failing, unhealthy) = (&options.failing_images, &options.unhealthy_images);
        if failing.is_empty() && unhealthy.is_empty() {
            return Fate::Runs;
        }
        let containers = Self::find(families, arn).map(Revision::containers).unwrap_or_default();
        let images = || containers.iter().filter_map(|container| container["image"].as_str());
        let meant = |text: &str| text == arn || images().any(|image| image.contains(text));
        if failing.iter().any(|text| meant(text)) {
            return Fate::FailsToStart;
        }
        match unhealthy.iter().find(|(text, _)| meant(text)) {
            Some((_, after)) => Fate::Unhealthy(*after),
            None => Fate::Runs,
        }
    }
}

/// DescribeTaskDefinition: by ARN, `family:revision`, or `family` for the latest ACTIVE revision.
pub(super) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let reference = input.required("taskDefinition", ApiError::client)?;
    let unknown = || ApiError::client("Unable to describe task definition.");
    let (family, number) = arn::task_definition(reference).ok_or_else(unknown)?;
    let revision = region.families.seen(family, now).and_then(|family| family.named(number));
    let revision = revision.filter(|revision| !revision.is_gone(now)).ok_or_else(unknown)?;
    let mut answer = json!({"taskDefinition": revision.describe()});
    if input.includes("TAGS")? {
        answer["tags"] = revision.tags.list();
    }
    Ok(answer)
}
