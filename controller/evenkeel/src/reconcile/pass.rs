//! The part of a pass that is the same for every kind: read the memory, execute the plan, report.

mod turn;

use std::time::Duration;

use evenkeel_aws::{AwsError, ErrorClass};
use evenkeel_core::desired::RECONCILE;
use evenkeel_core::memory::{Commit, Memory, SETTLE};
use evenkeel_core::object::{FINALIZER, Kind, Object, ObjectKey};
use evenkeel_core::operation::AwsService;
use evenkeel_core::plan::{Holds, Plan, Waiting};
use evenkeel_core::reason::{Reason, Weight};
use evenkeel_core::status::{self, Facts, Health};
use evenkeel_store::{Batch, CommitError, Precondition, Table, Write};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use turn::waits;

use super::Context;
use crate::budget::{Admitted, Held, Metered, Short};
use crate::commits;
use crate::events;
use crate::execute::execute;
use crate::observe::Part;
use crate::provenance::{HeldCommit, SourceRecord};
use crate::workqueue::{Outcome, Priority, Retry};

/// One pass over one object.
pub(super) struct Pass<'a> {
    context: &'a Context,
    pub(super) object: Object,
    pub(super) key: ObjectKey,
    pub(super) memory: Memory,
    pub(super) now: Timestamp,
    /// What holds it.
    pub(super) holds: Holds,
    /// What it is worth.
    priority: Priority,
    /// What the status holds besides conditions, drift and the like.
    pub(super) details: Map<String, Value>,
    pub(super) health: Health,
    /// The TaskDefinition whose new content this pass rolls out, if it does.
    pub(super) brings: Option<ObjectKey>,
    /// Which AWS resource the manifest names.
    identity: String,
    /// Reads that were admitted and are not answered yet.
    reading: Vec<Admitted>,
    /// Tokens for what it wants to write, or why it has to wait for them.
    reserved: Result<Option<Held>, Short>,
}

impl<'a> Pass<'a> {
    /// Begins a pass: reads the object's memory.
    pub(super) async fn begin(context: &'a Context, object: Object, priority: Priority) -> Result<Self, Outcome> {
        let key = object.key();
        let record = context.store.record(Table::Memory, &object.metadata.uid).await;
        let memory = match record {
            Ok(Some(bytes)) => serde_json::from_slice(&bytes).map_err(|error| {
                tracing::error!(%key, %error, "the object's memory cannot be read");
                Outcome::Retry(Retry::Bug)
            })?,
            Ok(None) => Memory::default(),
            Err(error) => {
                tracing::error!(%key, %error, "the store cannot be read");
                return Err(Outcome::Retry(Retry::Bug));
            }
        };
        let now = context.clock.now();
        let holds = context.holds(&object, now).await.map_err(|error| {
            tracing::error!(%key, %error, "the store cannot be read");
            Outcome::Retry(Retry::Bug)
        })?;
        Ok(Self {
            context,
            object,
            key,
            memory,
            now,
            holds,
            priority,
            details: Map::new(),
            health: Health::Unknown,
            brings: None,
            identity: String::new(),
            reading: Vec::new(),
            reserved: Ok(None),
        })
    }

    /// Says which AWS resource the manifest names. It must be the one that the object has managed so far: nothing is
    /// created elsewhere, and nothing is left behind, by an edit.
    ///
    /// # Errors
    /// What to tell, if it is another one.
    pub(super) fn identify(&mut self, identity: String) -> Result<(), String> {
        let moved = self.memory.moved_from(&identity).map(|before| {
            format!(
                "the manifest names {identity}, and the object manages {before}: an AWS identity does not change. Name \
                 the old one again, or give the new one a manifest with a name of its own"
            )
        });
        self.identity = identity;
        moved.map_or(Ok(()), Err)
    }

    /// Ends a pass that could not be planned. What the last pass found out about this generation still stands.
    pub(super) async fn fail(self, reason: Reason, message: String, retry: Option<Retry>) -> Outcome {
        self.end(reason, message, retry.map(Outcome::Retry)).await
    }

    /// Whether the status is about the present spec.
    fn is_told(&self) -> bool {
        self.object.status["observedGeneration"].as_i64() == Some(self.object.metadata.generation)
    }

    async fn end(mut self, reason: Reason, message: String, requeue: Option<Outcome>) -> Outcome {
        let current = self.is_told();
        for (name, value) in self.object.status.as_object().into_iter().flatten().filter(|_| current) {
            if !status::COMMON.contains(&name.as_str()) && !self.details.contains_key(name) {
                self.details.insert(name.clone(), value.clone());
            }
        }
        let plan = Plan { memory: self.memory.clone(), ..Plan::default() };
        let outcome = status::Outcome::Failed(reason, message);
        self.report(plan, outcome, requeue).await
    }

