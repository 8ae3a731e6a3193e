//! The model as one function from request to response.

use crate::{
    caller::Caller,
    calls::Calls,
    code_deploy, ecs,
    error::ApiError,
    fault::{Faults, Rule},
    ids::Ids,
    input::Input,
    options::Options,
    region::Region,
    scaling,
    throttle::Throttle,
};
use evenkeel_core::operation::{AwsService, Operation};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// An embedded Amazon ECS and Application Auto Scaling. See the [crate] documentation.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) options: Options,
    pub(crate) regions: BTreeMap<Caller, Region>,
    pub(crate) calls: Calls,
    pub(crate) throttle: Throttle,
    pub(crate) faults: Faults,
    /// Request ids have a stream of their own, so that reads do not move the ids of what later writes make.
    pub(crate) request_ids: Ids,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

impl Sandbox {
    /// An empty AWS.
    pub fn new(options: Options) -> Self {
        Self {
            regions: BTreeMap::new(),
            calls: Calls::default(),
            throttle: Throttle::default(),
            faults: Faults::new(options.seed),
            request_ids: Ids::labelled(options.seed, "requests"),
            options,
        }
    }

    /// Does one call, without throttling, latency or faults: time passes until `now`, then the operation happens.
    ///
    /// # Errors
    ///
    /// Whatever AWS would answer.
    pub fn call(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        operation: Operation,
        body: &Value,
    ) -> Result<Value, ApiError> {
        let answer = self.act(now, caller, operation, body);
        let count = self.calls.entry(operation);
        count.calls += 1;
        count.failed += u64::from(answer.is_err());
        answer
    }

    /// The operation itself, uncounted.
    pub(crate) fn act(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        operation: Operation,
        body: &Value,
    ) -> Result<Value, ApiError> {
        let region = self.region(now, caller);
        let input = Input::of(body)?;
        let answer = match operation.service() {
            AwsService::Ecs => ecs::call(region, now, operation, input),
            AwsService::ApplicationAutoScaling => scaling::call(region, now, operation, input),
            AwsService::CodeDeploy => code_deploy::call(region, now, operation, input),
        }?;
        if operation == Operation::CreateService {
            self.provision_created(now, caller, &answer);
        }
        Ok(answer)
    }

    /// What `caller` has, with time passed until `now`.
    pub(crate) fn region(&mut self, now: Timestamp, caller: &Caller) -> &mut Region {
        let region =
            self.regions.entry(caller.clone()).or_insert_with_key(|caller| Region::new(caller.clone(), &self.options));
        region.advance(now);
        region
    }

    /// How often each operation was called.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Starts counting calls again.
    pub fn reset_calls(&mut self) {
        self.calls.reset();
    }

    /// Adds a fault rule for calls through the wire.
    pub fn add_fault(&mut self, rule: Rule) {
        self.faults.add(rule);
    }

    /// Removes all fault rules.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }
}
