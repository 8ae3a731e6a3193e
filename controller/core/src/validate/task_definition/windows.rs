//! What Windows containers do not have.

use super::Task;
use crate::catalogue::Problem;

/// Members of a container that are for Linux only (ECS API reference, ContainerDefinition).
const LINUX_ONLY: [&str; 3] = ["linuxParameters", "privileged", "links"];

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    if !task.windows {
        return;
    }
    let architecture = task.doc.at("/runtimePlatform/cpuArchitecture");
    if architecture.text() == Some("ARM64") {
        found.push(architecture.error("windows-arm64", "Windows tasks run on X86_64 only"));
    }
    for container in &task.containers {
        for node in LINUX_ONLY.map(|name| container.member(name)).iter().filter(|node| node.given()) {
            found.push(node.error("windows-unsupported", "Windows containers do not support this; remove it").at_key());
        }
    }
}
