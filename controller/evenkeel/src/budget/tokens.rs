//! Our part of one of AWS's token buckets, as plain arithmetic: time comes in as an argument.

use std::time::Duration;

use evenkeel_core::operation::Bucket;
use tokio::time::Instant;

/// However often AWS refuses, a twentieth of the share is asked for, so that its return is noticed.
const LEAST: f64 = 0.05;
/// What each answer without a refusal adds to the part of the share that is used: after a halving, 25 answers restore it.
const INCREASE: f64 = 0.02;
/// Refusals within this time are one sign that there is too much, not several.
const ONE_SIGN: Duration = Duration::from_secs(1);

/// Tokens of one bucket.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    /// Most that can be saved up.
    burst: f64,
    /// Tokens a second.
    rate: f64,
    /// The part of burst and rate that is used: 1 unless AWS refused lately, since others use the same buckets and a
    /// limit may be lower than the published one.
    part: f64,
    /// Below zero: so many are promised to calls that wait for them.
    level: f64,
    at: Instant,
    refused: Option<Instant>,
}

impl Tokens {
    /// A full bucket of a share of what AWS publishes.
    pub(super) fn new(bucket: Bucket, share: f64, now: Instant) -> Self {
        let (burst, rate) = bucket.limits();
        // A call needs a whole token, however small the share.
        let burst = (f64::from(burst) * share).max(1.0);
        Self { burst, rate: f64::from(rate) * share, part: 1.0, level: burst, at: now, refused: None }
    }

    /// Most that one plan can be asked to have at once.
    pub(super) fn most(&self) -> f64 {
        self.burst * self.part
    }

    /// Tokens a second.
    pub(super) fn rate(&self) -> f64 {
        self.rate * self.part
    }

    /// How many there are.
    pub(super) fn level(&mut self, now: Instant) -> f64 {
        // What was saved up while more was in use stays.
        let most = self.most().max(1.0).max(self.level);
        let elapsed = now.saturating_duration_since(self.at);
        self.level = (self.level + elapsed.as_secs_f64() * self.rate()).min(most);
        self.at = self.at.max(now);
        self.level
    }

    /// How long until there are so many; they may be more than can be saved up, if others take some of them before.
    pub(super) fn wait(&mut self, now: Instant, tokens: f64) -> Duration {
        let missing = tokens - self.level(now);
        // Less than a thousandth of a token is rounding.
        if missing < 0.001 { Duration::ZERO } else { Duration::from_secs_f64(missing / self.rate()) }
    }

    /// Takes tokens, also such that have yet to come.
    pub(super) fn take(&mut self, now: Instant, tokens: f64) {
        self.level = self.level(now) - tokens;
    }

    /// Gives back tokens that were taken and not used.
    pub(super) fn put_back(&mut self, now: Instant, tokens: f64) {
        let most = self.most().max(1.0).max(self.level(now));
        self.level = (self.level + tokens).min(most);
    }

    /// AWS refused a call for its rate: nothing is saved up there, and half of what was used until now is used.
    pub(super) fn refused(&mut self, now: Instant) {
        self.level = self.level(now).min(0.0);
        if self.refused.is_none_or(|refused| now.saturating_duration_since(refused) >= ONE_SIGN) {
            self.part = (self.part / 2.0).max(LEAST);
            self.refused = Some(now);
        }
    }

    /// AWS took a call.
    pub(super) fn taken(&mut self, now: Instant) {
        self.level(now);
        self.part = (self.part + INCREASE).min(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn half_a_bucket_gives_half_the_burst_and_half_the_rate() {
        let start = Instant::now();
        let mut tokens = Tokens::new(Bucket::ServiceModify, 0.5, start);
        tokens.take(start, 25.0);
        assert_eq!(tokens.wait(start, 1.0), seconds(0.4));
        assert_eq!(tokens.wait(start + seconds(0.4), 1.0), Duration::ZERO);
        assert!((tokens.level(start + seconds(3600.0)) - 25.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_promised_is_waited_for_in_order() {
        let start = Instant::now();
        let mut tokens = Tokens::new(Bucket::TaskDefinitionModify, 0.5, start);
        tokens.take(start, 10.0);
        for nth in 1..=3 {
            assert_eq!(tokens.wait(start, 1.0), seconds(f64::from(nth) * 2.0));
            tokens.take(start, 1.0);
        }
    }

    #[test]
    fn refusals_halve_the_rate_once_a_second_and_answers_bring_it_back_bit_by_bit() {
        let start = Instant::now();
        let mut tokens = Tokens::new(Bucket::ServiceRead, 0.5, start);
        tokens.refused(start);
        tokens.refused(start);
        assert!((tokens.rate() - 5.0).abs() < 1e-9);
        assert_eq!(tokens.wait(start, 1.0), seconds(0.2));
        for second in 1..20 {
            tokens.refused(start + seconds(f64::from(second)));
        }
        assert!((tokens.rate() - 0.5).abs() < 1e-9, "a twentieth is always asked for");
        (0..48).for_each(|_| tokens.taken(start));
        assert!((tokens.rate() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_clock_that_steps_back_neither_gives_nor_takes() {
        let start = Instant::now() + seconds(60.0);
        let mut tokens = Tokens::new(Bucket::ServiceModify, 0.5, start);
        tokens.take(start, 25.0);
        assert_eq!(tokens.level(start - seconds(30.0)), 0.0);
        assert!((tokens.level(start + seconds(1.0)) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn the_smallest_share_still_gives_a_whole_token() {
        let start = Instant::now();
        let mut tokens = Tokens::new(Bucket::TaskDefinitionDeletion, 0.01, start);
        assert_eq!(tokens.wait(start, 1.0), Duration::ZERO);
        tokens.take(start, 1.0);
        assert_eq!(tokens.wait(start, 1.0), seconds(100.0));
    }
}
