//! Calls to AWS.

use evenkeel_aws::CallRecord;
use evenkeel_core::operation::AwsService;
use prometheus::{HistogramVec, IntCounterVec};

use super::register::{Registrar, call_buckets};

#[derive(Debug)]
pub(super) struct Calls {
    requests: IntCounterVec,
    durations: HistogramVec,
    throttled: IntCounterVec,
}

impl Calls {
    pub(super) fn new(register: &Registrar<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            requests: register.counters(
                "evenkeel_aws_requests_total",
                "Calls to AWS by outcome: ok, or the class of the error.",
                &["service", "operation", "outcome"],
            )?,
            durations: register.histograms(
                "evenkeel_aws_request_duration_seconds",
                "Duration of calls to AWS.",
                &["service", "operation"],
                call_buckets(),
            )?,
            throttled: register.counters(
                "evenkeel_aws_throttled_total",
                "Calls that AWS refused for their rate, by the bucket that it counts them in.",
                &["service", "bucket"],
            )?,
        })
    }

    pub(super) fn called(&self, call: &CallRecord) {
        let service = match call.operation.service() {
            AwsService::Ecs => "ecs",
            AwsService::ApplicationAutoScaling => "application-autoscaling",
        };
        let operation = call.operation.name();
        self.requests.with_label_values(&[service, operation, call.outcome_label()]).inc();
        self.durations.with_label_values(&[service, operation]).observe(call.duration.as_secs_f64());
        if call.throttled() {
            self.throttled.with_label_values(&[service, &format!("{:?}", call.operation.bucket())]).inc();
        }
    }
}
