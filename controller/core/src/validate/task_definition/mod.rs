//! Rules for `spec.taskDefinition`.

use serde_json::Value;

use super::node::Node;
use super::{names, tags};
use crate::catalogue::Problem;

mod containers;
mod dependencies;
mod environment;
mod fargate;
mod image;
mod logging;
mod network;
pub(super) use network::parse_range;
mod volumes;
mod windows;

/// The whole RegisterTaskDefinition request must fit (ECS developer guide, "Amazon ECS service quotas").
const LARGEST: usize = 64 * 1024;

/// Checks a RegisterTaskDefinition document in wire form.
pub fn task_definition(doc: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    let task = Task::of(doc);
    let size = doc.to_string().len();
    if size > LARGEST {
        found
            .push(task.doc.error("task-definition-too-large", format!("is {size} bytes as JSON; AWS takes {LARGEST}")));
    }
    names::name(&task.doc.member("family"), &mut found);
    tags::tags(&task.doc.member("tags"), &mut found);
    let gone = task.doc.member("inferenceAccelerators");
    if gone.given() {
        found.push(gone.error("unsupported-member", "AWS no longer offers inference accelerators; remove it").at_key());
    }
    let storage = task.doc.at("/ephemeralStorage/sizeInGiB");
    if let Some(size) = storage.int().filter(|size| !(21..=200).contains(size)) {
        found.push(storage.error("ephemeral-storage", format!("{size} GiB is out of range; AWS takes 21 to 200")));
    }
    containers::check(&task, &mut found);
    dependencies::check(&task, &mut found);
    environment::check(&task, &mut found);
    image::check(&task, &mut found);
    network::check(&task, &mut found);
    volumes::check(&task, &mut found);
    logging::check(&task, &mut found);
    fargate::check(&task, &mut found);
    windows::check(&task, &mut found);
    found
}

/// A task definition, with what several rules ask of it.
pub(super) struct Task<'a> {
    pub(super) doc: Node<'a>,
    pub(super) containers: Vec<Node<'a>>,
    /// Fargate is among the compatibilities that AWS is asked to check.
    pub(super) fargate: bool,
    pub(super) awsvpc: bool,
    pub(super) windows: bool,
}

impl<'a> Task<'a> {
    pub(super) fn of(doc: &'a Value) -> Self {
        let doc = Node::root(doc);
        Self {
            containers: doc.member("containerDefinitions").items().collect(),
            fargate: doc.member("requiresCompatibilities").items().any(|name| name.text() == Some("FARGATE")),
            awsvpc: doc.text_of("networkMode") == "awsvpc",
            windows: doc.member("runtimePlatform").text_of("operatingSystemFamily").starts_with("WINDOWS"),
            doc,
        }
    }

    /// The container of that name.
    pub(super) fn container(&self, name: &str) -> Option<&Node<'a>> {
        self.containers.iter().find(|container| container.text_of("name") == name)
    }

    /// All port mappings of all containers.
    pub(super) fn ports(&self) -> impl Iterator<Item = Node<'a>> {
        self.containers.iter().flat_map(|container| container.member("portMappings").items())
    }
}

/// Says that a container that is referred to does not exist.
fn no_container(node: &Node<'_>, name: &str) -> Problem {
    node.error("unknown-container", format!("there is no container {name:?} in this task definition"))
}

#[cfg(test)]
mod tests;
