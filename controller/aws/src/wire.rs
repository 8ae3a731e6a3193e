//! The bodies of a call: puts ours into the request, and takes AWS's out of the response.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use evenkeel_core::operation::Operation;
use serde_json::Value;

use crate::{AwsError, ErrorClass, classify};

/// An interceptor that replaces the request body before it is signed, and keeps the answer whatever the SDK makes of it.
#[derive(Clone)]
pub(crate) struct Wire {
    body: Arc<[u8]>,
    answer: Arc<Mutex<Option<Answer>>>,
}

impl Wire {
    pub(crate) fn new(body: &Value) -> Self {
        Self { body: body.to_string().into_bytes().into(), answer: Arc::default() }
    }

    /// The answer, if one came and was read to its end.
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

    /// Runs also when the SDK could not parse the answer. The body is in memory by then, unless it could not be read.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = Answer::of(context.response());
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        Ok(())
    }
}

/// What came back over the wire.
pub(crate) struct Answer {
    status: u16,
    error_type: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Answer {
    fn of(response: &HttpResponse) -> Option<Self> {
        let header = |name| response.headers().try_get(name)?.ok().map(str::to_owned);
        Some(Self {
            status: response.status().as_u16(),
            error_type: header("x-amzn-errortype"),
            request_id: header("x-amzn-requestid"),
            retry_after: header("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
            body: response.body().bytes()?.to_vec(),
        })
    }

    /// The answer as a document or as an error.
    pub(crate) fn read(self, operation: Operation) -> Result<Value, AwsError> {
        let document = serde_json::from_slice::<Value>(&self.body).ok().filter(Value::is_object);
        match document {
            Some(document) if (200..300).contains(&self.status) => Ok(document),
            document => Err(self.error(operation, document)),
        }
    }

    /// The code is in a header or in the document, and the header wins, as in the SDK (awsJson1.1).
    fn error(self, operation: Operation, document: Option<Value>) -> AwsError {
        let member = |names: &[&str]| {
            let document = document.as_ref()?;
            names.iter().find_map(|name| document.get(name)?.as_str()).map(str::to_owned)
        };
        let failed = !(200..300).contains(&self.status);
        let code = self.error_type.filter(|_| failed).or_else(|| member(&["__type", "code"]));
        let (class, code, message) = match (code, document.is_some()) {
            // Something else than AWS spoke, such as a proxy, or the answer was cut: no word on what AWS did.
            (None, false) if self.status != 413 => {
                let message = format!("the answer is not a JSON document ({} bytes)", self.body.len());
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
