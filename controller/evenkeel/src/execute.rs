//! Carries out a plan's actions in order. No decision is left to make here.

use evenkeel_aws::{AwsError, ErrorClass};
use evenkeel_core::memory::Memory;
use evenkeel_core::operation::{Action, Operation};
use serde_json::Value;

use crate::budget::Metered;
use crate::clock::Clock;

/// What became of the actions.
#[derive(Debug)]
pub struct Execution {
    /// How many succeeded, from the front.
    pub done: usize,
    /// Why the next one did not; those after it were not tried.
    pub error: Option<AwsError>,
}

/// Executes the actions, recording each success into `memory`.
pub async fn execute(gateway: &Metered, actions: &[Action], memory: &mut Memory, clock: &Clock) -> Execution {
    for (done, action) in actions.iter().enumerate() {
        let answer = match gateway.call(action.operation, &action.body).await {
            Ok(answer) => answer,
            // What is to be removed and is gone already is removed.
            Err(error) if removes(action.operation) && error.class == ErrorClass::NotFound => Value::Null,
            Err(error) => return Execution { done, error: Some(error) },
        };
        memory.record(action, &answer, clock.now());
    }
    Execution { done: actions.len(), error: None }
}

const fn removes(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::DeleteService
            | Operation::DeregisterScalableTarget
            | Operation::DeleteScalingPolicy
            | Operation::DeleteScheduledAction
            | Operation::DeregisterTaskDefinition
            | Operation::UntagResource
    )
}
