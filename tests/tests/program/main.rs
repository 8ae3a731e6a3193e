//! The real program over the wire: as a process, on real ports, with the real AWS CLI, against its own sandbox and
//! against moto.
#![allow(clippy::unwrap_used)]

mod commands;
mod converge;
mod deploy_commands;
mod drift;
mod fixture;
mod follow;
mod lifecycle;
mod ministack;
mod moto;
mod rollouts;
mod tutorial;
