//! Metrics, in Prometheus' form. Labels are bounded: kinds, names of objects, operations, words from closed lists. The
//! series of an object go with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use evenkeel_aws::{CallRecord, OnCall};
use evenkeel_core::diff::Drift;
use evenkeel_core::object::ObjectKey;
use evenkeel_core::operation::AwsService;
use prometheus::{
    Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use serde_json::Value;

/// All metrics; clones are the same.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    info: IntGaugeVec,
    drift: IntGaugeVec,
    repaired: IntCounterVec,
    ready: IntGaugeVec,
    reconciles: IntCounterVec,
    durations: HistogramVec,
    refused: IntCounter,
    panics: IntGauge,
    calls: IntCounterVec,
    call_durations: HistogramVec,
    queue: IntGaugeVec,
    source: GaugeVec,
    /// The label values of each object's info and drift series, to take them away again.
    shown: Mutex<HashMap<ObjectKey, Shown>>,
}

#[derive(Debug, Default)]
struct Shown {
    info: Vec<String>,
    areas: Vec<String>,
}

/// Where drift can be, for labels.
const AREAS: [&str; 6] = ["taskDefinition", "service", "count", "scaling", "tags", "cluster"];

/// The area of a drift path.
pub fn area(path: &str) -> &'static str {
    if path == "/service/desiredCount" {
        return "count";
    }
    let first = path.split('/').nth(1).unwrap_or_default();
    AREAS.into_iter().find(|area| *area == first).unwrap_or("service")
}

