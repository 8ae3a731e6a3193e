//! Rules about network modes and ports.

use super::Task;
use crate::catalogue::Problem;
use crate::validate::names;
use crate::validate::node::{Node, unique};

/// What a container may not have in a task with its own network interface (ECS API reference, ContainerDefinition).
const NOT_IN_AWSVPC: [&str; 6] =
    ["links", "hostname", "extraHosts", "dnsServers", "dnsSearchDomains", "disableNetworking"];

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    for port in task.ports() {
        mapping(task, &port, found);
        names::port_name(&port.member("name"), found);
    }
    unique(task.ports().map(|port| port.member("name")), "duplicate-port-name", "port mapping", found);
    for container in &task.containers {
        overlaps(container, found);
        for member in NOT_IN_AWSVPC.map(|name| container.member(name)).iter().filter(|node| task.awsvpc && node.given())
        {
            let message = "is not supported in network mode awsvpc; remove it";
            found.push(member.error("awsvpc-unsupported", message).at_key());
        }
    }
}

fn mapping(task: &Task<'_>, port: &Node<'_>, found: &mut Vec<Problem>) {
    let container_port = port.member("containerPort");
    let host_port = port.member("hostPort");
    for node in [&container_port, &host_port] {
        if let Some(number) = node.int().filter(|number| !(0..=65535).contains(number)) {
            found.push(node.error("port-number", format!("{number} is no port; AWS takes 0 to 65535")));
        }
    }
    let range = port.member("containerPortRange");
    if let Some(text) = range.text() {
        if parse_range(text).is_none() {
            let message = format!("{text:?} is no range of ports; write the lower port first, such as \"8000-8010\"");
            found.push(range.error("port-range", message));
        }
        if container_port.given() || host_port.given() {
            let message = "give either a range or a single port, and with a range no host port";
            found.push(port.error("port-and-range", message));
        }
    }
    if let (Some(container), Some(host)) = (container_port.int(), host_port.int())
        && task.awsvpc
        && host != 0
        && host != container
    {
        let message = format!("in network mode awsvpc the host port is the container port, {container}; remove it");
        found.push(host_port.error("awsvpc-host-port", message));
    }
}

/// Ranges of one container and protocol must not overlap.
fn overlaps(container: &Node<'_>, found: &mut Vec<Problem>) {
    let mut seen: Vec<(&str, (u16, u16))> = Vec::new();
    for port in container.member("portMappings").items() {
        let range = port.member("containerPortRange");
        let Some((low, high)) = range.text().and_then(parse_range) else { continue };
        let protocol = port.member("protocol").text().unwrap_or("tcp");
        if let Some((_, (from, to))) =
            seen.iter().find(|(other, (from, to))| *other == protocol && low <= *to && high >= *from)
        {
            found.push(range.error("port-range-overlap", format!("overlaps the range {from}-{to}")));
        }
        seen.push((protocol, (low, high)));
    }
}

/// The ports of `8000-8010`.
pub(in crate::validate) fn parse_range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-')?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high && low > 0).then_some((low, high))
}
