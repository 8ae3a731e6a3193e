//! The plan for a service with its task definition, scaling and tags.

mod code_deploy;
mod count;
mod create;
mod field;
mod outcome;
mod ownership;
mod remove;
mod reset;
mod rollback;
mod rollout;
mod scaling;
mod tags;
mod update;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use super::{Mandate, Observation, Owner, Plan, Waiting};
use crate::memory::{Causes, Memory};
use crate::reason::Reason;
use crate::spec::{self, DriftMode};
use crate::view::ServiceView;

pub use code_deploy::CodeDeploy;
pub use field::{FIELDS, Field, UnderCodeDeploy};
pub use scaling::resource_id;

/// Scalable dimension and namespace of every ECS service (Application Auto Scaling API reference).
pub const SCALABLE_DIMENSION: &str = "ecs:service:DesiredCount";

/// A service as wanted: validated, in wire form, with its references resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// AWS name of the cluster.
    pub cluster: String,
    /// AWS name of the service.
    pub service: String,
    /// Who manages it.
    pub owner: Owner,
    /// Generation of the object.
    pub generation: i64,
    /// CreateService input in wire form, without cluster, serviceName, taskDefinition and tags.
    pub document: Map<String, Value>,
    /// Declared tags.
    pub tags: BTreeMap<String, String>,
    /// The revision it is to run.
    pub task_definition: TaskDefinition,
    /// Where and how CodeDeploy deploys it, if it does.
    pub code_deploy: spec::CodeDeploy,
    /// Declared scaling in wire form: `MinCapacity`, `MaxCapacity`, `SuspendedState`, `Policies`, `ScheduledActions`.
    pub scaling: Option<Map<String, Value>>,
    /// What may be done.
    pub mandate: Mandate,
    /// What has to be ready before anything is rolled out, and is not.
    pub blocked: Vec<Waiting>,
}

/// The revision that a service is to run.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskDefinition {
    /// Whoever deploys decides.
    NotOurs,
    /// This very revision: ARN or `family:revision`.
    Revision(String),
    /// Any revision with this content; `arn` is the one to send.
    Content {
        /// ARN of the revision to send.
        arn: String,
        /// Hash of the wanted content.
        hash: String,
    },
    /// Not known yet, and why.
    Pending(String),
}

/// A service as AWS shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// From DescribeServices, with tags.
    pub service: Observation<Value>,
    /// Content hash of the revision that the service is set to, where known.
    pub revision_content: Option<String>,
    /// From DescribeScalableTargets.
    pub target: Observation<Value>,
    /// From DescribeScalingPolicies.
    pub policies: Observation<Vec<Value>>,
    /// From DescribeScheduledActions.
    pub scheduled_actions: Observation<Vec<Value>>,
    /// From DescribeServiceDeployments: the newest one, read when a plan asks for it.
    #[serde(default)]
    pub deployment: Observation<Value>,
    /// From CodeDeploy: absent, if it has no deployment group for the service; read when a plan asks for it.
    #[serde(default)]
    pub code_deploy: Observation<CodeDeploy>,
    /// From DescribeTasks and the service's events: why the last rollout failed; read when a plan asks for it.
    #[serde(default)]
    pub causes: Observation<Causes>,
    /// From DescribeTasks: digests of the images that run, by container; read when a plan asks for it.
    #[serde(default)]
    pub images: Observation<BTreeMap<String, String>>,
    /// When all of this was read: the oldest of its parts.
    pub read_at: Timestamp,
}

