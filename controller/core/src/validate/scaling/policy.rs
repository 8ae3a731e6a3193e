//! Rules about scaling policies.

use std::collections::BTreeSet;

use crate::catalogue::Problem;
use crate::validate::node::{Node, unique};

/// Policy types, and the member that configures each.
const TYPES: [(&str, &str); 3] = [
    ("TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration"),
    ("StepScaling", "StepScalingPolicyConfiguration"),
    ("PredictiveScaling", "PredictiveScalingPolicyConfiguration"),
];

pub(super) fn check(policies: &Node<'_>, found: &mut Vec<Problem>) {
    unique(policies.items().map(|policy| policy.member("PolicyName")), "duplicate-policy", "policy", found);
    let mut metrics = BTreeSet::new();
    for policy in policies.items() {
        kind(&policy, found);
        let tracking = policy.member(TYPES[0].1);
        if tracking.exists() {
            target_tracking(&tracking, found);
            // AWS takes one target tracking policy for each metric.
            let metric = ["PredefinedMetricSpecification", "CustomizedMetricSpecification"]
                .map(|name| tracking.member(name).value().to_string());
            if !metrics.insert(metric) {
                let message = "another policy tracks the same metric, and AWS takes one for each metric";
                found.push(tracking.error("duplicate-metric", message));
            }
        }
        step(&policy.member(TYPES[1].1), found);
        predictive(&policy.member(TYPES[2].1), found);
    }
}

fn kind(policy: &Node<'_>, found: &mut Vec<Problem>) {
    let kind = policy.member("PolicyType");
    if !kind.exists() {
        found.push(policy.error("missing-member", "`PolicyType` is missing"));
    }
    let Some((name, wanted)) = TYPES.into_iter().find(|(name, _)| kind.text() == Some(name)) else { return };
    if !policy.member(wanted).exists() {
        found.push(policy.error("policy-configuration", format!("policy type {name} needs `{wanted}`")));
    }
    for other in TYPES.map(|(_, member)| policy.member(member)).iter().filter(|node| node.exists()) {
        if !other.path.ends_with(&format!("/{wanted}")) {
            let message = format!("does not go with policy type {name}; remove it");
            found.push(other.error("policy-configuration", message).at_key());
        }
    }
}

fn target_tracking(tracking: &Node<'_>, found: &mut Vec<Problem>) {
    let predefined = tracking.member("PredefinedMetricSpecification");
    if predefined.exists() == tracking.member("CustomizedMetricSpecification").exists() {
        let message = "give one of `PredefinedMetricSpecification` and `CustomizedMetricSpecification`";
        found.push(tracking.error("metric-specification", message));
    }
    let label = predefined.member("ResourceLabel");
    if predefined.text_of("PredefinedMetricType").starts_with("ALBRequestCountPerTarget") {
        // app/<name>/<id>/targetgroup/<name>/<id>
        let parts: Vec<_> = label.text().unwrap_or_default().split('/').collect();
        if !matches!(parts.as_slice(), ["app", _, _, "targetgroup", _, _]) {
            let place = if label.exists() { &label } else { &predefined };
            let message = "ALBRequestCountPerTarget needs a `ResourceLabel` such as \
                app/<load balancer>/<id>/targetgroup/<name>/<id>";
            found.push(place.error("resource-label", message));
        }
    }
}

fn step(step: &Node<'_>, found: &mut Vec<Problem>) {
    let magnitude = step.member("MinAdjustmentMagnitude");
    if magnitude.given() && step.text_of("AdjustmentType") != "PercentChangeInCapacity" {
        let message = "is only for adjustment type PercentChangeInCapacity; remove it";
        found.push(magnitude.error("minimum-magnitude", message).at_key());
    }
    let adjustments = step.member("StepAdjustments");
    if adjustments.len() > 20 {
        found.push(adjustments.error("wrong-length", format!("has {} elements; AWS takes 20", adjustments.len())));
    }
    // A bound that is absent is infinity.
    let bound = |node: &Node<'_>, name: &str, absent| node.member(name).number().unwrap_or(absent);
    let mut seen: Vec<(f64, f64)> = Vec::new();
    for adjustment in adjustments.items() {
        let low = bound(&adjustment, "MetricIntervalLowerBound", f64::NEG_INFINITY);
        let high = bound(&adjustment, "MetricIntervalUpperBound", f64::INFINITY);
        if low >= high {
            found.push(adjustment.error("step-bounds", "the lower bound must be below the upper one"));
        } else if seen.iter().any(|(from, to)| low < *to && high > *from) {
            found.push(adjustment.error("step-bounds", "overlaps another step"));
        }
        seen.push((low, high));
    }
}

fn predictive(predictive: &Node<'_>, found: &mut Vec<Problem>) {
    let specifications = predictive.member("MetricSpecifications");
    if predictive.exists() && specifications.len() != 1 {
        let message = format!("a predictive policy takes one metric specification; there are {}", specifications.len());
        found.push(predictive.error("predictive-metric", message));
    }
    let buffer = predictive.member("MaxCapacityBuffer");
    if buffer.given() && predictive.text_of("MaxCapacityBreachBehavior") != "IncreaseMaxCapacity" {
        let message = "is only for `MaxCapacityBreachBehavior: IncreaseMaxCapacity`; remove it";
        found.push(buffer.error("capacity-buffer", message).at_key());
    }
}
