//! Passes and the workqueue.

use evenkeel_core::object::Kind;
use prometheus::{Gauge, GaugeVec, HistogramVec, IntCounter, IntCounterVec};

use super::register::{Registrar, call_buckets};
use crate::workqueue::{Observation, Priority, Stats};

#[derive(Debug)]
pub(super) struct Queue {
    reconciles: IntCounterVec,
    durations: HistogramVec,
    panics: IntCounter,
    depth: GaugeVec,
    delayed: Gauge,
    processing: Gauge,
    longest_running: Gauge,
    adds: IntCounter,
    retries: IntCounter,
    queued: HistogramVec,
    worked: HistogramVec,
}

impl Queue {
    pub(super) fn new(register: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            reconciles: register.counters(
                "evenkeel_reconcile_total",
                "Passes by kind and result: success, requeue_after, error.",
                &["kind", "result"],
            )?,
            durations: register.histograms(
                "evenkeel_reconcile_duration_seconds",
                "Duration of passes.",
                &["kind"],
                call_buckets(),
            )?,
            panics: register.counter("evenkeel_reconcile_panics_total", "Passes that panicked; each is a bug.")?,
            depth: register.gauges(
                "evenkeel_workqueue_depth",
                "Keys that are due and wait for a worker, by priority.",
                &["priority"],
            )?,
            delayed: register.gauge("evenkeel_workqueue_delayed", "Keys that are not due yet.")?,
            processing: register.gauge("evenkeel_workqueue_processing", "Passes in progress.")?,
            longest_running: register.gauge(
                "evenkeel_workqueue_longest_running_seconds",
                "How long the oldest pass in progress has been running.",
            )?,
            adds: register.counter("evenkeel_workqueue_adds_total", "Keys put into the queue.")?,
            retries: register.counter("evenkeel_workqueue_retries_total", "Keys that came back after a failure.")?,
            queued: register.histograms(
                "evenkeel_workqueue_queue_duration_seconds",
                "How long due keys waited for a worker.",
                &["priority"],
                call_buckets(),
            )?,
            worked: register.histograms(
                "evenkeel_workqueue_work_duration_seconds",
                "How long workers held a key.",
                &["priority"],
                call_buckets(),
            )?,
        })
    }

    pub(super) fn reconciled(&self, kind: Kind, result: &str, seconds: f64) {
        self.reconciles.with_label_values(&[kind.name(), result]).inc();
        self.durations.with_label_values(&[kind.name()]).observe(seconds);
    }

    pub(super) fn observed(&self, priority: Priority, observation: Observation) {
        let (histogram, duration) = match observation {
            Observation::Queued(duration) => (&self.queued, duration),
            Observation::Worked(duration) => (&self.worked, duration),
        };
        histogram.with_label_values(&[priority.label()]).observe(duration.as_secs_f64());
    }

    pub(super) fn show(&self, stats: &Stats) {
        #[allow(clippy::cast_precision_loss)] // numbers of keys fit
        let number = |count: usize| count as f64;
        for (priority, depth) in &stats.depth {
            self.depth.with_label_values(&[priority.label()]).set(number(*depth));
        }
        self.delayed.set(number(stats.waiting));
        self.processing.set(number(stats.processing));
        self.longest_running.set(stats.longest_running.as_secs_f64());
        for (counter, now) in [(&self.adds, stats.adds), (&self.retries, stats.retries), (&self.panics, stats.panics)] {
            counter.inc_by(now.saturating_sub(counter.get()));
        }
    }
}
