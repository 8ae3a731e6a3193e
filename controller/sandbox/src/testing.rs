//! What the tests of this crate share: a sandbox under a clock that moves by hand, and requests to begin with.

use crate::{ApiError, Caller, Options, Sandbox};
use evenkeel_core::operation::Operation;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A sandbox, the time, and a caller.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) now: Timestamp,
    pub(crate) caller: Caller,
}

impl World {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            sandbox: Sandbox::new(options),
            now: Timestamp::from_second(1_790_000_000).unwrap_or_default(),
            caller: Caller::new("123456789012", "ap-northeast-1"),
        }
    }

    /// With cluster `prod` and revision `web:1`, which runs on Fargate and listens on port 80.
    pub(crate) fn prepared() -> Self {
        Self::prepared_with(Options::default())
    }

    pub(crate) fn prepared_with(options: Options) -> Self {
        let mut world = Self::new(options);
        world.ok(Operation::CreateCluster, json!({"clusterName": "prod"}));
        world.ok(Operation::RegisterTaskDefinition, definition("web", "nginx:1"));
        world.pass(100);
        world
    }

    pub(crate) fn call(&mut self, operation: Operation, body: Value) -> Result<Value, ApiError> {
        self.sandbox.call(self.now, &self.caller, operation, &body)
    }

    /// A call that succeeds.
    pub(crate) fn ok(&mut self, operation: Operation, body: Value) -> Value {
        self.call(operation, body).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// Code and message of a call that fails.
    pub(crate) fn err(&mut self, operation: Operation, body: Value) -> (String, String) {
        match self.call(operation, body) {
            Ok(answer) => panic!("{operation} succeeded: {answer}"),
            Err(error) => (error.code, error.message),
        }
    }

    /// Lets seconds pass.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// Creates service `web` with two tasks, and what `more` adds or replaces.
    pub(crate) fn create(&mut self, more: Value) -> Value {
        self.ok(Operation::CreateService, service(more))["service"].take()
    }

    pub(crate) fn update(&mut self, more: Value) -> Value {
        let body = merge(json!({"cluster": "prod", "service": "web"}), more);
        self.ok(Operation::UpdateService, body)["service"].take()
    }

    pub(crate) fn refused_update(&mut self, more: Value) -> (String, String) {
        let body = merge(json!({"cluster": "prod", "service": "web"}), more);
        self.err(Operation::UpdateService, body)
    }

    /// Service `web` as it is described now; null when it is missing.
    pub(crate) fn web(&mut self) -> Value {
        let body = json!({"cluster": "prod", "services": ["web"], "include": ["TAGS"]});
        let answer = self.ok(Operation::DescribeServices, body);
        answer["services"][0].clone()
    }

    /// `running/pending` of every deployment, PRIMARY first, with its rollout state.
    pub(crate) fn rollout(&mut self) -> Vec<String> {
        let service = self.web();
        let row = |row: &Value| {
            let state = row["rolloutState"].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {}/{}",
                row["status"].as_str().unwrap_or("-"),
                state,
                row["runningCount"],
                row["pendingCount"]
            )
        };
        service["deployments"].as_array().into_iter().flatten().map(row).collect()
    }

    /// Whether an event of service `web` contains a text.
    pub(crate) fn has_event(&mut self, text: &str) -> bool {
        let service = self.web();
        let mut events = service["events"].as_array().into_iter().flatten();
        events.any(|event| event["message"].as_str().is_some_and(|message| message.contains(text)))
    }
}

/// A Fargate task definition with one container.
pub(crate) fn definition(family: &str, image: &str) -> Value {
    json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": image, "portMappings": [{"containerPort": 80}]}],
    })
}

/// CreateService of `web` with two tasks on Fargate, and what `more` adds or replaces.
pub(crate) fn service(more: Value) -> Value {
    merge(
        json!({
            "cluster": "prod",
            "serviceName": "web",
            "taskDefinition": "web",
            "desiredCount": 2,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["sg-a"]}},
        }),
        more,
    )
}

/// A load balancer entry for container `app`.
pub(crate) fn balancer(group: &str) -> Value {
    json!([{"targetGroupArn": group, "containerName": "app", "containerPort": 80}])
}

/// `base` with the members of `more` over it; a null takes a member away.
pub(crate) fn merge(mut base: Value, more: Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        base[name] = value.clone();
    }
    if let Some(object) = base.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    base
}

/// Names of the things that ARNs end in.
pub(crate) fn names(arns: &Value) -> Vec<String> {
    let name = |arn: &Value| arn.as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or("").to_owned();
    arns.as_array().into_iter().flatten().map(name).collect()
}
