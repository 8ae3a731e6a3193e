//! The bodies of a call: puts ours into the request, and takes AWS's out of the response.
//!
//! The SDK is left with an empty document. It would take the answer apart once more, for members that it knows: a tenth of
//! what a controller did that looked at ten thousand services all the time (profile).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use evenkeel_core::operation::Operation;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use crate::connect::ATTEMPT_TIMEOUT;
use crate::failure::{causes, unanswered};
use crate::{AwsError, ErrorClass, classify};

/// An interceptor that replaces the request body before it is signed, and takes the answer before the SDK reads it.
#[derive(Clone)]
pub(crate) struct Wire {
    body: Arc<[u8]>,
    answer: Arc<Mutex<Option<Answer>>>,
}

impl Wire {
    pub(crate) fn new(body: &Value) -> Self {
        Self { body: body.to_string().into_bytes().into(), answer: Arc::default() }
    }

    /// The answer, if one came; its body is still to be read.
    pub(crate) fn answer(&self) -> Option<Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire") // never the bodies: they may hold secrets
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.headers_mut().insert("content-length", self.body.len().to_string());
        *request.body_mut() = SdkBody::from(&*self.body);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = Answer::of(context.response_mut());
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Ok(())
    }
}

/// What came back over the wire.
pub(crate) struct Answer {
    status: u16,
    error_type: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    body: SdkBody,
}

impl Answer {
    pub(crate) fn of(response: &mut HttpResponse) -> Self {
        let header = |name| response.headers().try_get(name)?.ok().map(str::to_owned);
        Self {
            status: response.status().as_u16(),
            error_type: header("x-amzn-errortype"),
            request_id: header("x-amzn-requestid"),
            retry_after: header("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
            body: std::mem::replace(response.body_mut(), SdkBody::from("{}")),
        }
    }

    /// The answer as a document or as an error. The SDK's own time is over, so this has as long once more.
    pub(crate) async fn read<T: DeserializeOwned>(mut self, operation: Operation) -> Result<T, AwsError> {
        let body = std::mem::replace(&mut self.body, SdkBody::taken());
        let local = |code, message| AwsError::local(operation.name(), ErrorClass::Transient, code, message);
        let body = match timeout(ATTEMPT_TIMEOUT, ByteStream::new(body).collect()).await {
            Ok(Ok(body)) => body.into_bytes(),
            Ok(Err(error)) => return Err(local("AnswerLost", causes(&error))),
            Err(_) => return Err(local("Timeout", unanswered())),
        };
        if (200..300).contains(&self.status)
            && body.trim_ascii_start().starts_with(b"{")
            && let Ok(document) = serde_json::from_slice(&body)
        {
            return Ok(document);
        }
        Err(self.error(operation, &body))
    }

    /// The code is in a header or in the document, and the header wins, as in the SDK (awsJson1.1).
    fn error(self, operation: Operation, body: &[u8]) -> AwsError {
        let document = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
        let member = |names: &[&str]| {
            let document = document.as_ref()?;
            names.iter().find_map(|name| document.get(name)?.as_str()).map(str::to_owned)
        };
        let failed = !(200..300).contains(&self.status);
        let code = self.error_type.filter(|_| failed).or_else(|| member(&["__type", "code"]));
        let (class, code, message) = match (code, document.is_some()) {
            // Something else than AWS spoke, such as a proxy, or the answer was cut: no word on what AWS did.
            (None, false) if self.status != 413 => {
                let message = format!("the answer is not a JSON document ({} bytes)", body.len());
                (ErrorClass::Transient, "NotJson".to_owned(), message)
            }
            (code, _) => {
                let code = code.as_deref().map(bare_code).unwrap_or("Unknown").to_owned();
                let message = member(&["message", "Message", "errorMessage"]).unwrap_or_default();
                (classify(operation, self.status, &code, &message), code, message)
            }
        };
        AwsError {
            operation: operation.name(),
            class,
            code,
            message,
            http_status: Some(self.status),
            request_id: self.request_id,
            retry_after: self.retry_after,
        }
    }
}

/// `ClientException` of `com.amazonaws.ecs#ClientException:http://internal.amazon.com/…`, as awsJson lets it be written.
fn bare_code(code: &str) -> &str {
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    code.split_once(':').map_or(code, |(code, _)| code)
}
