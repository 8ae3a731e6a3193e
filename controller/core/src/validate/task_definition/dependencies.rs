//! Rules about containers that wait for each other or use each other's volumes.

use super::{Task, no_container};
use crate::catalogue::Problem;
use crate::validate::node::Node;

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    for container in &task.containers {
        for dependency in container.member("dependsOn").items() {
            condition(task, &dependency, found);
        }
        for volume in container.member("volumesFrom").items() {
            let source = volume.member("sourceContainer");
            if let Some(name) = source.text().filter(|name| task.container(name).is_none()) {
                found.push(no_container(&source, name));
            }
        }
    }
    if let Some(container) = task.containers.iter().find(|container| waits_for_itself(task, container)) {
        let message = format!("container {:?} waits for itself, directly or by others", container.text_of("name"));
        found.push(container.member("dependsOn").error("dependency-cycle", message));
    }
}

fn condition(task: &Task<'_>, dependency: &Node<'_>, found: &mut Vec<Problem>) {
    let name = dependency.text_of("containerName");
    let Some(target) = task.container(name) else {
        found.push(no_container(&dependency.member("containerName"), name));
        return;
    };
    let condition = dependency.member("condition");
    match condition.text() {
        Some(end @ ("SUCCESS" | "COMPLETE")) if target.member("essential").value().as_bool() != Some(false) => {
            let message = format!("{end} waits for {name:?} to end, so that one must have `essential: false`");
            found.push(condition.error("dependency-on-essential", message));
        }
        Some("HEALTHY") if !target.member("healthCheck").given() => {
            let message = format!("HEALTHY needs a `healthCheck` in container {name:?}");
            found.push(condition.error("dependency-without-health-check", message));
        }
        _ => {}
    }
}

fn waits_for_itself(task: &Task<'_>, container: &Node<'_>) -> bool {
    let start = container.text_of("name");
    let mut reached = Vec::new();
    let mut todo = vec![start];
    while let Some(name) = todo.pop() {
        let waiting = task.container(name).map(|container| container.member("dependsOn"));
        for dependency in waiting.iter().flat_map(Node::items) {
            let next = dependency.text_of("containerName");
            if next == start {
                return true;
            }
            if !reached.contains(&next) {
                reached.push(next);
                todo.push(next);
            }
        }
    }
    false
}
