//! A map that remembers, for a while, what stood in it before each write, so that reads can lag behind.

use crate::{ids::Ids, options::Options};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) struct Shelf<T> {
    slots: BTreeMap<String, Slot<T>>,
    lag: SignedDuration,
    jumping: bool,
}

#[derive(Debug)]
struct Slot<T> {
    live: Option<T>,
    /// What stood here before a write, and until when reads still show that; oldest first.
    past: Vec<(Timestamp, Option<T>)>,
}

impl<T> Slot<T> {
    fn seen(&self, now: Timestamp, jumping: bool) -> Option<&T> {
        let mut past = self.past.iter().filter(|(until, _)| *until > now).map(|(_, before)| before);
        let before = match jumping {
            false => past.next(),
            // Any of what was, or what is, by the instant.
            true => {
                let past: Vec<_> = past.collect();
                past.get(
                    Ids::labelled(now.as_microsecond().cast_unsigned(), "reads").next() as usize % (past.len() + 1),
                )
                .copied()
            }
        };
        before.unwrap_or(&self.live).as_ref()
    }
}

impl<T: Clone> Shelf<T> {
    pub(crate) fn new(options: &Options) -> Self {
        Self { slots: BTreeMap::new(), lag: options.staleness, jumping: options.jumping }
    }

    /// What is there, whatever readers may see: for writes and for the passing of time.
    pub(crate) fn live(&self, key: &str) -> Option<&T> {
        self.slots.get(key)?.live.as_ref()
    }

    /// As [`live`](Self::live), to let time pass on it. For what a caller asks for, use [`write`](Self::write).
    pub(crate) fn live_mut(&mut self, key: &str) -> Option<&mut T> {
        self.slots.get_mut(key)?.live.as_mut()
    }

    /// The place of `key`, to be written: readers see what stands there now for as long as reads lag.
    pub(crate) fn write(&mut self, key: &str, now: Timestamp) -> &mut Option<T> {
        let slot = self.slots.entry(key.to_owned()).or_insert(Slot { live: None, past: Vec::new() });
        if self.lag > SignedDuration::ZERO {
            slot.past.retain(|(until, _)| *until > now);
            slot.past.push((now + self.lag, slot.live.clone()));
        }
        &mut slot.live
    }

    /// What a reader sees.
    pub(crate) fn seen(&self, key: &str, now: Timestamp) -> Option<&T> {
        self.slots.get(key)?.seen(now, self.jumping)
    }

    /// Everything a reader sees under keys that begin with `prefix`, in the order of keys.
    pub(crate) fn all_seen(&self, prefix: &str, now: Timestamp) -> impl Iterator<Item = (&str, &T)> {
        self.under(prefix).filter_map(move |(key, slot)| Some((key, slot.seen(now, self.jumping)?)))
    }

    /// Everything that is there under keys that begin with `prefix`, in the order of keys.
    pub(crate) fn all_live(&self, prefix: &str) -> impl Iterator<Item = (&str, &T)> {
        self.under(prefix).filter_map(|(key, slot)| Some((key, slot.live.as_ref()?)))
    }

    fn under(&self, prefix: &str) -> impl Iterator<Item = (&str, &Slot<T>)> {
        let range = self.slots.range(prefix.to_owned()..).map(|(key, slot)| (key.as_str(), slot));
        range.take_while(move |(key, _)| key.starts_with(prefix))
    }
}
