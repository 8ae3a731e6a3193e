//! What is remembered of rollouts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Intent;
use crate::view::{DeploymentView, ServiceView, family_and_revision};

/// Content whose rollout failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Hash of what triggers rollouts, as it was when it failed.
    pub content: String,
    /// What AWS said.
    pub reason: String,
    /// When it was noticed.
    pub at: Timestamp,
    /// What tasks and events say of it; absent until that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causes: Option<Causes>,
}

/// What ECS says of a rollout that failed, each thing once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Causes {
    /// Why its tasks stopped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// Events of the service that are worth reading, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
}

impl Failed {
    /// The reason, and why tasks stopped, in one sentence.
    pub fn told(&self) -> String {
        let mut told = self.reason.trim_end_matches('.').to_owned();
        let Some(causes) = &self.causes else { return self.reason.clone() };
        for (word, list) in [("Tasks stopped", &causes.tasks), ("Events", &causes.events)] {
            if !list.is_empty() {
                told += &format!(". {word}: {}", list.join("; ").trim_end_matches('.'));
            }
        }
        told
    }
}

/// A rollout that we started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// Counts the object's rollouts, from 1.
    #[serde(default)]
    pub number: u32,
    /// Hash of what triggers rollouts.
    pub content: String,
    /// The revision that it brings; empty until a CODE_DEPLOY service shows it.
    pub task_definition: String,
    /// Id of the deployment that AWS answered with: ECS's, or CodeDeploy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// When it was started.
    pub at: Timestamp,
    /// How far it had come when last seen under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The commit that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// Digests of the images that it brought, by container, as its tasks run them; absent until that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<BTreeMap<String, String>>,
    /// How it ended; absent while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// The state of the source that asked for something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its revision, such as `sha1:` and a commit's hash.
    pub revision: String,
    /// Who made it, where git could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The first line of what they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a rollout ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The word for it.
    pub outcome: Ended,
    /// What AWS said, where it said something.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When that was noticed.
    pub at: Timestamp,
}

/// The ways in which a rollout ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// Everything that it was to bring runs.
    Succeeded,
    /// AWS, or our deadline, gave it up.
    Failed,
    /// A newer one took its place.
    Superseded,
}

/// How far a rollout has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The most of its tasks that ran at once.
    pub running: i64,
    /// Since when.
    pub at: Timestamp,
}

impl Rollout {
    /// The rollout that an answer of ECS, or a read after it, shows to have begun. `sent` is the revision that was asked
    /// for: an answer that does not show it yet, as emulators give, says nothing of the deployment.
    pub(crate) fn of(intent: Intent, service: ServiceView<'_>, sent: Option<&str>, now: Timestamp) -> Self {
        let shows = |arn: &str| sent.is_none_or(|sent| family_and_revision(sent) == family_and_revision(arn));
        let shown = Some(service.task_definition()).filter(|arn| shows(arn));
        let primary = service.primary().filter(|primary| shows(primary.task_definition()));
        let deployment = primary.map(|deployment| deployment.id().to_owned());
        Self::begun(intent, shown.or(sent).unwrap_or_default(), deployment, now)
    }

    /// The rollout that CodeDeploy took on.
    pub(crate) fn by_code_deploy(intent: Intent, deployment: &str, now: Timestamp) -> Self {
        Self::begun(intent, "", Some(deployment.to_owned()), now)
    }

    fn begun(intent: Intent, task_definition: &str, deployment: Option<String>, now: Timestamp) -> Self {
        Self {
            number: 0,
            content: intent.content,
            task_definition: task_definition.to_owned(),
            deployment,
            at: now,
            progress: None,
            commit: intent.commit,
            images: None,
            end: None,
        }
    }

    /// Whether a deployment of ECS is this rollout.
    pub fn is(&self, deployment: DeploymentView<'_>) -> bool {
        match &self.deployment {
            Some(id) => deployment.id() == id,
            None => family_and_revision(deployment.task_definition()) == family_and_revision(&self.task_definition),
        }
    }

    /// Whether it is under way, for all that is known.
    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }
}
