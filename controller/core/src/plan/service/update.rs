//! Bringing a live service in line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::count::Count;
use super::field::{self, Changed, UnderCodeDeploy};
use super::outcome::{self, Judgement};
use super::ownership::{self, Ownership};
use super::rollout::{self, Revision};
use super::{Desired, Observed, Plan, TaskDefinition, Waiting, code_deploy, count, rollback, scaling, tags};
use crate::diff::Drift;
use crate::memory::{Ended, Intent, KeptCount, Memory, Rollout, SETTLE, TargetGroups};
use crate::operation::{Action, Operation};
use crate::plan::{Ask, Observation, TAG_FAILED, approval_token, hold_unreflected};
use crate::reason::Reason;
use crate::view::{Controller, ServiceView};

mod deploy;

/// Plans the update of a service that AWS shows as ACTIVE. `read` is what was read, `observed` the same with our own
/// writes laid over it, and `service` the service of the latter.
pub(super) fn plan(
    desired: &Desired,
    observed: &Observed,
    read: &Observed,
    service: &Value,
    memory: Memory,
    now: Timestamp,
) -> Plan {
    let view = ServiceView(service);
    let owner = ownership::of(desired, service, &memory);
    if let Ownership::Other(other) = &owner {
        let message = format!("the service is managed by {other}; one AWS service has one owner");
        return Plan::waiting(&memory, Waiting::new(Reason::OwnershipConflict, message));
    }
    if view.managed_by_ecs() || view.controller() == Controller::External {
        let message = match view.managed_by_ecs() {
            true => "ECS itself manages this service (Express mode)",
            false => "the service has the EXTERNAL deployment controller: whoever makes its task sets manages it",
        };
        return Plan::waiting(&memory, Waiting::new(Reason::NotManaged, message));
    }
    let mut pass = Pass::new(desired, view, memory);
    pass.compare(observed, read, now);
    let mut plan = pass.finish(observed);
    if owner == Ownership::Stranger && !desired.mandate.adopts() {
        plan.hold();
        let message = "the service exists and does not bear this installation's tag: set spec.adoption to Adopt, here \
                       or in the Cluster's defaults, to manage it";
        plan.waiting.insert(0, Waiting::new(Reason::AwaitingAdoption, message));
        // Nothing has been applied by us, so nothing that later goes from the manifest is ours to reset.
        plan.applied = Value::Null;
    } else {
        plan.memory.owned = service.get("createdAt").cloned();
    }
    plan
}

/// Everything on which a live service differs from what is wanted.
struct Differences {
    revision: Revision,
    changes: Vec<Changed>,
    count: Count,
    scaling: scaling::Scaling,
    tags: tags::Tags,
}

impl Differences {
    fn of(
        desired: &Desired,
        document: &Map<String, Value>,
        observed: &Observed,
        view: ServiceView<'_>,
        memory: &Memory,
    ) -> Self {
        let applied = &memory.applied;
        let failed = memory.failed.as_ref().map(|failed| (TAG_FAILED.to_owned(), failed.content.clone()));
        Self {
            revision: rollout::compare(desired, observed, view),
            changes: field::compare(document, view, memory, &desired.mandate.ignore()),
            count: count::compare(desired, observed, view, memory),
            scaling: scaling::compare(desired, observed, applied),
            tags: tags::compare(desired, view, applied, &BTreeMap::from_iter(failed)),
        }
    }

    fn drift(&self) -> Vec<Drift> {
        let mut drift = Vec::new();
        if let Revision::Change(change, _) = &self.revision {
            drift.push(change.clone());
        }
        drift.extend(self.changes.iter().flat_map(|change| change.drift.iter().cloned()));
        if let Count::Set(change, _) | Count::Clamp(change, ..) = &self.count {
            drift.push(change.clone());
        }
        drift.extend(self.scaling.drift.iter().cloned());
        drift.extend(self.tags.drift.iter().cloned());
        drift
    }
}

