//! Follows the sources of records for as long as the controller runs.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use evenkeel_aws::Queue;
use evenkeel_core::trail::{Notice, notices};
use jiff::SignedDuration;
use serde_json::Value;

use super::files::Files;
use super::places::Places;
use crate::engine::Engine;
use crate::observe::Part;
use crate::workqueue::Priority;

/// How often files are looked at.
const POLL: Duration = Duration::from_secs(2);
/// Pause after a source could not be read.
const PAUSE: Duration = Duration::from_secs(15);
/// Records that are older say nothing about the present.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// Where records come from.
#[derive(Debug)]
pub enum Source {
    /// A file that grows, or a directory of such files and of CloudTrail's log files.
    Files(PathBuf),
    /// An SQS queue that rules of EventBridge fill.
    Queue(Queue),
}

/// Follows one source for ever. What cannot be read is logged once and counted; everything goes on without it.
pub async fn follow(source: Source, engine: Engine) {
    let mut follower = Follower { engine, places: Places::default(), failing: false };
    match source {
        Source::Files(path) => follower.files(Files::new(&path)).await,
        Source::Queue(queue) => follower.queue(&queue).await,
    }
}

struct Follower {
    engine: Engine,
    places: Places,
    failing: bool,
}

impl Follower {
    async fn files(&mut self, mut files: Files) {
        loop {
            let read = tokio::task::spawn_blocking(move || {
                let found = files.read(SystemTime::now());
                (files, found)
            });
            let found;
            (files, found) = read.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            match found {
                Ok(found) => {
                    self.well();
                    self.unreadable(found.unreadable);
                    self.take(&found.documents).await;
                    tokio::time::sleep(POLL).await;
                }
                Err(error) => self.failed(&error).await,
            }
        }
    }

    async fn queue(&mut self, queue: &Queue) {
        loop {
            let messages = match queue.receive().await {
                Ok(messages) => messages,
                Err(error) => {
                    self.failed(&error).await;
                    continue;
                }
            };
            self.well();
            let parsed: Vec<_> = messages.iter().map(|message| serde_json::from_str::<Value>(&message.body)).collect();
            self.unreadable(parsed.iter().filter(|parsed| parsed.is_err()).count() as u64);
            self.take(&parsed.into_iter().flatten().collect::<Vec<_>>()).await;
            // Only now: what is lost by a crash before this comes again.
            if let Err(error) = queue.delete(messages).await {
                self.failed(&error).await;
            }
        }
    }

    fn well(&mut self) {
        if self.failing {
            tracing::info!("records of changes can be read again");
        }
        self.failing = false;
    }

    async fn failed(&mut self, error: &(dyn std::error::Error + Sync)) {
        self.engine.context.metrics.record("error");
        if !self.failing {
            tracing::warn!(%error, "records of changes cannot be read: who made a change is unknown meanwhile");
        }
        self.failing = true;
        tokio::time::sleep(PAUSE).await;
    }

    fn unreadable(&self, count: u64) {
        (0..count).for_each(|_| self.engine.context.metrics.record("unreadable"));
    }

    async fn take(&mut self, documents: &[Value]) {
        for notice in documents.iter().flat_map(notices) {
            let outcome = self.judge(&notice).await;
            self.engine.context.metrics.record(outcome);
        }
    }

    /// Gives a record to the objects that it is about.
    async fn judge(&mut self, notice: &Notice) -> &'static str {
        let context = &self.engine.context;
        let now = context.clock.now();
        if now.duration_since(notice.at) > OLD {
            return "old";
        }
        let mut outcome = "elsewhere";
        for (key, connection) in self.places.find(context, notice).await {
            let mut notice = notice.clone();
            match connection.identity().await {
                Ok(own) if own.account != notice.account => continue,
                Ok(own) if notice.is_by(&own.arn) => {
                    outcome = "own";
                    continue;
                }
                Ok(_) => {}
                // It may have been us: a hint, and no more.
                Err(_) => notice.author = None,
            }
            outcome = "taken";
            if context.trail.note(key, notice) {
                for part in [Part::Service, Part::Scaling] {
                    context.seen.outdate(key, part, now);
                }
                self.engine.queue.add(key.clone(), Priority::Repair, "a record tells of a change");
            }
        }
        outcome
    }
}
