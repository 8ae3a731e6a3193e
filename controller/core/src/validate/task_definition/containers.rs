//! Rules about single containers and their sizes.

use std::ops::RangeInclusive;

use super::Task;
use crate::catalogue::{Problem, units};
use crate::validate::names;
use crate::validate::node::{Node, unique};

/// Ranges of numbers inside a container that the model does not have (ECS API reference, HealthCheck and
/// ContainerRestartPolicy).
const RANGES: [(&str, RangeInclusive<i64>); 5] = [
    ("/healthCheck/interval", 5..=300),
    ("/healthCheck/timeout", 2..=60),
    ("/healthCheck/retries", 1..=10),
    ("/healthCheck/startPeriod", 0..=300),
    ("/restartPolicy/restartAttemptPeriod", 60..=1800),
];

/// Longest lists inside a container (ECS API reference, ContainerDefinition and ContainerRestartPolicy).
const LENGTHS: [(&str, usize); 3] =
    [("/environmentFiles", 10), ("/restartPolicy/ignoredExitCodes", 50), ("/credentialSpecs", 1)];

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    let list = task.doc.member("containerDefinitions");
    if !(1..=10).contains(&task.containers.len()) {
        found.push(list.error("container-count", "a task definition has 1 to 10 containers"));
    }
    let essential = |container: &Node<'_>| container.member("essential").value().as_bool() != Some(false);
    if !task.containers.is_empty() && !task.containers.iter().any(essential) {
        found.push(list.error("no-essential-container", "at least one container must be essential"));
    }
    unique(task.containers.iter().map(|container| container.member("name")), "duplicate-container", "container", found);
    for container in &task.containers {
        single(container, found);
        memory(task, container, found);
    }
    let proxy = task.doc.at("/proxyConfiguration/containerName");
    if let Some(name) = proxy.text().filter(|name| task.container(name).is_none()) {
        found.push(super::no_container(&proxy, name));
    }
}

fn single(container: &Node<'_>, found: &mut Vec<Problem>) {
    for required in ["name", "image"] {
        if !container.member(required).given() {
            found.push(container.error("missing-member", format!("`{required}` is missing")));
        }
    }
    let name = container.member("name");
    if name.given() {
        names::name(&name, found);
    }
    for (path, range) in RANGES {
        let node = container.at(path);
        if let Some(value) = node.int().filter(|value| !range.contains(value)) {
            let (least, most) = range.into_inner();
            found.push(node.error("out-of-range", format!("{value} is out of range; AWS takes {least} to {most}")));
        }
    }
    for (path, most) in LENGTHS {
        let node = container.at(path);
        if node.len() > most {
            found.push(node.error("wrong-length", format!("has {} elements; AWS takes {most}", node.len())));
        }
    }
    for limit in container.member("ulimits").items() {
        // -1 stands for "unlimited".
        let limits = ["softLimit", "hardLimit"].map(|name| limit.member(name).int());
        if let [Some(soft), Some(hard)] = limits
            && hard >= 0
            && (soft < 0 || soft > hard)
        {
            found.push(limit.error("ulimit-order", format!("the soft limit {soft} is above the hard limit {hard}")));
        }
    }
    let command = container.at("/healthCheck/command");
    let first = command.items().next();
    if command.exists() && !matches!(first.as_ref().and_then(Node::text), Some("CMD" | "CMD-SHELL" | "NONE")) {
        let message =
            "begin it with \"CMD-SHELL\" or \"CMD\": ECS takes the first element for that, and never for a program";
        found.push(command.warning("health-check-command", message));
    }
}

/// Memory, where AWS compares: container limits with reservations and with the task's size.
fn memory(task: &Task<'_>, container: &Node<'_>, found: &mut Vec<Problem>) {
    let limit = container.member("memory");
    let reservation = container.member("memoryReservation");
    let size = task.doc.member("memory");
    let compatibilities = task.doc.member("requiresCompatibilities");
    let managed = compatibilities.items().any(|name| name.text() == Some("MANAGED_INSTANCES"));
    if !limit.given() && !reservation.given() && !size.given() && !task.fargate && !managed {
        let message = "needs `memory` or `memoryReservation`, as the task has no `memory` itself";
        found.push(container.error("container-memory-required", message));
    }
    let Some(mib) = limit.int() else { return };
    if let Some(reserved) = reservation.int().filter(|reserved| *reserved > mib) {
        let message = format!("reserves {reserved} MiB, more than its `memory` of {mib}");
        found.push(reservation.error("memory-reservation", message));
    }
    if let Some(task_mib) = size.text().and_then(units::parse_memory).filter(|task_mib| mib > i64::from(*task_mib)) {
        let message = format!("{mib} MiB is more than the task's {task_mib} MiB");
        found.push(limit.error("container-memory-above-task", message));
    }
}