/// One pass over a live service: collects what differs, then what may be done about it.
struct Pass<'a> {
    desired: &'a Desired,
    view: ServiceView<'a>,
    document: Map<String, Value>,
    content: String,
    update: Map<String, Value>,
    /// Paths that an UpdateService of this pass repairs.
    updated: Vec<String>,
    rolls_out: bool,
    /// Paths that a CodeDeploy deployment of this pass repairs.
    deployed: Vec<String>,
    /// The revision that is wanted in place of the live one.
    revision: Option<String>,
    /// The range that the count is to be brought into.
    clamp: Option<(i64, i64)>,
    pending: Vec<String>,
    /// Somebody asked to try again what failed.
    again: bool,
    plan: Plan,
}

impl<'a> Pass<'a> {
    fn new(desired: &'a Desired, view: ServiceView<'a>, memory: Memory) -> Self {
        let document = field::effective(desired, &memory.applied);
        let content = rollout::content(desired, &document);
        Self {
            desired,
            view,
            document,
            content,
            update: Map::new(),
            updated: Vec::new(),
            rolls_out: false,
            deployed: Vec::new(),
            revision: None,
            clamp: None,
            pending: Vec::new(),
            again: false,
            plan: Plan { memory, ..Plan::default() },
        }
    }

    fn compare(&mut self, observed: &Observed, read: &Observed, now: Timestamp) {
        self.target_groups(observed);
        let held = self.held_rollouts(observed, now);
        if self.plan.memory.failed.is_some() {
            // That another revision shows than was sent is explained by the failure.
            self.plan.memory.sent.remove("/taskDefinition");
        }
        // Everything that differs is known before anything is decided, so that what AWS does not reflect is held.
        let found = Differences::of(self.desired, &self.document, observed, self.view, &self.plan.memory);
        let drift = found.drift();
        // What our own writes hide in the read may be what AWS does not reflect: it is watched until a read shows it.
        let hidden = match read.service.present() {
            Some(service) if !self.plan.memory.sent.is_empty() => {
                Differences::of(self.desired, &self.document, read, ServiceView(service), &self.plan.memory).drift()
            }
            _ => Vec::new(),
        };
        let (unreflected, waiting) = hold_unreflected(&drift, &hidden, &mut self.plan.memory, observed.read_at);
        self.plan.drift = drift;
        self.plan.waiting.extend(waiting);

        let Differences { revision, changes, count, scaling, tags } = found;
        self.remember_good(&revision);
        self.revision(revision, held.as_ref(), &unreflected);
        for change in changes {
            self.field(change, held.as_ref(), &unreflected);
        }
        match count {
            Count::Set(drift, wanted) if !unreflected.contains(&drift.path) => {
                self.update.insert("desiredCount".into(), json!(wanted));
                self.updated.push(drift.path);
            }
            Count::Clamp(drift, low, high) if !unreflected.contains(&drift.path) => {
                self.clamp = Some((low, high));
                self.plan.acting.push(drift.path);
            }
            Count::Unknown => self.plan.waiting.push(Waiting::new(
                Reason::ObservationUnknown,
                "the service's scalable target, which may own its count, has not been read from AWS",
            )),
            _ => {}
        }
        let worth_telling = |held: &Waiting| match held.reason {
            Reason::TaskDefinitionNotReady => self.plan.waiting.is_empty(),
            // What nothing waits for holds nothing up.
            Reason::DependencyNotReady | Reason::ClusterNotReady => !self.pending.is_empty(),
            _ => true,
        };
        if let Some(held) = held.filter(worth_telling) {
            self.plan.waiting.push(held);
        }
        self.collect(scaling, tags, &unreflected, now);
        self.deploy(observed, now);
        self.roll_back(observed);
    }

