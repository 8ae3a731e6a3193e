//! What whole-program tests share: a world with a sandbox, a store and a running engine under a paused clock.

mod world;

pub use world::{World, files};
