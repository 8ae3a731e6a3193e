//! Small typed views of AWS documents: they read what decides and skip what they do not need, so that members this
//! program never heard of pass by unharmed.

use std::collections::BTreeMap;

use serde_json::Value;

/// A service as DescribeServices answers it.
#[derive(Clone, Copy, Debug)]
pub struct ServiceView<'a>(pub &'a Value);

/// An entry of `deployments`.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentView<'a>(pub &'a Value);

/// Who decides how a service's tasks are replaced (`deploymentController.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// ECS itself: rolling, blue/green, linear and canary.
    Ecs,
    /// AWS CodeDeploy.
    CodeDeploy,
    /// A third party through task sets.
    External,
}

impl Controller {
    /// Reads `deploymentController` of a service or of CreateService input; an absent one is ECS.
    pub fn of(document: &Value) -> Self {
        match document.pointer("/deploymentController/type").and_then(Value::as_str) {
            Some("CODE_DEPLOY") => Self::CodeDeploy,
            Some("EXTERNAL") => Self::External,
            _ => Self::Ecs,
        }
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or("")
}

fn count(value: &Value, member: &str) -> i64 {
    value.get(member).and_then(Value::as_i64).unwrap_or(0)
}

impl<'a> ServiceView<'a> {
    /// `serviceArn`.
    pub fn arn(self) -> &'a str {
        text(self.0, "serviceArn")
    }

    /// `status`: `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub fn status(self) -> &'a str {
        text(self.0, "status")
    }

    /// `desiredCount`.
    pub fn desired_count(self) -> i64 {
        count(self.0, "desiredCount")
    }

    /// `runningCount`.
    pub fn running_count(self) -> i64 {
        count(self.0, "runningCount")
    }

    /// `pendingCount`.
    pub fn pending_count(self) -> i64 {
        count(self.0, "pendingCount")
    }

    /// Who replaces its tasks.
    pub fn controller(self) -> Controller {
        Controller::of(self.0)
    }

    /// ARN of the revision it is set to: of the service, or of its primary task set.
    pub fn task_definition(self) -> &'a str {
        match text(self.0, "taskDefinition") {
            "" => self.primary_task_set().map_or("", |set| text(set, "taskDefinition")),
            arn => arn,
        }
    }

    /// All deployments, as AWS orders them.
    pub fn deployments(self) -> impl Iterator<Item = DeploymentView<'a>> {
        self.0.get("deployments").and_then(Value::as_array).into_iter().flatten().map(DeploymentView)
    }

    /// The deployment with status `PRIMARY`; none for CODE_DEPLOY and EXTERNAL services.
    pub fn primary(self) -> Option<DeploymentView<'a>> {
        self.deployments().find(|deployment| deployment.status() == "PRIMARY")
    }

    /// All task sets of a CODE_DEPLOY or EXTERNAL service.
    pub fn task_sets(self) -> impl Iterator<Item = &'a Value> {
        self.0.get("taskSets").and_then(Value::as_array).into_iter().flatten()
    }

    /// The task set with status `PRIMARY` of a CODE_DEPLOY or EXTERNAL service.
    pub fn primary_task_set(self) -> Option<&'a Value> {
        self.task_sets().find(|set| text(set, "status") == "PRIMARY")
    }

    /// Whether ECS itself shifts traffic from old tasks to new ones: blue/green, linear and canary deployments.
    pub fn shifts_traffic(self) -> bool {
        let strategy = self.0.pointer("/deploymentConfiguration/strategy").and_then(Value::as_str);
        matches!(strategy, Some("BLUE_GREEN" | "LINEAR" | "CANARY"))
    }

    /// ARN of the target group that its first load balancer names.
    pub fn target_group(self) -> Option<&'a str> {
        self.0.pointer("/loadBalancers/0/targetGroupArn").and_then(Value::as_str)
    }

    /// Whether nothing is being replaced: one deployment, completed, or one task set, steady.
    pub fn is_settled(self) -> bool {
        match self.controller() {
            Controller::Ecs => {
                let done = |primary: DeploymentView<'_>| matches!(primary.rollout_state(), None | Some("COMPLETED"));
                self.deployments().count() == 1 && self.primary().is_some_and(done)
            }
            _ => {
                let steady = |set: &Value| text(set, "stabilityStatus") == "STEADY_STATE";
                self.task_sets().count() == 1 && self.primary_task_set().is_some_and(steady)
            }
        }
    }

    /// Whether ECS itself owns the service (Express mode): never ours to manage.
    pub fn managed_by_ecs(self) -> bool {
        text(self.0, "resourceManagementType") == "ECS"
    }

    /// Tags by key. Only there when they were asked for.
    pub fn tags(self) -> BTreeMap<String, String> {
        tags(self.0.get("tags"))
    }
}

impl<'a> DeploymentView<'a> {
    /// `id`.
    pub fn id(self) -> &'a str {
        text(self.0, "id")
    }

    /// `createdAt`, in whole seconds.
    pub fn created_at(self) -> Option<jiff::Timestamp> {
        seconds(self.0.get("createdAt")?)
    }

    /// `status`: `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub fn status(self) -> &'a str {
        text(self.0, "status")
    }

    /// ARN of the revision it brings.
    pub fn task_definition(self) -> &'a str {
        text(self.0, "taskDefinition")
    }

    /// `rolloutState`: `IN_PROGRESS`, `COMPLETED`, `FAILED`; absent behind a Classic Load Balancer.
    pub fn rollout_state(self) -> Option<&'a str> {
        self.0.get("rolloutState").and_then(Value::as_str)
    }

    /// `rolloutStateReason`.
    pub fn rollout_reason(self) -> &'a str {
        text(self.0, "rolloutStateReason")
    }

    /// `runningCount`.
    pub fn running_count(self) -> i64 {
        count(self.0, "runningCount")
    }

    /// `failedTasks`.
    pub fn failed_tasks(self) -> i64 {
        count(self.0, "failedTasks")
    }
}

/// A time as AWS's JSON protocols have it: seconds since the epoch with a fraction, which is cut off.
pub fn seconds(time: &Value) -> Option<jiff::Timestamp> {
    #[allow(clippy::cast_possible_truncation)] // far from the limits of either
    jiff::Timestamp::from_second(time.as_f64()? as i64).ok()
}

/// Tags by key, from ECS's list form (`[{"key", "value"}]`).
pub fn tags(list: Option<&Value>) -> BTreeMap<String, String> {
    let elements = list.and_then(Value::as_array).into_iter().flatten();
    elements.map(|tag| (text(tag, "key").to_owned(), text(tag, "value").to_owned())).collect()
}

/// ECS's list form of tags.
pub fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| serde_json::json!({"key": key, "value": value})).collect()
}

/// Family and revision of a task definition ARN or of `family:revision`.
pub fn family_and_revision(reference: &str) -> Option<(&str, u64)> {
    let name = reference.rsplit('/').next()?;
    let (family, revision) = name.rsplit_once(':')?;
    Some((family, revision.parse().ok()?))
}
