//! Logging set-up: lines for people or JSON, on standard error, or into the live view.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::config::{Config, LogFormat};

/// The last log lines, for the live view.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(Arc<Mutex<VecDeque<String>>>);

/// The time of day in UTC: the date does not change while one looks.
struct TimeOfDay;

impl FormatTime for TimeOfDay {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        // RFC 3339 has the time of day after the date and a `T`.
        write!(writer, "{}", jiff::Timestamp::now().to_string().get(11..19).unwrap_or_default())
    }
}

/// Lines that are kept.
const KEPT: usize = 12;

impl Recent {
    /// The lines, oldest first.
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl io::Write for Recent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The formatter writes whole lines.
        for line in String::from_utf8_lossy(bytes).lines() {
            lines.push_back(line.to_owned());
        }
        while lines.len() > KEPT {
            lines.pop_front();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Recent {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Starts logging, to standard error or, for the live view, into `recent`.
pub(super) fn start(config: &Config, recent: Option<&Recent>) -> Result<(), String> {
    // Libraries only speak up when something is wrong.
    let level = config.log.as_deref().unwrap_or("info");
    let filter = if level.contains([',', '=']) { level.to_owned() } else { format!("warn,evenkeel={level}") };
    let filter = EnvFilter::try_new(&filter).map_err(|error| format!("--log {level}: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    let started = match (recent, config.log_format.unwrap_or_default()) {
        (Some(recent), _) => builder.with_ansi(false).with_timer(TimeOfDay).with_writer(recent.clone()).try_init(),
        (None, LogFormat::Json) => builder.json().flatten_event(true).with_writer(io::stderr).try_init(),
        (None, LogFormat::Human) => {
            let colour = io::IsTerminal::is_terminal(&io::stderr());
            builder.with_ansi(colour).with_writer(io::stderr).try_init()
        }
    };
    started.map_err(|error| format!("failed to start logging: {error}"))
}
