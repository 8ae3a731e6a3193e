//! The deployment circuit breaker (Amazon ECS developer guide, "How the deployment circuit breaker detects failures").

use super::{Deployment, Rollout};
use crate::{ecs::Service, ids::Ids};
use jiff::Timestamp;
use serde_json::Value;

impl Service {
    fn breaker(&self) -> &Value {
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

    /// Ends the PRIMARY deployment when too many of its tasks failed: FAILED, and where rollback is on and an earlier
    /// deployment had completed, a new deployment of that one's revision.
    pub(super) fn break_circuit(&mut self, at: Timestamp, ids: &mut Ids) {
        let threshold = self.failure_threshold();
        let (enabled, rolls_back) = (self.breaker()["enable"] == true, self.breaker()["rollback"] == true);
        let Some(primary) = self.deployments.first_mut() else { return };
        if !enabled || primary.rollout != Rollout::InProgress || primary.failed_tasks < threshold {
            return;
        }
        primary.rollout = Rollout::Failed;
        primary.reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
        primary.updated = at;
        let (id, again) = (primary.id.clone(), !primary.is_rollback);
        self.event(at, ids, format!("(deployment {id}) deployment failed: tasks failed to start."));
        let Some((last, revision)) = self.last_completed.clone().filter(|_| rolls_back && again) else { return };
        self.event(at, ids, format!("rolling back to deployment {last}."));
        let mut rollback = Deployment::new(&revision, at, ids);
        rollback.reason = format!("ECS deployment circuit breaker: rolling back to deploymentId {last}.");
        rollback.is_rollback = true;
        self.adopt_revision(&revision);
        self.deployments.insert(0, rollback);
    }
}