/// Plans what to do about a service. Pure: the same arguments give the same plan.
pub fn plan(desired: &Desired, observed: &Observed, before: &Memory, now: Timestamp) -> Plan {
    let read = observed;
    let observed = read.with_own_writes(before);
    let mut memory = before.clone();
    memory.forget_settled(observed.read_at);
    if desired.mandate.policy.drift == DriftMode::Ignore && !desired.mandate.deleting {
        return Plan::waiting(&memory, Waiting::new(Reason::DriftIgnored, "drift mode Ignore: nothing is compared"));
    }
    let mut plan = match &observed.service {
        Observation::Unknown => {
            Plan::waiting(&memory, Waiting::new(Reason::ObservationUnknown, "the service has not been read from AWS"))
        }
        Observation::Absent if desired.mandate.deleting => Plan { memory, finalized: true, ..Plan::default() },
        Observation::Absent => create::plan(desired, &observed, memory, now),
        Observation::Present(service) => match ServiceView(service).status() {
            "INACTIVE" if desired.mandate.deleting => Plan { memory, finalized: true, ..Plan::default() },
            "INACTIVE" => create::plan(desired, &observed, memory, now),
            "DRAINING" => draining(desired, memory),
            _ if desired.mandate.deleting => remove::plan(desired, &observed, service, memory),
            _ => update::plan(desired, &observed, read, service, memory, now),
        },
    };
    desired.mandate.restrain(&mut plan, before, now);
    plan.remember_in_line();
    plan
}

/// Draining takes one to three minutes and more; Terraform polls no faster either.
const DRAINING_POLL: SignedDuration = SignedDuration::from_secs(20);

/// A service that goes: the object goes with it, or a new one follows.
fn draining(desired: &Desired, memory: Memory) -> Plan {
    if desired.mandate.deleting {
        let message = "the service is draining; the object goes once AWS says that it is inactive";
        return Plan::waiting(&memory, Waiting::new(Reason::Deleting, message).retry_in(DRAINING_POLL));
    }
    let message = "the service of this name is draining; it can be created again once it is inactive";
    let waiting = Waiting::new(Reason::Draining, message).retry_in(DRAINING_POLL);
    Plan { drift: vec![create::missing(desired)], ..Plan::waiting(&memory, waiting) }
}

impl Desired {
    /// `cluster` and `service`, as every ECS call on the service takes them.
    fn names(&self) -> Map<String, Value> {
        Map::from_iter([("cluster".into(), json!(self.cluster)), ("service".into(), json!(self.service))])
    }

    /// The declared tags with ours.
    fn all_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        tags.extend(self.owner.tags());
        tags
    }
}

impl Observed {
    /// The same with what our own writes returned laid over reads that may be older than they.
    fn with_own_writes(&self, memory: &Memory) -> Self {
        let mut observed = self.clone();
        let unsettled = |resource: &str| memory.unsettled(resource, self.read_at).map(|written| &written.document);
        if let Some(written) = unsettled("service") {
            observed.service = match &self.service {
                // It was gone already when we deleted it. Whoever still sees it has to look again.
                Observation::Present(read) if written.is_null() => Observation::Present(going(read)),
                other if written.is_null() => other.clone(),
                // Counts and deployments move on by themselves: the read knows them better, unless it is so old that
                // it does not even know the service.
                Observation::Present(read) => Observation::Present(overlaid(read, written)),
                _ => Observation::Present(written.clone()),
            };
        }
        if let Some(written) = unsettled("tags")
            && let Observation::Present(service) = &mut observed.service
        {
            let mut tags = ServiceView(service).tags();
            tags.extend(crate::view::tags(Some(written)));
            service["tags"] = crate::view::tag_list(&tags);
        }
        scaling::lay_over(&mut observed, memory);
        observed
    }
}

/// A service as read that is known to be deleted: one that runs nevertheless is seen too late.
fn going(read: &Value) -> Value {
    let mut service = read.clone();
    if ServiceView(read).status() == "ACTIVE" {
        service["status"] = json!("DRAINING");
    }
    service
}

/// A service as read, with the configuration that our last write returned.
fn overlaid(read: &Value, written: &Value) -> Value {
    let mut service = written.clone();
    // The write was seen once the read shows its deployment; from then on the read knows better.
    let newest = |service: &Value| ServiceView(service).primary().map(|primary| primary.id().to_owned());
    if newest(read) == newest(written) && newest(read).is_some() {
        for member in ["runningCount", "pendingCount", "deployments", "status", "events", "tags"] {
            match read.get(member) {
                Some(value) => service[member] = value.clone(),
                None => continue,
            }
        }
        // What drains does not run again.
        if ServiceView(written).status() == "DRAINING" {
            service = going(&service);
        }
    } else if let Some(tags) = read.get("tags") {
        service["tags"] = tags.clone();
    }
    service
}

#[cfg(test)]
mod tests;
