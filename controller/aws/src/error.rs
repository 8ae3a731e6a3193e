use std::fmt;
use std::time::Duration;

use crate::ErrorClass;

/// A call that did not succeed: what was called, what AWS or the way there said, and what kind of failure that is.
///
/// `message` is AWS's own text; neither it nor the rest holds a request or response body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// AWS's name of the operation, such as `UpdateService`.
    pub operation: &'static str,
    /// What kind of failure it is, which is all that the workqueue needs to know.
    pub class: ErrorClass,
    /// AWS's error code, such as `InvalidParameterException`; or one of the gateway's own where AWS did not answer:
    /// `Timeout`, `ConnectionFailed`, `AnswerLost`, `NotJson`, `InvalidEndpoint`, `NoCredentials`, `CredentialsFailed`,
    /// `CredentialsTimedOut`, `AssumeRoleFailed`, `NotConstructed`, `NoAnswer`, `NoAccount`, `ReadOnly`, or `Unknown` for an answer without a code.
    pub code: String,
    /// AWS's text, empty if there was none.
    pub message: String,
    /// The HTTP status, where there was an answer.
    pub http_status: Option<u16>,
    /// AWS's id of the request, which its support asks for.
    pub request_id: Option<String>,
    /// How long AWS, or what stands before it, asks to wait (header `Retry-After`, in whole seconds). Rare.
    pub retry_after: Option<Duration>,
}

impl AwsError {
    /// An error without an answer.
    pub(crate) fn local(operation: &'static str, class: ErrorClass, code: &str, message: String) -> Self {
        let code = code.to_owned();
        Self { operation, class, code, message, http_status: None, request_id: None, retry_after: None }
    }

    /// What a person can do about it; `None` where waiting is enough.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match (self.class, self.code.as_str()) {
            (ErrorClass::Denied, "ReadOnly") => "run it without --read-only to let it change things",
            (ErrorClass::Denied, "NoCredentials") => {
                "give the controller credentials: a task role, an IRSA service account, a profile or AWS_ACCESS_KEY_ID"
            }
            (ErrorClass::Denied, "CredentialsFailed") => {
                "check the profile, token file or role that credentials come from"
            }
            (ErrorClass::Denied, "AssumeRoleFailed") => {
                "check assumeRoleArn and externalId, the role's trust policy, and that the controller may call sts:AssumeRole"
            }
            (ErrorClass::Denied, "InvalidEndpoint") => "check region, endpointUrl and AWS_ENDPOINT_URL",
            (ErrorClass::Denied, "LimitExceededException" | "ServiceQuotaExceededException") => {
                "a quota of the account is reached: raise it in Service Quotas, or remove what is not used"
            }
            (ErrorClass::Denied, "ExpiredToken" | "ExpiredTokenException") => {
                "renew the credentials; those of a task role, of IRSA or of an assumed role renew themselves"
            }
            (ErrorClass::Denied, "RequestExpired" | "RequestTimeTooSkewed") => "set the clock of this machine",
            (
                ErrorClass::Denied,
                "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch",
            ) => "AWS does not know these credentials: check the key, and that the region is enabled for the account",
            (ErrorClass::Denied, "FailedResourceAccessException") => {
                "allow cloudwatch:DescribeAlarms, PutMetricAlarm and DeleteAlarms, and ecs:DescribeServices and UpdateService"
            }
            (ErrorClass::Denied, _) => {
                "allow the action that AWS names in the controller's IAM policy (or permissions boundary, SCP)"
            }
            (ErrorClass::Invalid, _) => "correct the manifest",
            (ErrorClass::Bug, "UnknownOperationException") => "the endpoint does not offer this operation",
            (ErrorClass::Bug, _) => "please report it",
            (ErrorClass::Conflict | ErrorClass::Throttled | ErrorClass::Transient | ErrorClass::NotFound, _) => {
                return None;
            }
        })
    }
}

/// `UpdateService: AccessDeniedException: User … is not authorized … (HTTP 400, request 8b2…); allow the action …`
impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match (self.http_status, &self.request_id) {
            (Some(status), Some(id)) => write!(f, " (HTTP {status}, request {id})")?,
            (Some(status), None) => write!(f, " (HTTP {status})")?,
            (None, _) => {}
        }
        self.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl std::error::Error for AwsError {}
