//! Calls to AWS.

use evenkeel_aws::CallRecord;
use evenkeel_core::operation::{AwsService, Operation};
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
        let throttled = register.counters(
            "evenkeel_aws_throttled_total",
            "Calls that AWS refused for their rate, by the bucket that it counts them in.",
            &["service", "bucket"],
        )?;
        // From 0 on, so that the first refusal is an increase.
        for operation in Operation::ALL {
            throttled.with_label_values(&[service(*operation), &bucket(*operation)]);
        }
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
            throttled,
        })
    }

    pub(super) fn called(&self, call: &CallRecord) {
        let service = service(call.operation);
        let operation = call.operation.name();
        self.requests.with_label_values(&[service, operation, call.outcome_label()]).inc();
        self.durations.with_label_values(&[service, operation]).observe(call.duration.as_secs_f64());
        if call.throttled() {
            self.throttled.with_label_values(&[service, &bucket(call.operation)]).inc();
        }
    }
}

fn service(operation: Operation) -> &'static str {
    match operation.service() {
        AwsService::Ecs => "ecs",
        AwsService::ApplicationAutoScaling => "application-autoscaling",
        AwsService::CodeDeploy => "codedeploy",
    }
}

/// AWS's own name of the bucket.
fn bucket(operation: Operation) -> String {
    format!("{:?}", operation.bucket())
}
