//! Errors as kube has them: every answer that is not a success is a `Status`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use evenkeel_store::{StoreError, WatchError};
use serde_json::{Value, json};

use crate::resource::Resource;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    code: StatusCode,
    reason: &'static str,
    message: String,
    details: Option<Value>,
}

impl Failure {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None }
    }

    /// 404 for a path that means nothing here; clients know kube's own words for it.
    pub(crate) fn unknown_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource")
    }

    /// 404 for an object.
    pub(crate) fn no_object(resource: &Resource, name: &str) -> Self {
        let details = json!({"name": name, "group": resource.group, "kind": resource.plural});
        let message = format!("{} {name:?} not found", resource.qualified());
        Self { details: Some(details), ..Self::new(StatusCode::NOT_FOUND, "NotFound", message) }
    }

    /// 405: this API is for reading.
    pub(crate) fn read_only(method: &axum::http::Method) -> Self {
        let message = format!(
            "{method} is not possible here: this API only reads. Desired state is changed in git, and evenkeel applies it"
        );
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    /// 400: the request cannot be understood; `message` says what to write instead.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code.as_u16(),
        });
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.code, Json(self.status())).into_response()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "evenkeel is shutting down: try again")
            }
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", error.to_string()),
        }
    }
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        match error {
            // Clients list again when they read "too old resource version" or the code 410.
            WatchError::Expired { from, oldest } => {
                let message = format!("too old resource version: {from} ({oldest}): list again and watch from there");
                Self::new(StatusCode::GONE, "Expired", message)
            }
            WatchError::Store(error) => error.into(),
        }
    }
}
