//! The source.

use jiff::Timestamp;
use prometheus::{Gauge, GaugeVec};

use super::register::Registrar;

/// A source that was read and applied.
#[derive(Clone, Copy, Debug)]
pub struct Applied<'a> {
    /// Its revision.
    pub revision: &'a str,
    /// How many objects it declares.
    pub objects: usize,
    /// How many errors its files have.
    pub errors: usize,
    /// How many objects are gone from it and are not deleted.
    pub held_deletions: usize,
    /// Now.
    pub now: Timestamp,
}

#[derive(Debug)]
pub(super) struct Source {
    info: GaugeVec,
    up: Gauge,
    last_change: Gauge,
    objects: Gauge,
    errors: Gauge,
    held_deletions: Gauge,
}

impl Source {
    pub(super) fn new(register: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            info: register.gauges(
                "evenkeel_source_info",
                "Revision of the source that is in force; always 1.",
                &["revision"],
            )?,
            up: register.gauge("evenkeel_source_up", "1 if the source could be read and applied at the last try.")?,
            last_change: register.gauge(
                "evenkeel_source_last_applied_timestamp_seconds",
                "When a revision of the source was last applied; a source that does not change is not applied again.",
            )?,
            objects: register.gauge("evenkeel_source_objects", "Objects that the source declares.")?,
            errors: register.gauge("evenkeel_source_errors", "Errors in files of the source.")?,
            held_deletions: register.gauge(
                "evenkeel_source_held_deletions",
                "Objects or groups of them that are gone from the source and wait instead of being deleted.",
            )?,
        })
    }

    #[allow(clippy::cast_precision_loss)] // counts of objects and seconds fit
    pub(super) fn applied(&self, applied: &Applied<'_>) {
        self.info.reset();
        self.info.with_label_values(&[applied.revision]).set(1.0);
        self.up.set(1.0);
        self.last_change.set(applied.now.as_second() as f64);
        self.objects.set(applied.objects as f64);
        self.errors.set(applied.errors as f64);
        self.held_deletions.set(applied.held_deletions as f64);
    }

    pub(super) fn readable(&self, readable: bool) {
        self.up.set(f64::from(u8::from(readable)));
    }
}
