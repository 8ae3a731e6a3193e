//! A gateway whose reads wait for their token.

use evenkeel_aws::{AwsError, Gateway};
use evenkeel_core::operation::{Access, Operation};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::Budget;

/// A gateway and the budget that its calls are counted in. Clones share both.
#[derive(Clone, Debug)]
pub struct Metered {
    gateway: Gateway,
    budget: Option<Budget>,
}

impl Metered {
    /// Without a budget nothing is counted and nothing waits.
    pub fn new(gateway: Gateway, budget: Option<Budget>) -> Self {
        Self { gateway, budget }
    }

    /// The budget, if there is one.
    pub fn budget(&self) -> Option<&Budget> {
        self.budget.as_ref()
    }

    /// The gateway, for what no bucket counts.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Calls AWS once; a read as soon as its token is there. The tokens of writes were reserved by the pass.
    ///
    /// # Errors
    /// As [`Gateway::call`].
    pub async fn call(&self, operation: Operation, body: &Value) -> Result<Value, AwsError> {
        self.read(operation, body).await
    }

    /// As [`call`](Self::call), with the answer as [`Gateway::read`] gives it.
    ///
    /// # Errors
    /// As [`Gateway::read`].
    pub async fn read<T: DeserializeOwned>(&self, operation: Operation, body: &Value) -> Result<T, AwsError> {
        if let Some(budget) = self.budget.as_ref().filter(|_| operation.access() == Access::Read) {
            let wait = budget.book(Instant::now(), operation.bucket());
            if !wait.is_zero() {
                sleep(wait).await;
            }
        }
        self.gateway.read(operation, body).await
    }
}
