//! What whole-program tests share: a world with a sandbox, a store and a running engine under a paused clock; the wire
//! and the journal that show what the engine does; and scripts, which play whole stories in it.

mod account;
pub mod fleet;
mod journal;
pub mod program;
pub mod script;
mod strike;
mod wire;
mod world;

pub use account::account;
pub use journal::{Entry, Journal};
pub use strike::{Blow, Strike};
pub use wire::{Call, Wire};
pub use world::{World, files};
