//! What can be turned: times, throttling, staleness, failing images.

use jiff::SignedDuration;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

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
    /// Within that time reads do not all show the same: now what is, and now what was, as answers of several machines do.
    pub jumping: bool,
    /// Tasks with an image that contains one of these texts stop before they run.
    pub failing_images: Vec<String>,
    /// Tasks with an image that contains one of these texts run, but never pass their health checks, and are stopped
    /// for that after the time beside it.
    pub unhealthy_images: Vec<(String, SignedDuration)>,
    /// Names of the CloudWatch alarms that are in ALARM.
    pub alarms: BTreeSet<String>,
    /// What becomes of lifecycle hooks, by a text that the name or ARN of their function contains; the others succeed.
    pub hooks: BTreeMap<String, Hook>,
    /// Members that CreateService, UpdateService and RegisterTaskDefinition drop without a word, as an endpoint does
    /// that is older than the request (or a compatible one that is not complete).
    pub unheeded: Vec<String>,
    /// A CODE_DEPLOY service that is created gets a deployment group if it has none, named as the ECS console names it, with
    /// its target group and a partner. Else somebody has to make one, as in AWS.
    pub deployment_groups: bool,
    /// Minutes for which deployments of such groups keep the tasks before.
    pub termination_wait_minutes: i64,
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
            jumping: false,
            failing_images: Vec::new(),
            unhealthy_images: Vec::new(),
            alarms: BTreeSet::new(),
            hooks: BTreeMap::new(),
            unheeded: Vec::new(),
            deployment_groups: false,
            termination_wait_minutes: 1,
            account: "123456789012".to_owned(),
            region: "ap-northeast-1".to_owned(),
        }
    }
}

/// What a lifecycle hook's function does other than succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// It fails.
    Fails,
    /// It says neither yes nor no.
    Waits,
}

impl Options {
    /// What becomes of a hook whose function has this name or ARN; nothing: it succeeds.
    pub(crate) fn hook(&self, function: &str) -> Option<Hook> {
        self.hooks.iter().find(|(text, _)| function.contains(text.as_str())).map(|(_, hook)| *hook)
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
    /// A lifecycle hook's function.
    pub hook: SignedDuration,
    /// One shift of test or production traffic.
    pub shift: SignedDuration,
    /// How long CodeDeploy waits for a replacement task set to become healthy (AWS: an hour), and for a hook.
    pub install: SignedDuration,
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
            hook: SignedDuration::from_secs(2),
            shift: SignedDuration::from_secs(1),
            install: SignedDuration::from_hours(1),
        }
    }
}
