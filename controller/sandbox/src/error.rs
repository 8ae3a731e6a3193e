//! Errors as AWS answers them.

use serde_json::{Value, json};

/// An AWS error answer: HTTP status, error code (the `__type` of awsJson1.1) and message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} (HTTP {status}): {message}")]
pub struct ApiError {
    /// HTTP status: 400 for the caller's errors, 5xx for the service's.
    pub status: u16,
    /// Error code, such as `InvalidParameterException`.
    pub code: String,
    /// Text for people, AWS's own where it is known.
    pub message: String,
}

impl ApiError {
    /// An error with any status, code and message.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    pub(crate) fn client(message: impl Into<String>) -> Self {
        Self::new(400, "ClientException", message)
    }

    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterException", message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new(400, "SerializationException", message)
    }

    pub(crate) fn cluster_not_found() -> Self {
        Self::new(400, "ClusterNotFoundException", "Cluster not found.")
    }

    pub(crate) fn service_not_found() -> Self {
        Self::new(400, "ServiceNotFoundException", "Service not found.")
    }

    pub(crate) fn throttling() -> Self {
        Self::new(400, "ThrottlingException", "Rate exceeded")
    }

    pub(crate) fn body(&self) -> Value {
        json!({"__type": self.code, "message": self.message})
    }
}

/// What every operation answers.
pub(crate) type Answer = Result<Value, ApiError>;
