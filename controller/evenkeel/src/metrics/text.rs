//! The two forms of text that Prometheus scrapes.

use prometheus::proto::MetricFamily;
use prometheus::{Encoder, TextEncoder};

/// Form of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The form that an `Accept` header asks for. Prometheus names OpenMetrics first where it wants it; weights are not
    /// looked at.
    pub fn accepted(accept: Option<&str>) -> Self {
        match accept {
            Some(accept) if accept.contains("application/openmetrics-text") => Self::OpenMetrics,
            _ => Self::Text,
        }
    }

    /// Its `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Metrics as text, after gauges that are text already. The forms differ in how a counter's family is called, without `_total`, and in the end mark
/// (OpenMetrics 1.0, "Counter" and "Overall structure").
pub(super) fn encode(families: &[MetricFamily], gauges: String, format: Format) -> String {
    let mut bytes = gauges.into_bytes();
    // Writing to memory does not fail, and names are constants.
    let _ = TextEncoder::new().encode(families, &mut bytes);
    let text = String::from_utf8(bytes).unwrap_or_default();
    if format == Format::Text {
        return text;
    }
    let counters: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut open = String::with_capacity(text.len() + 8);
    for line in text.lines() {
        let meta = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        let counter = meta.and_then(|rest| rest.split(' ').next()).filter(|name| counters.contains(name));
        match counter.and_then(|name| Some((name, name.strip_suffix("_total")?))) {
            Some((name, family)) => open.push_str(&line.replacen(name, family, 1)),
            None => open.push_str(line),
        }
        open.push('\n');
    }
    open.push_str("# EOF\n");
    open
}