impl Metrics {
    /// A registry of its own.
    ///
    /// # Errors
    /// None in practice: names and labels are constants.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let gauge = |name: &str, help: &str, labels: &[&str]| -> Result<IntGaugeVec, prometheus::Error> {
            let gauge = IntGaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let counter = |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let histogram =
            |name: &str, help: &str, labels: &[&str], buckets: Vec<f64>| -> Result<HistogramVec, prometheus::Error> {
                let histogram = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets), labels)?;
                registry.register(Box::new(histogram.clone()))?;
                Ok(histogram)
            };
        let object = ["kind", "namespace", "name"];
        let with = |label: &'static str| [object[0], object[1], object[2], label];
        // A pass waits for a few calls of 20 ms and more; a call times out after 20 s.
        let buckets = || prometheus::exponential_buckets(0.001, 2.0, 16);
        let inner = Inner {
            info: gauge(
                "evenkeel_object_info",
                "Sync state, health and reason of each object; always 1.",
                &["kind", "namespace", "name", "sync", "health", "reason"],
            )?,
            drift: gauge("evenkeel_object_drift", "Number of paths that differ, by area.", &with("area"))?,
            repaired: counter("evenkeel_drift_repaired_total", "Paths that were repaired, by area.", &with("area"))?,
            ready: gauge("evenkeel_object_ready", "1 if the object is ready.", &object)?,
            reconciles: counter("evenkeel_reconcile_total", "Passes by kind and result.", &["kind", "result"])?,
            durations: histogram("evenkeel_reconcile_duration_seconds", "Duration of passes.", &["kind"], buckets()?)?,
            calls: counter(
                "evenkeel_aws_requests_total",
                "Calls to AWS by outcome.",
                &["service", "operation", "outcome"],
            )?,
            call_durations: histogram(
                "evenkeel_aws_request_duration_seconds",
                "Duration of calls to AWS.",
                &["service", "operation"],
                buckets()?,
            )?,
            queue: gauge("evenkeel_workqueue_depth", "Keys that are due, by priority.", &["priority"])?,
            refused: IntCounter::new("evenkeel_plans_refused_total", "Plans that failed their check; each is a bug.")?,
            panics: IntGauge::new("evenkeel_reconcile_panics", "Passes that panicked since the start; each is a bug.")?,
            source: GaugeVec::new(Opts::new("evenkeel_source", "State of the source."), &["what"])?,
            registry: registry.clone(),
            shown: Mutex::default(),
        };
        registry.register(Box::new(inner.refused.clone()))?;
        registry.register(Box::new(inner.panics.clone()))?;
        registry.register(Box::new(inner.source.clone()))?;
        let build = gauge("evenkeel_build_info", "Version of the program; always 1.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self(Arc::new(inner)))
    }

    /// Notes each call to AWS.
    pub fn on_call(&self) -> OnCall {
        let inner = self.0.clone();
        Arc::new(move |call: CallRecord| {
            let service = match call.operation.service() {
                AwsService::Ecs => "ecs",
                AwsService::ApplicationAutoScaling => "application-autoscaling",
            };
            let operation = call.operation.name();
            inner.calls.with_label_values(&[service, operation, call.outcome_label()]).inc();
            inner.call_durations.with_label_values(&[service, operation]).observe(call.duration.as_secs_f64());
        })
    }

    /// Notes the end of a pass.
    pub fn reconciled(&self, key: &ObjectKey, result: &str, seconds: f64) {
        self.0.reconciles.with_label_values(&[key.kind.name(), result]).inc();
        self.0.durations.with_label_values(&[key.kind.name()]).observe(seconds);
    }

    /// Notes that a plan failed its check.
    pub fn refused_plan(&self) {
        self.0.refused.inc();
    }

    /// Notes what a pass repaired.
    pub fn repaired(&self, key: &ObjectKey, drift: &[Drift], acting: &[String], success: bool) {
        for drift in drift.iter().filter(|drift| success && acting.contains(&drift.path)) {
            let labels = [key.kind.name(), &key.namespace, &key.name, area(&drift.path)];
            self.0.repaired.with_label_values(&labels).inc();
        }
    }

    /// Shows an object's new status.
    pub fn report(&self, key: &ObjectKey, status: &Value) {
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let ready = conditions.into_iter().find(|condition| condition["type"] == "Ready");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let info = vec![
            text(&status["sync"]),
            text(&status["health"]),
            text(&ready.map_or(Value::Null, |r| r["reason"].clone())),
        ];
        let mut areas: HashMap<&str, i64> = HashMap::new();
        for drift in status["drift"].as_array().into_iter().flatten() {
            *areas.entry(area(drift["path"].as_str().unwrap_or_default())).or_default() += 1;
        }
        let mut all = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = all.entry(key.clone()).or_default();
        if shown.info != info {
            self.remove_info(key, &shown.info);
            self.0.info.with_label_values(&labels(key, &info)).set(1);
            shown.info = info;
        }
        for area in shown.areas.iter().filter(|area| !areas.contains_key(area.as_str())) {
            let _ = self.0.drift.remove_label_values(&[key.kind.name(), &key.namespace, &key.name, area]);
        }
        for (area, count) in &areas {
            self.0.drift.with_label_values(&[key.kind.name(), &key.namespace, &key.name, area]).set(*count);
        }
        shown.areas = areas.keys().map(|area| (*area).to_owned()).collect();
        let is_ready = ready.is_some_and(|ready| ready["status"] == "True");
        self.0.ready.with_label_values(&[key.kind.name(), &key.namespace, &key.name]).set(i64::from(is_ready));
    }

    fn remove_info(&self, key: &ObjectKey, info: &[String]) {
        if !info.is_empty() {
            // It was set with the same labels, so it is there.
            let _ = self.0.info.remove_label_values(&labels(key, info));
        }
    }

    /// Takes the series of an object that is gone away.
    pub fn forget(&self, key: &ObjectKey) {
        let mut all = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(shown) = all.remove(key) else { return };
        self.remove_info(key, &shown.info);
        let object = [key.kind.name(), &key.namespace, &key.name];
        let _ = self.0.ready.remove_label_values(&object);
        for area in AREAS {
            let labels = [object[0], object[1], object[2], area];
            let _ = self.0.drift.remove_label_values(&labels);
            let _ = self.0.repaired.remove_label_values(&labels);
        }
    }

    /// Shows the depth of the workqueue.
    pub fn queue(&self, stats: &crate::workqueue::Stats) {
        for (priority, depth) in &stats.depth {
            self.0.queue.with_label_values(&[priority.label()]).set(i64::try_from(*depth).unwrap_or(i64::MAX));
        }
        self.0.panics.set(i64::try_from(stats.panics).unwrap_or(i64::MAX));
    }

    /// Shows the state of the source: `last_success_timestamp_seconds`, `objects`, `errors`, `held_deletions`.
    pub fn source(&self, what: &str, value: f64) {
        self.0.source.with_label_values(&[what]).set(value);
    }

    /// The text that Prometheus scrapes.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail, and names are constants.
        let _ = TextEncoder::new().encode(&self.0.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

fn labels<'a>(key: &'a ObjectKey, info: &'a [String]) -> Vec<&'a str> {
    let mut labels = vec![key.kind.name(), &key.namespace, &key.name];
    labels.extend(info.iter().map(String::as_str));
    labels
}
