//! Service events: the newest first, at most a hundred (API reference, Service.events).

use crate::{ids::Ids, time::epoch};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::VecDeque;

#[derive(Clone, Debug, Default)]
pub(crate) struct Events(VecDeque<(Timestamp, String, String)>);

impl Events {
    /// Adds one, unless it only repeats the newest.
    pub(crate) fn push(&mut self, at: Timestamp, ids: &mut Ids, message: String) {
        if self.0.front().is_some_and(|(_, _, newest)| *newest == message) {
            return;
        }
        self.0.push_front((at, ids.uuid(), message));
        self.0.truncate(100);
    }

    pub(crate) fn list(&self) -> Value {
        self.0.iter().map(|(at, id, message)| json!({"id": id, "createdAt": epoch(*at), "message": message})).collect()
    }
}
