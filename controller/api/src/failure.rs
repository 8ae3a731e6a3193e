//! Errors as kube has them: every answer that is not a success is a `Status`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use evenkeel_core::catalogue::{Problem, pointer};
use evenkeel_core::object::ResourceVersion;
use evenkeel_store::{CommitError, Conflict, StoreError, WatchError};
use serde_json::{Value, json};

use crate::access::Denied;
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
        let message = format!("{} {name:?} not found", resource.qualified());
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(resource.group, resource.plural, name)
    }

    /// 405: what is asked for can never be done at this path; `message` says what can.
    pub(crate) fn not_allowed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    /// 403: the object is there, and what is asked for is not this API's to do. `why` says who can, and where.
    pub(crate) fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("{} {name:?} is forbidden: {why}", resource.qualified());
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message).about(resource.group, resource.plural, name)
    }

    /// 403 for a browser's page, or a name that is not this server's.
    pub(crate) fn foreign(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    /// 403 for somebody who may not do this; `message` says who may.
    pub(crate) fn not_permitted(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    /// 409: the object is not as the request expects it.
    pub(crate) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", resource.qualified());
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(resource.group, resource.plural, name)
    }

    /// 409 for an object that is there already.
    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", resource.qualified());
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(resource.group, resource.plural, name)
    }

    /// 410: changes or states that are no longer known.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// 504 for a version that is yet to come; kube clients wait a second and ask again.
    pub(crate) fn too_new(asked: ResourceVersion, current: ResourceVersion) -> Self {
        let message = format!("Too large resource version: {asked}, current: {current}");
        let causes = json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]);
        let details = json!({"causes": causes, "retryAfterSeconds": 1});
        Self { details: Some(details), ..Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message) }
    }

    /// 413
    pub(crate) fn too_large() -> Self {
        let message = format!("the body is larger than {} bytes", crate::body::MAX_BYTES);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    /// 408
    pub(crate) fn slow_body() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "Timeout", "the body did not come in time: send the request again")
    }

    /// 504
    pub(crate) fn slow() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", "the answer took too long: try again")
    }

    /// 415
    pub(crate) fn unsupported_media(media: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: application/json, \
             application/merge-patch+json, application/json-patch+json, application/apply-patch+yaml; it was {media:?}"
        );
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    /// 422: what an object would be is wrong; each problem is a cause with its field.
    pub(crate) fn invalid(resource: &Resource, name: &str, problems: &[Problem]) -> Self {
        let errors: Vec<&Problem> = problems.iter().filter(|problem| problem.is_error()).collect();
        let causes = errors.iter().map(|problem| {
            let reason = if problem.rule.starts_with("missing") { "FieldValueRequired" } else { "FieldValueInvalid" };
            json!({"reason": reason, "message": problem.message, "field": field(&problem.path)})
        });
        let causes: Vec<Value> = causes.collect();
        let told: Vec<String> =
            errors.iter().map(|problem| format!("{}: {}", field(&problem.path), problem.message)).collect();
        let group = if resource.group.is_empty() { String::new() } else { format!(".{}", resource.group) };
        let message = format!("{}{group} {name:?} is invalid: {}", resource.kind, told.join(", "));
        // Here, and only here, kube gives the kind and not the plural.
        let details = json!({"name": name, "group": resource.group, "kind": resource.kind, "causes": causes});
        Self { details: Some(details), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message) }
    }

    /// 422: a patch does not fit the object.
    pub(crate) fn unfit(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("the patch does not fit {} {name:?}: {why}", resource.qualified());
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message).about(resource.group, resource.plural, name)
    }

    /// 500: a bug.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// A write that the store did not take.
    pub(crate) fn unwritten(resource: &Resource, name: &str, error: CommitError) -> Self {
        match error {
            CommitError::Conflict { reason: Conflict::Missing, .. } => Self::no_object(resource, name),
            CommitError::Conflict { reason: Conflict::Exists, .. } => Self::already_exists(resource, name),
            CommitError::Conflict { reason, .. } => Self::conflict(resource, name, &format!("the object {reason}")),
            CommitError::Invalid { reason, .. } => {
                Self::invalid(resource, name, &[Problem::error("/metadata", "not-storable", reason)])
            }
            CommitError::TooLarge { .. } => Self::too_large(),
            CommitError::Store(error) => error.into(),
        }
    }

    fn about(self, group: &str, kind: &str, name: &str) -> Self {
        Self { details: Some(json!({"name": name, "group": group, "kind": kind})), ..self }
    }

    /// 400: the request cannot be understood; `message` says what to write instead.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Whether the object is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == StatusCode::NOT_FOUND
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

/// A pointer as kube writes fields: `spec.service.loadBalancers[0].containerPort`.
fn field(path: &str) -> String {
    let mut field = String::new();
    for segment in pointer::segments(path) {
        match segment.bytes().all(|byte| byte.is_ascii_digit()) && !segment.is_empty() {
            true => field += &format!("[{segment}]"),
            // Keys of labels and annotations have dots and slashes in them.
            false if segment.contains(['.', '/']) => field += &format!("[{segment}]"),
            false if field.is_empty() => field += &segment,
            false => field += &format!(".{segment}"),
        }
    }
    field
}

/// Whether reading a body ended at the limit.
pub(crate) fn is_too_long(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.code, Json(self.status())).into_response();
        if self.code == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown(why) => Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", why),
            Denied::Elsewhere(why) => Self::not_permitted(why),
        }
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
                Self::expired(message)
            }
            WatchError::Store(error) => error.into(),
        }
    }
}
