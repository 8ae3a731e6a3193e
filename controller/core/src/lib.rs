//! The pure heart of evenkeel: objects, AWS documents, canonical form, diff, plan and conditions.
//!
//! Nothing in this crate reads a clock, a file, the network or a random source: what decides is a function of its
//! arguments, so that it can be tested without what acts.

pub mod admission;
pub mod canonical;
pub mod catalogue;
pub mod desired;
pub mod diff;
pub mod manifest;
pub mod memory;
pub mod object;
pub mod operation;
pub mod plan;
pub mod reason;
pub mod spec;
pub mod status;
pub mod tag;
pub mod trail;
pub mod validate;
pub mod view;
pub mod window;
