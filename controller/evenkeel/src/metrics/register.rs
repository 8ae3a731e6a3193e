//! How metrics come into a registry: one call each, with name, help and labels side by side.

use prometheus::core::Collector;
use prometheus::{CounterVec, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

/// Makes metrics and registers them. Errors are mistakes in names and labels, which are constants: a test finds them.
#[derive(Debug)]
pub(super) struct Registrar<'a>(pub(super) &'a Registry);

type Registered<T> = Result<T, prometheus::Error>;

impl Registrar<'_> {
    pub(super) fn gauge(&self, name: &str, help: &str) -> Registered<Gauge> {
        self.keep(Gauge::new(name, help)?)
    }

    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Registered<GaugeVec> {
        self.keep(GaugeVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> Registered<IntCounter> {
        self.keep(IntCounter::new(name, help)?)
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Registered<IntCounterVec> {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    /// Counters of seconds, which are no whole numbers.
    pub(super) fn seconds(&self, name: &str, help: &str, labels: &[&str]) -> Registered<CounterVec> {
        self.keep(CounterVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: Vec<f64>,
    ) -> Registered<HistogramVec> {
        self.keep(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets), labels)?)
    }

    pub(super) fn keep<T: Collector + Clone + 'static>(&self, metric: T) -> Registered<T> {
        let registered = self.0.register(Box::new(metric.clone()));
        // The registry's own words do not say which.
        let named = |error| {
            let names: Vec<&str> = metric.desc().iter().map(|desc| desc.fq_name.as_str()).collect();
            prometheus::Error::Msg(format!("{}: {error}", names.join(", ")))
        };
        registered.map_err(named)?;
        Ok(metric)
    }
}

/// 1 ms to 33 s: a pass waits for a few calls of 20 ms and more, and a call times out after 20 s.
pub(super) fn call_buckets() -> Vec<f64> {
    (0..16).map(|power| 0.001 * f64::from(1 << power)).collect()
}
