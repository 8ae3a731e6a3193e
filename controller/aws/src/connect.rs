//! The SDK configuration of an account: credentials, endpoint, time-outs, and nothing that retries.

use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::{IdentityCache, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_json::protocol::aws_json_rpc::AwsJsonRpcProtocol;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::Account;
use crate::credentials::{NamedProfile, assume_role};
use crate::transport::{Clock, ClockTime, Transport};

/// Regional endpoints answer a handshake within some hundred milliseconds from anywhere; what takes longer than one
/// lost packet with its retransmissions (1 + 2 s) is not going to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A describe of ten services with a hundred events each takes seconds when AWS is slow, and a write that is cut off
/// leaves its outcome unknown, so be patient; yet a pass must not hold a worker for the minute that other clients wait.
/// It includes the credentials, if they have to be fetched first.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Names evenkeel in the user agent and as the session of an assumed role: what CloudTrail shows.
pub(crate) const APP_NAME: &str = "evenkeel";

/// The SDK clients of one account.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) scaling: aws_sdk_applicationautoscaling::Client,
    pub(crate) code_deploy: aws_sdk_codedeploy::Client,
    pub(crate) sts: aws_sdk_sts::Client,
}

impl Clients {
    pub(crate) async fn connect(account: &Account, transport: &Transport, clock: Clock) -> Self {
        let config = match transport {
            Transport::Network => networked(account, transport, clock).await,
            Transport::InProcess(_) => in_process(account, transport, clock),
        };
        Self::new(&config)
    }

    pub(crate) fn new(config: &SdkConfig) -> Self {
        let once = RetryConfig::disabled;
        let ecs = aws_sdk_ecs::config::Builder::from(config)
            // Its model names a second protocol (CBOR), which the SDK may come to prefer; our documents are JSON.
            .protocol(AwsJsonRpcProtocol::aws_json_1_1().with_default_namespace("com.amazonaws.ecs"))
            .retry_config(once());
        let scaling = aws_sdk_applicationautoscaling::config::Builder::from(config).retry_config(once());
        let code_deploy = aws_sdk_codedeploy::config::Builder::from(config)
            .protocol(AwsJsonRpcProtocol::aws_json_1_1().with_default_namespace("com.amazonaws.codedeploy"))
            .retry_config(once());
        let sts = aws_sdk_sts::config::Builder::from(config).retry_config(once());
        Self {
            ecs: aws_sdk_ecs::Client::from_conf(ecs.build()),
            scaling: aws_sdk_applicationautoscaling::Client::from_conf(scaling.build()),
            code_deploy: aws_sdk_codedeploy::Client::from_conf(code_deploy.build()),
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
        }
    }
}

pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build()
}

/// The default chain of the SDK, and the assumed role on top. The providers keep the SDK's own retries: they are not
/// calls of ours, and one refused token would fail every object of the account at once.
async fn networked(account: &Account, transport: &Transport, clock: Clock) -> SdkConfig {
    let http_client = transport.http_client();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(account.region.clone()))
        .http_client(http_client.clone())
        .time_source(ClockTime(clock.clone()))
        .sleep_impl(TokioSleep::new())
        .timeout_config(timeouts())
        // Answers are small documents that are read whole, within the attempt's time-out.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Ok(name) = AppName::new(APP_NAME) {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &account.profile {
        loader =
            loader.profile_name(profile).credentials_provider(NamedProfile::new(account, profile, http_client, clock));
    }
    if let Some(url) = &account.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    assume_role(account, loader.load().await).await
}

pub(crate) fn in_process(account: &Account, transport: &Transport, clock: Clock) -> SdkConfig {
    let key_id = account.role_account().unwrap_or(APP_NAME);
    let credentials = Credentials::new(key_id, "secret", None, None, "in-process");
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(account.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // A cache would add random jitter to the life of credentials that never expire.
        .identity_cache(IdentityCache::no_cache())
        .http_client(transport.http_client())
        .time_source(SharedTimeSource::new(ClockTime(clock)))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .timeout_config(timeouts())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(account.endpoint_url.clone());
    config.build()
}
