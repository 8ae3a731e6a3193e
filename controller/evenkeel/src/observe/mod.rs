//! Reading AWS: batched, cached where content never changes, and never taking an error for an absence.

mod batch;
mod deployments;
mod family;
mod found;
mod reader;
mod scaling;
mod seen;
pub(crate) mod sent;
mod tasks;

pub use family::{Revisions, read_family};
pub(crate) use reader::observed;
pub use reader::{Read, Reader};
pub use scaling::Scaling;
pub use seen::{Part, Seen};
pub use sent::Sent;
