#![allow(clippy::unwrap_used)]

mod count;
mod fixture;
mod ownership;
mod removal;
mod rollout;
mod scaling;
mod update;
