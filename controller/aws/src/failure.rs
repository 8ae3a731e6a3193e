//! Errors of the SDK's own: no answer came, or the call was not even made.

use std::error::Error;
use std::iter::successors;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::endpoint::error::ResolveEndpointError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_schema::serde::SerdeError;

use crate::classify::classify_any;
use crate::connect::ATTEMPT_TIMEOUT;
use crate::{AwsError, ErrorClass};

/// What an SDK error means for `operation`.
pub(crate) fn failure<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (class, code, message) = match &error {
        SdkError::ServiceError(service) => return answered(operation, service.err().meta(), service.raw()),
        SdkError::TimeoutError(_) => {
            return AwsError::local(operation, ErrorClass::Transient, "Timeout", unanswered());
        }
        SdkError::DispatchFailure(_) => {
            let (class, code) = undispatched(&error);
            (class, code, causes(&error))
        }
        SdkError::ConstructionFailure(_) => (ErrorClass::Bug, "NotConstructed", causes(&error)),
        _ => (ErrorClass::Transient, "AnswerLost", causes(&error)),
    };
    AwsError::local(operation, class, code, message)
}

/// What is said of an answer that did not come in time.
pub(crate) fn unanswered() -> String {
    format!("no answer within {} s", ATTEMPT_TIMEOUT.as_secs())
}

/// An answer that the SDK parsed, which it does for STS only: the bodies of the others are read in `wire`.
fn answered(operation: &'static str, meta: &aws_sdk_sts::error::ErrorMetadata, raw: &HttpResponse) -> AwsError {
    let status = raw.status().as_u16();
    let code = meta.code().unwrap_or("Unknown");
    let message = meta.message().unwrap_or_default();
    AwsError {
        http_status: Some(status),
        request_id: meta.request_id().map(str::to_owned),
        ..AwsError::local(operation, classify_any(status, code), code, message.to_owned())
    }
}

/// Why a request did not go out: no credentials, no endpoint or no connection.
fn undispatched(error: &(dyn Error + 'static)) -> (ErrorClass, &'static str) {
    let connector = find::<ConnectorError>(error);
    let broken = |error: &ConnectorError| error.is_io() || error.is_timeout();
    match find::<CredentialsError>(error) {
        None if connector.is_some_and(ConnectorError::is_timeout) => (ErrorClass::Transient, "Timeout"),
        None if connector.is_some_and(ConnectorError::is_user) => (ErrorClass::Denied, "InvalidEndpoint"),
        // The first where the SDK has protocols as run-time values, whose errors are of that type; else the second.
        None if find::<SerdeError>(error).is_some() || find::<ResolveEndpointError>(error).is_some() => {
            (ErrorClass::Denied, "InvalidEndpoint")
        }
        None => (ErrorClass::Transient, "ConnectionFailed"),
        Some(CredentialsError::CredentialsNotLoaded(_)) => (ErrorClass::Denied, "NoCredentials"),
        Some(CredentialsError::ProviderTimedOut(_)) => (ErrorClass::Transient, "CredentialsTimedOut"),
        Some(cause) => match find::<SdkError<AssumeRoleError, HttpResponse>>(cause) {
            Some(SdkError::ServiceError(service)) => {
                let refused = answered("AssumeRole", service.err().meta(), service.raw());
                let passes = matches!(refused.class, ErrorClass::Throttled | ErrorClass::Transient);
                (if passes { refused.class } else { ErrorClass::Denied }, "AssumeRoleFailed")
            }
            // STS was not reached, for reasons of its own: the credentials beneath the role, its endpoint, its connection.
            Some(unreached) => undispatched(unreached),
            None if chain(cause).filter_map(|error| error.downcast_ref()).any(broken) => {
                (ErrorClass::Transient, "CredentialsFailed")
            }
            None => (ErrorClass::Denied, "CredentialsFailed"),
        },
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The texts of the chain from the cause nearest to us on, each once, since wrappers tend to repeat what they wrap; on one
/// line, since they end in conditions and logs. Without `ConnectorError`, which says no more than `other`.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in chain(error).skip(1).filter(|cause| !cause.is::<ConnectorError>()) {
        let text = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        // Some of the SDK's texts go on with the whole request.
        let text = text.split(" to request `").next().unwrap_or_default().to_owned();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}
