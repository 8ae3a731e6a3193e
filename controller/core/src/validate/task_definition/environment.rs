//! Rules about environment variables, secrets and environment files. No message holds a value.

use super::Task;
use crate::catalogue::Problem;
use crate::validate::node::{Node, unique};

/// Ends of variable names that say "this is a secret", without separators.
const SECRET: [&str; 9] =
    ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "ACCESSKEY", "SECRETKEY", "PRIVATEKEY"];

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    for container in &task.containers {
        let variables = || container.member("environment").items().chain(container.member("secrets").items());
        // AWS shows variables in any order, so that of two with one name nobody knows which one counts.
        unique(variables().map(|variable| variable.member("name")), "duplicate-variable", "variable", found);
        for variable in container.member("environment").items().filter(plain_secret) {
            let name = variable.text_of("name");
            let message = format!("{name} looks like a secret in plain text; put it into `secrets`");
            found.push(variable.warning("plain-secret", message));
        }
        let secrets = container.member("secrets");
        if secrets.given() && !task.doc.member("executionRoleArn").given() {
            let message = "secrets need a task-level `executionRoleArn`, which reads them";
            found.push(secrets.error("execution-role-required", message));
        }
        for file in container.member("environmentFiles").items() {
            let arn = file.member("value");
            let fits = |text: &str| text.starts_with("arn:") && text.contains(":s3:::") && text.ends_with(".env");
            if arn.text().is_some_and(|text| !fits(text)) {
                found.push(arn.error("environment-file", "must be the ARN of an S3 object whose name ends in .env"));
            }
        }
    }
}

fn plain_secret(variable: &Node<'_>) -> bool {
    let name = variable.text_of("name").replace(['_', '-', '.'], "").to_ascii_uppercase();
    let value = variable.text_of("value");
    // An ARN only says where the secret is.
    !value.is_empty() && !value.starts_with("arn:") && SECRET.iter().any(|end| name.ends_with(end))
}
