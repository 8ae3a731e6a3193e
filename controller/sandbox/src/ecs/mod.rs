//! Amazon ECS: clusters, task definitions, services, tags.

mod cluster;
mod moment;
mod rollout;
mod service;
mod service_deployment;
mod tagging;
mod task_definition;
mod tasks;

#[cfg(test)]
mod tasks_tests;
#[cfg(test)]
mod tests;

pub(crate) use cluster::Cluster;
pub(crate) use moment::{Fate, Moment};
pub(crate) use rollout::SetCounts;
pub(crate) use service::{Controller, Service, task_set_members};
pub(crate) use task_definition::Family;

use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
};
use evenkeel_core::operation::Operation;
use jiff::Timestamp;

pub(crate) fn call(region: &mut Region, now: Timestamp, operation: Operation, input: Input<'_>) -> Answer {
    match operation {
        Operation::CreateCluster => cluster::create(region, now, input),
        Operation::DescribeClusters => cluster::describe(region, now, input),
        Operation::ListClusters => cluster::list(region, now, input),
        Operation::UpdateCluster => cluster::update(region, now, input),
        Operation::UpdateClusterSettings => cluster::update_settings(region, now, input),
        Operation::PutClusterCapacityProviders => cluster::put_capacity_providers(region, now, input),
        Operation::DeleteCluster => cluster::delete(region, now, input),
        Operation::RegisterTaskDefinition => task_definition::register(region, now, input),
        Operation::DescribeTaskDefinition => task_definition::describe(region, now, input),
        Operation::ListTaskDefinitions => task_definition::list(region, now, input),
        Operation::ListTaskDefinitionFamilies => task_definition::list_families(region, now, input),
        Operation::DeregisterTaskDefinition => task_definition::deregister(region, now, input),
        Operation::DeleteTaskDefinitions => task_definition::delete(region, now, input),
        Operation::CreateService => service::create(region, now, input),
        Operation::UpdateService => service::update(region, now, input),
        Operation::DeleteService => service::delete(region, now, input),
        Operation::DescribeServices => service::describe(region, now, input),
        Operation::ListServices => service::list(region, now, input),
        Operation::ListServiceDeployments => service_deployment::list(region, now, input),
        Operation::DescribeServiceDeployments => service_deployment::describe(region, now, input),
        Operation::StopServiceDeployment => service_deployment::stop(region, now, input),
        Operation::ContinueServiceDeployment => service_deployment::proceed(region, now, input),
        Operation::DescribeServiceRevisions => service_deployment::describe_revisions(region, now, input),
        Operation::ListTasks => tasks::list(region, now, input),
        Operation::DescribeTasks => tasks::describe(region, now, input),
        Operation::TagResource => tagging::tag(region, now, input),
        Operation::UntagResource => tagging::untag(region, now, input),
        Operation::ListTagsForResource => tagging::list(region, now, input),
        other => Err(ApiError::new(400, "UnknownOperationException", format!("{other} is no operation of Amazon ECS"))),
    }
}
