//! The command line.

mod client;
pub mod describe;
pub mod get;
