//! AWS CodeDeploy for the ECS compute platform: applications, deployment groups, and blue/green deployments that move
//! by themselves. Error codes are those of its API reference; texts are AWS's where they are publicly known.

mod app_spec;
mod application;
mod config;
mod control;
mod create;
mod deployment;
mod group;
mod group_check;
mod outcome;
mod progress;
mod read;
mod target;

#[cfg(test)]
mod tests;

pub(crate) use progress::step;

use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    shelf::Shelf,
};
use application::Application;
use deployment::Deployment;
use evenkeel_core::operation::Operation;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What one account has of CodeDeploy in one region.
#[derive(Debug)]
pub(crate) struct CodeDeploy {
    /// Applications by name.
    applications: Shelf<Application>,
    /// Deployments by id.
    deployments: Shelf<Deployment>,
    /// Ids of all deployments, the oldest first.
    order: Vec<String>,
    /// Id of the deployment that runs on a service, by `cluster/service`.
    running: BTreeMap<String, String>,
    /// ARNs of the target groups that were seen or told of, by name: a group names its pair only.
    target_groups: BTreeMap<String, String>,
}

impl CodeDeploy {
    pub(crate) fn new(options: &crate::Options) -> Self {
        Self {
            applications: Shelf::new(options),
            deployments: Shelf::new(options),
            order: Vec::new(),
            running: BTreeMap::new(),
            target_groups: BTreeMap::new(),
        }
    }

    /// When the deployment of a service has something to do, if nobody calls.
    pub(crate) fn next_wake(&self, key: &str) -> Option<Timestamp> {
        self.deployments.live(self.running.get(key)?)?.wake
    }

    /// Keys of the services on which a deployment runs.
    pub(crate) fn running_on(&self) -> Vec<String> {
        self.running.keys().cloned().collect()
    }

    /// Remembers a target group's ARN under its name. What is no ARN is its own name.
    pub(crate) fn learn_target_group(&mut self, arn: &str) {
        self.target_groups.insert(target_group_name(arn).to_owned(), arn.to_owned());
    }
}

/// The name of a target group from its ARN (`…:targetgroup/NAME/ID`).
pub(crate) fn target_group_name(arn: &str) -> &str {
    crate::arn::resource(arn)
        .and_then(|resource| resource.strip_prefix("targetgroup/"))
        .map_or(arn, |path| path.split('/').next().unwrap_or(path))
}

pub(crate) fn call(region: &mut Region, now: Timestamp, operation: Operation, input: Input<'_>) -> Answer {
    match operation {
        Operation::CreateApplication => application::create(region, now, input),
        Operation::GetApplication => application::get(region, now, input),
        Operation::ListApplications => application::list(region, now, input),
        Operation::DeleteApplication => application::delete(region, now, input),
        Operation::CreateDeploymentGroup => group::create(region, now, input),
        Operation::UpdateDeploymentGroup => group::update(region, now, input),
        Operation::DeleteDeploymentGroup => group::delete(region, now, input),
        Operation::GetDeploymentGroup => group::get(region, now, input),
        Operation::ListDeploymentGroups => group::list(region, now, input),
        Operation::BatchGetDeploymentGroups => group::batch_get(region, now, input),
        Operation::GetDeploymentConfig => config::get(input),
        Operation::CreateDeployment => create::create(region, now, input),
        Operation::GetDeployment => read::get(region, now, input),
        Operation::ListDeployments => read::list(region, now, input),
        Operation::ListDeploymentTargets => target::list(region, now, input),
        Operation::BatchGetDeploymentTargets => target::batch_get(region, now, input),
        Operation::StopDeployment => control::stop(region, now, input),
        Operation::ContinueDeployment => control::proceed(region, now, input),
        other => {
            Err(ApiError::new(400, "UnknownOperationException", format!("{other} is no operation of AWS CodeDeploy")))
        }
    }
}

/// An error with one of the codes of the API reference.
fn refusal(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(400, code, message)
}

/// The name that a member gives, or the error that it is required.
fn required<'a>(input: Input<'a>, member: &str, code: &str) -> Result<&'a str, ApiError> {
    let name = input.str(member)?.filter(|name| !name.is_empty());
    name.ok_or_else(|| refusal(code, format!("The {member} is required.")))
}

fn application_name(input: Input<'_>) -> Result<&str, ApiError> {
    let name = required(input, "applicationName", "ApplicationNameRequiredException")?;
    if name.chars().count() > 100 {
        return Err(refusal("InvalidApplicationNameException", "The application name has more than 100 characters."));
    }
    Ok(name)
}

fn group_name(input: Input<'_>) -> Result<&str, ApiError> {
    named_group(input, "deploymentGroupName")
}

fn named_group<'a>(input: Input<'a>, member: &str) -> Result<&'a str, ApiError> {
    let name = required(input, member, "DeploymentGroupNameRequiredException")?;
    if name.chars().count() > 100 {
        return Err(refusal(
            "InvalidDeploymentGroupNameException",
            "The deployment group name has more than 100 characters.",
        ));
    }
    Ok(name)
}

fn no_application(name: &str) -> ApiError {
    refusal("ApplicationDoesNotExistException", format!("No application found for name: {name}"))
}

fn no_group(name: &str) -> ApiError {
    refusal("DeploymentGroupDoesNotExistException", format!("No Deployment Group found for name: {name}"))
}

/// One page of names or ids as an answer: `{member: rows, nextToken?}`, a hundred at most (the API reference has no
/// page size here).
fn answer(input: Input<'_>, member: &str, rows: Vec<String>) -> Answer {
    let bad_token = || refusal("InvalidNextTokenException", "The next token is invalid.");
    let (rows, next) = crate::paging::page(rows, 100, input.str("nextToken")?, bad_token)?;
    let mut answer = serde_json::json!({ member: rows });
    if let Some(next) = next {
        answer["nextToken"] = serde_json::Value::from(next);
    }
    Ok(answer)
}
