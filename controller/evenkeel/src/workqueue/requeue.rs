//! When a key that failed comes back: the one retry policy.

use std::time::Duration;

/// What kind of failure a pass ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Retry {
    /// The manifest has to change, or AWS will refuse it again.
    Invalid,
    /// Somebody else was first, or AWS is busy with the object: look again and plan again. Not a failure.
    Conflict,
    /// Too many calls in one of AWS's rate buckets.
    Throttled,
    /// Likely to pass: a 5xx, a time-out.
    Transient,
    /// Permissions, credentials or quotas: a person has to act outside the manifest.
    Denied,
    /// Our own mistake: a plan that failed its check, a panic.
    Bug,
}

/// AWS settles what conflicts within seconds, and two writers of ours within milliseconds.
const SOON: Duration = Duration::from_secs(1);
/// Backoff starts here: all of AWS's published buckets for ECS refill at least once a second (ECS API Reference,
/// "Request throttling").
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// Backoff ends here, so that after an outage of any length all is well again within five minutes.
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// For what only a person can change: soon enough after a fix, and no load until then.
const UNTIL_FIXED: Duration = Duration::from_secs(300);

/// How long after a failure the key comes back. `None`: only when it is added again, by a change or a resync.
///
/// `attempts` is the number of counted failures in a row before this one; `jitter` is random in 0..1. Backoff doubles
/// with each attempt, and its second half is random ("equal jitter"), so what failed together does not come back
/// together, and nothing comes back sooner than the backoff's own half.
pub fn requeue(class: Retry, attempts: u32, jitter: f64) -> Option<Duration> {
    match class {
        Retry::Invalid => None,
        Retry::Conflict => Some(spread(SOON, jitter)),
        Retry::Throttled | Retry::Transient => {
            let half = BACKOFF_MIN.saturating_mul(2_u32.saturating_pow(attempts)).min(BACKOFF_MAX / 2);
            Some(half.mul_f64(1.0 + unit(jitter)))
        }
        Retry::Denied | Retry::Bug => Some(spread(UNTIL_FIXED, jitter)),
    }
}

impl Retry {
    /// `attempts` after a failure of this class.
    pub(super) fn count(self, attempts: u32) -> u32 {
        match self {
            // No retry follows whose delay could depend on it.
            Self::Invalid => 0,
            Self::Conflict => attempts,
            Self::Throttled | Self::Transient | Self::Denied | Self::Bug => attempts.saturating_add(1),
        }
    }
}

/// `period` ±10 %, by `jitter` in 0..1: what began together moves apart, and stays near enough to the period to be
/// planned with.
pub fn spread(period: Duration, jitter: f64) -> Duration {
    // A tenth more than `Duration::MAX` does not fit into a `Duration`; nobody waits for a century.
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    period.min(LONGEST).mul_f64(0.9 + 0.2 * unit(jitter))
}

/// `jitter` within 0..1, whatever it was.
fn unit(jitter: f64) -> f64 {
    if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::Retry::*;
    use super::*;

    #[test]
    fn every_class_of_failure_has_its_delay() {
        // (class, attempts, seconds at jitter 0, 0.5 and 1)
        let table = [
            (Invalid, 0, None),
            (Invalid, 9, None),
            (Conflict, 0, Some([0.9, 1.0, 1.1])),
            (Conflict, 9, Some([0.9, 1.0, 1.1])),
            (Throttled, 0, Some([1.0, 1.5, 2.0])),
            (Throttled, 1, Some([2.0, 3.0, 4.0])),
            (Transient, 0, Some([1.0, 1.5, 2.0])),
            (Transient, 1, Some([2.0, 3.0, 4.0])),
            (Transient, 2, Some([4.0, 6.0, 8.0])),
            (Transient, 7, Some([128.0, 192.0, 256.0])),
            (Transient, 8, Some([150.0, 225.0, 300.0])),
            (Transient, u32::MAX, Some([150.0, 225.0, 300.0])),
            (Denied, 0, Some([270.0, 300.0, 330.0])),
            (Denied, 9, Some([270.0, 300.0, 330.0])),
            (Bug, 0, Some([270.0, 300.0, 330.0])),
            (Bug, 9, Some([270.0, 300.0, 330.0])),
        ];
        for (class, attempts, expected) in table {
            for (nth, jitter) in [0.0, 0.5, 1.0].into_iter().enumerate() {
                let delay = requeue(class, attempts, jitter).map(|delay| delay.as_secs_f64());
                let expected = expected.map(|seconds| seconds[nth]);
                let near = match (delay, expected) {
                    (Some(delay), Some(expected)) => (delay - expected).abs() < 1e-6,
                    (delay, expected) => delay == expected,
                };
                assert!(near, "{class:?} after {attempts} with jitter {jitter}: {delay:?}, not {expected:?}");
            }
        }
    }

    #[test]
    fn conflicts_do_not_count_as_failures_and_invalid_ends_the_count() {
        let counts = [Invalid, Conflict, Throttled, Transient, Denied, Bug].map(|class| class.count(3));
        assert_eq!(counts, [0, 3, 4, 4, 4, 4]);
        assert_eq!(Transient.count(u32::MAX), u32::MAX);
    }

    #[test]
    fn odd_input_gives_a_delay_and_no_panic() {
        assert_eq!(spread(Duration::ZERO, 0.7), Duration::ZERO);
        assert!(spread(Duration::MAX, f64::INFINITY) > Duration::from_secs(1 << 30));
        assert_eq!(requeue(Denied, 0, f64::NAN), Some(Duration::from_secs(300)));
        assert_eq!(requeue(Transient, 0, -5.0), Some(Duration::from_secs(1)));
    }
}
