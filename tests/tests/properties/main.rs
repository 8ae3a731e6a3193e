//! Properties of the planner: for random desired state and random foreign edits, plans are applied to the sandbox's
//! model until nothing is left to do. No controller, no runtime, no wire: see [`world`] for the driver.
#![allow(clippy::unwrap_used)]

mod catalogue;
mod cluster;
mod count;
mod definitions;
mod edits;
mod effect;
mod fixpoint;
mod fuzz;
mod oracle;
mod order;
mod real;
mod round_trip;
mod services;
mod strategies;
mod world;