    /// Ends a pass that AWS's answer to a read ended.
    pub(super) async fn unread(self, error: &AwsError) -> Outcome {
        let (reason, retry) = meaning(error.class);
        tracing::warn!(key = %self.key, %error, "AWS could not be read");
        self.fail(reason, told(error), Some(retry)).await
    }

    /// Executes the plan and reports. `wrong` is what the plan checker found: then nothing is done.
    pub(super) async fn finish(mut self, mut plan: Plan, gateway: &Metered, wrong: &[String]) -> Outcome {
        if let Some(first) = wrong.first() {
            tracing::error!(key = %self.key, rule = first, "a plan failed its check; nothing was done, please report it");
            self.context.metrics.refused_plan();
            return self.fail(Reason::InternalError, format!("the plan broke a rule: {first}"), Some(Retry::Bug)).await;
        }
        if self.context.options.read_only {
            if !plan.actions.is_empty() {
                let message = "read-only: differences are reported and left alone";
                plan.waiting.push(Waiting::new(Reason::DriftReported, message));
            }
            self.hold(&mut plan);
        }
        if plan.memory.owned.is_some() || !plan.memory.revisions.is_empty() {
            plan.memory.identity = Some(self.identity.clone());
        }
        if plan.actions.is_empty() {
            if let Some(budget) = gateway.budget() {
                budget.leave(&self.key);
            }
            return self.report(plan, status::Outcome::Nothing, None).await;
        }
        if !self.reserve(gateway, &plan)
            && let Err(short) = self.reserved
        {
            self.hold(&mut plan);
            plan.waiting.push(Waiting::new(Reason::WaitingForBudget, waits(short.bucket)));
            let again = Outcome::RequeueAfter(short.wait, self.priority);
            return self.report(plan, status::Outcome::Nothing, Some(again)).await;
        }
        if let Err(outcome) = self.context.may_write(&self.key).await {
            return outcome;
        }
        let mut memory = plan.memory.clone();
        if let Some(intent) = memory.intent.as_mut().filter(|intent| intent.commit.is_none()) {
            intent.commit = asked_for_by(self.context, &self.key, self.brings.as_ref()).await;
        }
        if memory.intent.is_some() && memory.intent != self.memory.intent {
            // Before what may start a rollout its intent is on disk, so that a crash in between is known of.
            if let Err(outcome) = self.remember(&memory).await {
                return outcome;
            }
        }
        for action in &plan.actions {
            tracing::info!(key = %self.key, operation = %action.operation, reason = action.reason, "changing AWS");
        }
        if let Ok(Some(held)) = std::mem::replace(&mut self.reserved, Ok(None)) {
            held.spent();
        }
        let execution = execute(gateway, &plan.actions, &mut memory, &self.context.clock).await;
        // What was read before the write is no fresh read any more. New bounds of the scaling may move the count as well.
        let now = self.context.clock.now();
        self.context.seen.outdate(&self.key, Part::Service, now);
        if plan.actions.iter().any(|action| action.operation.service() == AwsService::ApplicationAutoScaling) {
            self.context.seen.outdate(&self.key, Part::Scaling, now);
        }
        let repairs = [plan.acting.as_slice(), &plan.deploying].concat();
        self.context.metrics.repaired(&self.key, &plan.drift, &repairs, execution.error.is_none());
        let (outcome, requeue) = match &execution.error {
            None => {
                memory.identity = Some(self.identity.clone());
                plan.remember_applied(&mut memory, self.context.clock.now());
                // The next pass looks at what came of it: at once where others wait for it and the answer has said all,
                // a little later where AWS has something to do first.
                let later = if self.key.kind == Kind::Service { Duration::from_secs(1) } else { Duration::ZERO };
                (status::Outcome::Done, Outcome::RequeueAfter(later, Priority::NewCommit))
            }
            Some(error) => {
                let (reason, retry) = meaning(error.class);
                let refused = &plan.actions[execution.done];
                if error.class != ErrorClass::Transient {
                    // AWS answered no, so nothing was begun. Only a lost answer leaves that open.
                    memory.intent = None;
                }
                tracing::warn!(key = %self.key, operation = %refused.operation, %error, "AWS refused a change");
                (status::Outcome::Failed(reason, told(error)), Outcome::Retry(retry))
            }
        };
        plan.memory = memory;
        self.now = self.context.clock.now();
        self.report(plan, outcome, Some(requeue)).await
    }