    /// Why nothing may be rolled out, if that is so.
    fn held_rollouts(&mut self, observed: &Observed, now: Timestamp) -> Option<Waiting> {
        if let Some(intent) = &self.plan.memory.intent {
            let age = observed.read_at.duration_since(intent.at);
            if age < SETTLE {
                let message = "a write was under way when the controller stopped; its outcome is not visible yet";
                return Some(Waiting::new(Reason::AwaitingWrite, message).retry_in(SETTLE - age));
            }
            if let Some(waiting) = self.resolve_intent(observed, now) {
                return Some(waiting);
            }
        }
        let Judgement { failed, again } = outcome::judge(
            self.desired,
            observed,
            self.view,
            &self.content,
            &mut self.plan.memory,
            &mut self.plan.asks,
            now,
        );
        self.again = again;
        if let Some(failed) = failed {
            let message = format!(
                "the rollout of this content failed: {}; it is not tried again until the content changes or a retry is \
                 asked for (annotation evenkeel.dev/retry)",
                failed.told()
            );
            return Some(Waiting::new(Reason::RolloutFailed, message));
        }
        if let Revision::Wait(waiting) = rollout::compare(self.desired, observed, self.view) {
            return Some(waiting);
        }
        self.desired.blocked.first().cloned()
    }

    fn revision(
        &mut self,
        revision: Revision,
        held: Option<&Waiting>,
        unreflected: &std::collections::BTreeSet<String>,
    ) {
        let Revision::Change(drift, wanted) = revision else { return };
        if held.is_some() || unreflected.contains(&drift.path) {
            self.pending.push(drift.path);
        } else if self.view.controller() == Controller::CodeDeploy {
            self.deployed.push(drift.path);
            self.revision = Some(wanted);
        } else {
            self.update.insert("taskDefinition".into(), json!(wanted));
            self.updated.push(drift.path);
            self.rolls_out = true;
        }
    }

    fn field(&mut self, change: Changed, held: Option<&Waiting>, unreflected: &std::collections::BTreeSet<String>) {
        let Changed { field, drift, value, takes_away } = change;
        let Some(first) = drift.first() else { return };
        let member = first.path.split('/').nth(2).unwrap_or_default().to_owned();
        let path = format!("/service/{member}");
        let paths = || drift.iter().map(|drift| drift.path.clone());
        if field.rollout && held.is_some() || paths().all(|path| unreflected.contains(&path)) {
            self.pending.push(path);
            return;
        }
        let code_deploy = self.view.controller() == Controller::CodeDeploy;
        let to_ecs = member == "deploymentController" && value["type"] == "ECS" && code_deploy;
        let refused = match (field.update, self.view.controller()) {
            // The one change of controller that is made: ECS takes a CodeDeploy service over in place.
            _ if to_ecs && self.view.task_sets().count() == 1 => None,
            _ if to_ecs => Some((
                Reason::RolloutInProgress,
                "the deployment controller cannot change while a deployment is under way".to_owned(),
            )),
            (false, _) => Some((
                Reason::ReplacementRequired,
                format!(
                    "{member} cannot be changed on a live service: it takes deleting and creating it anew, which is never done unasked"
                ),
            )),
            (true, Controller::CodeDeploy) if field.code_deploy == UnderCodeDeploy::Never => Some((
                Reason::NotManaged,
                format!("{member} of a service with the CODE_DEPLOY controller cannot be changed"),
            )),
            (true, Controller::CodeDeploy) if paths().any(|path| path.ends_with("/targetGroupArn")) => Some((
                Reason::NotManaged,
                "the target groups of a CODE_DEPLOY service are its deployment group's to change".to_owned(),
            )),
            _ => None,
        };
        if let Some((reason, message)) = refused {
            self.plan.waiting.push(Waiting::new(reason, message));
            self.pending.push(path);
            return;
        }
        if takes_away {
            let token = approval_token(&path, first.desired.as_ref(), first.observed.as_ref());
            if !self.desired.mandate.approvals.contains(&token) {
                self.plan.waiting.push(Waiting::approval(
                    &path,
                    &format!("taking away {member} from a live service"),
                    &token,
                ));
                self.pending.push(path);
                return;
            }
        }
        if code_deploy && field.code_deploy == UnderCodeDeploy::Deployment {
            self.deployed.extend(paths());
            return;
        }
        self.updated.extend(paths());
        self.rolls_out |= field.rollout;
        if member == "capacityProviderStrategy" {
            // Without it running tasks stay where they are (Terraform demands it too).
            self.update.insert("forceNewDeployment".into(), json!(true));
        }
        self.update.insert(member, value);
    }

