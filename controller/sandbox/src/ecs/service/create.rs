//! CreateService.

use super::{Controller, Service, Status, TYPES, check, controller, defaults};
use crate::{
    arn::cluster_name,
    ecs::{cluster, rollout::Events},
    error::{Answer, ApiError},
    input::{Input, check_types},
    region::Region,
    tags::Tags,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Members of the request that are no members of the service.
const REQUEST_ONLY: &[&str] =
    &["cluster", "serviceName", "service", "desiredCount", "tags", "clientToken", "role", "forceNewDeployment"];

pub(in crate::ecs) fn create(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    let cluster_ref = cluster_name(input.str("cluster")?);
    let name = input.required("serviceName", ApiError::parameter)?;
    if name.len() > 255 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return Err(ApiError::parameter("Invalid identifier: Identifier is for service."));
    }
    cluster::active(region, cluster_ref)?;
    let key = format!("{cluster_ref}/{name}");
    let request = Value::Object(input.0.clone());
    let token = input.str("clientToken")?.map(|token| format!("{cluster_ref}/{token}"));
    if let Some(answer) = repeated(region, &key, token.as_deref(), &request)? {
        return Ok(answer);
    }

    let desired = desired_count(input)?;
    let tags = Tags::from_list(input.list("tags")?)?;
    let members = members(region, cluster_ref, input)?;
    let external = controller(&members) == Controller::External;
    let mut service = Service {
        name: name.to_owned(),
        arn: region.arn("ecs", &format!("service/{key}")),
        cluster_arn: region.arn("ecs", &format!("cluster/{cluster_ref}")),
        status: Status::Active,
        desired,
        members,
        deployments: Vec::new(),
        tasks: Vec::new(),
        stopped: Vec::new(),
        events: Events::default(),
        tags,
        created: now,
        request,
        last_completed: None,
        history: Vec::new(),
        revisions: Vec::new(),
        next_look: None,
        steady: false,
        steady_at: now,
        gone_at: None,
    };
    if !external {
        service.deploy(now, &region.options.timing, &mut region.ids);
    }
    let answer = json!({"service": service.describe(true)});
    *region.services.write(&key, now) = Some(service);
    if let Some(token) = token {
        region.tokens.insert(token, key.clone());
    }
    region.note(&key);
    Ok(answer)
}

/// The service again when the request is one that was already done; an error when it only looks like it.
fn repeated(region: &Region, key: &str, token: Option<&str>, request: &Value) -> Result<Option<Value>, ApiError> {
    let earlier = token.and_then(|token| region.tokens.get(token)).filter(|earlier| *earlier != key);
    if earlier.and_then(|earlier| region.services.live(earlier)).is_some_and(Service::is_active) {
        return Err(not_idempotent());
    }
    match region.services.live(key) {
        Some(service) if service.status == Status::Draining => {
            Err(ApiError::parameter("Unable to Start a service that is still Draining."))
        }
        Some(service) if service.is_active() && service.request == *request => {
            Ok(Some(json!({"service": service.describe(true)})))
        }
        Some(service) if service.is_active() => Err(not_idempotent()),
        _ => Ok(None),
    }
}

fn not_idempotent() -> ApiError {
    ApiError::parameter("Creation of service was not idempotent.")
}

fn desired_count(input: Input<'_>) -> Result<i64, ApiError> {
    let daemon = input.str("schedulingStrategy")? == Some("DAEMON");
    match input.int("desiredCount")? {
        Some(_) if daemon => Err(daemon_has_no_count()),
        // A daemon runs one task on each container instance; the sandbox has one to run it on.
        None if daemon => Ok(1),
        None => Err(ApiError::parameter("DesiredCount is missing")),
        Some(count) if !(0..=5000).contains(&count) => {
            Err(ApiError::parameter("desiredCount must be between 0 and 5000."))
        }
        Some(count) => Ok(count),
    }
}

pub(super) fn daemon_has_no_count() -> ApiError {
    ApiError::parameter(
        "The daemon scheduling strategy does not support a desired count for services. Remove the desired count and \
         try again",
    )
}

/// The service's members: what the request gives, described as AWS describes it, checked and filled in.
fn members(region: &Region, cluster_ref: &str, input: Input<'_>) -> Result<Map<String, Value>, ApiError> {
    let cluster = cluster::active(region, cluster_ref)?;
    let mut members = given(region, input);
    if members.contains_key("launchType") && !super::items(&members, "capacityProviderStrategy").is_empty() {
        return Err(ApiError::parameter(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    if super::items(&members, "capacityProviderStrategy").is_empty() {
        members.remove("capacityProviderStrategy");
    }
    let external = controller(&members) == Controller::External;
    match members.get("taskDefinition").and_then(Value::as_str) {
        Some(_) if external => return Err(ApiError::parameter("TaskDefinition must be blank")),
        None if external && !super::items(&members, "loadBalancers").is_empty() => {
            return Err(ApiError::parameter("LoadBalancers must be empty or null"));
        }
        None if external => {}
        None => return Err(ApiError::parameter("TaskDefinition can not be blank.")),
        Some(reference) => {
            let arn = check::resolve(region, reference)?.arn.clone();
            members.insert("taskDefinition".to_owned(), json!(arn));
        }
    }
    let has_capacity = members.contains_key("launchType") || members.contains_key("capacityProviderStrategy");
    if !has_capacity && !external && !cluster.default_strategy().is_empty() {
        members.insert("capacityProviderStrategy".to_owned(), json!(cluster.default_strategy()));
    }
    defaults::normalise(&mut members);
    defaults::fill(&mut members);
    check::check(region, cluster, &members)?;
    let linked = region.iam_arn("role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
    if let Some(role) = input.str("role")? {
        members.insert("roleArn".to_owned(), json!(role));
    } else if !super::items(&members, "loadBalancers").is_empty() || members.contains_key("networkConfiguration") {
        members.insert("roleArn".to_owned(), json!(linked));
    }
    members.insert("createdBy".to_owned(), json!(region.iam_arn("user/sandbox")));
    Ok(members)
}

/// The members that a request sets, without those that this endpoint does not heed.
pub(super) fn given(region: &Region, input: Input<'_>) -> Map<String, Value> {
    let kept = |name: &&String| !REQUEST_ONLY.contains(&name.as_str()) && !region.options.unheeded.contains(name);
    let set = input.0.iter().filter(|(name, value)| kept(name) && !value.is_null());
    set.map(|(name, value)| (name.clone(), value.clone())).collect()
}
