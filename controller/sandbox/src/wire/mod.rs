//! The wire door: awsJson1.1 over HTTP, with throttling, faults and latency; and the two calls of AWS STS that every
//! client begins with.

mod sts;

#[cfg(test)]
mod tests;

use crate::{caller::Caller, error::ApiError, fault::Fault, sandbox::Sandbox};
use evenkeel_core::operation::Operation;
use http::{HeaderMap, Request, Response, StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// What becomes of a request on the wire.
#[derive(Debug)]
pub struct Reply {
    /// The answer. Whoever carries it looks at [`delivery`](Self::delivery) first.
    pub response: Response<Vec<u8>>,
    /// How long the answer takes.
    pub delay: Duration,
    /// Whether it arrives.
    pub delivery: Delivery,
}

/// Whether an answer arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It does.
    Answered,
    /// The connection breaks instead.
    Reset,
    /// Nothing ever comes.
    Never,
}

impl Sandbox {
    /// Handles one HTTP request at `now`. Who calls is read from the credential scope of its `Authorization` header:
    /// the region, and the account where the access key is twelve digits (else both come from the options). A
    /// signature is not needed.
    pub fn handle<B: AsRef<[u8]>>(&mut self, now: Timestamp, request: &Request<B>) -> Reply {
        let caller = Caller::of(request.headers(), &self.options);
        let body = request.body().as_ref();
        let id = self.request_ids.uuid();
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let (response, fault) = match target {
            Some(target) => match Operation::from_target(target) {
                Some(operation) => self.exchange(now, &caller, operation, body, &id),
                None => (json_error(&unknown(target), &id), None),
            },
            None if is_form(request.headers()) => (sts::answer(now, &caller, &self.options, body, &id), None),
            None => (json_error(&unknown("none"), &id), None),
        };
        let extra = match fault {
            Some(Fault::Slow(extra)) => extra,
            _ => Duration::ZERO,
        };
        let delivery = match fault {
            Some(Fault::Reset | Fault::LostAnswer) => Delivery::Reset,
            Some(Fault::Timeout) => Delivery::Never,
            _ => Delivery::Answered,
        };
        Reply { response, delay: self.options.latency + extra, delivery }
    }

    /// One operation, with what may go wrong on its way.
    fn exchange(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        operation: Operation,
        body: &[u8],
        id: &str,
    ) -> (Response<Vec<u8>>, Option<Fault>) {
        self.calls.entry(operation).calls += 1;
        let fault = self.faults.strike(operation);
        let throttled = self.options.throttling && !self.throttle.take(caller, operation.bucket(), now);
        if throttled || fault == Some(Fault::Throttle) {
            self.calls.entry(operation).throttled += 1;
            return (json_error(&ApiError::throttling(), id), None);
        }
        let answer = match prevented(fault.as_ref(), operation, caller) {
            Some(error) => Err(error),
            None => parsed(body).and_then(|body| self.act(now, caller, operation, &body)),
        };
        let mut response = match &answer {
            Ok(value) => json_response(StatusCode::OK, value, id),
            Err(error) => json_error(error, id),
        };
        match fault {
            Some(Fault::Unavailable) => {
                let page = b"<html><body><h1>503 Service Unavailable</h1></body></html>".to_vec();
                response = plain(StatusCode::SERVICE_UNAVAILABLE, "text/html", page, id);
            }
            Some(Fault::Truncated) => {
                let half = response.body().len() / 2;
                response.body_mut().truncate(half);
            }
            _ => {}
        }
        let lost = matches!(fault, Some(Fault::LostAnswer | Fault::Truncated));
        self.calls.entry(operation).failed += u64::from(answer.is_err() || lost);
        (response, fault)
    }
}

/// The error of a fault that keeps the call from being done. For those without an answer it is never seen.
fn prevented(fault: Option<&Fault>, operation: Operation, caller: &Caller) -> Option<ApiError> {
    match fault? {
        Fault::ServerError | Fault::Unavailable | Fault::Reset | Fault::Timeout => {
            Some(ApiError::new(500, "ServerException", "Service Unavailable. Please try again later."))
        }
        Fault::AccessDenied => Some(ApiError::new(
            400,
            "AccessDeniedException",
            format!(
                "User: arn:aws:iam::{}:user/sandbox is not authorized to perform: {} on resource: *",
                caller.account,
                operation.iam_action()
            ),
        )),
        Fault::Error { code, message } => Some(ApiError::new(400, code, message.clone())),
        Fault::Throttle | Fault::LostAnswer | Fault::Truncated | Fault::Slow(_) => None,
    }
}

fn parsed(body: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|_| ApiError::serialization("the request body is not JSON"))
}

fn unknown(target: &str) -> ApiError {
    ApiError::new(400, "UnknownOperationException", format!("The operation {target} is not known here."))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    kind.starts_with("application/x-www-form-urlencoded")
}

fn json_error(error: &ApiError, id: &str) -> Response<Vec<u8>> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json_response(status, &error.body(), id)
}

fn json_response(status: StatusCode, body: &Value, id: &str) -> Response<Vec<u8>> {
    plain(status, "application/x-amz-json-1.1", body.to_string().into_bytes(), id)
}

fn plain(status: StatusCode, kind: &'static str, body: Vec<u8>, id: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
    if let Ok(id) = http::HeaderValue::from_str(id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}
