//! Rules about deployment controllers, strategies and percentages.

use super::Service;
use crate::catalogue::Problem;
use crate::validate::node::Node;

pub(super) fn check(service: &Service<'_>, found: &mut Vec<Problem>) {
    let configuration = service.doc.member("deploymentConfiguration");
    controller(service, &configuration, found);
    percentages(service, &configuration, found);
    rebalancing(service, &configuration, found);
    if matches!(configuration.text_of("strategy"), "BLUE_GREEN" | "LINEAR" | "CANARY") {
        shifting(service, &configuration, found);
    }
}

fn controller(service: &Service<'_>, configuration: &Node<'_>, found: &mut Vec<Problem>) {
    let controller = service.controller;
    if controller == "ECS" {
        return;
    }
    let node = service.doc.at("/deploymentController/type");
    if service.daemon {
        let message = format!("a DAEMON service cannot have the deployment controller {controller}");
        found.push(node.error("daemon-controller", message));
    }
    let only_ecs = [
        configuration.at("/deploymentCircuitBreaker/enable"),
        configuration.at("/alarms/enable"),
        service.doc.at("/serviceConnectConfiguration/enabled"),
    ];
    let strategy = configuration.member("strategy");
    let shifting = Some(&strategy).filter(|node| matches!(node.text(), Some("BLUE_GREEN" | "LINEAR" | "CANARY")));
    for member in only_ecs.iter().filter(|node| node.is_true()).chain(shifting) {
        let message = format!("needs the deployment controller ECS; here it is {controller}");
        found.push(member.error("needs-ecs-controller", message));
    }
    let balancers = service.doc.member("loadBalancers");
    match controller {
        "CODE_DEPLOY" if balancers.len() != 1 => {
            let message = format!("CodeDeploy needs exactly one load balancer; there are {}", balancers.len());
            found.push(place(service, balancers).error("code-deploy-load-balancer", message));
        }
        "EXTERNAL" if balancers.given() => {
            let message = "with the deployment controller EXTERNAL the task sets name load balancers; remove it";
            found.push(balancers.error("external-load-balancer", message).at_key());
        }
        _ => {}
    }
}

/// The member itself, or the document that lacks it.
fn place<'a>(service: &Service<'a>, member: Node<'a>) -> Node<'a> {
    if member.exists() { member } else { service.doc.clone() }
}

/// Defaults are the API's: 200 and 100 for REPLICA, 100 and 0 for DAEMON (ECS API reference, DeploymentConfiguration).
fn percentages(service: &Service<'_>, configuration: &Node<'_>, found: &mut Vec<Problem>) {
    let maximum = configuration.member("maximumPercent");
    if service.daemon {
        if let Some(percent) = maximum.int().filter(|percent| *percent > 100) {
            let message = format!("{percent} is above 100, the most for a DAEMON service");
            found.push(maximum.error("daemon-maximum-percent", message));
        }
        return;
    }
    if service.controller != "ECS" || configuration.member("strategy").text().is_some_and(|name| name != "ROLLING") {
        return;
    }
    let minimum = configuration.member("minimumHealthyPercent").int().unwrap_or(100);
    let most = maximum.int().unwrap_or(200);
    if minimum >= 100 && most <= 100 {
        let message = format!(
            "no task may stop (minimumHealthyPercent {minimum}) and none may start (maximumPercent {most}): no \
             deployment can ever progress; allow one or the other"
        );
        found.push(configuration.error("deployment-deadlock", message));
        return;
    }
    // ECS rounds the minimum up and the maximum down.
    let Some(count) = service.doc.member("desiredCount").int().filter(|count| *count > 0) else { return };
    let rounded = |percent: i64| percent.checked_mul(count).unwrap_or(i64::MAX);
    let (kept, allowed) = (rounded(minimum).saturating_add(99) / 100, rounded(most) / 100);
    if service.scaling.is_none() && kept >= count && allowed <= count {
        let message = format!(
            "with {count} tasks, minimumHealthyPercent {minimum} keeps {kept} and maximumPercent {most} allows \
             {allowed}: no deployment can progress"
        );
        found.push(configuration.warning("deployment-deadlock", message));
    }
}

/// ECS API reference, `availabilityZoneRebalancing`.
fn rebalancing(service: &Service<'_>, configuration: &Node<'_>, found: &mut Vec<Problem>) {
    let node = service.doc.member("availabilityZoneRebalancing");
    if node.text() != Some("ENABLED") {
        return;
    }
    let balancers = service.doc.member("loadBalancers");
    let classic = balancers.items().any(|balancer| balancer.member("loadBalancerName").given());
    let first = service.doc.member("placementStrategy").items().next();
    let spreads = |strategy: &Node<'_>| {
        strategy.text_of("type") == "spread" && strategy.text_of("field").ends_with("ecs.availability-zone")
    };
    let against = if service.daemon {
        Some("a DAEMON service")
    } else if configuration.member("maximumPercent").int().is_some_and(|percent| percent <= 100) {
        Some("a maximumPercent of 100 or less")
    } else if classic {
        Some("a Classic Load Balancer")
    } else if first.is_some_and(|strategy| !spreads(&strategy)) {
        Some("a first placement strategy other than spread over attribute:ecs.availability-zone")
    } else {
        None
    };
    if let Some(against) = against {
        found.push(node.error("zone-rebalancing", format!("cannot be ENABLED with {against}")));
    }
}

/// Blue/green and its kin. AWS's guides differ on what may be left out, so that these are warnings.
fn shifting(service: &Service<'_>, configuration: &Node<'_>, found: &mut Vec<Problem>) {
    let strategy = configuration.member("strategy");
    let name = strategy.text().unwrap_or_default();
    if name == "BLUE_GREEN" && !configuration.member("bakeTimeInMinutes").exists() {
        let message = "say `bakeTimeInMinutes`: AWS's default is documented in more than one way";
        found.push(configuration.warning("bake-time", message));
    }
    let balancers = service.doc.member("loadBalancers");
    let shifted = balancers.items().any(|balancer| balancer.member("advancedConfiguration").given());
    if !shifted && !service.doc.at("/serviceConnectConfiguration/enabled").is_true() {
        let message = format!(
            "{name} shifts no traffic without a load balancer with `advancedConfiguration`, or Service Connect"
        );
        found.push(strategy.warning("no-traffic-to-shift", message));
    }
}
