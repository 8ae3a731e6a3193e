//! The stages of BLUE_GREEN, LINEAR and CANARY (Amazon ECS developer guide, "Lifecycle stages for Amazon ECS service
//! deployments"). A service's first deployment has nothing to shift traffic from and goes without them; AWS does not say
//! what it does there.

use super::{Rollout, Task, hooks::HookState, record::ServiceDeployment};
use crate::ecs::{Moment, Service};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A lifecycle stage, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    ReconcileService,
    PreScaleUp,
    ScaleUp,
    PostScaleUp,
    TestTrafficShift,
    PostTestTrafficShift,
    PreProductionTrafficShift,
    ProductionTrafficShift,
    PostProductionTrafficShift,
    BakeTime,
    CleanUp,
}

impl Stage {
    const ALL: [Self; 11] = [
        Self::ReconcileService,
        Self::PreScaleUp,
        Self::ScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::PreProductionTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
        Self::BakeTime,
        Self::CleanUp,
    ];

    /// The name that hooks bear.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    /// The name that `lifecycleStage` shows: hooks know one stage that it does not.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::PreProductionTrafficShift => Self::PostTestTrafficShift.name(),
            other => other.name(),
        }
    }

    fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }
}

/// Where a rollout is among the stages.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    entered: Timestamp,
    /// Whether the stage has been begun, with its hooks.
    begun: bool,
    /// Percentages of traffic that the target has.
    pub(crate) production: f64,
    pub(crate) test: f64,
    /// When the stage's own time is over.
    until: Option<Timestamp>,
    /// When something happens next by itself.
    pub(super) wake: Option<Timestamp>,
}

impl Progress {
    /// At the beginning; `reconciles`: another rollout was under way.
    pub(super) fn new(reconciles: bool, now: Timestamp) -> Self {
        Self {
            stage: if reconciles { Stage::ReconcileService } else { Stage::PreScaleUp },
            entered: now,
            begun: false,
            production: 0.0,
            test: 0.0,
            until: None,
            wake: None,
        }
    }

    fn enter(&mut self, stage: Stage, at: Timestamp) {
        (self.stage, self.entered, self.begun) = (stage, at, false);
        (self.until, self.wake) = (None, None);
    }
}

impl Service {
    /// Goes through as many stages as it is time for.
    pub(super) fn pass_stages(&mut self, moment: &mut Moment<'_>) {
        loop {
            self.keep_both_sides(moment);
            if !self.pass_stage(moment) {
                break;
            }
        }
    }

    /// Keeps target and source at the desired count for as long as each is wanted, and nothing else.
    fn keep_both_sides(&mut self, moment: &mut Moment<'_>) {
        let Some(stage) = self.record().and_then(|record| Some(record.progress.as_ref()?.stage)) else { return };
        let source = self.source().map(|source| source.id.clone());
        for place in 0..self.deployments.len() {
            let id = self.deployments[place].id.clone();
            let wants = match place {
                0 => stage >= Stage::ScaleUp,
                _ => source.as_ref() == Some(&id) && stage < Stage::CleanUp,
            };
            let wanted = if wants { self.desired } else { 0 };
            let live = self.count(|task| task.deployment == id && task.is_live());
            self.stop_newest(live - wanted, moment, |task| task.deployment == id);
            self.start(place, wanted, i64::MAX, moment);
        }
    }

