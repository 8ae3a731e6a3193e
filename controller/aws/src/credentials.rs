//! Credentials beyond what the SDK's default chain finds: a profile by name, and an assumed role on top.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::Account;
use crate::connect::APP_NAME;
use crate::transport::{Clock, ClockTime};

/// A profile that was asked for by name, alone. The default chain would ask the environment first, and the machine's own
/// role when the profile is not there: a misspelled profile would act in another account.
///
/// The files are read anew each time that credentials are due, so that a corrected file needs no restart; and because
/// the SDK's provider tells what is wrong with them only once.
#[derive(Debug)]
pub(crate) struct NamedProfile {
    config: ProviderConfig,
    name: String,
}

impl NamedProfile {
    pub(crate) fn new(account: &Account, name: &str, http_client: SharedHttpClient, clock: Clock) -> Self {
        let config = ProviderConfig::without_region()
            .with_region(Some(Region::new(account.region.clone())))
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_http_client(http_client)
            .with_time_source(ClockTime(clock))
            .with_sleep_impl(TokioSleep::new());
        Self { config, name: name.to_owned() }
    }
}

impl ProvideCredentials for NamedProfile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let profile =
            ProfileFileCredentialsProvider::builder().configure(&self.config).profile_name(&self.name).build();
        future::ProvideCredentials::new(async move {
            match profile.provide_credentials().await {
                Err(CredentialsError::CredentialsNotLoaded(_)) => {
                    let reason = format!("the shared AWS files have no profile `{}` with credentials", self.name);
                    Err(CredentialsError::not_loaded(reason))
                }
                result => result,
            }
        })
    }
}

/// Puts the account's role, if it has one, on top of the credentials of `config`. STS is asked at the first call.
pub(crate) async fn assume_role(account: &Account, config: SdkConfig) -> SdkConfig {
    let Some(role) = &account.assume_role_arn else { return config };
    let mut provider = AssumeRoleProvider::builder(role).session_name(APP_NAME).configure(&config);
    if let Some(id) = &account.external_id {
        provider = provider.external_id(id);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    config.into_builder().credentials_provider(provider).build()
}
