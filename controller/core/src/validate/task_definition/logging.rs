//! Rules about log drivers.

use super::Task;
use crate::catalogue::Problem;

/// Log drivers that Fargate has (ECS API reference, LogConfiguration).
const ON_FARGATE: [&str; 3] = ["awslogs", "splunk", "awsfirelens"];

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    let router = task.containers.iter().any(|container| container.member("firelensConfiguration").given());
    for container in &task.containers {
        let log = container.member("logConfiguration");
        let driver = log.member("logDriver");
        let options = log.member("options");
        match driver.text() {
            Some("awslogs") => {
                let on_fargate = task.fargate.then_some("awslogs-stream-prefix");
                let required = ["awslogs-group"].into_iter().chain(on_fargate);
                for option in required.filter(|option| !options.member(option).given()) {
                    let message = format!("log driver awslogs needs the option `{option}`");
                    found.push(log.error("awslogs-options", message));
                }
                if task.fargate && !task.doc.member("executionRoleArn").given() {
                    let message = "on Fargate, log driver awslogs needs a task-level `executionRoleArn`";
                    found.push(driver.error("execution-role-required", message));
                }
            }
            Some("awsfirelens") if !router => {
                let message = "needs a container with a `firelensConfiguration`, and there is none";
                found.push(driver.error("firelens-router", message));
            }
            Some(name) if task.fargate && !ON_FARGATE.contains(&name) => {
                let message = format!("Fargate has no log driver {name:?}; it has {}", ON_FARGATE.join(", "));
                found.push(driver.error("fargate-log-driver", message));
            }
            _ => {}
        }
    }
}
