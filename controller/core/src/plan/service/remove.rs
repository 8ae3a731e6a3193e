//! Removing a service whose object is being deleted.

use serde_json::{Value, json};

use super::ownership::{self, Ownership};
use super::{Desired, Observed, Plan, Waiting};
use crate::diff::Drift;
use crate::memory::Memory;
use crate::operation::{Action, Operation};
use crate::plan::{TAG_INSTALLATION, TAG_OBJECT, approval_token};
use crate::reason::Reason;
use crate::spec::{DeletionPolicy, DriftMode};
use crate::view::ServiceView;

/// Plans the removal. What is not ours is left alone; with `Retain`, and wherever nothing but reporting is allowed, only
/// our tags come off; with `Delete` the scalable
/// target goes first, then the count, then the service, and the object stays until AWS says INACTIVE.
pub(super) fn plan(desired: &Desired, observed: &Observed, service: &Value, memory: Memory) -> Plan {
    let view = ServiceView(service);
    let ours = ownership::of(desired, service, &memory) == Ownership::Ours && !view.managed_by_ecs();
    let tagged = view.tags().contains_key(TAG_INSTALLATION);
    let mut plan = Plan { memory, ..Plan::default() };
    let policy = &desired.mandate.policy;
    let retain = policy.deletion_policy == DeletionPolicy::Retain || policy.drift != DriftMode::Correct;
    if !ours || (retain && !tagged) {
        plan.finalized = true;
        return plan;
    }
    let ecs = |operation, members: Value, reason: &str| {
        let mut body = desired.names();
        if let Value::Object(members) = members {
            body.extend(members);
        }
        Action { operation, body: Value::Object(body), reason: reason.to_owned() }
    };
    if retain {
        plan.actions.push(Action {
            operation: Operation::UntagResource,
            body: json!({"resourceArn": view.arn(), "tagKeys": [TAG_INSTALLATION, TAG_OBJECT]}),
            reason: "the manifest is gone: the service stays and is nobody's".into(),
        });
        return plan;
    }
    plan.drift.push(Drift {
        path: "/service".into(),
        desired: None,
        observed: Some(json!(desired.service)),
        rule: "the manifest is gone and deletionPolicy is Delete".into(),
    });
    plan.acting.push("/service".into());
    if view.desired_count() > 0 || view.running_count() > 0 {
        let token = approval_token("/service", None, service.get("createdAt"));
        if !desired.mandate.approvals.contains(&token) {
            plan.acting.clear();
            plan.waiting.push(Waiting::approval("/service", "deleting a service that has tasks", &token));
            return plan;
        }
    }
    if observed.target.is_unknown() {
        plan.waiting
            .push(Waiting::new(Reason::ObservationUnknown, "whether the service scales has not been read from AWS"));
        return plan;
    }
    if observed.target.present().is_some() {
        plan.actions.push(Action {
            operation: Operation::DeregisterScalableTarget,
            body: json!({
                "ServiceNamespace": "ecs",
                "ResourceId": super::resource_id(&desired.cluster, &desired.service),
                "ScalableDimension": super::SCALABLE_DIMENSION,
            }),
            reason: "the service is being deleted".into(),
        });
    }
    let daemon = service.get("schedulingStrategy").and_then(Value::as_str) == Some("DAEMON");
    if view.desired_count() > 0 && !daemon {
        plan.actions.push(ecs(Operation::UpdateService, json!({"desiredCount": 0}), "scale to zero before deleting"));
    }
    // Deployments may still be active after scaling to zero; force lets ECS drain them itself.
    let members = if daemon { json!({}) } else { json!({"force": true}) };
    plan.actions.push(ecs(Operation::DeleteService, members, "the manifest is gone and deletionPolicy is Delete"));
    plan
}
