//! The whole controller against the sandbox, in virtual time.
#![allow(clippy::unwrap_used)]

mod converge;
mod counts;
mod crash;
mod scenarios;
