use std::time::Duration;

/// What a pass is worth, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Drift was seen: production is not what git says.
    Repair,
    /// A commit changed what is desired, or a person asked.
    NewCommit,
    /// A rollout is under way and is looked at from time to time.
    RolloutWatch,
    /// Nothing is known to have changed.
    Resync,
}

/// For how long one step of [`Priority`] outweighs the time that a key has been due.
///
/// A due key of the lowest priority can be overtaken by what becomes due in the next 3 × 1 min, and by nothing later. A
/// resync, every 5 min or more, so still takes place within its own period while commits pour in; and a minute is
/// longer than any burst that the workers get through without falling behind, so until then worth alone decides.
pub const AGEING: Duration = Duration::from_secs(60);

impl Priority {
    /// All, the most worth first.
    pub const ALL: [Self; 4] = [Self::Repair, Self::NewCommit, Self::RolloutWatch, Self::Resync];

    /// Lower-case name, as for a metric label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Repair => "repair",
            Self::NewCommit => "new-commit",
            Self::RolloutWatch => "rollout-watch",
            Self::Resync => "resync",
        }
    }

    /// The head start that keys of the highest priority have over this one.
    pub(crate) fn handicap(self) -> Duration {
        AGEING * self as u32
    }
}
