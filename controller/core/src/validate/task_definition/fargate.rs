//! What Fargate needs and what it does not have.

use super::Task;
use crate::catalogue::{Problem, fargate, units};
use crate::validate::node::Node;

/// Members of a task that Fargate refuses (ECS API reference).
const NOT_IN_TASK: [&str; 2] = ["ipcMode", "placementConstraints"];

/// Members of a container that Fargate refuses (ECS API reference).
const NOT_IN_CONTAINER: [&str; 6] = [
    "/privileged",
    "/dockerSecurityOptions",
    "/linuxParameters/devices",
    "/linuxParameters/sharedMemorySize",
    "/linuxParameters/maxSwap",
    "/linuxParameters/swappiness",
];

/// Members of a volume that Fargate refuses.
const NOT_IN_VOLUME: [&str; 2] = ["/dockerVolumeConfiguration", "/host/sourcePath"];

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    if !task.fargate {
        return;
    }
    size(task, found);
    if !task.awsvpc {
        let mode = task.doc.member("networkMode");
        let place = if mode.exists() { &mode } else { &task.doc };
        found.push(place.error("fargate-network-mode", "Fargate needs `networkMode: awsvpc`"));
    }
    let mut refused: Vec<Node<'_>> = NOT_IN_TASK.map(|name| task.doc.member(name)).into();
    refused.extend(task.containers.iter().flat_map(|container| NOT_IN_CONTAINER.map(|path| container.at(path))));
    let volumes = task.doc.member("volumes");
    refused.extend(volumes.items().flat_map(|volume| NOT_IN_VOLUME.map(|path| volume.at(path))));
    for node in refused.iter().filter(|node| node.given()) {
        found.push(node.error("fargate-unsupported", "Fargate does not support this; remove it").at_key());
    }
    let pid = task.doc.member("pidMode");
    if pid.text() == Some("host") {
        found.push(pid.error("fargate-unsupported", "Fargate does not support pid mode host"));
    }
    for container in &task.containers {
        in_container(container, found);
    }
}

fn size(task: &Task<'_>, found: &mut Vec<Problem>) {
    let cpu = task.doc.member("cpu");
    let memory = task.doc.member("memory");
    for (node, rule, name) in [(&cpu, "fargate-cpu-required", "cpu"), (&memory, "fargate-memory-required", "memory")] {
        if !node.given() {
            found.push(task.doc.error(rule, format!("Fargate needs `{name}` at the level of the task")));
        }
    }
    let (Some(cpu_text), Some(memory_text)) = (cpu.text(), memory.text()) else { return };
    // The grammar of sizes is not published: one that is not understood here is left to AWS.
    if let (Some(units), Some(mib)) = (units::parse_cpu(cpu_text), units::parse_memory(memory_text))
        && let Err(message) = fargate::check(units, mib, task.windows)
    {
        found.push(cpu.error("fargate-size", message));
    }
}

fn in_container(container: &Node<'_>, found: &mut Vec<Problem>) {
    for capability in container.at("/linuxParameters/capabilities/add").items() {
        if let Some(name) = capability.text().filter(|name| *name != "SYS_PTRACE") {
            let message = format!("Fargate does not allow the capability {name}; only SYS_PTRACE may be added");
            found.push(capability.error("fargate-capability", message));
        }
    }
    for requirement in container.member("resourceRequirements").items() {
        if requirement.text_of("type") == "GPU" {
            found.push(requirement.error("fargate-gpu", "Fargate has no GPUs"));
        }
    }
    let stop = container.member("stopTimeout");
    if let Some(seconds) = stop.int().filter(|seconds| *seconds > 120) {
        let message = format!("{seconds} s is more than the 120 s that Fargate grants");
        found.push(stop.error("fargate-stop-timeout", message));
    }
}
