//! The pure heart of evenkeel: objects, AWS documents, canonical form, diff, plan and conditions.
//!
//! Nothing in this crate reads a clock, a file, the network or a random source: what decides is a function of its
//! arguments, so that it can be tested without what acts.

pub mod catalogue;
pub mod object;
pub mod operation;
pub mod spec;
pub mod validate;