    fn collect(
        &mut self,
        scaling: scaling::Scaling,
        tags: tags::Tags,
        unreflected: &std::collections::BTreeSet<String>,
        now: Timestamp,
    ) {
        self.plan.waiting.extend(scaling.waiting);
        let acts = |drift: &[Drift]| drift.iter().any(|drift| !unreflected.contains(&drift.path));
        if acts(&tags.drift) {
            self.plan.actions.extend(tags.actions);
            self.plan.acting.extend(tags.drift.into_iter().map(|drift| drift.path));
        }
        // Scaling that only waits has nothing to be watched for.
        let planned = scaling.before.len() + scaling.after.len();
        let scaling_acts = planned > 0 && acts(&scaling.drift);
        if scaling_acts {
            self.plan.acting.extend(scaling.drift.iter().map(|drift| drift.path.clone()));
            self.plan.actions.extend(scaling.before);
        }
        let registers = self.plan.actions.iter().any(|action| action.operation == Operation::RegisterScalableTarget);
        if let Some((low, high)) = self.clamp.filter(|_| !registers) {
            self.plan.actions.push(scaling::clamp(self.desired, low, high));
        }
        let stuck = self.view.controller() == Controller::Ecs && !self.view.is_settled();
        if self.again && stuck && !self.rolls_out {
            // The failed deployment is the service's present one: only a forced one tries it again.
            self.update.insert("forceNewDeployment".into(), json!(true));
            self.rolls_out = true;
        }
        if let Some(controller) = self.update.remove("deploymentController") {
            // On its own: what else differs goes the new controller's way, and it is the next pass that takes it.
            self.update = Map::from_iter([("deploymentController".to_owned(), controller)]);
            self.updated.retain(|path| path.starts_with("/service/deploymentController"));
            self.deployed.clear();
            self.rolls_out = false;
        }
        if !self.update.is_empty() {
            let mut body = self.desired.names();
            body.append(&mut self.update);
            if self.rolls_out {
                let (content, generation) = (self.content.clone(), self.desired.generation);
                self.plan.memory.intent =
                    Some(Intent { operation: Operation::UpdateService, content, generation, at: now, commit: None });
            }
            let reason = match self.updated.as_slice() {
                [] => "try the rollout that failed again".to_owned(),
                paths => format!("correct {}", paths.join(", ")),
            };
            self.plan.actions.push(Action { operation: Operation::UpdateService, body: Value::Object(body), reason });
        }
        self.plan.acting.append(&mut self.updated);
        if scaling_acts {
            self.plan.actions.extend(scaling.after);
        }
        if scaling.removed {
            let (live, declared) = (self.view.desired_count(), self.desired.declared_count());
            self.plan.memory.kept_count = Some(KeptCount { live, declared });
        }
        if self.desired.scaling.is_some() {
            self.plan.memory.kept_count = None;
        }
    }

    fn finish(mut self, observed: &Observed) -> Plan {
        let before = std::mem::take(&mut self.plan.memory.applied);
        let mut applied = self.desired.applied();
        // What is still to be taken away stays remembered as applied.
        for path in &self.pending {
            if let Some(member) = path.strip_prefix("/service/")
                && let Some(value) = before["service"].get(member)
                && applied["service"].get(member).is_none()
            {
                applied["service"][member] = value.clone();
            }
        }
        let scaling_remains = !before["scaling"].is_null() && observed.target.present().is_some();
        if applied["scaling"].is_null() && scaling_remains {
            applied["scaling"] = before["scaling"].clone();
        }
        // While an empty memory does not know the wanted content, it cannot know whether the tag of a failure speaks of it:
        // nothing counts as applied, so that the tag is not taken for an old one.
        let unknown = before.is_null() && matches!(self.desired.task_definition, TaskDefinition::Pending(_));
        self.plan.memory.applied = before;
        self.plan.applied = if unknown { Value::Null } else { applied };
        self.plan
    }
}

impl Desired {
    /// What is remembered as applied.
    pub(super) fn applied(&self) -> Value {
        json!({
            "service": self.document,
            "tags": self.tags.keys().collect::<Vec<_>>(),
            "scaling": self.scaling.clone().map_or(Value::Null, Value::Object),
        })
    }
}
