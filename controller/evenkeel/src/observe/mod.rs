//! Reading AWS: batched, cached where content never changes, and never taking an error for an absence.

mod batch;
mod deployments;
mod family;
mod reader;
mod seen;
mod tasks;

pub use family::{Revisions, read_family};
pub use reader::{Reader, Reading};
pub use seen::Seen;
