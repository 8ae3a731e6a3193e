//! How a rollout of ours stands: under way, arrived, failed, or overtaken, by what ECS and CodeDeploy show.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Desired, Observed};
use crate::memory::{Causes, End, Ended, Failed, Memory, Progress, Rollout};
use crate::plan::{Ask, Observation, TAG_FAILED};
use crate::spec::Duration;
use crate::view::{Controller, DeploymentView, ServiceView, seconds};

/// How far the times of one event may lie apart on our clock and on AWS's.
pub(super) const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// How far the times of a deployment and of its service deployment, which one call creates, may lie apart.
const SAME: SignedDuration = SignedDuration::from_secs(5);

/// What is known of the wanted content.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// It failed.
    pub(super) failed: Option<Failed>,
    /// It failed, and somebody asked, since the last plan, to try it again.
    pub(super) again: bool,
}

/// How a rollout stands.
enum Stand {
    UnderWay,
    Ended(Ended, String),
}

/// Brings the memory of rollouts up to date and says whether the wanted content has failed. What else it takes to know goes
/// into `asks`.
pub(super) fn judge(
    desired: &Desired,
    observed: &Observed,
    service: ServiceView<'_>,
    content: &str,
    memory: &mut Memory,
    asks: &mut BTreeSet<Ask>,
    now: Timestamp,
) -> Judgement {
    if desired.mandate.asks_again(memory) {
        let again = memory.failed.take().is_some();
        // What it failed with before is no evidence any more.
        memory.close_rollout(now);
        return Judgement { failed: None, again };
    }
    if memory.failed.as_ref().is_some_and(|failed| failed.content != content) {
        memory.failed = None;
    }
    let deadline = desired.mandate.policy.progress_deadline;
    if let Some(rollout) = &mut memory.rollout {
        follow(service, observed, rollout, deadline, asks, now);
        // One that arrives after all has not failed.
        let (mine, outcome) = (rollout.content == content, rollout.end.as_ref().map(|end| end.outcome));
        if mine && outcome == Some(Ended::Succeeded) {
            memory.failed = None;
        }
        let failed = rollout.end.as_ref().filter(|end| mine && end.outcome == Ended::Failed);
        if let Some(end) = failed.filter(|_| memory.failed.is_none()) {
            let (content, reason) = (content.to_owned(), end.reason.clone());
            memory.failed = Some(Failed { content, reason, at: end.at, causes: None });
        }
    }
    // A lost store: the tag remembers for us.
    let known = || service.tags().get(TAG_FAILED).is_some_and(|tag| tag == content);
    if memory.failed.is_none() && memory.applied.is_null() && known() {
        let reason = "an earlier rollout of this content failed (known from the service's tag)".to_owned();
        memory.failed = Some(Failed { content: content.to_owned(), reason, at: now, causes: Some(Causes::default()) });
    }
    if let Some(failed) = memory.failed.as_mut().filter(|failed| failed.causes.is_none()) {
        match &observed.causes {
            Observation::Unknown => _ = asks.insert(Ask::Causes),
            Observation::Absent => failed.causes = Some(Causes::default()),
            Observation::Present(causes) => failed.causes = Some(causes.clone()),
        }
    }
    let arrived = |rollout: &&mut Rollout| {
        rollout.images.is_none() && rollout.end.as_ref().is_some_and(|end| end.outcome == Ended::Succeeded)
    };
    if let Some(rollout) = memory.rollout.as_mut().filter(arrived) {
        match &observed.images {
            Observation::Unknown => _ = asks.insert(Ask::Images),
            Observation::Absent => rollout.images = Some(BTreeMap::new()),
            Observation::Present(images) => rollout.images = Some(images.clone()),
        }
    }
    Judgement { failed: memory.failed.clone(), again: false }
}

