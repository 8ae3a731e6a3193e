//! DeleteService: ACTIVE, then DRAINING while tasks stop, then INACTIVE.

use super::{Status, TYPES};
use crate::{
    arn::{cluster_name, service_key},
    ecs::cluster,
    error::{Answer, ApiError},
    input::{Input, check_types},
    region::Region,
};
use jiff::Timestamp;
use serde_json::json;

pub(in crate::ecs) fn delete(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    let cluster_ref = cluster_name(input.str("cluster")?);
    let key = service_key(cluster_ref, input.required("service", ApiError::parameter)?);
    cluster::active(region, cluster_ref)?;
    let service = region.services.live(&key).filter(|service| !service.is_inactive());
    let service = service.ok_or_else(ApiError::service_not_found)?;
    if service.status == Status::Draining {
        return Ok(json!({"service": service.describe(true)}));
    }
    let forced = input.bool("force")?.unwrap_or(false) || service.member("schedulingStrategy") == "DAEMON";
    if !forced && service.desired > 0 {
        return Err(ApiError::parameter("The service cannot be stopped while it is scaled above 0."));
    }
    if !forced && service.deployments.len() > 1 {
        return Err(ApiError::parameter("The service cannot be stopped while deployments are active."));
    }
    let Region { services, options, .. } = region;
    let Some(service) = services.write(&key, now) else { return Err(ApiError::service_not_found()) };
    service.status = Status::Draining;
    service.desired = 0;
    for deployment in &mut service.deployments {
        deployment.desired = 0;
        deployment.retry_at = None;
    }
    for task in service.tasks.iter_mut().filter(|task| task.is_live()) {
        task.stop(now, &options.timing);
    }
    service.stop_record(now);
    service.next_look = service.tasks.is_empty().then(|| now + options.timing.stopping);
    let answer = json!({"service": service.describe(true)});
    region.note(&key);
    Ok(answer)
}
