//! The real program over the wire: as a process, on real ports, with the real AWS CLI, against its own sandbox and
//! against moto.
#![allow(clippy::unwrap_used)]

mod commands;
mod converge;
mod deploy_commands;
mod drift;
mod faults;
mod fixture;
mod follow;
mod hands;
mod kill;
mod lifecycle;
mod ministack;
mod moto;
mod restored;
mod rollouts;
mod secrets;
mod soak;
mod tutorial;
