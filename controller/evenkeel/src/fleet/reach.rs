//! Whether an account can be reached, as its own calls show.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_aws::{AwsError, CallRecord, ErrorClass, OnCall};
use evenkeel_core::operation::Access;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// One lost call is no outage: an account that was reached once counts as reached for so long.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

pub(super) const NOT_ASKED: &str = "nothing has been asked of AWS yet";

/// What the reads of one account met. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    answered: bool,
    /// Why the last read failed, and since when reads do.
    failed: Option<(String, Timestamp)>,
}

impl Seen {
    fn fail(&mut self, why: String, now: Timestamp) {
        let since = self.failed.as_ref().map_or(now, |(_, since)| *since);
        self.failed = Some((why, since));
    }
}

impl Reach {
    /// Notes each call, and hands it on.
    pub(super) fn on_call(&self, clock: Clock, next: Option<OnCall>) -> OnCall {
        let reach = self.clone();
        Arc::new(move |call: CallRecord| {
            if call.operation.access() == Access::Read {
                reach.note(&call, clock.now());
            }
            if let Some(next) = &next {
                next(call);
            }
        })
    }

    fn note(&self, call: &CallRecord, now: Timestamp) {
        let mut seen = self.lock();
        match call.outcome {
            Err(class @ (ErrorClass::Denied | ErrorClass::Transient)) => {
                seen.fail(format!("{} failed: {}", call.operation, class.label()), now);
            }
            // Whatever else AWS says, it says it.
            _ => *seen = Seen { answered: true, failed: None },
        }
    }

    /// Notes that it could not even be said whose account it is.
    pub(super) fn unanswered(&self, error: &AwsError, now: Timestamp) {
        self.lock().fail(format!("{} failed: {}", error.operation, error.code), now);
    }

    pub(super) fn judge(&self, now: Timestamp) -> Result<(), String> {
        let seen = self.lock();
        match (&seen.failed, seen.answered) {
            (None, true) => Ok(()),
            (Some((_, since)), true) if now.duration_since(*since) < PATIENCE => Ok(()),
            (Some((why, _)), _) => Err(why.clone()),
            (None, false) => Err(NOT_ASKED.to_owned()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use evenkeel_core::operation::Operation;

    use super::*;

    #[test]
    fn an_account_is_reached_once_it_answers_until_it_has_been_silent_for_a_while() {
        let (reach, start) = (Reach::default(), Timestamp::from_second(1_767_225_600).unwrap());
        let call = |outcome| CallRecord { operation: Operation::DescribeServices, outcome, duration: Duration::ZERO };
        assert_eq!(reach.judge(start), Err(NOT_ASKED.to_owned()));
        reach.note(&call(Err(ErrorClass::Denied)), start);
        assert_eq!(reach.judge(start), Err("DescribeServices failed: denied".to_owned()));
        reach.note(&call(Err(ErrorClass::Throttled)), start);
        assert_eq!(reach.judge(start), Ok(()), "whoever throttles is there");
        reach.note(&call(Err(ErrorClass::Transient)), start);
        assert_eq!(reach.judge(start + PATIENCE / 2), Ok(()));
        reach.note(&call(Err(ErrorClass::Transient)), start + PATIENCE / 2);
        assert_eq!(reach.judge(start + PATIENCE), Err("DescribeServices failed: transient".to_owned()));
        reach.note(&call(Ok(())), start + PATIENCE);
        assert_eq!(reach.judge(start + PATIENCE), Ok(()));
    }
}
