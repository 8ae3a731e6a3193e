//! Service deployments: what became of each rollout of a service with the ECS controller, and the revisions they deploy
//! (Amazon ECS developer guide, "View service history using Amazon ECS service deployments").

use super::{Deployment, hooks::HookRun, stages::Progress};
use crate::{
    ecs::{Controller, Service},
    ids::Ids,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use std::sync::Arc;

/// AWS keeps service deployments for 90 days.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many the sandbox keeps of one service.
const MOST: usize = 100;

/// `status` of a service deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pending,
    InProgress,
    Successful,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed)
    }

    /// Whether the target may still become the service's revision.
    pub(crate) fn is_under_way(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress | Self::RollbackRequested)
    }
}

/// One service deployment.
#[derive(Clone, Debug)]
pub(crate) struct ServiceDeployment {
    /// What its ARN ends in.
    pub(crate) id: String,
    /// Id of the deployment that is its target.
    pub(crate) deployment: String,
    /// Ids of service revisions.
    pub(crate) target: String,
    pub(crate) sources: Vec<String>,
    pub(crate) status: Outcome,
    pub(crate) reason: Option<String>,
    /// Where it is among the stages of blue/green and its like; nothing for rolling ones.
    pub(crate) progress: Option<Progress>,
    pub(crate) hooks: Vec<HookRun>,
    pub(crate) configuration: Value,
    /// Why it rolls back, since when, and to which service revision.
    pub(crate) rollback: Option<(String, Timestamp, String)>,
    /// Failed tasks when they were last counted.
    pub(crate) failures: i64,
    /// Whether the circuit breaker ended it.
    pub(crate) broke_circuit: bool,
    /// The alarms that ended it.
    pub(crate) alarms: Vec<String>,
    /// An alarm was in ALARM already when it started: none is watched then, so that what heals the service can be
    /// deployed (Amazon ECS developer guide, "How CloudWatch alarms detect Amazon ECS deployment failures").
    pub(crate) ignores_alarms: bool,
    pub(crate) created: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) updated: Timestamp,
}

/// One service revision; it never changes.
#[derive(Clone, Debug)]
pub(crate) struct ServiceRevision {
    /// What its ARN ends in: the number of the deployment that brought it.
    pub(crate) id: String,
    pub(crate) members: Arc<Map<String, Value>>,
    /// The target groups that serve it, one for each load balancer.
    pub(crate) target_groups: Vec<String>,
    pub(crate) created: Timestamp,
}

impl ServiceDeployment {
    /// Moves to a status, now.
    pub(crate) fn become_(&mut self, status: Outcome, at: Timestamp) {
        (self.status, self.updated) = (status, at);
        if status.is_over() {
            self.finished = Some(at);
        }
        if status == Outcome::Stopped {
            self.stopped = Some(at);
        }
    }
}

impl Service {
    /// Begins the record of the rollout whose deployment was just put first; the one before it is over.
    pub(crate) fn begin_record(&mut self, now: Timestamp) {
        if self.controller() != Controller::Ecs {
            return;
        }
        if let Some(before) = self.history.last_mut().filter(|before| !before.status.is_over()) {
            before.reason = Some("A new service deployment took its place.".to_owned());
            before.become_(Outcome::Stopped, now);
        }
        for deployment in &self.deployments {
            if self.revisions.iter().all(|revision| revision.id != deployment.revision_id) {
                self.revisions.push(ServiceRevision {
                    id: deployment.revision_id.clone(),
                    members: Arc::new(deployment.revision.clone()),
                    target_groups: deployment.target_groups.clone(),
                    created: deployment.created,
                });
            }
        }
        let configuration = self.deployment_configuration().clone();
        let shifts = configuration["strategy"].as_str().is_some_and(|strategy| strategy != "ROLLING");
        let source = self.source().cloned().filter(|_| shifts);
        let target = &self.deployments[0];
        let sources = match &source {
            Some(source) => vec![source.revision_id.clone()],
            None => self.deployments[1..].iter().map(|old| old.revision_id.clone()).collect(),
        };
        self.history.push(ServiceDeployment {
            id: record_id(&target.id),
            deployment: target.id.clone(),
            target: target.revision_id.clone(),
            sources,
            status: Outcome::Pending,
            reason: None,
            progress: source.map(|_| Progress::new(self.deployments.len() > 2, now)),
            hooks: Vec::new(),
            configuration,
            rollback: None,
            failures: 0,
            broke_circuit: false,
            alarms: Vec::new(),
            ignores_alarms: false,
            created: now,
            started: None,
            finished: None,
            stopped: None,
            updated: now,
        });
        let surplus = self.history.len().saturating_sub(MOST);
        self.history.drain(..surplus);
        self.history.retain(|old| old.finished.is_none_or(|finished| finished + KEPT > now));
        let surplus = self.revisions.len().saturating_sub(MOST);
        self.revisions.drain(..surplus);
    }

    /// Ends the record of the newest rollout with the service.
    pub(crate) fn stop_record(&mut self, now: Timestamp) {
        if let Some(record) = self.record() {
            record.reason = Some("The service was deleted.".to_owned());
            record.progress = None;
            record.become_(Outcome::Stopped, now);
        }
    }

    /// The deployment that completed last, if it is still there.
    pub(super) fn source(&self) -> Option<&Deployment> {
        let last = self.last_completed.as_ref()?;
        self.deployments.iter().find(|deployment| deployment.id == last.id)
    }

    /// The record of the newest rollout, unless it is over.
    pub(super) fn record(&mut self) -> Option<&mut ServiceDeployment> {
        self.history.last_mut().filter(|record| !record.status.is_over())
    }

    /// Whether the newest rollout goes through the stages of blue/green and its like.
    pub(super) fn is_shifting(&self) -> bool {
        self.history.last().is_some_and(|record| record.status.is_under_way() && record.progress.is_some())
    }
}

/// 21 letters and digits that follow from the deployment's id, so that no stream of ids moves for them.
fn record_id(deployment: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut ids = Ids::labelled(0, deployment);
    (0..21).map(|_| char::from(LETTERS[(ids.next() % 64) as usize])).collect()
}
