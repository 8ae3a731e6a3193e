//! Scheduled actions: they rewrite a target's minimum and maximum when their time comes.

use super::{
    DIMENSION, no_target, null_member, object_not_found, optional_key, required_key,
    schedule::Schedule,
    target::{check_range, clamp},
};
use crate::{
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    time::{epoch, from_epoch},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// Scheduled actions that one scalable target can have (Application Auto Scaling quotas).
const MOST: usize = 200;

#[derive(Clone, Debug)]
pub(crate) struct Action {
    arn: String,
    schedule: String,
    timezone: Option<String>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    min: Option<i64>,
    max: Option<i64>,
    created: Timestamp,
    /// When it is due next.
    pub(super) next: Option<Timestamp>,
}

impl Action {
    /// The first time after `after` at which it is due.
    fn due_after(&self, after: Timestamp) -> Option<Timestamp> {
        let zone = zone(self.timezone.as_deref())?;
        let next = Schedule::parse(&self.schedule)?.next(after, self.start.unwrap_or(self.created), &zone)?;
        let inside = self.start.is_none_or(|start| next >= start) && self.end.is_none_or(|end| next <= end);
        inside.then_some(next)
    }

    fn describe(&self, key: &str, name: &str) -> Value {
        let mut bounds = json!({});
        for (member, value) in [("MinCapacity", self.min), ("MaxCapacity", self.max)] {
            if let Some(value) = value {
                bounds[member] = json!(value);
            }
        }
        let mut row = json!({
            "ScheduledActionName": name,
            "ScheduledActionARN": self.arn,
            "ServiceNamespace": "ecs",
            "ResourceId": format!("service/{key}"),
            "ScalableDimension": DIMENSION,
            "Schedule": self.schedule,
            "ScalableTargetAction": bounds,
            "CreationTime": epoch(self.created),
        });
        for (member, value) in [
            ("Timezone", self.timezone.as_deref().map(Value::from)),
            ("StartTime", self.start.map(epoch)),
            ("EndTime", self.end.map(epoch)),
        ] {
            if let Some(value) = value {
                row[member] = value;
            }
        }
        row
    }
}

fn zone(name: Option<&str>) -> Option<TimeZone> {
    name.map_or(Some(TimeZone::UTC), |name| TimeZone::get(name).ok())
}

/// PutScheduledAction: an update without start or end time deletes those that were there.
pub(super) fn put(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let key = required_key(input)?;
    let name = input.str("ScheduledActionName")?.ok_or_else(|| null_member("scheduledActionName"))?;
    let target = region.targets.live(key).ok_or_else(|| no_target(key))?;
    let present = target.actions.get(name);
    if present.is_none() && target.actions.len() >= MOST {
        return Err(ApiError::new(
            400,
            "LimitExceededException",
            format!("A scalable target can have {MOST} actions."),
        ));
    }
    let schedule = input.str("Schedule")?.map(str::to_owned).or(present.map(|present| present.schedule.clone()));
    let schedule = schedule.ok_or_else(|| null_member("schedule"))?;
    if Schedule::parse(&schedule).is_none() {
        return Err(ApiError::validation(format!("The schedule expression is invalid: {schedule}")));
    }
    let timezone = input.str("Timezone")?.map(str::to_owned).or(present.and_then(|present| present.timezone.clone()));
    if zone(timezone.as_deref()).is_none() {
        return Err(ApiError::validation("The time zone is invalid: use a name of the IANA database."));
    }
    let bounds = match input.object("ScalableTargetAction")?.map(Input) {
        Some(bounds) => (bounds.int("MinCapacity")?, bounds.int("MaxCapacity")?),
        None => present.map_or((None, None), |present| (present.min, present.max)),
    };
    match bounds {
        (None, None) => return Err(ApiError::validation("ScalableTargetAction needs MinCapacity or MaxCapacity.")),
        (Some(min), Some(max)) => check_range(min, max)?,
        _ => {}
    }
    let (arn, created) = match present {
        Some(present) => (present.arn.clone(), present.created),
        None => {
            let id = region.ids.uuid();
            let resource = format!("scheduledAction:{id}:resource/ecs/service/{key}:scheduledActionName/{name}");
            (region.arn("autoscaling", &resource), now)
        }
    };
    let time = |member: &str| input.get(member).and_then(from_epoch);
    let mut action = Action {
        arn,
        schedule,
        timezone,
        start: time("StartTime"),
        end: time("EndTime"),
        min: bounds.0,
        max: bounds.1,
        created,
        next: None,
    };
    action.next = action.due_after(now);
    if let Some(target) = region.targets.write(key, now) {
        target.actions.insert(name.to_owned(), action);
    }
    region.note(key);
    Ok(json!({}))
}

pub(super) fn delete(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let key = required_key(input)?;
    let name = input.str("ScheduledActionName")?.ok_or_else(|| null_member("scheduledActionName"))?;
    if !region.targets.live(key).is_some_and(|target| target.actions.contains_key(name)) {
        return Err(object_not_found(format!(
            "No scheduled action found for service namespace: ecs, resource ID: service/{key}, scalable dimension: \
             {DIMENSION}, scheduled action name: {name}"
        )));
    }
    if let Some(target) = region.targets.write(key, now) {
        target.actions.remove(name);
    }
    Ok(json!({}))
}

/// DescribeScheduledActions: sorted by name.
pub(super) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let wanted = optional_key(input)?;
    let names = input.strings("ScheduledActionNames")?;
    let mut rows: Vec<_> = region
        .targets
        .all_seen(wanted.unwrap_or_default(), now)
        .filter(|(key, _)| wanted.is_none_or(|wanted| wanted == *key))
        .flat_map(|(key, target)| target.actions.iter().map(move |(name, action)| (key, name, action)))
        .filter(|(_, name, _)| names.is_empty() || names.contains(&name.as_str()))
        .collect();
    rows.sort_by_key(|(_, name, _)| *name);
    super::answer(input, "ScheduledActions", rows, |(key, name, action)| action.describe(key, name), 50)
}

/// Does what is due at `at`.
pub(super) fn run_due(region: &mut Region, key: &str, at: Timestamp) {
    let Region { targets, ids, .. } = region;
    let Some(present) = targets.live(key) else { return };
    let due = |action: &Action| action.next.is_some_and(|next| next <= at);
    let names: Vec<String> =
        present.actions.iter().filter(|(_, action)| due(action)).map(|(name, _)| name.clone()).collect();
    if names.is_empty() {
        return;
    }
    let Some(target) = targets.write(key, at) else { return };
    for name in names {
        let Some(action) = target.actions.get_mut(&name) else { continue };
        action.next = action.due_after(at);
        if target.suspended.scheduled {
            continue;
        }
        // A bound that is left out stays, and gives way where the other one passes it.
        let (min, max) = (action.min, action.max);
        target.min = min.unwrap_or(target.min.min(max.unwrap_or(i64::MAX)));
        target.max = max.unwrap_or(target.max).max(target.min);
        let description = format!("Setting min capacity to {} and max capacity to {}", target.min, target.max);
        target.note_activity(at, ids, key, &description, &format!("scheduled action name {name} was triggered"));
    }
    clamp(region, key, at);
}
