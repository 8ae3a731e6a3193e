//! How services move: tasks, deployments, the scheduler that replaces one with another, events.

mod circuit_breaker;
mod deployment;
mod events;
mod launch;
mod scheduler;
mod task;
mod task_sets;

#[cfg(test)]
mod tests;

pub(crate) use deployment::{Deployment, REVISION, Rollout, is_of_revision, revision_of};
pub(crate) use events::Events;
pub(crate) use task::{State, Stop, Task};
pub(crate) use task_sets::{SetCounts, set_status};
