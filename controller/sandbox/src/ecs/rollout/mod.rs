//! How services move: tasks, deployments, the scheduler that replaces one with another, events.

mod circuit_breaker;
mod deployment;
mod events;
mod scheduler;
mod task;

#[cfg(test)]
mod tests;

pub(crate) use deployment::{Deployment, REVISION, Rollout, is_of_revision, revision_of};
pub(crate) use events::Events;
pub(crate) use task::{State, Task};
