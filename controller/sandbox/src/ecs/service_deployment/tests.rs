#![allow(clippy::unwrap_used)]

mod histories;
mod native;
mod rolling;

use crate::testing::{World, definition};
use evenkeel_core::operation::Operation;
use serde_json::{Value, json};

impl World {
    /// The newest service deployment of `web`, described.
    fn newest(&mut self) -> Value {
        let list = self.ok(Operation::ListServiceDeployments, json!({"cluster": "prod", "service": "web"}));
        let arn = list["serviceDeployments"][0]["serviceDeploymentArn"].clone();
        let answer = self.ok(Operation::DescribeServiceDeployments, json!({"serviceDeploymentArns": [arn]}));
        answer["serviceDeployments"][0].clone()
    }

    /// Status and lifecycle stage of the newest service deployment.
    fn stage(&mut self) -> String {
        let newest = self.newest();
        let stage = newest["lifecycleStage"].as_str().unwrap_or("-");
        format!("{} {stage}", newest["status"].as_str().unwrap())
    }

    /// Statuses of all service deployments of `web`, the newest first.
    fn statuses(&mut self) -> Vec<String> {
        let list = self.ok(Operation::ListServiceDeployments, json!({"cluster": "prod", "service": "web"}));
        let rows = list["serviceDeployments"].as_array().unwrap().iter();
        rows.map(|row| row["status"].as_str().unwrap().to_owned()).collect()
    }

    fn stop_newest(&mut self) -> Result<Value, crate::ApiError> {
        let arn = self.newest()["serviceDeploymentArn"].clone();
        self.call(Operation::StopServiceDeployment, json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}))
    }

    /// Last part of the service's task definition.
    fn on(&mut self) -> String {
        self.web()["taskDefinition"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }
}

/// Service `web` with these members runs `web:1`; `web:2` is there, and `web:3` with the image `broken:1`.
fn world(more: Value) -> World {
    let mut world = World::prepared();
    world.create(more);
    world.ok(Operation::RegisterTaskDefinition, definition("web", "nginx:2"));
    world.ok(Operation::RegisterTaskDefinition, definition("web", "broken:1"));
    world.pass(60);
    world
}
