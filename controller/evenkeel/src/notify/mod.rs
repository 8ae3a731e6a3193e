//! Webhooks: warnings, and the word that an object is well again, sent to where people look.
//!
//! What is told are the [events](crate::events) in the store, so nothing here is part of a pass and a webhook that hangs
//! holds nothing up. Each target has a short queue and a task of its own that tries again a few times. What does not
//! fit in the queue or is never taken is dropped, counted and logged: alerts and the store tell it all the same.

mod config;
mod message;
mod send;
mod signature;

use std::collections::HashMap;

use evenkeel_core::object::{Kind, Object};
use evenkeel_core::reason::Reason;
use evenkeel_store::{Change, Selector, Store};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::metrics::Metrics;

pub use config::{Format, Target, read};
pub use message::Message;

/// The same about the same object is not sent again within this time, however often it happens.
pub const REPEAT: SignedDuration = SignedDuration::from_mins(30);

/// After so long nobody waits any more for the word that all is well again.
const FORGET: SignedDuration = SignedDuration::from_hours(24);

/// Messages that may wait for a target: a burst of a whole cluster's services, and some.
const QUEUE: usize = 256;

/// Sends what happens from now on, until dropped.
pub async fn run(targets: Vec<Target>, store: Store, metrics: Metrics, clock: Clock) {
    if targets.is_empty() {
        return;
    }
    let mut tasks = JoinSet::new();
    let queues: Vec<_> = targets
        .into_iter()
        .map(|target| {
            let (queue, waiting) = mpsc::channel(QUEUE);
            tasks.spawn(send::run(target, waiting, metrics.clone()));
            queue
        })
        .collect();
    let mut filter = Filter::default();
    loop {
        // At the start, and when the watch fell behind: what happened before is in the store for whoever asks.
        let Ok(listing) = store.list(Kind::Event, None).await else { return };
        let Ok(mut watch) = store.watch(Selector::all(), listing.resource_version) else { return };
        while let Ok(event) = watch.next().await {
            if event.object.kind != Kind::Event || event.change == Change::Deleted {
                continue;
            }
            let Some(message) = filter.pass(&event.object, clock.now()) else { continue };
            for queue in &queues {
                if queue.try_send(message.clone()).is_err() {
                    metrics.notified("dropped");
                    tracing::warn!(object = message.object(), "a webhook is slow; a notification was dropped");
                }
            }
        }
    }
}

/// Decides what is worth sending, and remembers what was.
#[derive(Debug, Default)]
struct Filter {
    /// By uid: the last message of each reason, and when.
    sent: HashMap<String, HashMap<String, (String, Timestamp)>>,
}

impl Filter {
    fn pass(&mut self, event: &Object, now: Timestamp) -> Option<Message> {
        let message = Message::of(event)?;
        self.sent.retain(|_, reasons| {
            reasons.retain(|_, (_, at)| now.duration_since(*at) < FORGET);
            !reasons.is_empty()
        });
        if message.is_recovery() {
            // Only who was told that something is wrong wants to know that it no longer is.
            return self.sent.remove(message.uid()).map(|_| message);
        }
        if !message.is_warning() {
            return None;
        }
        let reasons = self.sent.entry(message.uid().to_owned()).or_default();
        let told = reasons.get(message.reason());
        // Of drift the text names the fields; other texts may hold what changes each time, such as a request's id.
        let same = |text: &str| text == message.text() || message.reason() != Reason::DriftDetected.name();
        if told.is_some_and(|(text, at)| same(text) && now.duration_since(*at) < REPEAT) {
            return None;
        }
        reasons.insert(message.reason().to_owned(), (message.text().to_owned(), now));
        Some(message)
    }
}

#[cfg(test)]
mod tests;
