//! What AWS would refuse, and what people regret, told without asking AWS.
//!
//! The catalogue checks the shape of a document; here stand the rules between its members. All functions take wire
//! form and never fail: what is not there is not checked. An error is what AWS refuses (the ECS and Application Auto
//! Scaling API references and developer guides, and refusals that users have recorded); a warning is what it takes.
//! Where sources differ, a rule stays quiet: a document that AWS takes must not be held back.
//! [`crate::catalogue::original_path`] leads from a problem's path to the document as written.

mod cluster;
mod names;
mod node;
mod scaling;
mod service;
mod tags;
mod task_definition;

pub use cluster::cluster;
pub use scaling::{scaling, scaling_to_wire};
pub use service::{ServiceContext, service};
pub use task_definition::task_definition;

#[cfg(test)]
mod testing;
