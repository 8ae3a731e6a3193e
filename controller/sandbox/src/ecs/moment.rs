//! What time needs to pass on a service.

use crate::{
    ecs::Family,
    ids::Ids,
    options::{Options, Timing},
    shelf::Shelf,
};
use jiff::{SignedDuration, Timestamp};

/// One instant, with everything that the model needs to let it come.
pub(crate) struct Moment<'a> {
    pub(crate) at: Timestamp,
    pub(crate) options: &'a Options,
    pub(crate) families: &'a Shelf<Family>,
    pub(crate) ids: &'a mut Ids,
}

/// What becomes of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It runs and is healthy.
    Runs,
    /// It stops before it runs.
    FailsToStart,
    /// It runs, never passes its health checks, and is stopped for that after a while.
    Unhealthy(SignedDuration),
}

impl Moment<'_> {
    pub(crate) fn timing(&self) -> &Timing {
        &self.options.timing
    }

    /// What becomes of tasks of this task definition.
    pub(crate) fn fate(&self, task_definition: &str) -> Fate {
        Family::fate(self.families, self.options, task_definition)
    }
}