/// Takes note of how far a rollout has come, and of its end.
fn follow(
    service: ServiceView<'_>,
    observed: &Observed,
    rollout: &mut Rollout,
    deadline: Duration,
    asks: &mut BTreeSet<Ask>,
    now: Timestamp,
) {
    // Our own deadline is not AWS's word: what it gave up may still arrive.
    let open = rollout.is_open();
    let given_up = rollout.end.as_ref().is_some_and(|end| end.outcome == Ended::Failed);
    if !open && !given_up {
        return;
    }
    // CodeDeploy's answer does not name the revision; the task set that it makes does.
    let its = |set: &&Value| rollout.deployment.as_deref().is_some_and(|id| set["externalId"] == id);
    if let Some(arn) = service.task_sets().find(its).and_then(|set| set["taskDefinition"].as_str()) {
        arn.clone_into(&mut rollout.task_definition);
    }
    let mut none = BTreeSet::new();
    let asks = if open { asks } else { &mut none };
    let stand = match service.controller() {
        Controller::CodeDeploy => by_code_deploy(service, observed, rollout, asks),
        _ => by_ecs(service, observed, rollout, asks),
    };
    let end = match stand {
        Stand::Ended(Ended::Succeeded, reason) => Some((Ended::Succeeded, reason)),
        Stand::Ended(outcome, reason) if open => Some((outcome, reason)),
        Stand::UnderWay if open => late(service, rollout, deadline, now).map(|reason| (Ended::Failed, reason)),
        _ => None,
    };
    if let Some((outcome, reason)) = end {
        rollout.end = Some(End { outcome, reason, at: now });
    }
}

fn by_ecs(service: ServiceView<'_>, observed: &Observed, rollout: &Rollout, asks: &mut BTreeSet<Ask>) -> Stand {
    if let Some(failed) = service.deployments().find(|d| rollout.is(*d) && d.rollout_state() == Some("FAILED")) {
        return Stand::Ended(Ended::Failed, failed.rollout_reason().to_owned());
    }
    let Some(primary) = service.primary() else { return Stand::UnderWay };
    let ours = rollout.is(primary);
    if ours && !service.shifts_traffic() {
        return match primary.rollout_state() {
            Some("COMPLETED") => succeeded(),
            None if arrived(service, primary) => succeeded(),
            _ => Stand::UnderWay,
        };
    }
    // Once a failed deployment has drained, only the new primary's reason tells of it.
    if !ours
        && primary.task_definition() != rollout.task_definition
        && primary.rollout_reason().contains("rolling back")
    {
        return Stand::Ended(Ended::Failed, primary.rollout_reason().to_owned());
    }
    // What else became of it, the service deployment tells: bake time, hooks, a rollback, somebody's stop.
    // Where it cannot be had, the counts must do.
    let by_counts = || {
        let state = primary.rollout_state();
        let completed = matches!(state, None | Some("COMPLETED"));
        if ours && arrived(service, primary) && completed { succeeded() } else { Stand::UnderWay }
    };
    match &observed.deployment {
        Observation::Present(deployment) => {
            // Where reads lag, the newest one may be that of the rollout before. Times of AWS's own are compared where
            // there are any.
            let begun = primary.created_at().filter(|_| ours).map_or(rollout.at - SKEW, |at| at - SAME);
            match created(deployment) {
                Some(created) if created < begun => {
                    // No read lags for so long: this deployment has none.
                    if observed.read_at.duration_since(rollout.at) < SKEW { Stand::UnderWay } else { by_counts() }
                }
                _ => by_service_deployment(deployment, rollout, ours),
            }
        }
        Observation::Unknown => {
            asks.insert(Ask::ServiceDeployment);
            by_counts()
        }
        Observation::Absent => Stand::UnderWay,
    }
}

/// When a service deployment was created, in whole seconds.
fn created(deployment: &Value) -> Option<Timestamp> {
    deployment.get("createdAt").and_then(seconds)
}

