//! The gateway to AWS: whole JSON documents in, whole JSON documents out, one attempt per call.
//!
//! This is the only crate that names `aws_sdk_*`. From the SDK it takes credentials, signing, endpoints and time-outs;
//! the bodies are ours in both directions, so a member that the SDK does not know yet is neither lost on the way to
//! AWS nor on the way back ([`Gateway::call`]).
//!
//! It never waits, retries or paces: an [`AwsError`] says by its [`ErrorClass`] what kind of failure it was, and the
//! workqueue, which owns all timing, decides when to come back.

mod account;
mod classify;
mod connect;
mod credentials;
mod dispatch;
mod error;
mod failure;
mod gateway;
mod queue;
mod transport;
mod wire;

#[cfg(test)]
mod tests;

pub use account::Account;
pub use classify::{ErrorClass, classify};
pub use error::AwsError;
pub use gateway::{CallRecord, Gateway, Identity, OnCall};
pub use queue::{Message, Queue};
pub use transport::{Answered, Clock, Handler, Transport};
