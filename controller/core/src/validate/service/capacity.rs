//! Rules about launch types, capacity providers and platform versions.

use super::Service;
use crate::catalogue::{Problem, units};
use crate::validate::node::Node;

pub(super) fn check(service: &Service<'_>, found: &mut Vec<Problem>) {
    let strategy = service.doc.member("capacityProviderStrategy");
    let launch_type = service.doc.member("launchType");
    if strategy.given() && launch_type.given() {
        let message = "give either `launchType` or `capacityProviderStrategy`";
        found.push(launch_type.error("launch-type-and-strategy", message).at_key());
    }
    one_base(&strategy, found);
    if service.daemon && service.fargate() {
        let place = if launch_type.given() { &launch_type } else { &strategy };
        found.push(place.error("daemon-fargate", "a DAEMON service cannot run on Fargate"));
    }
    platform(service, found);
}

/// At most one provider of a strategy has a base (ECS API reference, CapacityProviderStrategyItem).
pub(in crate::validate) fn one_base(strategy: &Node<'_>, found: &mut Vec<Problem>) {
    let bases = strategy.items().map(|item| item.member("base")).filter(Node::given);
    for base in bases.skip(1) {
        found.push(base.error("capacity-provider-base", "only one provider of a strategy can have a base"));
    }
}

fn platform(service: &Service<'_>, found: &mut Vec<Problem>) {
    let version = service.doc.member("platformVersion");
    let Some(text) = version.text().filter(|text| !text.is_empty()) else { return };
    if matches!(service.launch_type, "EC2" | "EXTERNAL") {
        let message = format!("launch type {} has no platform version; remove it", service.launch_type);
        found.push(version.error("platform-version", message).at_key());
        return;
    }
    let Some(task) = &service.task else { return };
    // Sizes from 8 vCPU on came with platform version 1.4.0 (ECS developer guide, task size).
    let cpu = task.doc.member("cpu").text().and_then(units::parse_cpu);
    if text == "1.3.0" && cpu.is_some_and(|units| units >= 8192) {
        let message = "tasks of 8 vCPU and more need platform version 1.4.0";
        found.push(version.error("platform-version", message));
    }
}
