//! Counting calls, so that a test can say what something may cost.

use evenkeel_core::operation::{Access, Operation};
use std::collections::BTreeMap;

/// How often one operation was called, and how that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All calls, those below included.
    pub calls: u64,
    /// Calls answered with a throttling error.
    pub throttled: u64,
    /// Calls answered with any other error, and those whose answer was lost.
    pub failed: u64,
}

/// Calls by operation since the start or the last [`reset`](Calls::reset).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    counts: BTreeMap<Operation, Count>,
}

impl Calls {
    /// Calls of one operation.
    pub fn of(&self, operation: Operation) -> Count {
        self.counts.get(&operation).copied().unwrap_or_default()
    }

    /// All calls that read.
    pub fn reads(&self) -> u64 {
        self.sum(Access::Read)
    }

    /// All calls that write.
    pub fn writes(&self) -> u64 {
        self.sum(Access::Write)
    }

    /// Every operation that was called, with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Operation, Count)> {
        self.counts.iter().map(|(operation, count)| (*operation, *count))
    }

    /// Starts again at zero.
    pub fn reset(&mut self) {
        self.counts.clear();
    }

    pub(crate) fn entry(&mut self, operation: Operation) -> &mut Count {
        self.counts.entry(operation).or_default()
    }

    fn sum(&self, access: Access) -> u64 {
        self.iter().filter(|(operation, _)| operation.access() == access).map(|(_, count)| count.calls).sum()
    }
}
