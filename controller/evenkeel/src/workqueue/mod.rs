//! The workqueue: which object is looked at next, and when. It owns all timing of the controller.
//!
//! A pass over an object never loops, sleeps or retries; it ends with an [`Outcome`], and the queue decides when the
//! next one begins. Keys carry no event and no content: whatever a key was added for, the pass looks at everything.
//!
//! **Guarantees**
//!
//! - A key is in the queue once. Adding it again keeps the earliest time and the highest priority.
//! - A key is never handed out twice at once. Added while it is worked on, it is held until [`Workqueue::done`], and
//!   holds back no other key.
//! - Among due keys the one of higher [`Priority`] goes first, unless the other has been due for longer than
//!   [`AGEING`] per step between them: every due key has its turn.
//! - A key that failed comes back as [`requeue()`] says, the only retry policy there is.
//!
//! **Caveats**
//!
//! - The earliest time also wins over a backoff: who adds a key at once runs it at once. So what a pass itself writes
//!   (status) must not add the key.
//! - Nothing here outlives the process. At start every object is added again, which is what crash safety asks for.
//!
//! To change how keys are ordered see `priority`, when failed ones come back `requeue`, what happens to a key in between
//! `schedule`; `pool` is the loop around it all.

mod outcome;
mod pool;
mod priority;
mod queue;
mod requeue;
mod schedule;
mod stats;
#[cfg(test)]
mod tests;

pub use outcome::{Outcome, Work};
pub use pool::run;
pub use priority::{AGEING, Priority};
pub use queue::Workqueue;
pub use requeue::{Retry, requeue, spread};
pub use stats::{Observation, Stats};
