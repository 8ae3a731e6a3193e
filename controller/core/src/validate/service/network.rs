//! Rules about networks, load balancers and Service Connect.

use super::Service;
use crate::catalogue::Problem;
use crate::validate::node::Node;
use crate::validate::task_definition::{Task, parse_range};

/// Longest lists (ECS API reference, AwsVpcConfiguration, and CreateService on load balancers and registries).
const LENGTHS: [(&str, usize); 4] = [
    ("/networkConfiguration/awsvpcConfiguration/subnets", 16),
    ("/networkConfiguration/awsvpcConfiguration/securityGroups", 5),
    ("/loadBalancers", 5),
    ("/serviceRegistries", 1),
];

pub(super) fn check(service: &Service<'_>, found: &mut Vec<Problem>) {
    for (path, most) in LENGTHS {
        let node = service.doc.at(path);
        if node.len() > most {
            found.push(node.error("wrong-length", format!("has {} elements; AWS takes {most}", node.len())));
        }
    }
    // With an external controller each task set brings its own network and load balancers.
    if service.controller != "EXTERNAL" {
        mode(service, found);
    }
    for balancer in service.doc.member("loadBalancers").items() {
        load_balancer(service, &balancer, found);
    }
    let role = service.doc.member("role");
    if role.given() {
        let awsvpc =
            service.task.as_ref().is_some_and(|task| task.awsvpc) || service.doc.member("networkConfiguration").given();
        if awsvpc || !service.doc.member("loadBalancers").given() {
            let message = "a role is only for a load balancer without network mode awsvpc; remove it";
            found.push(role.error("service-role", message).at_key());
        }
    }
    service_connect(service, found);
}

fn mode(service: &Service<'_>, found: &mut Vec<Problem>) {
    let network = service.doc.member("networkConfiguration");
    let awsvpc = service.task.as_ref().map(|task| task.awsvpc);
    let needed = awsvpc == Some(true) || service.launch_type == "FARGATE";
    if needed && !network.given() {
        found.push(service.doc.error("network-required", "network mode awsvpc needs `networkConfiguration`"));
    }
    if network.given() && awsvpc == Some(false) && !service.fargate() {
        let message = "is only for task definitions with network mode awsvpc; remove it, or change the mode";
        found.push(network.error("network-not-valid", message).at_key());
    }
    let public = network.at("/awsvpcConfiguration/assignPublicIp");
    if service.launch_type == "EC2" && public.text() == Some("ENABLED") {
        found.push(public.error("public-ip-on-ec2", "tasks on EC2 cannot have public addresses with awsvpc"));
    }
}

fn load_balancer(service: &Service<'_>, balancer: &Node<'_>, found: &mut Vec<Problem>) {
    let classic = balancer.member("loadBalancerName");
    if classic.given() && service.fargate() {
        found.push(classic.error("classic-on-fargate", "Fargate does not work with Classic Load Balancers"));
    }
    let Some(task) = &service.task else { return };
    let name = balancer.member("containerName");
    let Some(name_text) = name.text() else { return };
    let Some(container) = task.container(name_text) else {
        let message = format!("there is no container {name_text:?} in the task definition");
        found.push(name.error("unknown-container", message));
        return;
    };
    let port = balancer.member("containerPort");
    let Some(number) = port.int() else { return };
    let covers = |mapping: Node<'_>| {
        let range = mapping.member("containerPortRange").text().and_then(parse_range);
        mapping.member("containerPort").int() == Some(number)
            || range.is_some_and(|(low, high)| (i64::from(low)..=i64::from(high)).contains(&number))
    };
    if !container.member("portMappings").items().any(covers) {
        let message = format!("container {name_text:?} has no port mapping for {number} in the task definition");
        found.push(port.error("unknown-port", message));
    }
}

fn service_connect(service: &Service<'_>, found: &mut Vec<Problem>) {
    let connect = service.doc.member("serviceConnectConfiguration");
    for offered in connect.member("services").items() {
        let aliases = offered.member("clientAliases");
        if aliases.len() > 1 {
            let message = format!("has {} client aliases; AWS takes one", aliases.len());
            found.push(aliases.error("wrong-length", message));
        }
        let port = offered.member("portName");
        let known = |task: &Task<'_>, name: &str| task.ports().any(|mapping| mapping.text_of("name") == name);
        if let (Some(task), Some(name)) = (&service.task, port.text())
            && !known(task, name)
        {
            let message = format!("there is no port mapping named {name:?} in the task definition");
            found.push(port.error("unknown-port-name", message));
        }
    }
}
