//! What Application Auto Scaling does by itself: scheduled actions, and target tracking on metrics that a test sets.

use super::{
    scheduled::run_due,
    target::{Target, set_desired},
};
use crate::{ecs::Service, region::Region};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Cooldown where a policy names none (API reference: 300 seconds for ECS services).
const COOLDOWN: i64 = 300;

/// Lets `at` come for the scalable target of this key.
pub(crate) fn step(region: &mut Region, key: &str, at: Timestamp) {
    run_due(region, key, at);
    if region.targets.live(key).and_then(|target| target.next_evaluation).is_some_and(|next| next <= at) {
        let next = at + region.options.timing.evaluation;
        if let Some(target) = region.targets.live_mut(key) {
            target.next_evaluation = Some(next);
        }
        evaluate(region, key, at);
    }
}

/// Looks at metrics every evaluation period from now on, if there are any to look at.
pub(crate) fn watch_metrics(region: &mut Region, key: &str, now: Timestamp) {
    let next = now + region.options.timing.evaluation;
    if let Some(target) = region.targets.live_mut(key).filter(|_| region.metrics.contains_key(key)) {
        target.next_evaluation.get_or_insert(next);
    }
    region.note(key);
}

/// What one target tracking policy asks for.
struct Wish {
    policy: String,
    capacity: i64,
    cooldown_out: i64,
    cooldown_in: i64,
}

fn evaluate(region: &mut Region, key: &str, at: Timestamp) {
    let (Some(target), Some(service)) = (region.targets.live(key), region.services.live(key)) else { return };
    if !service.is_active() {
        return;
    }
    // The policy that asks for the most wins, for scaling in as well (API reference, PutScalingPolicy).
    let wish = wishes(region, key, target, service).max_by_key(|wish| wish.capacity);
    let Some(wish) = wish else { return };
    let capacity = wish.capacity.clamp(target.min, target.max);
    let cooled = |since: Option<Timestamp>, seconds: i64| {
        since.is_none_or(|since| since + SignedDuration::from_secs(seconds) <= at)
    };
    let out = capacity > service.desired && !target.suspended.scale_out && cooled(target.scaled_out, wish.cooldown_out);
    // Scaling in pauses while a deployment runs, and after scaling out as well as after scaling in.
    let last = target.scaled_in.max(target.scaled_out);
    let inward = capacity < service.desired
        && !target.suspended.scale_in
        && !service.is_deploying()
        && cooled(last, wish.cooldown_in);
    if !out && !inward {
        return;
    }
    if let Some(target) = region.targets.live_mut(key) {
        let since = if out { &mut target.scaled_out } else { &mut target.scaled_in };
        *since = Some(at);
    }
    let side = if out { "AlarmHigh" } else { "AlarmLow" };
    let cause =
        format!("monitor alarm TargetTracking-service/{key}-{side} in state ALARM triggered policy {}", wish.policy);
    set_desired(region, key, at, capacity, &cause);
}

fn wishes<'a>(
    region: &'a Region,
    key: &str,
    target: &'a Target,
    service: &'a Service,
) -> impl Iterator<Item = Wish> + 'a {
    let metrics = region.metrics.get(key);
    target.policies.iter().filter_map(move |(name, policy)| {
        let configuration = policy.tracking()?;
        let metric = configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]
            .as_str()
            .or_else(|| configuration["CustomizedMetricSpecification"]["MetricName"].as_str())?;
        let value = *metrics?.get(metric)?;
        // The calculation starts from what runs, not from the desired count.
        let running = service.running();
        let exact = running as f64 * value / configuration["TargetValue"].as_f64()?;
        let capacity = if running == 0 && value > 0.0 { service.desired.max(1) } else { exact.ceil() as i64 };
        let held = configuration["DisableScaleIn"] == true && capacity < service.desired;
        let cooldown = |member: &str| Value::as_i64(&configuration[member]).unwrap_or(COOLDOWN);
        Some(Wish {
            policy: name.clone(),
            capacity: if held { service.desired } else { capacity },
            cooldown_out: cooldown("ScaleOutCooldown"),
            cooldown_in: cooldown("ScaleInCooldown"),
        })
    })
}
