//! The whole controller against the sandbox, in virtual time.
#![allow(clippy::unwrap_used)]

mod budget;
mod chaos;
mod converge;
mod counts;
mod crash;
mod guard;
mod many;
mod scenarios;
mod soak;
mod storm;
mod sweep;
