//! Rules for `spec.service`.

use serde_json::Value;

use super::node::Node;
use super::task_definition::Task;
use super::{names, tags};
use crate::catalogue::Problem;

pub(super) mod capacity;
mod deployment;
mod network;
mod placement;
mod volumes;

/// What stands beside a service and bears on it, in wire form, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceContext<'a> {
    /// The RegisterTaskDefinition document that the service runs.
    pub task_definition: Option<&'a Value>,
    /// The service's `spec.scaling`.
    pub scaling: Option<&'a Value>,
}

/// Members of CreateService that evenkeel sets from elsewhere.
const OURS: [(&str, &str); 3] = [
    ("cluster", "the namespace says which cluster it is"),
    ("taskDefinition", "it is given beside `service`, as `spec.taskDefinition`"),
    ("clientToken", "evenkeel makes one for each generation"),
];

/// Checks a CreateService document in wire form, without `cluster` and `taskDefinition`.
pub fn service(doc: &Value, context: ServiceContext<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    let service = Service::of(doc, context);
    for (name, instead) in OURS {
        let node = service.doc.member(name);
        if node.exists() {
            let message = format!("`{name}` does not belong here: {instead}");
            found.push(node.error("set-by-evenkeel", message).at_key());
        }
    }
    names::name(&service.doc.member("serviceName"), &mut found);
    tags::tags(&service.doc.member("tags"), &mut found);
    desired_count(&service, &mut found);
    capacity::check(&service, &mut found);
    deployment::check(&service, &mut found);
    network::check(&service, &mut found);
    placement::check(&service, &mut found);
    volumes::check(&service, &mut found);
    found
}

/// A service, with what several rules ask of it.
struct Service<'a> {
    doc: Node<'a>,
    task: Option<Task<'a>>,
    scaling: Option<Node<'a>>,
    daemon: bool,
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    controller: &'a str,
    /// `EC2`, `FARGATE` or `EXTERNAL`; empty when the cluster's default strategy or a strategy here decides.
    launch_type: &'a str,
}

impl<'a> Service<'a> {
    fn of(doc: &'a Value, context: ServiceContext<'a>) -> Self {
        let doc = Node::root(doc);
        Self {
            task: context.task_definition.map(Task::of),
            scaling: context.scaling.map(Node::root),
            daemon: doc.text_of("schedulingStrategy") == "DAEMON",
            controller: doc.at("/deploymentController/type").text().unwrap_or("ECS"),
            launch_type: doc.text_of("launchType"),
            doc,
        }
    }

    /// Whether it runs on Fargate for sure.
    fn fargate(&self) -> bool {
        let strategy = self.doc.member("capacityProviderStrategy");
        let mut providers = strategy.items();
        self.launch_type == "FARGATE" || providers.any(|item| item.text_of("capacityProvider").starts_with("FARGATE"))
    }
}

fn desired_count(service: &Service<'_>, found: &mut Vec<Problem>) {
    let count = service.doc.member("desiredCount");
    if service.daemon {
        if count.exists() {
            let message = "a DAEMON service has no desired count, not even 0; remove it";
            found.push(count.error("daemon-desired-count", message).at_key());
        }
        if service.scaling.is_some() {
            found.push(service.doc.error("daemon-scaling", "a DAEMON service cannot be scaled; remove `spec.scaling`"));
        }
        return;
    }
    if !count.exists() && service.scaling.is_none() && service.controller != "EXTERNAL" {
        let message = "AWS needs `desiredCount` to create the service; say it, or `spec.scaling`";
        found.push(service.doc.warning("desired-count-missing", message));
    }
    let Some(count_value) = count.int() else { return };
    if count_value < 0 {
        found.push(count.error("desired-count", format!("{count_value} is below 0")));
        return;
    }
    let Some(scaling) = &service.scaling else { return };
    let bounds = ["MinCapacity", "MaxCapacity"].map(|name| scaling.member(name).int());
    if let [Some(min), Some(max)] = bounds
        && !(min..=max).contains(&count_value)
    {
        let message = format!(
            "{count_value} is outside of scaling's {min} to {max}; scaling wins, so the nearest of them is used"
        );
        found.push(count.warning("desired-count-outside-scaling", message));
    }
}

#[cfg(test)]
mod tests;
