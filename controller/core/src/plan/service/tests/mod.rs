#![allow(clippy::unwrap_used)]

mod code_deploy;
mod count;
mod fixture;
mod ownership;
mod removal;
mod rollout;
mod scaling;
mod update;
