//! Scalable targets.

use super::{DIMENSION, key_of, no_target, policy::Policy, required_key, scheduled::Action, watch_metrics};
use crate::{
    ecs::Service,
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    time::epoch,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

/// One scalable target, with what hangs on it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) suspended: Suspended,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) actions: BTreeMap<String, Action>,
    pub(super) activities: VecDeque<Value>,
    /// When target tracking looks next, if it has anything to look at.
    pub(super) next_evaluation: Option<Timestamp>,
    pub(super) scaled_out: Option<Timestamp>,
    pub(super) scaled_in: Option<Timestamp>,
}

/// The three switches of `SuspendedState`; described as three explicit booleans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Suspended {
    pub(super) scale_in: bool,
    pub(super) scale_out: bool,
    pub(super) scheduled: bool,
}

impl Target {
    /// When a scheduled action or target tracking is due.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        self.actions.values().filter_map(|action| action.next).chain(self.next_evaluation).min()
    }

    fn describe(&self, region: &Region, key: &str) -> Value {
        json!({
            "ServiceNamespace": "ecs",
            "ResourceId": format!("service/{key}"),
            "ScalableDimension": DIMENSION,
            "MinCapacity": self.min,
            "MaxCapacity": self.max,
            // The service-linked role, whatever role was declared.
            "RoleARN": region.iam_arn(
                "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/\
                 AWSServiceRoleForApplicationAutoScaling_ECSService",
            ),
            "CreationTime": epoch(self.created),
            "SuspendedState": {
                "DynamicScalingInSuspended": self.suspended.scale_in,
                "DynamicScalingOutSuspended": self.suspended.scale_out,
                "ScheduledScalingSuspended": self.suspended.scheduled,
            },
            "ScalableTargetARN": self.arn,
        })
    }
}

/// RegisterScalableTarget: creates or updates, and brings the desired count into `[min, max]` either way.
pub(super) fn register(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let key = required_key(input)?;
    let present = region.targets.live(key);
    if present.is_some() && input.get("Tags").is_some() {
        return Err(ApiError::validation(
            "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, \
             call TagResource",
        ));
    }
    let (min, max) = (input.int("MinCapacity")?, input.int("MaxCapacity")?);
    let (Some(min), Some(max)) = (min.or(present.map(|target| target.min)), max.or(present.map(|target| target.max)))
    else {
        return Err(ApiError::validation("Min capacity and max capacity are required to register a new target."));
    };
    check_range(min, max)?;
    let suspended =
        merged_suspension(present.map(|target| target.suspended).unwrap_or_default(), input.object("SuspendedState")?)?;
    if !region.services.live(key).is_some_and(Service::is_active) {
        return Err(ApiError::validation(format!("ECS service doesn't exist: service/{key}")));
    }
    let arn = match present {
        Some(target) => target.arn.clone(),
        None => {
            let id = region.ids.hex();
            region.arn("application-autoscaling", &format!("scalable-target/{id}"))
        }
    };
    let target = region.targets.write(key, now).get_or_insert_with(|| Target {
        min,
        max,
        suspended,
        arn: arn.clone(),
        created: now,
        policies: BTreeMap::new(),
        actions: BTreeMap::new(),
        activities: VecDeque::new(),
        next_evaluation: None,
        scaled_out: None,
        scaled_in: None,
    });
    (target.min, target.max, target.suspended) = (min, max, suspended);
    clamp(region, key, now);
    watch_metrics(region, key, now);
    Ok(json!({"ScalableTargetARN": arn}))
}

pub(super) fn deregister(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let key = required_key(input)?;
    region.targets.live(key).ok_or_else(|| no_target(key))?;
    *region.targets.write(key, now) = None;
    Ok(json!({}))
}

pub(super) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let ids = input.strings("ResourceIds")?;
    if ids.len() > 50 {
        return Err(ApiError::validation("ResourceIds can have at most 50 items."));
    }
    if ids.is_empty() && input.get("ScalableDimension").is_some() {
        return Err(ApiError::validation("Resource IDs are required when a scalable dimension is given."));
    }
    let rows: Vec<(&str, &Target)> = if ids.is_empty() {
        region.targets.all_seen("", now).collect()
    } else {
        let mut keys = ids.into_iter().map(key_of).collect::<Result<Vec<_>, _>>()?;
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().filter_map(|key| Some((key, region.targets.seen(key, now)?))).collect()
    };
    super::answer(input, "ScalableTargets", rows, |(key, target)| target.describe(region, key), 50)
}

pub(super) fn check_range(min: i64, max: i64) -> Result<(), ApiError> {
    if min < 0 || max < 0 {
        return Err(ApiError::validation("Minimum and maximum capacity must not be negative."));
    }
    if min > max {
        return Err(ApiError::validation(format!(
            "Maximum capacity cannot be less than minimum capacity: min {min}, max {max}"
        )));
    }
    Ok(())
}

fn merged_suspension(present: Suspended, given: Option<&Map<String, Value>>) -> Result<Suspended, ApiError> {
    let Some(given) = given.map(Input) else { return Ok(present) };
    Ok(Suspended {
        scale_in: given.bool("DynamicScalingInSuspended")?.unwrap_or(present.scale_in),
        scale_out: given.bool("DynamicScalingOutSuspended")?.unwrap_or(present.scale_out),
        scheduled: given.bool("ScheduledScalingSuspended")?.unwrap_or(present.scheduled),
    })
}

/// Brings the service's desired count to the nearest bound of its target.
pub(super) fn clamp(region: &mut Region, key: &str, at: Timestamp) {
    let Some((min, max)) = region.targets.live(key).map(|target| (target.min, target.max)) else { return };
    let Some(desired) = region.services.live(key).map(|service| service.desired) else { return };
    let cause = if desired < min {
        format!("minimum capacity was set to {min}")
    } else if desired > max {
        format!("maximum capacity was set to {max}")
    } else {
        return;
    };
    set_desired(region, key, at, desired.clamp(min, max), &cause);
}

/// Sets a service's desired count as Application Auto Scaling does, through UpdateService.
pub(super) fn set_desired(region: &mut Region, key: &str, at: Timestamp, desired: i64, cause: &str) {
    let Region { services, targets, options, ids, .. } = region;
    if !services.live(key).is_some_and(|service| service.is_active() && service.desired != desired) {
        return;
    }
    if let Some(service) = services.write(key, at) {
        service.set_desired(desired, at, &options.timing);
    }
    if let Some(target) = targets.live_mut(key) {
        target.note_activity(at, ids, key, &format!("Setting desired count to {desired}."), cause);
    }
}
