//! Who waits for tokens of a bucket, in the order in which they are to have them.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Who does not come back so long after the time that it was told waits no more.
const GRACE: Duration = Duration::from_secs(60);

/// A place: the time that counts, then who came first.
type Place = (Instant, u64);

#[derive(Debug)]
struct Waiter<K> {
    key: K,
    tokens: f64,
    until: Instant,
}

/// A line before one bucket. Who waits is told when to come back, and nobody is held up by who does not.
#[derive(Debug)]
pub(super) struct Line<K> {
    waiters: BTreeMap<Place, Waiter<K>>,
    places: HashMap<K, Place>,
    seq: u64,
}

impl<K: Clone + Eq + Hash> Line<K> {
    pub(super) fn new() -> Self {
        Self { waiters: BTreeMap::new(), places: HashMap::new(), seq: 0 }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Tokens for those who have their turn before `key`. `handicap` is how much longer others must have waited to go
    /// first.
    pub(super) fn ahead(&mut self, now: Instant, key: &K, handicap: Duration) -> f64 {
        while let Some(first) = self.waiters.first_entry().filter(|first| first.get().until < now) {
            self.places.remove(&first.remove().key);
        }
        let place = self.place(now, key, handicap);
        let before = self.waiters.range(..place).filter(|(_, waiter)| waiter.until >= now);
        before.map(|(_, waiter)| waiter.tokens).sum()
    }

    /// `key` waits and is told to come back after `wait`. Who waits already keeps its place, or gets a better one.
    pub(super) fn join(&mut self, now: Instant, key: &K, handicap: Duration, tokens: f64, wait: Duration) {
        let place = self.place(now, key, handicap);
        self.leave(key);
        self.seq = self.seq.max(place.1);
        self.places.insert(key.clone(), place);
        self.waiters.insert(place, Waiter { key: key.clone(), tokens, until: now + wait + GRACE });
    }

    /// `key` waits no more.
    pub(super) fn leave(&mut self, key: &K) {
        if let Some(place) = self.places.remove(key) {
            self.waiters.remove(&place);
        }
    }

    fn place(&self, now: Instant, key: &K, handicap: Duration) -> Place {
        let new = (now + handicap, self.seq + 1);
        self.places.get(key).map_or(new, |place| new.min(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ahead(line: &mut Line<&'static str>, now: Instant, key: &'static str) -> f64 {
        line.ahead(now, &key, Duration::ZERO)
    }

    #[test]
    fn who_came_first_goes_first_and_asking_again_keeps_the_place() {
        let (mut line, start) = (Line::new(), Instant::now());
        line.join(start, &"a", Duration::ZERO, 2.0, SECOND);
        line.join(start, &"b", Duration::ZERO, 1.0, SECOND);
        line.join(start + SECOND, &"a", Duration::ZERO, 2.0, SECOND);
        assert_eq!((ahead(&mut line, start, "a"), ahead(&mut line, start, "b")), (0.0, 2.0));
        assert_eq!(ahead(&mut line, start + SECOND, "c"), 3.0);
        line.leave(&"a");
        assert_eq!((ahead(&mut line, start, "b"), line.len()), (0.0, 1));
    }

    #[test]
    fn what_is_worth_more_goes_first_until_the_other_has_waited_for_long() {
        let (mut line, start) = (Line::new(), Instant::now());
        line.join(start, &"resync", SECOND * 60, 1.0, SECOND * 600);
        assert_eq!(ahead(&mut line, start, "repair"), 0.0);
        assert_eq!(ahead(&mut line, start + SECOND * 61, "repair"), 1.0);
    }

    #[test]
    fn who_does_not_come_back_holds_nobody_up() {
        let (mut line, start) = (Line::new(), Instant::now());
        line.join(start, &"gone", Duration::ZERO, 5.0, SECOND);
        assert_eq!(ahead(&mut line, start + SECOND, "next"), 5.0);
        assert_eq!(ahead(&mut line, start + GRACE + SECOND * 2, "next"), 0.0);
        assert_eq!(line.len(), 0);
    }
}