fn by_service_deployment(deployment: &Value, rollout: &Rollout, ours: bool) -> Stand {
    let text = |member: &str| deployment.get(member).and_then(Value::as_str).unwrap_or_default();
    // The newest one: if it began long after ours, ours is over.
    if !ours && created(deployment).is_some_and(|created| created > rollout.at + SKEW) {
        return Stand::Ended(Ended::Superseded, "another deployment took its place".into());
    }
    match text("status") {
        "SUCCESSFUL" => succeeded(),
        status @ ("STOPPED"
        | "ROLLBACK_REQUESTED"
        | "ROLLBACK_IN_PROGRESS"
        | "ROLLBACK_SUCCESSFUL"
        | "ROLLBACK_FAILED") => {
            let rollback = deployment.pointer("/rollback/reason").and_then(Value::as_str).unwrap_or_default();
            let told = [text("statusReason"), rollback].into_iter().find(|text| !text.is_empty());
            Stand::Ended(
                Ended::Failed,
                told.map_or_else(|| format!("the service deployment is {status}"), str::to_owned),
            )
        }
        _ => Stand::UnderWay,
    }
}

fn by_code_deploy(service: ServiceView<'_>, observed: &Observed, rollout: &Rollout, asks: &mut BTreeSet<Ask>) -> Stand {
    let Some(id) = &rollout.deployment else {
        // The creation of the service: no deployment of CodeDeploy's.
        let steady = service.primary_task_set().is_some_and(|set| set["stabilityStatus"] == "STEADY_STATE");
        let counted = service.running_count() == service.desired_count() && service.pending_count() == 0;
        return if steady && counted { succeeded() } else { Stand::UnderWay };
    };
    let seen = match &observed.code_deploy {
        Observation::Present(seen) => seen.deployment(id),
        Observation::Absent => None,
        Observation::Unknown => {
            asks.insert(Ask::CodeDeploy);
            return Stand::UnderWay;
        }
    };
    let Some(deployment) = seen else { return Stand::UnderWay };
    let text = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match text("/status") {
        "Succeeded" => succeeded(),
        status @ ("Failed" | "Stopped") => {
            let (code, message) = (text("/errorInformation/code"), text("/errorInformation/message"));
            let told = match (code, message) {
                ("", "") => format!("CodeDeploy's deployment {id} is {status}"),
                (code, message) => format!("CodeDeploy's deployment {id} is {status}: {code} {message}"),
            };
            Stand::Ended(Ended::Failed, told.trim_end().to_owned())
        }
        _ => Stand::UnderWay,
    }
}

const fn succeeded() -> Stand {
    Stand::Ended(Ended::Succeeded, String::new())
}

/// Whether the counts say that nothing but this deployment is left, complete.
fn arrived(service: ServiceView<'_>, primary: DeploymentView<'_>) -> bool {
    service.deployments().count() == 1
        && primary.running_count() == service.desired_count()
        && service.pending_count() == 0
}

/// Whether no further task has come up for too long. Where all new tasks run, what is left (bake time, hooks, traffic,
/// the old ones' termination) takes its time.
fn late(service: ServiceView<'_>, rollout: &mut Rollout, deadline: Duration, now: Timestamp) -> Option<String> {
    let (running, wanted) = match service.controller() {
        Controller::CodeDeploy => {
            let set = match &rollout.deployment {
                Some(id) => service.task_sets().find(|set| set["externalId"] == id.as_str())?,
                None => service.primary_task_set()?,
            };
            (set["runningCount"].as_i64()?, set["computedDesiredCount"].as_i64()?)
        }
        _ => {
            let primary = service.primary().filter(|primary| rollout.is(*primary))?;
            (primary.running_count(), service.desired_count())
        }
    };
    if rollout.progress.as_ref().is_none_or(|progress| running > progress.running) {
        rollout.progress = Some(Progress { running, at: now });
    }
    let since = rollout.progress.as_ref().filter(|_| running < wanted)?.at;
    let late = now.duration_since(since).unsigned_abs() > deadline.get();
    late.then(|| format!("no further task came up within {deadline}"))
}
