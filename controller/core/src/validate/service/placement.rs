//! Rules about where tasks are placed.

use super::Service;
use crate::catalogue::Problem;

pub(super) fn check(service: &Service<'_>, found: &mut Vec<Problem>) {
    let strategies = service.doc.member("placementStrategy");
    let constraints = service.doc.member("placementConstraints");
    for node in [&strategies, &constraints] {
        if service.launch_type == "FARGATE" && node.given() {
            found.push(node.error("fargate-placement", "Fargate places tasks itself; remove it").at_key());
        }
    }
    if service.daemon && strategies.given() {
        let message = "a DAEMON service runs on every instance and takes no placement strategy; remove it";
        found.push(strategies.error("daemon-placement", message).at_key());
    }
    // ECS API reference, CreateService: five strategies, ten constraints with those of the task definition.
    let inherited = service.task.as_ref().map_or(0, |task| task.doc.member("placementConstraints").len());
    for (node, count, most) in [(&strategies, strategies.len(), 5), (&constraints, constraints.len() + inherited, 10)] {
        if count > most {
            found.push(node.error("wrong-length", format!("has {count} elements; AWS takes {most}")));
        }
    }
    for strategy in strategies.items() {
        let field = strategy.member("field");
        match strategy.text_of("type") {
            "random" if field.given() => {
                found.push(field.error("placement-field", "strategy random takes no field; remove it").at_key());
            }
            "binpack"
                if !field
                    .text()
                    .is_some_and(|text| ["cpu", "memory"].iter().any(|known| known.eq_ignore_ascii_case(text))) =>
            {
                found.push(strategy.error("placement-field", "strategy binpack needs the field cpu or memory"));
            }
            _ => {}
        }
    }
    for constraint in constraints.items() {
        let expression = constraint.member("expression");
        match constraint.text_of("type") {
            "distinctInstance" if expression.given() => {
                let message = "constraint distinctInstance takes no expression; remove it";
                found.push(expression.error("placement-expression", message).at_key());
            }
            "memberOf" if !expression.given() => {
                found.push(constraint.error("placement-expression", "constraint memberOf needs an `expression`"));
            }
            _ => {}
        }
    }
}
