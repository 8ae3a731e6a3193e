//! UpdateService: last writer wins; only a change of what a deployment keeps starts a deployment.

use super::{Controller, Service, Status, TYPES, allowed, check, controller, create, defaults};
use crate::{
    arn::{cluster_name, service_key},
    ecs::{
        cluster,
        rollout::{REVISION, Rollout},
    },
    error::{Answer, ApiError},
    input::{Input, check_types},
    region::Region,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Members that only exist on creation: an update that has them is read as if it had not (the model lacks them).
const CREATE_ONLY: &[&str] = &["launchType", "schedulingStrategy"];

pub(in crate::ecs) fn update(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    let cluster_ref = cluster_name(input.str("cluster")?).to_owned();
    let key = service_key(&cluster_ref, input.required("service", ApiError::parameter)?);
    let cluster = cluster::active(region, &cluster_ref)?;
    let service = match region.services.live(&key) {
        None => return Err(ApiError::service_not_found()),
        Some(service) if service.is_gone() => return Err(ApiError::service_not_found()),
        Some(service) if service.status != Status::Active => {
            return Err(ApiError::new(400, "ServiceNotActiveException", "Service was not ACTIVE."));
        }
        Some(service) => service,
    };
    let mut given = create::given(region, input);
    given.retain(|name, _| !CREATE_ONLY.contains(&name.as_str()));
    let force = input.bool("forceNewDeployment")?.unwrap_or(false);
    let desired = input.int("desiredCount")?;
    check_desired(service, desired)?;
    allowed::check(service, &given, force)?;
    let members = merged(region, service, given, force)?;
    check::check(region, cluster, &members)?;

    let changed = |name: &str| members.get(name) != service.members.get(name);
    let deploys = (force || REVISION.iter().any(|name| changed(name))) && controller(&members) == Controller::Ecs;
    let unfinished = service.deployments.iter().filter(|old| old.rollout == Rollout::InProgress).count();
    if deploys && unfinished >= 5 {
        return Err(ApiError::parameter("5 active deployments exist, unable to create new deployment."));
    }

    let Region { services, options, ids, .. } = region;
    let Some(service) = services.write(&key, now) else { return Err(ApiError::service_not_found()) };
    service.members = members;
    if let Some(desired) = desired.filter(|desired| *desired != service.desired) {
        service.set_desired(desired, now, &options.timing);
    }
    if deploys {
        service.deploy(now, &options.timing, ids);
    }
    let answer = json!({"service": service.describe(true)});
    region.note(&key);
    Ok(answer)
}

fn check_desired(service: &Service, desired: Option<i64>) -> Result<(), ApiError> {
    match desired {
        Some(_) if service.member("schedulingStrategy") == "DAEMON" => Err(create::daemon_has_no_count()),
        Some(count) if !(0..=5000).contains(&count) => {
            Err(ApiError::parameter("desiredCount must be between 0 and 5000."))
        }
        _ => Ok(()),
    }
}

/// The service's members with the given ones laid over them.
fn merged(
    region: &Region,
    service: &Service,
    mut given: Map<String, Value>,
    force: bool,
) -> Result<Map<String, Value>, ApiError> {
    defaults::normalise(&mut given);
    if let Some(reference) = given.get("taskDefinition").and_then(Value::as_str) {
        let arn = check::resolve(region, reference)?.arn.clone();
        given.insert("taskDefinition".to_owned(), json!(arn));
    }
    if let Some(configuration) = given.get_mut("deploymentConfiguration") {
        *configuration = defaults::merge_deployment_configuration(service.deployment_configuration(), configuration);
    }
    let strategy = given.remove("capacityProviderStrategy");
    let mut members = service.members.clone();
    members.extend(given);
    let empty = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    let present = service.member("capacityProviderStrategy");
    if let Some(strategy) = strategy.filter(|strategy| strategy != present && !(empty(strategy) && empty(present))) {
        if !force {
            return Err(ApiError::parameter(
                "When switching from launch type to capacity provider strategy on an existing service, or making a \
                 change to a capacity provider strategy on a service that is already using one, you must force a new \
                 deployment.",
            ));
        }
        if empty(&strategy) {
            let kind = if super::is_fargate(&members) { "FARGATE" } else { "EC2" };
            members.remove("capacityProviderStrategy");
            members.insert("launchType".to_owned(), json!(kind));
        } else {
            members.remove("launchType");
            members.insert("capacityProviderStrategy".to_owned(), strategy);
        }
    }
    if controller(&members) == Controller::Ecs {
        // A service that came from another controller has none of the ECS controller's settings yet.
        defaults::fill(&mut members);
    }
    Ok(members)
}