    /// Nothing of the plan is done.
    fn hold(&self, plan: &mut Plan) {
        plan.proposed.append(&mut plan.actions);
        plan.acting.clear();
        plan.deploying.clear();
        plan.memory.intent.clone_from(&self.memory.intent);
    }

    async fn remember(&self, memory: &Memory) -> Result<(), Outcome> {
        let batch = Batch::new(self.now, vec![self.record(memory)])
            .when(Precondition::Uid(self.key.clone(), self.object.metadata.uid.clone()));
        self.context.store.commit(batch).await.map(drop).map_err(|error| self.unwritten(&error))
    }

    fn record(&self, memory: &Memory) -> Write {
        // A memory is plain data: there is nothing in it that JSON cannot hold.
        let value = serde_json::to_vec(memory).unwrap_or_default();
        Write::Record { table: Table::Memory, key: self.object.metadata.uid.clone(), value }
    }

    fn unwritten(&self, error: &CommitError) -> Outcome {
        if let CommitError::Conflict { .. } = error {
            return Outcome::Retry(Retry::Conflict);
        }
        tracing::error!(key = %self.key, %error, "the store cannot be written");
        Outcome::Retry(Retry::Bug)
    }

    /// Writes status and memory in one commit, and says when to look again.
    pub(super) async fn report(self, mut plan: Plan, outcome: status::Outcome, requeue: Option<Outcome>) -> Outcome {
        if plan.finalized {
            return self.finalize().await;
        }
        let store = &self.context.store;
        let source = match SourceRecord::read(store, &self.key).await {
            Ok(source) => source,
            Err(error) => {
                tracing::error!(key = %self.key, %error, "the store cannot be read");
                return Outcome::Retry(Retry::Bug);
            }
        };
        plan.waiting.extend(source.held.as_ref().map(HeldCommit::waiting));
        let metadata = &self.object.metadata;
        let facts = Facts {
            generation: metadata.generation,
            source_revision: &source.revision,
            outcome,
            health: self.health,
            details: self.details.clone(),
            source_error: source.error.as_deref(),
            handled_reconcile_at: metadata.annotations.get(RECONCILE).map(String::as_str),
            suspended: self.holds.suspension.as_ref().map(|suspension| json!(suspension)),
            now: self.now,
        };
        let mut status = status::status(&plan, &facts, &self.object.status);
        let late = self.context.trail.attribute(&self.key, &mut status, &self.object.status, self.now);
        self.context.metrics.report(&self.object, &status, self.now);
        self.log(&plan, &facts, &status);
        let mut writes = Vec::new();
        if plan.memory != self.memory {
            writes.push(self.record(&plan.memory));
        }
        let notes = events::notes(&self.object.status, &status, &late);
        match events::writes(store, &self.object, &notes, &self.context.options.installation, self.now).await {
            Ok(events) => writes.extend(events),
            Err(error) => {
                tracing::error!(key = %self.key, %error, "the store cannot be read");
                return Outcome::Retry(Retry::Bug);
            }
        }
        if status != self.object.status {
            writes.push(Write::Status { key: self.key.clone(), status });
        }
        if !writes.is_empty() {
            let batch = Batch::new(self.now, writes).when(Precondition::Uid(self.key.clone(), metadata.uid.clone()));
            if let Err(error) = store.commit(batch).await {
                return self.unwritten(&error);
            }
            for note in &notes {
                self.context.metrics.event(note.kind(), note.reason.name());
            }
        }
        requeue.unwrap_or_else(|| self.next(&plan, &facts))
    }

    /// When to look again after a pass that changed nothing.
    fn next(&self, plan: &Plan, facts: &Facts<'_>) -> Outcome {
        let soonest = plan.waiting.iter().filter_map(|waiting| waiting.retry_in).min();
        let (reason, _) = status::verdict(plan, facts);
        let (delay, priority) = if let Some(delay) = soonest.and_then(|delay| Duration::try_from(delay).ok()) {
            (delay, Priority::RolloutWatch)
        } else if reason.weight() == Weight::Progress || facts.health == Health::Progressing {
            (self.context.options.rollout_watch, Priority::RolloutWatch)
        } else {
            (self.context.resync_of(&self.key), Priority::Resync)
        };
        // While our own last write lies over what is read, a change by somebody else may hide under it: look again as
        // soon as reads are believed.
        let written = plan.memory.written.values().map(|written| written.at).max();
        let believed = written.map(|at| Duration::try_from(SETTLE - self.now.duration_since(at)).unwrap_or_default());
        // It may be over by the clock while what was read is from before: then the next read will do.
        let (delay, priority) = match believed.map(|rest| rest.max(Duration::from_secs(1))) {
            Some(rest) if rest < delay => (rest, Priority::RolloutWatch),
            _ => (delay, priority),
        };
        // A suspension or a pin with an end is over then, whatever else happens.
        let suspended = self.holds.suspension.as_ref().and_then(|suspension| suspension.term.until);
        let pinned = self.details.get("pinned").and_then(|pin| pin["until"].as_str()?.parse::<Timestamp>().ok());
        let until = [suspended, pinned].into_iter().flatten().min();
        match until.and_then(|until| Duration::try_from(until.duration_since(self.now)).ok()) {
            Some(end) if end < delay => Outcome::RequeueAfter(end, Priority::NewCommit),
            _ => Outcome::RequeueAfter(delay, priority),
        }
    }

