//! The one door to AWS.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use evenkeel_core::operation::{Access, Operation};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use tracing::instrument::WithSubscriber;

use crate::connect::Clients;
use crate::dispatch::send;
use crate::failure::failure;
use crate::transport::{Clock, Transport};
use crate::wire::Wire;
use crate::{Account, AwsError, ErrorClass};

/// One finished call, for metrics and for the count against AWS's rate buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// What was called.
    pub operation: Operation,
    /// How it ended: well, or with an error of this class.
    pub outcome: Result<(), ErrorClass>,
    /// From the start of the call to its end, credentials included if they had to be fetched.
    pub duration: Duration,
}

impl CallRecord {
    /// Whether AWS refused the call because of its rate.
    pub fn throttled(&self) -> bool {
        self.outcome == Err(ErrorClass::Throttled)
    }

    /// The outcome as a metric label: `ok`, or the label of the error class.
    pub fn outcome_label(&self) -> &'static str {
        self.outcome.err().map_or("ok", ErrorClass::label)
    }
}

/// Called once for each finished [`Gateway::call`], on the task that made it: it must not block.
pub type OnCall = Arc<dyn Fn(CallRecord) + Send + Sync>;

/// The door to one [`Account`]. Clones share connections and credentials.
#[derive(Clone)]
pub struct Gateway {
    clients: Arc<Clients>,
    on_call: Option<OnCall>,
    read_only: bool,
}

/// Who the credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The number of the account.
    pub account: String,
    /// The ARN of the user, or of the session of a role.
    pub arn: String,
}

impl Gateway {
    /// Reads the configuration for `account`. Nothing is called yet and no credentials are fetched: what is wrong with
    /// them shows at the first call. (The shared AWS files are read, except in process.)
    pub async fn connect(account: &Account, transport: Transport, clock: Clock, on_call: Option<OnCall>) -> Self {
        let clients = Clients::connect(account, &transport, clock).await;
        Self { clients: Arc::new(clients), on_call, read_only: false }
    }

    /// The same, which lets no call out that may change anything in AWS, whoever asks for one.
    #[must_use]
    pub fn read_only(self, read_only: bool) -> Self {
        Self { read_only, ..self }
    }

    #[cfg(test)]
    pub(crate) fn over(clients: Clients) -> Self {
        Self { clients: Arc::new(clients), on_call: None, read_only: false }
    }

    /// Calls AWS once. `body` is the whole request in wire form and the answer is AWS's whole document, both with
    /// members that nobody here knows.
    ///
    /// # Errors
    /// Whatever AWS or the way there refused, with its class. After [`ErrorClass::Transient`] it is unknown whether
    /// a write took place.
    ///
    /// # Cancellation
    /// Dropping the future drops the connection; a write may then have taken place, and no [`CallRecord`] is made.
    pub async fn call(&self, operation: Operation, body: &Value) -> Result<Value, AwsError> {
        self.read(operation, body).await
    }

    /// As [`call`](Self::call), with the answer as something else than a tree: one of a thousand lines is not taken apart
    /// where only some of them matter.
    ///
    /// # Errors
    /// As [`call`](Self::call). An answer that is no `T` counts as one that is no JSON.
    ///
    /// # Cancellation
    /// As [`call`](Self::call).
    pub async fn read<T: DeserializeOwned>(&self, operation: Operation, body: &Value) -> Result<T, AwsError> {
        if self.read_only && operation.access() == Access::Write {
            let message = "evenkeel is read-only and sends no call that changes anything".to_owned();
            return Err(AwsError::local(operation.name(), ErrorClass::Denied, "ReadOnly", message));
        }
        let started = Instant::now();
        let wire = Wire::new(body);
        // The SDK prints requests and answers at trace level, and with them environment values and other secrets: it is
        // mute here, whatever the subscriber's filter says. What went wrong is in the error.
        let sent = send(&self.clients, operation, wire.clone()).with_subscriber(tracing::Dispatch::none()).await;
        let result = match (wire.answer(), sent) {
            (Some(answer), _) => answer.read(operation).await,
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(AwsError::local(
                operation.name(),
                ErrorClass::Bug,
                "NoAnswer",
                "the SDK reported success but its answer was not seen".to_owned(),
            )),
        };
        let outcome = result.as_ref().map(|_| ()).map_err(|error| error.class);
        let record = CallRecord { operation, outcome, duration: started.elapsed() };
        tracing::debug!(operation = operation.name(), outcome = record.outcome_label(), duration = ?record.duration, "called AWS");
        if let Some(on_call) = &self.on_call {
            on_call(record);
        }
        result
    }

    /// Who the credentials are (STS GetCallerIdentity, which needs no permission and
    /// draws from no bucket of ECS; it makes no [`CallRecord`]).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn identity(&self) -> Result<Identity, AwsError> {
        const NAME: &str = "GetCallerIdentity";
        let asking = self.clients.sts.get_caller_identity().send().with_subscriber(tracing::Dispatch::none());
        let identity = asking.await.map_err(|error| failure(NAME, error))?;
        let arn = identity.arn.unwrap_or_default();
        identity.account.map(|account| Identity { account, arn }).ok_or_else(|| {
            let message = "the answer names no account".to_owned();
            AwsError::local(NAME, ErrorClass::Transient, "NoAccount", message)
        })
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gateway")
    }
}
