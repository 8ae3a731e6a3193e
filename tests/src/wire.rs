//! The wire between controller and sandbox: it writes down what passes, and strikes at any call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel::clock::Clock;
use evenkeel::embedded;
use evenkeel_aws::{Answered, Transport};
use evenkeel_core::operation::{Access, Operation};
use evenkeel_sandbox::{Rule, Sandbox, When};
use serde_json::Value;
use tokio::sync::Notify;

use crate::strike::{Blow, Strike};

/// One call that the controller made.
#[derive(Clone, Debug)]
pub struct Call {
    /// What was called.
    pub operation: Operation,
    /// The request.
    pub body: Value,
    /// Whether AWS answered with success.
    pub accepted: bool,
}

/// What passed on the wire. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Wire(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    log: Mutex<Log>,
    crashed: Notify,
}

#[derive(Debug, Default)]
struct Log {
    calls: Vec<Call>,
    /// How often each operation was called.
    counts: BTreeMap<Operation, usize>,
    /// Strikes that have not come yet.
    strikes: Vec<Strike>,
    struck: usize,
}

impl Wire {
    /// The way into the sandbox, over this wire.
    pub fn transport(&self, sandbox: Arc<Mutex<Sandbox>>, clock: Clock) -> Transport {
        let inner = embedded::transport(sandbox.clone(), clock);
        let Transport::InProcess(handler) = inner else { return inner };
        let wire = self.clone();
        Transport::InProcess(Arc::new(move |request| {
            let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
            let operation = target.and_then(Operation::from_target);
            let body = serde_json::from_slice(request.body()).unwrap_or_default();
            let (wire, answer, sandbox) = (wire.clone(), handler.clone(), sandbox.clone());
            Box::pin(async move {
                // Calls of AWS STS are none of the operations.
                let Some(operation) = operation else { return answer(request).await };
                let (number, blow) = wire.note(operation, body);
                match &blow {
                    Some(Blow::DieBefore) => return wire.die().await,
                    // For this call: nothing comes between here and the sandbox.
                    Some(Blow::Fault(fault)) => {
                        let rule = Rule::new(operation, When::First(1), fault.clone());
                        sandbox.lock().unwrap_or_else(PoisonError::into_inner).add_fault(rule);
                    }
                    Some(Blow::DieAfter(_)) | None => {}
                }
                let answer = answer(request).await;
                if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                    wire.log().calls[number].accepted = true;
                }
                match blow {
                    Some(Blow::DieAfter(0)) => return wire.die().await,
                    Some(Blow::DieAfter(steps)) => drop(tokio::spawn(async move {
                        // Whatever can run does so once between two of these.
                        for _ in 0..steps {
                            tokio::task::yield_now().await;
                        }
                        wire.die::<()>().await
                    })),
                    _ => {}
                }
                answer
            }) as Answered
        }))
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.log().calls.clone()
    }

    /// The writes among the calls from the nth on, as far as AWS accepted them.
    pub fn writes_since(&self, from: usize) -> Vec<Call> {
        let calls = self.log().calls[from..].to_vec();
        calls.into_iter().filter(|call| call.accepted && call.operation.access() == Access::Write).collect()
    }

    /// Forgets the calls so far, in a test that makes very many.
    pub fn forget(&self) {
        self.log().calls.clear();
    }

    /// Arms strikes. [`Wire::crashed`] tells of those that the controller does not survive.
    pub fn strike(&self, strikes: &[Strike]) {
        self.log().strikes.extend(strikes.iter().cloned());
    }

    /// How many strikes have come.
    pub fn struck(&self) -> usize {
        self.log().struck
    }

    /// Takes back the strikes that have not come.
    pub fn disarm(&self) {
        self.log().strikes.clear();
    }

    /// Waits for the controller's death.
    pub async fn crashed(&self) {
        self.0.crashed.notified().await;
    }

    async fn die<T>(&self) -> T {
        self.0.crashed.notify_one();
        std::future::pending().await
    }

    fn note(&self, operation: Operation, body: Value) -> (usize, Option<Blow>) {
        let mut log = self.log();
        log.calls.push(Call { operation, body, accepted: false });
        let count = log.counts.entry(operation).or_default();
        *count += 1;
        let nth = *count;
        let at = log.strikes.iter().position(|strike| (strike.operation, strike.nth) == (operation, nth));
        let blow = at.map(|at| log.strikes.swap_remove(at).blow);
        log.struck += usize::from(blow.is_some());
        (log.calls.len() - 1, blow)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
