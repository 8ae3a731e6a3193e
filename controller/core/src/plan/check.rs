//! What no plan may ever do: a second opinion on every plan before it is executed. A plan that fails here is a bug of
//! ours: it is refused, reported and nothing is done.

use serde_json::Value;

use super::service::{self, FIELDS, TaskDefinition, UnderCodeDeploy, resource_id};
use super::{Plan, TAG_INSTALLATION};
use crate::operation::{Access, Action, AwsService, Operation};
use crate::spec::{DeletionPolicy, DriftMode};
use crate::view::{Controller, ServiceView, family_and_revision};

/// Checks a plan for a service. Empty: nothing is wrong with it. Each entry is a sentence that names the rule.
pub fn service(desired: &service::Desired, observed: &service::Observed, plan: &Plan) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |holds: bool, sentence: &str| {
        if !holds {
            wrong.push(sentence.to_owned());
        }
    };
    let of = |operation: Operation| plan.actions.iter().filter(move |action| action.operation == operation);
    let has = |operation: Operation| of(operation).next().is_some();
    let mandate = &desired.mandate;
    let live = observed.service.present().filter(|live| ServiceView(live).status() == "ACTIVE");

    rule(plan.actions.iter().all(|action| action.operation.access() == Access::Write), "a plan only writes");
    rule(plan.actions.is_empty() || mandate.holds.suspension.is_none(), "nothing is changed while suspended");
    rule(
        plan.actions.is_empty() || mandate.holds.closed.is_none_or(|closed| !closed.everything),
        "nothing is changed while a window holds everything",
    );
    rule(
        plan.actions.is_empty() || mandate.policy.drift == DriftMode::Correct || mandate.deleting,
        "only drift mode Correct changes anything",
    );
    rule(plan.actions.iter().all(|action| is_about(action, desired)), "every action is about this very service");
    let rollouts = of(Operation::CreateService).chain(of(Operation::UpdateService)).count();
    rule(rollouts <= 1 && of(Operation::CreateDeployment).count() <= 1, "at most one rollout a pass");
    rule(
        !has(Operation::CreateDeployment)
            || live.is_some_and(|live| ServiceView(live).controller() == Controller::CodeDeploy)
                && observed.code_deploy.present().is_some_and(|seen| seen.running().is_none()),
        "CodeDeploy deploys only a service of its own, and one deployment at a time",
    );
    rule(!has(Operation::CreateService) || live.is_none(), "a live service is not created again");
    rule(
        !has(Operation::DeleteService) || mandate.deleting && mandate.policy.deletion_policy == DeletionPolicy::Delete,
        "a service is deleted only when its object is being deleted and the policy is Delete",
    );
    rule(
        !has(Operation::DeregisterScalableTarget) || mandate.deleting || desired.scaling.is_none(),
        "declared scaling is not removed",
    );
    let scaled = desired.scaling.is_some() || observed.target.present().is_some();
    let stopped = desired.is_stopped();
    rule(
        mandate.deleting
            || stopped
            || !scaled
            || plan.memory.kept_count.is_some()
            || of(Operation::UpdateService).all(|action| action.body.get("desiredCount").is_none()),
        "autoscaling owns the count: desiredCount is not sent with a scalable target",
    );
    if let Some(live) = live {
        let tags = ServiceView(live).tags();
        let stranger = match tags.get(TAG_INSTALLATION) {
            Some(owner) => *owner != desired.owner.installation,
            None => plan.memory.owned.is_none() && mandate.policy.adoption != crate::spec::Adoption::Adopt,
        };
        rule(!stranger || plan.actions.is_empty(), "nothing that is not ours is written to");
        if ServiceView(live).controller() == Controller::CodeDeploy {
            let allowed = |name: &str| {
                matches!(name, "cluster" | "service" | "desiredCount" | "deploymentController")
                    || FIELDS.iter().any(|field| field.name == name && field.code_deploy == UnderCodeDeploy::Update)
            };
            let members = of(Operation::UpdateService).filter_map(|action| action.body.as_object()).flatten();
            rule(
                members.into_iter().all(|(name, _)| allowed(name)),
                "a CODE_DEPLOY service is sent only what it takes",
            );
        }
    }
    for action in of(Operation::CreateService).chain(of(Operation::UpdateService)) {
        let reference = action.body.get("taskDefinition").and_then(Value::as_str);
        rule(
            reference.is_none_or(|text| family_and_revision(text).is_some()),
            "a task definition is named with its revision",
        );
        rule(
            reference.is_none() || desired.task_definition != TaskDefinition::NotOurs,
            "a task definition that is not ours is not set",
        );
    }
    let failed = plan.memory.failed.is_some();
    let deploys = |action: &Action| {
        let members = action.body.as_object().into_iter().flatten();
        members
            .into_iter()
            .any(|(name, _)| name == "taskDefinition" || FIELDS.iter().any(|field| field.rollout && field.name == name))
    };
    let back = |action: &Action| {
        let good = plan.memory.last_good.as_deref();
        good.is_some() && action.body.get("taskDefinition").and_then(Value::as_str) == good
    };
    let again = of(Operation::UpdateService).any(|action| deploys(action) && !back(action));
    rule(!failed || !again && !has(Operation::CreateDeployment), "failed content is not rolled out again");
    wrong
}

fn is_about(action: &Action, desired: &service::Desired) -> bool {
    let text = |member: &str| action.body.get(member).and_then(Value::as_str);
    match (action.operation.service(), action.operation) {
        (AwsService::ApplicationAutoScaling, _) => {
            text("ResourceId") == Some(&resource_id(&desired.cluster, &desired.service))
        }
        (_, Operation::TagResource | Operation::UntagResource) => {
            text("resourceArn").is_some_and(|arn| arn.ends_with(&format!("/{}", desired.service)))
        }
        (AwsService::CodeDeploy, Operation::CreateDeployment) => {
            text("description").is_some_and(|text| text.contains(&desired.owner.object))
        }
        // These name a deployment by its id.
        (AwsService::CodeDeploy, _) | (_, Operation::StopServiceDeployment) => true,
        _ => {
            text("cluster") == Some(&desired.cluster)
                && text("service").or(text("serviceName")) == Some(&desired.service)
        }
    }
}
