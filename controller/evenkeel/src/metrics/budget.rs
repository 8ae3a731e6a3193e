//! What is left of our share of AWS's request rates.

use prometheus::{Gauge, GaugeVec, IntCounterVec};

use super::register::Registrar;
use crate::budget::Level;
use crate::fleet::Place;

const LABELS: [&str; 3] = ["account", "region", "bucket"];

#[derive(Debug)]
pub(super) struct Budgets {
    share: Gauge,
    tokens: GaugeVec,
    rate: GaugeVec,
    waiting: GaugeVec,
    waits: IntCounterVec,
}

impl Budgets {
    pub(super) fn new(register: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            share: register.gauge(
                "evenkeel_aws_budget_share",
                "Part of AWS's published request rates that is used; 0: calls are not limited.",
            )?,
            tokens: register.gauges(
                "evenkeel_aws_budget_tokens",
                "Calls that our share of a bucket allows at once; below 0 so many reads wait.",
                &LABELS,
            )?,
            rate: register.gauges(
                "evenkeel_aws_budget_calls_per_second",
                "Calls a second that are made at most; less than our share after AWS refused some.",
                &LABELS,
            )?,
            waiting: register.gauges(
                "evenkeel_aws_budget_waiting_objects",
                "Objects that wait for their turn at a bucket.",
                &LABELS,
            )?,
            waits: register.counters(
                "evenkeel_aws_budget_waits_total",
                "How often a pass ended because a bucket had too little.",
                &LABELS,
            )?,
        })
    }

    #[allow(clippy::cast_precision_loss)] // counts fit
    pub(super) fn show(&self, share: Option<f64>, levels: &[(Place, Vec<Level>)]) {
        self.share.set(share.unwrap_or_default());
        for (place, levels) in levels {
            for level in levels {
                let bucket = format!("{:?}", level.bucket);
                let labels = [place.account.as_str(), &place.region, &bucket];
                self.tokens.with_label_values(&labels).set(level.tokens);
                self.rate.with_label_values(&labels).set(level.rate);
                self.waiting.with_label_values(&labels).set(level.waiting as f64);
                let waits = self.waits.with_label_values(&labels);
                waits.inc_by(level.waits.saturating_sub(waits.get()));
            }
        }
    }
}
