//! evenkeel: a reconciling controller for Amazon ECS.
//!
//! Start reading at [`engine`], which runs the workers, and [`reconcile`], one pass over one object. [`source`] reads
//! the directory of manifests and [`apply`] brings them into the store; [`observe`] reads AWS and [`execute`] writes
//! to it. What is decided is decided in `evenkeel-core`.

pub mod apply;
pub mod budget;
pub mod cli;
pub mod clock;
mod commits;
pub mod embedded;
pub mod engine;
pub mod events;
pub mod execute;
pub mod fleet;
pub mod follow;
pub mod http;
pub mod metrics;
pub mod notify;
pub mod observe;
pub mod preview;
pub mod provenance;
pub mod reconcile;
pub mod shutdown;
pub mod source;
pub mod trail;
pub mod workqueue;

/// The system's allocator keeps an arena for each of the many threads that block for a moment, and with them three times
/// what is in use (docs/benchmarks.md); musl's, which the image would have, is slow with threads as well.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
