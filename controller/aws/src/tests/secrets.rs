use std::fmt::Write;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;

/// Writes down every span and event, of every level and target.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl Visit for Everything {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn bodies_reach_no_subscriber_whatever_its_level() {
    let everything = Everything::default();
    // A second one, because tracing settles each callsite for good by the first thread that meets it while there is one.
    let _another = tracing::Dispatch::new(Everything::default());
    let _guard = tracing::subscriber::set_default(everything.clone());
    let (handler, _) = answer(200, &[], r#"{"taskDefinition": {"value": "hunter2"}}"#);
    let body = json!({"containerDefinitions": [{"environment": [{"name": "PASSWORD", "value": "hunter2"}]}]});
    call(handler, Operation::RegisterTaskDefinition, body).await.unwrap();
    let log = everything.0.lock().unwrap();
    assert!(log.contains("operation=\"RegisterTaskDefinition\"") && log.contains("outcome=\"ok\""), "{log}");
    assert!(!log.contains("hunter2") && !log.contains("authorization"), "{log}");
}
