use aws_config::SdkConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_types::retry::RetryConfig;

use super::*;
use crate::Clock;
use crate::connect::{Clients, in_process};
use crate::credentials::{NamedProfile, assume_role};

#[derive(Debug)]
struct Failing(fn() -> CredentialsError);

impl ProvideCredentials for Failing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(self.0()))
    }
}

fn config(account: &Account, handler: Handler) -> SdkConfig {
    in_process(account, &Transport::InProcess(handler), Arc::new(|| SystemTime::UNIX_EPOCH))
}

async fn list_services(config: &SdkConfig) -> AwsError {
    let gateway = Gateway::over(Clients::new(config));
    gateway.call(Operation::ListServices, &json!({})).await.unwrap_err()
}

async fn failing(reason: fn() -> CredentialsError) -> AwsError {
    without_credentials(Failing(reason)).await
}

async fn without_credentials(provider: impl ProvideCredentials + 'static) -> AwsError {
    let (handler, seen) = answer(200, &[], "{}");
    let provider = SharedCredentialsProvider::new(provider);
    let error = list_services(&config(&account(), handler).into_builder().credentials_provider(provider).build()).await;
    assert!(seen.lock().unwrap().is_empty(), "nothing is sent without credentials");
    error
}

/// The error of a call for which AssumeRole is answered so.
async fn assuming(status: u16, body: &'static str) -> AwsError {
    let account = Account {
        assume_role_arn: Some("arn:aws:iam::210987654321:role/evenkeel".to_owned()),
        external_id: Some("an-id".to_owned()),
        ..account()
    };
    let (handler, seen) = answer(status, &[], body);
    let config = config(&account, handler).into_builder().retry_config(RetryConfig::disabled()).build();
    let error = list_services(&assume_role(&account, config).await).await;
    let seen = seen.lock().unwrap();
    let form = String::from_utf8_lossy(seen[0].body());
    assert!(form.contains("Action=AssumeRole&") && form.contains("ExternalId=an-id"), "{form}");
    error
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_are_denied_and_say_what_to_do() {
    let error = failing(|| CredentialsError::not_loaded("no providers in chain")).await;
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "NoCredentials"));
    assert!(error.to_string().contains("give the controller credentials"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn credentials_that_fail_are_denied_unless_that_may_pass() {
    let error = failing(|| CredentialsError::invalid_configuration("profile `x` is not defined")).await;
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "CredentialsFailed"));
    assert!(error.message.contains("profile `x` is not defined"), "{error}");
    let error = failing(|| CredentialsError::provider_timed_out(Duration::from_secs(5))).await;
    assert_eq!(error.class, ErrorClass::Transient);
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_not_there_is_denied_and_nothing_else_is_tried() {
    let (handler, seen) = answer(200, &[], "{}");
    let client = Transport::InProcess(handler).http_client();
    let clock: Clock = Arc::new(|| SystemTime::UNIX_EPOCH);
    let error = without_credentials(NamedProfile::new(&account(), "evenkeel has no such profile", client, clock)).await;
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "NoCredentials"));
    assert!(error.message.contains("no profile `evenkeel has no such profile`"), "{error}");
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_not_be_assumed_is_denied() {
    let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole\
                </Message></Error></ErrorResponse>";
    let error = assuming(403, body).await;
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "AssumeRoleFailed"));
    assert!(error.message.contains("not authorized to perform: sts:AssumeRole"), "{error}");
    assert!(error.to_string().contains("trust policy"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_role_without_credentials_beneath_it_is_denied() {
    let role = Some("arn:aws:iam::210987654321:role/evenkeel".to_owned());
    let account = Account { assume_role_arn: role, ..account() };
    let nothing = SharedCredentialsProvider::new(Failing(|| CredentialsError::not_loaded("no providers in chain")));
    let config = config(&account, answer(200, &[], "{}").0).into_builder().credentials_provider(nothing).build();
    let error = list_services(&assume_role(&account, config).await).await;
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "NoCredentials"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_sts_cannot_give_now_is_transient() {
    assert_eq!(assuming(503, "<html>").await.class, ErrorClass::Transient);
}

#[tokio::test(start_paused = true)]
async fn the_account_id_is_asked_of_sts() {
    let body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>210987654321</Account>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let gateway = gateway(&account(), answer(200, &[], body).0).await;
    assert_eq!(gateway.identity().await.unwrap().account, "210987654321");
}

#[tokio::test(start_paused = true)]
async fn sts_errors_have_a_class_too() {
    let body =
        "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>invalid</Message></Error></ErrorResponse>";
    let headers = &[("x-amzn-requestid", "7f")];
    let error = gateway(&account(), answer(403, headers, body).0).await.identity().await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "InvalidClientTokenId"));
    assert_eq!(error.request_id.as_deref(), Some("7f"));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_no_url_is_denied() {
    let account = Account { endpoint_url: Some("not a url".to_owned()), ..account() };
    let gateway = gateway(&account, answer(200, &[], "{}").0).await;
    for operation in [Operation::ListServices, Operation::DescribeScalableTargets] {
        let error = gateway.call(operation, &json!({})).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "InvalidEndpoint"), "{error}");
        assert!(error.message.starts_with("failed to apply endpoint `not a url`: endpoint is not"), "{error}");
    }
}
