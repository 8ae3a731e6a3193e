//! CreateDeployment.

use super::{
    app_spec::AppSpec,
    application_name, config,
    deployment::{Deployment, Phase, Set, Status, pending_events},
    group_check, group_name, refusal,
};
use crate::{
    error::{Answer, ApiError},
    ids::Ids,
    input::Input,
    region::Region,
};
use jiff::Timestamp;
use serde_json::json;

pub(super) fn create(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let (application, name) = (application_name(input)?, group_name(input)?);
    let group = region.code_deploy.group(application, name)?;
    let revision = input.get("revision");
    let revision = revision.ok_or_else(|| refusal("RevisionRequiredException", "The revision is required."))?;
    let spec = AppSpec::of(revision)?;
    let load_balancers = group.member("loadBalancerInfo").clone();
    let chosen = config::named(input, &load_balancers)?.or(group.member("deploymentConfigName").as_str());
    let config = chosen.unwrap_or(config::DEFAULT).to_owned();
    let description = input.str("description")?;
    if description.is_some_and(|text| text.chars().count() > 256) {
        return Err(refusal("DescriptionTooLongException", "The description has more than 256 characters."));
    }
    let given = |member: &str, of_group: &str| input.get(member).unwrap_or(group.member(of_group)).clone();
    let auto_rollback = given("autoRollbackConfiguration", "autoRollbackConfiguration");
    group_check::check_rollback(&auto_rollback)?;
    let service = group.service();
    check_service(region, &service)?;
    let active = region.code_deploy.running.get(&service).and_then(|id| region.code_deploy.deployments.live(id));
    if let Some(active) = active {
        return Err(refusal(
            "DeploymentLimitExceededException",
            format!("The Deployment Group '{name}' already has an active Deployment '{}'", active.id),
        ));
    }
    let made = Deployment {
        id: deployment_id(&mut region.ids),
        application: application.to_owned(),
        group: name.to_owned(),
        service,
        previous_sha256: group.target_revision.clone(),
        description: description.map(str::to_owned),
        creator: "user",
        routing: config::routing(&config)?,
        config,
        load_balancers,
        blue_green: group.member("blueGreenDeploymentConfiguration").clone(),
        auto_rollback,
        alarms: given("overrideAlarmConfiguration", "alarmConfiguration"),
        status: Status::Created,
        phase: Phase::Queued,
        wake: Some(now + region.options.timing.scheduling),
        events: pending_events(),
        created: now,
        started: None,
        completed: None,
        error: None,
        rollback: None,
        blue: Set::default(),
        green: Set::default(),
        weight: 0,
        termination_wait_started: false,
        updated: now,
        spec,
    };
    let id = made.id.clone();
    begin(region, now, made);
    Ok(json!({"deploymentId": id}))
}

/// Keeps a new deployment as the one that runs on its service.
pub(super) fn begin(region: &mut Region, now: Timestamp, made: Deployment) {
    let (id, key) = (made.id.clone(), made.service.clone());
    if let Some(group) = region.code_deploy.group_mut(&made.application, &made.group) {
        group.deployments.push(id.clone());
        group.target_revision = Some(made.spec.sha256.clone());
    }
    region.code_deploy.order.push(id.clone());
    region.code_deploy.running.insert(key.clone(), id.clone());
    *region.code_deploy.deployments.write(&id, now) = Some(made);
    region.note(&key);
}

fn check_service(region: &Region, key: &str) -> Result<(), ApiError> {
    match region.services.live(key).filter(|service| service.is_active()) {
        Some(service) => group_check::check_controller(service),
        None => {
            let text = format!("The deployment group's ECS service {key} is not there, or not ACTIVE.");
            Err(refusal("InvalidECSServiceException", text))
        }
    }
}

/// `d-` and nine capitals and digits.
pub(super) fn deployment_id(ids: &mut Ids) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut number = ids.next();
    let mut id = "d-".to_owned();
    for _ in 0..9 {
        id.push(char::from(LETTERS[(number % 36) as usize]));
        number /= 36;
    }
    id
}
