//! Metrics, in Prometheus' form. Labels are bounded: kinds, names of objects, operations, words from closed lists, and
//! of the paths that differ the first few. The series of an object go with it.
//!
//! `namespace` is always the name of the Cluster, for the Cluster itself too, so that one label selects a cluster with
//! all that is in it. Scrape with `honor_labels: true`: in Kubernetes the target has a label of that name as well.

mod aws;
mod budget;
mod object;
mod queue;
mod register;
mod rollout;
mod source;
mod store;
mod text;

use std::sync::Arc;

use evenkeel_aws::OnCall;
use evenkeel_core::diff::Drift;
use evenkeel_core::object::{Object, ObjectKey};
use evenkeel_store::Stats as StoreStats;
use jiff::Timestamp;
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, Registry};
use serde_json::Value;

use crate::budget::Level;
use crate::fleet::Place;
use crate::observe::Part;
use crate::workqueue::{Observation, Priority, Stats};
use register::Registrar;

pub use source::Applied;
pub use text::Format;

/// All metrics; clones are the same.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    objects: object::Objects,
    aws: aws::Calls,
    budgets: budget::Budgets,
    queue: queue::Queue,
    looks: GaugeVec,
    source: source::Source,
    store: store::StoreMetrics,
    refused: IntCounter,
    events: IntCounterVec,
    notifications: IntCounterVec,
    records: IntCounterVec,
    read_only: Gauge,
}

impl Metrics {
    /// A registry of its own.
    ///
    /// # Errors
    /// None in practice: names and labels are constants.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let register = Registrar(&registry);
        let build = register.gauges("evenkeel_build_info", "Version of the program; always 1.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let notifications = register.counters(
            "evenkeel_notifications_total",
            "Webhook notifications by outcome: sent, dropped (given up after retries, or too many at once).",
            &["outcome"],
        )?;
        for outcome in ["sent", "dropped"] {
            // From 0 on, so that the first one is an increase.
            notifications.with_label_values(&[outcome]);
        }
        let inner = Inner {
            objects: object::Objects::new(&register)?,
            aws: aws::Calls::new(&register)?,
            budgets: budget::Budgets::new(&register)?,
            queue: queue::Queue::new(&register)?,
            looks: register.gauges(
                "evenkeel_look_duration_seconds",
                "How long the last look at all services took, by what was looked at: service, scaling. More than --interval: AWS's rates allow no more.",
                &["part"],
            )?,
            source: source::Source::new(&register)?,
            store: store::StoreMetrics::new(&register)?,
            refused: register
                .counter("evenkeel_plans_refused_total", "Plans that failed their check; each is a bug.")?,
            events: register.counters("evenkeel_events_total", "Events by type and reason.", &["type", "reason"])?,
            notifications,
            records: register.counters(
                "evenkeel_trail_records_total",
                "Records of changes in AWS by what became of them: taken, own, elsewhere (about nothing that is declared), old, \
                 unreadable; and error, a source that could not be read.",
                &["outcome"],
            )?,
            read_only: register.gauge("evenkeel_read_only", "1 if no call that changes anything is sent to AWS.")?,
            registry: registry.clone(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Notes each call to AWS.
    pub fn on_call(&self) -> OnCall {
        let metrics = self.clone();
        Arc::new(move |call| metrics.0.aws.called(&call))
    }

    /// Notes how long keys waited in the workqueue and passes took.
    pub fn on_queue(&self) -> impl Fn(Priority, Observation) + Send + Sync + 'static {
        let metrics = self.clone();
        move |priority, observation| metrics.0.queue.observed(priority, observation)
    }

    /// A look at one part of all services has ended.
    pub(crate) fn looked(&self, part: Part, seconds: f64) {
        let part = match part {
            Part::Service => "service",
            Part::Scaling => "scaling",
        };
        self.0.looks.with_label_values(&[part]).set(seconds);
    }

    /// Shows what is left of the share of AWS's request rates; `None`: calls are not counted.
    pub fn budgets(&self, share: Option<f64>, levels: &[(Place, Vec<Level>)]) {
        self.0.budgets.show(share, levels);
    }

    /// Notes the end of a pass.
    pub fn reconciled(&self, key: &ObjectKey, result: &str, seconds: f64) {
        self.0.queue.reconciled(key.kind, result, seconds);
    }

    /// Notes that a plan failed its check.
    pub fn refused_plan(&self) {
        self.0.refused.inc();
    }

    /// Notes an event.
    pub fn event(&self, kind: &str, reason: &str) {
        self.0.events.with_label_values(&[kind, reason]).inc();
    }

    /// Notes what became of a notification.
    pub fn notified(&self, outcome: &str) {
        self.0.notifications.with_label_values(&[outcome]).inc();
    }

    /// Notes what became of a record of a change.
    pub fn record(&self, outcome: &str) {
        self.0.records.with_label_values(&[outcome]).inc();
    }

    /// Shows whether anything may be changed in AWS at all.
    pub fn read_only(&self, read_only: bool) {
        self.0.read_only.set(f64::from(u8::from(read_only)));
    }

    /// Notes what a pass repaired: the paths of the drift that its actions were about.
    pub fn repaired(&self, key: &ObjectKey, drift: &[Drift], acting: &[String], success: bool) {
        for drift in drift.iter().filter(|drift| success && acting.contains(&drift.path)) {
            self.0.objects.repaired(key, &drift.path);
        }
    }

    /// Shows an object's new status. `before` is the object with the status that it had until now.
    pub fn report(&self, before: &Object, status: &Value, now: Timestamp) {
        self.0.objects.report(before, status, now);
    }

    /// Takes the series of an object that is gone away.
    pub fn forget(&self, key: &ObjectKey) {
        self.0.objects.forget(key);
    }

    /// Shows a source that was read and applied.
    pub fn source_applied(&self, applied: &Applied<'_>) {
        self.0.source.applied(applied);
    }

    /// Shows whether the source can be read.
    pub fn source_readable(&self, readable: bool) {
        self.0.source.readable(readable);
    }

    /// All metrics as text, with the workqueue and, while it is open, the store as they are now.
    pub fn render(&self, queue: &Stats, store: Option<&StoreStats>, format: Format) -> String {
        self.0.queue.show(queue);
        self.0.store.show(store);
        let mut objects = String::new();
        self.0.objects.show(&mut objects);
        text::encode(&self.0.registry.gather(), objects, format)
    }
}

#[cfg(test)]
mod tests;
