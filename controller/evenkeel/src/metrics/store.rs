//! The store.

use evenkeel_store::Stats;
use prometheus::{Gauge, GaugeVec, IntCounter};

use super::register::Registrar;

#[derive(Debug)]
pub(super) struct StoreMetrics {
    up: Gauge,
    objects: GaugeVec,
    bytes: Gauge,
    flushes: IntCounter,
    flush_seconds: prometheus::CounterVec,
}

impl StoreMetrics {
    pub(super) fn new(register: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            up: register
                .gauge("evenkeel_store_up", "1 while the store takes writes; 0 once it is closed or failed.")?,
            objects: register.gauges("evenkeel_store_objects", "Stored objects by kind.", &["kind"])?,
            bytes: register.gauge("evenkeel_store_size_bytes", "What the store takes on disk.")?,
            flushes: register.counter("evenkeel_store_flushes_total", "Batches of commits written to disk.")?,
            flush_seconds: register.seconds(
                "evenkeel_store_flush_seconds_total",
                "Time spent writing batches of commits to disk.",
                &[],
            )?,
        })
    }

    pub(super) fn show(&self, stats: Option<&Stats>) {
        let Some(stats) = stats else { return self.up.set(0.0) };
        self.up.set(f64::from(u8::from(!stats.failed)));
        #[allow(clippy::cast_precision_loss)] // below 2^53
        {
            self.bytes.set(stats.bytes as f64);
            for (kind, count) in &stats.objects {
                self.objects.with_label_values(&[kind.name()]).set(*count as f64);
            }
        }
        self.flushes.inc_by(stats.flushes.saturating_sub(self.flushes.get()));
        let seconds = self.flush_seconds.with_label_values::<&str>(&[]);
        seconds.inc_by((stats.flush_time.as_secs_f64() - seconds.get()).max(0.0));
    }
}
