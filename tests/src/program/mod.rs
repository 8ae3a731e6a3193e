//! The real program as a process: its own directory, ports and HOME for each test, the real AWS CLI as everybody else,
//! and what the program says on standard error, over its API and in its metrics.

mod binary;
mod controller;
mod peers;
mod place;
mod process;
mod proxy;
mod watch;

use std::time::{Duration, Instant};

pub use binary::{binary, root};
pub use controller::{Controller, Embedded, Writes};
pub use peers::{Aws, Ministack, Moto};
pub use place::{Finished, Place, finish};
pub use process::Process;
pub use proxy::{FaultProxy, Trouble};
pub use watch::Watch;

/// How long anything may take that takes seconds at most: several test processes share the cores.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Polls until `probe` gives something.
///
/// # Panics
/// When [`PATIENCE`] is over, with what was waited for and what the last probe said instead.
pub fn until<T>(what: &str, mut probe: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let instead = match probe() {
            Ok(found) => return found,
            Err(instead) => instead,
        };
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}; last: {instead}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
