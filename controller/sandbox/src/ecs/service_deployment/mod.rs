//! Service deployments and service revisions: lists, descriptions, stops, continued pauses.

mod control;
mod describe;
mod revision;

#[cfg(test)]
mod tests;

pub(super) use control::{proceed, stop};
pub(super) use describe::{describe, list};
pub(super) use revision::describe as describe_revisions;

use super::{Service, rollout::ServiceDeployment};
use crate::{arn::resource, error::ApiError, region::Region};

/// Key of the service and id out of an ARN such as `…:service-deployment/cluster/service/ID`.
fn parts<'a>(arn: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    resource(arn)?.strip_prefix(kind)?.strip_prefix('/')?.rsplit_once('/')
}

/// The ARN of what belongs to a service.
fn arn(service: &Service, kind: &str, id: &str) -> String {
    format!("{}/{id}", service.arn.replacen(":service/", &format!(":{kind}/"), 1))
}

impl Service {
    pub(super) fn service_deployment_arn(&self, deployment: &ServiceDeployment) -> String {
        arn(self, "service-deployment", &deployment.id)
    }

    pub(super) fn service_revision_arn(&self, id: &str) -> String {
        arn(self, "service-revision", id)
    }
}

/// Key of the service and the record that an ARN names, as they are.
fn found<'a>(region: &Region, arn: &'a str) -> Result<(&'a str, ServiceDeployment), ApiError> {
    let record = parts(arn, "service-deployment").and_then(|(key, id)| {
        let service = region.services.live(key).filter(|service| service.is_active())?;
        Some((key, service.history.iter().find(|record| record.id == id)?.clone()))
    });
    record.ok_or_else(|| ApiError::new(400, "ServiceDeploymentNotFoundException", "Service deployment not found."))
}
