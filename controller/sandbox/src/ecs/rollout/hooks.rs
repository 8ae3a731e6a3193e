//! Lifecycle hooks of service deployments: functions, and pauses that somebody ends (API reference,
//! DeploymentLifecycleHook).

use super::record::ServiceDeployment;
use crate::{ecs::Moment, ids::Ids, options::Hook, time::epoch};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// One run of a hook at a stage.
#[derive(Clone, Debug)]
pub(crate) struct HookRun {
    pub(crate) id: String,
    stage: &'static str,
    /// The function's ARN; nothing for a pause.
    function: Option<String>,
    status: HookStatus,
    started: Timestamp,
    expires: Timestamp,
    /// Whether time-out rolls back.
    rolls_back: bool,
}

/// `status` of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HookStatus {
    AwaitingAction,
    InProgress,
    Succeeded,
    Failed,
    TimedOut,
}

/// Where the hooks of a stage are, all in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HookState {
    Succeeded,
    /// Until then, unless somebody acts.
    Waiting(Option<Timestamp>),
    /// And so the rollout has.
    Failed(String),
}

impl HookRun {
    /// Whether it waits for ContinueServiceDeployment.
    pub(crate) fn awaits_action(&self) -> bool {
        self.status == HookStatus::AwaitingAction
    }

    /// Ends a pause: the rollout goes on, or fails.
    pub(crate) fn answer(&mut self, goes_on: bool) {
        self.status = if goes_on { HookStatus::Succeeded } else { HookStatus::Failed };
    }

    pub(crate) fn describe(&self) -> Value {
        let status = match self.status {
            HookStatus::AwaitingAction => "AWAITING_ACTION",
            HookStatus::InProgress => "IN_PROGRESS",
            HookStatus::Succeeded => "SUCCEEDED",
            HookStatus::Failed => "FAILED",
            HookStatus::TimedOut => "TIMED_OUT",
        };
        let mut row = json!({
            "hookId": self.id,
            "targetType": if self.function.is_some() { "AWS_LAMBDA" } else { "PAUSE" },
            "status": status,
            "expiresAt": epoch(self.expires),
            "timeoutAction": if self.rolls_back { "ROLLBACK" } else { "CONTINUE" },
        });
        if let Some(function) = &self.function {
            row["targetArn"] = json!(function);
        }
        row
    }

    /// Moves on; the time at which it does so by itself, while it has not ended.
    fn pass(&mut self, moment: &Moment<'_>) -> Option<Timestamp> {
        let (next, end) = match (self.status, &self.function) {
            (HookStatus::AwaitingAction, _) => (HookStatus::TimedOut, self.expires),
            (HookStatus::InProgress, Some(function)) => {
                let answered = self.started + moment.options.timing.hook;
                match moment.options.hook(function) {
                    None => (HookStatus::Succeeded, answered),
                    Some(Hook::Fails) => (HookStatus::Failed, answered),
                    Some(Hook::Waits) => (HookStatus::TimedOut, self.expires),
                }
            }
            _ => return None,
        };
        if end > moment.at {
            return Some(end);
        }
        self.status = next;
        None
    }
}

impl ServiceDeployment {
    /// Starts the hooks that are declared for a stage.
    pub(super) fn start_hooks(&mut self, stage: &'static str, at: Timestamp) {
        let declared = self.configuration["lifecycleHooks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut runs = Vec::new();
        for (place, hook) in declared.iter().enumerate() {
            if !hook["lifecycleStages"].as_array().is_some_and(|stages| stages.iter().any(|one| one == stage)) {
                continue;
            }
            let pauses = hook["targetType"] == "PAUSE";
            let timeout = &hook["timeoutConfiguration"];
            let minutes = timeout["timeoutInMinutes"].as_i64().unwrap_or(1440);
            runs.push(HookRun {
                id: Ids::labelled(0, &format!("{}/{stage}/{place}", self.id)).uuid(),
                stage,
                function: (!pauses).then(|| hook["hookTargetArn"].as_str().unwrap_or("").to_owned()),
                status: if pauses { HookStatus::AwaitingAction } else { HookStatus::InProgress },
                started: at,
                expires: at + SignedDuration::from_mins(minutes),
                rolls_back: timeout["action"] != "CONTINUE",
            });
        }
        self.hooks.extend(runs);
    }

    /// Moves the hooks of the present stage on.
    pub(super) fn pass_hooks(&mut self, moment: &Moment<'_>) -> HookState {
        let Some(stage) = self.progress.as_ref().map(|progress| progress.stage.name()) else {
            return HookState::Succeeded;
        };
        let mut state = HookState::Succeeded;
        for run in self.hooks.iter_mut().filter(|run| run.stage == stage) {
            let wake = run.pass(moment);
            let what = run.function.as_deref().unwrap_or("the pause");
            match run.status {
                HookStatus::Failed => return HookState::Failed(format!("{what} at {stage} said so")),
                HookStatus::TimedOut if run.rolls_back => {
                    return HookState::Failed(format!("{what} at {stage} was not answered in time"));
                }
                HookStatus::Succeeded | HookStatus::TimedOut => {}
                HookStatus::AwaitingAction | HookStatus::InProgress => {
                    state = match state {
                        HookState::Waiting(other) => HookState::Waiting(other.into_iter().chain(wake).min()),
                        _ => HookState::Waiting(wake),
                    };
                }
            }
        }
        state
    }
}
