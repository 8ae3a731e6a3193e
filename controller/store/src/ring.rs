//! The recent changes, in memory, for watches to read at their own pace.

use std::collections::VecDeque;

use evenkeel_core::object::{ObjectKey, ResourceVersion};

use crate::stored::Stored;
use crate::watch::Change;

/// Most bytes of packed objects that the ring keeps alive, 8 MiB: what the index shares counts too.
const MAX_BYTES: usize = 8 << 20;

/// One change of an object.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    pub(crate) change: Change,
    pub(crate) key: ObjectKey,
    pub(crate) stored: Stored,
}

/// Changes with the versions `floor + 1, floor + 2, …`, without a gap: each version is one change.
#[derive(Debug)]
pub(crate) struct Ring {
    recent: VecDeque<Recent>,
    floor: ResourceVersion,
    capacity: usize,
    bytes: usize,
}

impl Ring {
    /// An empty ring of at most `capacity` changes after `floor`.
    pub(crate) fn new(floor: ResourceVersion, capacity: usize) -> Self {
        Self { recent: VecDeque::new(), floor, capacity, bytes: 0 }
    }

    /// Adds the next change, and forgets the oldest ones beyond the limits.
    pub(crate) fn push(&mut self, recent: Recent) {
        self.bytes += recent.stored.json.size();
        self.recent.push_back(recent);
        while self.recent.len() > self.capacity || self.bytes > MAX_BYTES {
            let Some(oldest) = self.recent.pop_front() else { return };
            self.bytes -= oldest.stored.json.size();
            self.floor = oldest.stored.resource_version;
        }
    }

    /// The oldest version after which all changes are known.
    pub(crate) fn floor(&self) -> ResourceVersion {
        self.floor
    }

    /// The changes after `from`; `None` when some are forgotten, or when `from` was never reached.
    pub(crate) fn after(&self, from: ResourceVersion) -> Option<impl Iterator<Item = &Recent>> {
        let known = usize::try_from(from.0.checked_sub(self.floor.0)?).ok()?;
        (known <= self.recent.len()).then(|| self.recent.range(known..))
    }
}
