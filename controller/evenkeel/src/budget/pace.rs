//! The pace of calls that have time.

use std::time::Duration;

use evenkeel_core::operation::Bucket;
use tokio::time::{Instant, sleep, sleep_until};

use super::Budget;

/// The part of the time that is used, so that the work is done when the next begins.
const USED: f64 = 0.8;

/// Turns for a known number of calls to one bucket. They are spread over a time, and no faster than tokens come: what is
/// saved up in the bucket, and whatever has been promised, is for those who have no time.
#[derive(Debug)]
pub struct Pace<'a> {
    budget: Option<&'a Budget>,
    bucket: Bucket,
    gap: Duration,
    next: Instant,
}

impl<'a> Pace<'a> {
    /// The first turn is at once.
    pub fn new(budget: Option<&'a Budget>, bucket: Bucket, calls: usize, spread: Duration) -> Self {
        #[allow(clippy::cast_precision_loss)] // a count of calls
        let gap = spread.mul_f64(USED / calls.max(1) as f64);
        Self { budget, bucket, gap, next: Instant::now() }
    }

    /// Waits for the next turn.
    pub async fn turn(&mut self) {
        sleep_until(self.next).await;
        if let Some(budget) = self.budget {
            // Others may be faster, so it is asked again.
            let wait = || budget.wait(Instant::now(), self.bucket);
            while !wait().is_zero() {
                sleep(wait()).await;
            }
        }
        let gap = self.budget.map_or(self.gap, |budget| budget.interval(self.bucket).max(self.gap));
        // Counted from when the turn was to be, so that small delays do not add up; but a long one is not made up for.
        self.next = (self.next + gap).max(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seconds(budget: Option<&Budget>, calls: usize, spread: u64) -> f64 {
        let start = Instant::now();
        let mut pace = Pace::new(budget, Bucket::ServiceRead, calls, Duration::from_secs(spread));
        for _ in 0..calls {
            pace.turn().await;
            if let Some(budget) = budget {
                budget.book(Instant::now(), Bucket::ServiceRead);
            }
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_spread_over_the_time_that_there_is() {
        assert_eq!(seconds(None, 5, 0).await, 0.0);
        let took = seconds(None, 101, 60).await;
        assert!((47.0..48.0).contains(&took), "{took} seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn they_come_no_faster_than_tokens_and_as_fast_as_these() {
        // Half of twenty a second.
        let took = seconds(Some(&Budget::new(0.5)), 1_001, 60).await;
        assert!((100.0..100.5).contains(&took), "{took} seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_promised_to_others_comes_first() {
        let budget = Budget::new(0.5);
        for _ in 0..150 {
            budget.book(Instant::now(), Bucket::ServiceRead);
        }
        // The bucket held fifty; ten a second come for the other hundred.
        let took = seconds(Some(&budget), 1, 0).await;
        assert!((10.0..10.3).contains(&took), "{took} seconds");
    }
}
