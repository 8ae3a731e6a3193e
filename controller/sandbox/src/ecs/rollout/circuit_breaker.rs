//! The deployment circuit breaker (Amazon ECS developer guide, "How the deployment circuit breaker detects failures").

use crate::ecs::Service;
use serde_json::Value;

impl Service {
    pub(super) fn breaker(&self) -> &Value {
        &self.deployment_configuration()["deploymentCircuitBreaker"]
    }

    /// Failed tasks at which a deployment is given up: half the desired count, but no less than 3 and no more than
    /// 200, unless `thresholdConfiguration` says otherwise.
    pub(crate) fn failure_threshold(&self) -> i64 {
        let configuration = &self.breaker()["thresholdConfiguration"];
        let value = configuration["value"].as_i64().unwrap_or(50);
        let share = (self.desired * value + 99) / 100;
        match configuration["type"].as_str() {
            Some("COUNT") => value.max(1),
            Some("UNBOUNDED_PERCENT") => share.max(1),
            _ => share.clamp(3, 200),
        }
    }

    /// Whether one healthy task takes earlier failures back.
    pub(crate) fn resets_on_healthy_task(&self) -> bool {
        self.breaker()["resetOnHealthyTask"] != false
    }
}
