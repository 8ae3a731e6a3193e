//! How services move: tasks, deployments, the scheduler that replaces one with another, events.

mod circuit_breaker;
mod deployment;
mod events;
mod failure;
mod hooks;
mod launch;
mod record;
mod scheduler;
mod stages;
mod task;
mod task_sets;

#[cfg(test)]
mod tests;

pub(crate) use deployment::{Deployment, REVISION, Rollout, is_of_revision, revision_of};
pub(crate) use events::Events;
pub(crate) use record::{Outcome, ServiceDeployment, ServiceRevision};
pub(crate) use task::{State, Stop, Task};
pub(crate) use task_sets::{SetCounts, set_status};
