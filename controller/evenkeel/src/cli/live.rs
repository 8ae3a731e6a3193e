//! The live table of `run --sandbox`: what there is, what is happening, and what to try.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use evenkeel_core::object::{Kind, Object};
use evenkeel_core::view::family_and_revision;
use evenkeel_store::Store;
use serde_json::Value;

use super::converge::condition;
use super::get::aligned;
use super::logging::Recent;

/// Draws the table until it is aborted.
pub(super) struct Live {
    store: Store,
    recent: Recent,
    hints: Vec<String>,
}

/// How often the table is drawn.
const PERIOD: Duration = Duration::from_millis(500);

impl Live {
    pub(super) fn new(store: Store, recent: Recent, hints: Vec<String>) -> Self {
        Self { store, recent, hints }
    }

    pub(super) async fn run(self) {
        let mut ticks = tokio::time::interval(PERIOD);
        let mut last = String::new();
        loop {
            ticks.tick().await;
            let Ok(frame) = self.frame().await else { continue };
            if frame == last {
                continue;
            }
            // Clear the screen and go to its first cell (ECMA-48).
            let drawn = write!(std::io::stdout(), "\x1b[2J\x1b[H{frame}").and_then(|()| std::io::stdout().flush());
            if drawn.is_err() {
                return;
            }
            last = frame;
        }
    }

    async fn frame(&self) -> Result<String, evenkeel_store::StoreError> {
        let head =
            ["NAMESPACE", "SERVICE", "SYNC", "HEALTH", "DESIRED", "RUNNING", "RANGE", "REVISION", "DRIFT", "REASON"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for object in self.store.list(Kind::Service, None).await? {
            rows.push(row(&object?));
        }
        let mut frame =
            String::from("evenkeel keeps ECS on the line that git draws (embedded sandbox, Ctrl-C stops)\n\n");
        frame.push_str(&aligned(&rows));
        frame.push_str("\nWhat happened last:\n");
        for line in self.recent.lines() {
            let line: String = line.chars().take(160).collect();
            let _ = writeln!(frame, "  {line}");
        }
        frame.push_str("\nTry:\n");
        for hint in &self.hints {
            let _ = writeln!(frame, "  {hint}");
        }
        Ok(frame)
    }
}

fn row(object: &Object) -> Vec<String> {
    let status = &object.status;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let range = &status["range"];
    let revision =
        status["taskDefinition"].as_str().and_then(family_and_revision).map(|(_, number)| number.to_string());
    let drift = status["drift"].as_array().map_or(0, Vec::len);
    vec![
        object.metadata.namespace.clone().unwrap_or_default(),
        object.metadata.name.clone(),
        text(&status["sync"]),
        text(&status["health"]),
        text(&status["desiredCount"]),
        text(&status["runningCount"]),
        if range.is_null() { "-".to_owned() } else { format!("{}-{}", range["min"], range["max"]) },
        revision.unwrap_or_else(|| "-".to_owned()),
        drift.to_string(),
        condition(object, "Ready").map_or("-", |(_, reason)| reason).to_owned(),
    ]
}
