//! What is sent.

use evenkeel_core::object::Object;
use evenkeel_core::reason::Reason;
use serde_json::{Value, json};

use super::Format;

/// One event, for a webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Message(Value);

impl Message {
    /// The message of an Event object, unless that is none.
    pub fn of(event: &Object) -> Option<Self> {
        let spec = &event.spec;
        spec["involvedObject"]["uid"].as_str()?;
        Some(Self(json!({
            "id": format!("{}-{}", event.metadata.uid, spec["count"]),
            "installation": spec["reportingInstance"],
            "type": spec["type"],
            "reason": spec["reason"],
            "message": spec["message"],
            "object": spec["involvedObject"],
            "cluster": event.metadata.namespace,
            "count": spec["count"],
            "firstTimestamp": spec["firstTimestamp"],
            "lastTimestamp": spec["lastTimestamp"],
        })))
    }

    fn text_of(&self, member: &str) -> &str {
        self.0[member].as_str().unwrap_or_default()
    }

    /// The reason.
    pub(super) fn reason(&self) -> &str {
        self.text_of("reason")
    }

    /// The message for people.
    pub(super) fn text(&self) -> &str {
        self.text_of("message")
    }

    pub(super) fn uid(&self) -> &str {
        self.0["object"]["uid"].as_str().unwrap_or_default()
    }

    pub(super) fn is_warning(&self) -> bool {
        self.text_of("type") == "Warning"
    }

    /// Whether it says that all is well.
    pub(super) fn is_recovery(&self) -> bool {
        self.reason() == Reason::Succeeded.name()
    }

    /// The object, for people.
    pub fn object(&self) -> String {
        let object = |member: &str| self.0["object"][member].as_str().unwrap_or_default();
        format!("{} {}/{}", object("kind"), self.text_of("cluster"), object("name"))
    }

    /// The body that a target of this format takes.
    pub fn body(&self, format: Format) -> String {
        match format {
            Format::Json => self.0.to_string(),
            Format::Slack => {
                let mark = if self.is_recovery() { ":white_check_mark:" } else { ":warning:" };
                let text = format!("{mark} *{}*: {}\n{}", escaped(&self.object()), self.reason(), escaped(self.text()));
                json!({ "text": text }).to_string()
            }
        }
    }
}

/// The three characters that Slack gives a meaning (Slack API, "Formatting text for app surfaces").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