    /// Ends the present stage if its work is done and its hooks have succeeded; whether it did.
    fn pass_stage(&mut self, moment: &mut Moment<'_>) -> bool {
        let at = moment.at;
        let primary = self.deployments[0].id.clone();
        let healthy = self.count(|task: &Task| task.deployment == primary && task.is_healthy());
        let up = healthy >= self.desired;
        let rule = self.member("loadBalancers").pointer("/0/advancedConfiguration/testListenerRule");
        let has_test_rule = rule.is_some_and(|rule| rule.is_string());
        let Some(record) = self.record() else { return false };
        if !record.begin_stage(has_test_rule, moment) {
            return false;
        }
        let hooks = record.pass_hooks(moment);
        let Some(progress) = record.progress.as_mut() else { return false };
        let stage = progress.stage;
        if stage == Stage::ProductionTrafficShift && progress.until.is_some_and(|until| until <= at) {
            progress.shift(&record.configuration, at);
        }
        let over = progress.until.is_none_or(|until| until <= at) && (stage != Stage::ScaleUp || up);
        let until = progress.until.filter(|until| *until > at);
        match hooks {
            HookState::Failed(reason) => {
                self.fail_rollout(super::failure::Failure::hook(&reason), moment);
                return false;
            }
            HookState::Succeeded if over => {}
            HookState::Succeeded => progress.wake = until,
            HookState::Waiting(wake) => progress.wake = wake.into_iter().chain(until).min(),
        }
        if !over || hooks != HookState::Succeeded {
            return false;
        }
        let Some(next) = stage.next() else {
            // The last stage ends with the source's tasks.
            progress.wake = None;
            return false;
        };
        progress.enter(next, at);
        record.updated = at;
        if next == Stage::CleanUp {
            self.last_completed = Some(self.deployments[0].clone());
            self.deployments[0].rollout = Rollout::InProgress;
        }
        true
    }
}

impl ServiceDeployment {
    /// Does what a stage begins with, once; false when there is no stage.
    fn begin_stage(&mut self, has_test_rule: bool, moment: &Moment<'_>) -> bool {
        let (at, shift) = (moment.at, moment.options.timing.shift);
        let Some(progress) = self.progress.as_mut() else { return false };
        if progress.begun {
            return true;
        }
        progress.begun = true;
        let time = match progress.stage {
            Stage::TestTrafficShift if has_test_rule => {
                progress.test = 100.0;
                Some(shift)
            }
            Stage::ProductionTrafficShift => {
                let (weight, time) = Step::of(&self.configuration).first(shift);
                progress.production = weight;
                Some(time)
            }
            Stage::BakeTime => {
                let minutes = self.configuration["bakeTimeInMinutes"].as_i64().unwrap_or(0);
                Some(SignedDuration::from_mins(minutes))
            }
            _ => None,
        };
        progress.until = time.map(|time| at + time);
        let name = progress.stage.name();
        self.start_hooks(name, at);
        true
    }
}

/// How a strategy shifts production traffic; shares in percent (API reference: the defaults of `LinearConfiguration`
/// and `CanaryConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    AllAtOnce,
    /// A first share, and the time until the rest follows.
    Canary(f64, SignedDuration),
    /// A share a step, and the time between steps.
    Linear(f64, SignedDuration),
}

impl Step {
    fn of(configuration: &Value) -> Self {
        let percent =
            |pointer: &str, otherwise: f64| configuration.pointer(pointer).and_then(Value::as_f64).unwrap_or(otherwise);
        let minutes = |pointer: &str, otherwise: i64| {
            let minutes = configuration.pointer(pointer).and_then(Value::as_i64);
            SignedDuration::from_mins(minutes.unwrap_or(otherwise))
        };
        match configuration["strategy"].as_str() {
            Some("LINEAR") => Self::Linear(
                percent("/linearConfiguration/stepPercent", 10.0),
                minutes("/linearConfiguration/stepBakeTimeInMinutes", 6),
            ),
            Some("CANARY") => Self::Canary(
                percent("/canaryConfiguration/canaryPercent", 5.0),
                minutes("/canaryConfiguration/canaryBakeTimeInMinutes", 10),
            ),
            _ => Self::AllAtOnce,
        }
    }

    /// The first share, and how long it stays; `shift` is the time of a shift that has none of its own.
    fn first(self, shift: SignedDuration) -> (f64, SignedDuration) {
        match self {
            Self::AllAtOnce => (100.0, shift),
            Self::Canary(percent, time) | Self::Linear(percent, time) => (percent, time),
        }
    }
}

impl Progress {
    /// The next shift of production traffic: the rest for a canary, another step for LINEAR.
    fn shift(&mut self, configuration: &Value, at: Timestamp) {
        let (step, time) = match Step::of(configuration) {
            Step::Linear(percent, time) => (percent, time),
            _ => (100.0, SignedDuration::ZERO),
        };
        self.production = (self.production + step).min(100.0);
        if self.production < 100.0 {
            self.until = Some(at + time);
        }
    }
}
