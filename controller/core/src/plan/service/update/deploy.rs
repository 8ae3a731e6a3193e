//! The parts of an update that concern rollouts: intents whose outcome is open, CodeDeploy deployments, the way back.

use super::*;

impl Pass<'_> {
    /// CODE_DEPLOY: takes note of which target group serves production, and which two there are.
    pub(super) fn target_groups(&mut self, observed: &Observed) {
        let Some(live) = self.view.target_group().filter(|_| self.view.controller() == Controller::CodeDeploy) else {
            return;
        };
        let groups = self.plan.memory.target_groups.get_or_insert_with(TargetGroups::default);
        live.clone_into(&mut groups.primary);
        let declared = self.document.get("loadBalancers").and_then(|list| list.pointer("/0/targetGroupArn"));
        match &observed.code_deploy {
            Observation::Present(seen) => groups.pair = seen.pair(),
            Observation::Unknown if groups.pair.is_empty() && declared.is_some_and(|declared| declared != live) => {
                self.plan.asks.insert(Ask::CodeDeploy);
            }
            _ => {}
        }
    }

    /// Finds out what became of a write whose answer never came: nothing, or a rollout of ours. Waits if that cannot be
    /// said yet.
    pub(super) fn resolve_intent(&mut self, observed: &Observed, now: Timestamp) -> Option<Waiting> {
        let intent = self.plan.memory.intent.clone()?;
        let memory = &mut self.plan.memory;
        if intent.operation == Operation::CreateDeployment {
            match &observed.code_deploy {
                Observation::Unknown => {
                    self.plan.asks.insert(Ask::CodeDeploy);
                    let message = "whether CodeDeploy took the last deployment on has not been read";
                    return Some(Waiting::new(Reason::AwaitingWrite, message));
                }
                Observation::Absent => memory.intent = None,
                Observation::Present(seen) => {
                    memory.intent = None;
                    let ours = seen.bringing(&intent.content, intent.at - outcome::SKEW);
                    if let Some(id) = ours.and_then(|one| one["deploymentId"].as_str()) {
                        let rollout = Rollout::by_code_deploy(intent, id, now);
                        memory.started(rollout, now);
                    }
                }
            }
            return None;
        }
        memory.intent = None;
        // The outcome shows in what differs now. Should the rollout have begun, it was ours.
        let created = self.view.primary().and_then(|primary| primary.created_at());
        let begun = created.is_none_or(|created| created >= intent.at - outcome::SKEW);
        if intent.content == self.content && begun {
            let rollout = Rollout::of(intent, self.view, None, now);
            memory.started(rollout, now);
        }
        None
    }

    /// Takes note of a revision that runs as it should: what a rollback goes back to.
    pub(super) fn remember_good(&mut self, revision: &Revision) {
        let memory = &mut self.plan.memory;
        let ended_well = memory.rollout.as_ref().is_none_or(|rollout| !rollout.is_open()) && memory.failed.is_none();
        let ours = self.desired.task_definition != TaskDefinition::NotOurs;
        if matches!(revision, Revision::Fine) && ours && ended_well && self.view.is_settled() {
            memory.last_good = Some(self.view.task_definition().to_owned());
        }
    }

    /// Everything that goes through CodeDeploy, in one deployment.
    pub(super) fn deploy(&mut self, observed: &Observed, now: Timestamp) {
        if self.deployed.is_empty() {
            return;
        }
        let revision = self.revision.clone().unwrap_or_else(|| self.view.task_definition().to_owned());
        let arrived = self.plan.memory.rollout.as_ref().filter(|rollout| rollout.content == self.content);
        let arrived = arrived.and_then(|rollout| rollout.end.as_ref()).filter(|end| end.outcome == Ended::Succeeded);
        let since = arrived.map(|end| observed.read_at.duration_since(end.at));
        let planned = match &observed.code_deploy {
            _ if since.is_some_and(|age| age < SETTLE) => Err(Waiting::new(
                Reason::AwaitingWrite,
                "CodeDeploy's deployment has succeeded and the service does not show it yet",
            )
            .retry_in(SETTLE)),
            Observation::Unknown => {
                self.plan.asks.insert(Ask::CodeDeploy);
                Err(Waiting::new(Reason::ObservationUnknown, "CodeDeploy's deployment group has not been read"))
            }
            Observation::Absent => Err(Waiting::new(
                Reason::CodeDeployNotReady,
                "CodeDeploy has no deployment group for this service: make one, or name it in spec.codeDeploy",
            )
            .retry_in(code_deploy::GROUP_POLL)),
            Observation::Present(seen) => {
                code_deploy::deploy(self.desired, &self.document, seen, self.view, &revision, &self.content)
            }
        };
        match planned {
            Ok(action) => {
                let (content, generation) = (self.content.clone(), self.desired.generation);
                let operation = Operation::CreateDeployment;
                self.plan.memory.intent = Some(Intent { operation, content, generation, at: now, commit: None });
                self.plan.actions.push(action);
                self.plan.deploying.append(&mut self.deployed);
            }
            Err(waiting) => {
                self.plan.waiting.push(waiting);
                self.pending.append(&mut self.deployed);
            }
        }
    }

    /// Back to what ran before, if the policy says so.
    pub(super) fn roll_back(&mut self, observed: &Observed) {
        let memory = &self.plan.memory;
        let Some(back) = rollback::plan(self.desired, observed, self.view, memory, &mut self.plan.asks) else { return };
        let update = self.plan.actions.iter_mut().find(|action| action.operation == back.operation);
        match (update, back.body.get("taskDefinition")) {
            // One UpdateService a pass: it takes the revision along.
            (Some(update), Some(revision)) => update.body["taskDefinition"] = revision.clone(),
            _ => self.plan.actions.push(back),
        }
    }
}
