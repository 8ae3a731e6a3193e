//! A watch of the controller's API: every status that an object ever had, also one that lasted for a moment only.

use std::io::{BufRead, BufReader};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

/// What a watch has told so far. It ends when the controller does.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Mutex<Vec<Value>>>);

impl Watch {
    /// Begins to watch; what is there comes first.
    pub(super) fn start(url: &str) -> Self {
        let answer = ureq::get(url).call().expect("the controller takes a watch");
        let seen = Self(Arc::default());
        let told = seen.clone();
        thread::spawn(move || {
            for line in BufReader::new(answer.into_body().into_reader()).lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                told.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            }
        });
        seen
    }

    /// Versions of an object so far, oldest first.
    pub fn versions(&self, name: &str) -> Vec<Value> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let objects = events.iter().map(|event| &event["object"]);
        objects.filter(|object| object["metadata"]["name"] == name).cloned().collect()
    }

    /// The drift that versions of an object ever showed, from the `from`th on: `path: desired <- observed`.
    pub fn drift(&self, name: &str, from: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for version in self.versions(name).iter().skip(from) {
            for drift in version["status"]["drift"].as_array().into_iter().flatten() {
                let path = drift["path"].as_str().unwrap_or_default();
                lines.push(format!("{path}: {} <- {}", drift["desired"], drift["observed"]));
            }
        }
        lines.dedup();
        lines
    }
}
