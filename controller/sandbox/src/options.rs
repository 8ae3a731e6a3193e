//! What can be turned: times, throttling, staleness, failing images.

use jiff::SignedDuration;
use std::time::Duration;

/// How a [`Sandbox`](crate::Sandbox) behaves. The default is a healthy AWS without throttling, latency or stale reads.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything that looks random follows from it: identifiers, orders that AWS does not keep, fault probabilities.
    pub seed: u64,
    /// How long things take.
    pub timing: Timing,
    /// Whether calls through the wire draw on token buckets ([`evenkeel_core::operation::Bucket::limits`]), one set
    /// for each account and region.
    pub throttling: bool,
    /// Time that every answer on the wire takes.
    pub latency: Duration,
    /// For this long after a write, reads still show what was before it. Zero: reads show every write at once.
    pub staleness: SignedDuration,
    /// Tasks with an image that contains one of these texts stop before they run.
    pub failing_images: Vec<String>,
    /// Members that CreateService, UpdateService and RegisterTaskDefinition drop without a word, as an endpoint does
    /// that is older than the request (or a compatible one that is not complete).
    pub unheeded: Vec<String>,
    /// Account of callers whose access key does not name one.
    pub account: String,
    /// Region of callers that do not sign.
    pub region: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            timing: Timing::default(),
            throttling: false,
            latency: Duration::ZERO,
            staleness: SignedDuration::ZERO,
            failing_images: Vec::new(),
            unheeded: Vec::new(),
            account: "123456789012".to_owned(),
            region: "ap-northeast-1".to_owned(),
        }
    }
}

/// How long the steps of a rollout and of scaling take. By default a task runs about eight seconds after the call that
/// asked for it: quicker than Fargate (half a minute and more), in the same steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From a change to the scheduler's look at it.
    pub scheduling: SignedDuration,
    /// A task's time in PROVISIONING.
    pub provisioning: SignedDuration,
    /// A task's time in PENDING.
    pub pending: SignedDuration,
    /// A task's time in ACTIVATING.
    pub activating: SignedDuration,
    /// From the decision to stop a task until it is gone.
    pub stopping: SignedDuration,
    /// A deleted service stays describable as INACTIVE for this long.
    pub inactive: SignedDuration,
    /// Between two looks of target tracking at its metrics (CloudWatch's period for ECS metrics is one minute).
    pub evaluation: SignedDuration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            scheduling: SignedDuration::from_secs(1),
            provisioning: SignedDuration::from_secs(3),
            pending: SignedDuration::from_secs(3),
            activating: SignedDuration::from_secs(1),
            stopping: SignedDuration::from_secs(5),
            inactive: SignedDuration::from_hours(1),
            evaluation: SignedDuration::from_secs(60),
        }
    }
}
