//! Time comes in as an argument: the system's in production, the runtime's own in simulation.

use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Clones tell the same.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that starts at `start` and runs with tokio's time, which a paused runtime advances by itself. Must be
    /// made within a runtime.
    pub fn simulated(start: Timestamp) -> Self {
        let origin = tokio::time::Instant::now();
        Self(Arc::new(move || {
            let elapsed = SignedDuration::try_from(origin.elapsed()).unwrap_or(SignedDuration::MAX);
            start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
        }))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// The same for the AWS SDK, which signs requests with it.
    pub fn for_aws(&self) -> evenkeel_aws::Clock {
        let clock = self.clone();
        Arc::new(move || {
            // Before 1970 no request can be signed anyway.
            let since = clock.now().duration_since(Timestamp::UNIX_EPOCH);
            SystemTime::UNIX_EPOCH + std::time::Duration::try_from(since).unwrap_or_default()
        })
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