    fn log(&self, plan: &Plan, facts: &Facts<'_>, status: &Value) {
        let ready = |status: &Value| {
            let conditions = status["conditions"].as_array().into_iter().flatten();
            conditions.filter(|condition| condition["type"] == "Ready").map(|ready| ready["reason"].clone()).next()
        };
        if ready(status) == ready(&self.object.status) && status.get("drift") == self.object.status.get("drift") {
            return;
        }
        let (reason, message) = status::verdict(plan, facts);
        let (sync, health) = (super::context::text_at(status, "/sync"), super::context::text_at(status, "/health"));
        match reason.weight() {
            Weight::Stuck => tracing::warn!(key = %self.key, %reason, sync, health, "{message}"),
            _ => tracing::info!(key = %self.key, %reason, sync, health, "{message}"),
        }
        for drift in &plan.drift {
            let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), ToString::to_string);
            let (desired, observed) = (side(&drift.desired), side(&drift.observed));
            tracing::info!(key = %self.key, path = drift.path, %desired, %observed, "drift");
        }
    }

    /// AWS is clean: the finalizer goes, and with it the object and its memory.
    async fn finalize(self) -> Outcome {
        let mut object = self.object.clone();
        object.metadata.finalizers.retain(|finalizer| finalizer != FINALIZER);
        let mut writes = vec![
            Write::Apply(object),
            Write::RemoveRecord { table: Table::Memory, key: self.object.metadata.uid.clone() },
            Write::RemoveRecord { table: Table::Source, key: self.key.to_string() },
        ];
        match events::removal(&self.context.store, &self.object).await {
            Ok(events) => writes.extend(events),
            Err(error) => {
                tracing::error!(key = %self.key, %error, "the store cannot be read");
                return Outcome::Retry(Retry::Bug);
            }
        }
        let batch = Batch::new(self.now, writes)
            .when(Precondition::Unchanged(self.key.clone(), self.object.metadata.resource_version));
        match self.context.store.commit(batch).await {
            Ok(_) => {
                self.context.metrics.forget(&self.key);
                self.context.seen.forget(&self.key);
                self.context.trail.forget(&self.key);
                tracing::info!(key = %self.key, "deleted");
                Outcome::Forget
            }
            Err(error) => self.unwritten(&error),
        }
    }
}

/// The commit that asks for a rollout: the last one that changed the TaskDefinition, where its content is what is new, else
/// the last one that changed the object itself.
async fn asked_for_by(context: &Context, key: &ObjectKey, brings: Option<&ObjectKey>) -> Option<Commit> {
    let record = SourceRecord::read(&context.store, brings.unwrap_or(key)).await.ok()?;
    if record.revision.is_empty() {
        return None;
    }
    Some(commits::of(&context.store, &record.revision).await)
}

/// An error as a status tells it: without the id of the request, which is another one each time and stands in the log. So
/// a failure that repeats is one status and not one write after the other.
pub(super) fn told(error: &AwsError) -> String {
    AwsError { request_id: None, ..error.clone() }.to_string()
}

/// What a failed call means for the object's condition and for the workqueue.
pub(super) const fn meaning(class: ErrorClass) -> (Reason, Retry) {
    match class {
        ErrorClass::Invalid => (Reason::Invalid, Retry::Invalid),
        ErrorClass::Conflict => (Reason::Conflict, Retry::Conflict),
        ErrorClass::Throttled => (Reason::Throttled, Retry::Throttled),
        // What a call needs is not there (yet): other objects are being made, or reads lag behind.
        ErrorClass::Transient | ErrorClass::NotFound => (Reason::Transient, Retry::Transient),
        ErrorClass::Denied => (Reason::Denied, Retry::Denied),
        ErrorClass::Bug => (Reason::InternalError, Retry::Bug),
    }
}
