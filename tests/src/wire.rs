//! The wire between controller and sandbox: it writes down what passes, and can cut the controller off at any call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel::clock::Clock;
use evenkeel::embedded;
use evenkeel_aws::{Answered, Transport};
use evenkeel_core::operation::{Access, Operation};
use evenkeel_sandbox::Sandbox;
use serde_json::Value;
use tokio::sync::Notify;

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

/// Where the controller dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// When it is about to make its nth call (from 0): AWS never gets it.
    Before(usize),
    /// When AWS has done its nth call and the answer is on its way.
    After(usize),
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
    crash: Option<Crash>,
}

impl Wire {
    /// The way into the sandbox, over this wire.
    pub fn transport(&self, sandbox: Arc<Mutex<Sandbox>>, clock: Clock) -> Transport {
        let inner = embedded::transport(sandbox, clock);
        let Transport::InProcess(handler) = inner else { return inner };
        let wire = self.clone();
        Transport::InProcess(Arc::new(move |request| {
            let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
            let operation = target.and_then(Operation::from_target);
            let body = serde_json::from_slice(request.body()).unwrap_or_default();
            let (wire, answer) = (wire.clone(), handler.clone());
            Box::pin(async move {
                // Calls of AWS STS are none of the operations.
                let Some(operation) = operation else { return answer(request).await };
                let number = wire.note(operation, body);
                if wire.dies_at(Crash::Before(number)) {
                    return std::future::pending().await;
                }
                let answer = answer(request).await;
                if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                    wire.log().calls[number].accepted = true;
                }
                if wire.dies_at(Crash::After(number)) {
                    return std::future::pending().await;
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

    /// Arms a crash. [`Wire::crashed`] tells when it has come.
    pub fn crash(&self, crash: Crash) {
        self.log().crash = Some(crash);
    }

    /// Waits for the crash.
    pub async fn crashed(&self) {
        self.0.crashed.notified().await;
    }

    fn note(&self, operation: Operation, body: Value) -> usize {
        let mut log = self.log();
        log.calls.push(Call { operation, body, accepted: false });
        log.calls.len() - 1
    }

    fn dies_at(&self, point: Crash) -> bool {
        let mut log = self.log();
        let dies = log.crash == Some(point);
        if dies {
            log.crash = None;
            self.0.crashed.notify_one();
        }
        dies
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
