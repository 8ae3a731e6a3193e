//! An embedded Amazon ECS, Application Auto Scaling and AWS CodeDeploy that speaks the AWS wire protocol.
//!
//! The whole service is one deterministic function from request to response with the time as an argument: nothing runs
//! in the background, and state moves on to `now` when somebody calls, through every intermediate step at that step's
//! own time. So the same requests at the same times give the same answers, whatever the wall clock does.
//!
//! There are three doors to it:
//!
//! - [`Sandbox::call`], an operation and a JSON body: for properties of planners;
//! - [`Sandbox::handle`], an HTTP request, with throttling and faults: for an SDK's in-process connector;
//! - [`Server`], a loopback port: for the AWS CLI and everything else.
//!
//! Second actors (an autoscaler, Terraform, failing images, crashing tasks, alarms) are methods of [`Sandbox`]. What AWS does
//! is taken from the public API references and developer guides of Amazon ECS, Application Auto Scaling and AWS CodeDeploy; where those
//! are silent, the comment at the place says what was chosen.

mod actors;
mod arn;
mod caller;
mod calls;
mod code_deploy;
mod ecs;
mod error;
mod fault;
mod ids;
mod input;
mod knobs;
mod options;
mod paging;
mod provision;
mod region;
mod sandbox;
mod scaling;
mod server;
mod shelf;
mod tags;
mod throttle;
mod time;
mod wire;

#[cfg(test)]
mod testing;

pub use caller::Caller;
pub use calls::{Calls, Count};
pub use error::ApiError;
pub use fault::{Fault, Rule, When};
pub use options::{Hook, Options, Timing};
pub use provision::DeploymentGroup;
pub use sandbox::Sandbox;
pub use server::{Clock, Server};
pub use wire::{Delivery, Reply};
