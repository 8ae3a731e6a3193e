//! How requests leave the process, or do not: the network, or a function in this process; and the clock they bear.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

/// What a [`Handler`] gives: the response, or the I/O error of a connection that broke before there was one.
pub type Answered = Pin<Box<dyn Future<Output = io::Result<http::Response<Vec<u8>>>> + Send>>;

/// A function in this process that answers as AWS would, from the signed HTTP request.
pub type Handler = Arc<dyn Fn(http::Request<Vec<u8>>) -> Answered + Send + Sync>;

/// The wall clock: the time that requests are signed with and credentials expire by.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Where requests go.
#[derive(Clone)]
pub enum Transport {
    /// To AWS or an emulator, over TLS or plain HTTP as the endpoint's scheme says, through the proxy of `HTTPS_PROXY`
    /// and its like if the environment names one.
    Network,
    /// To a function, without any network access, file or environment variable, credentials included. Requests are
    /// signed with a fixed key whose id is the account number of [`Account::assume_role_arn`](crate::Account), where
    /// there is one: so the function can tell accounts apart.
    InProcess(Handler),
}

impl Transport {
    pub(crate) fn http_client(&self) -> SharedHttpClient {
        match self {
            Self::Network => Builder::new().build_with_connector_fn(|settings, components| {
                let mut connector = Connector::builder()
                    .proxy_config(ProxyConfig::from_env())
                    .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
                connector.set_connector_settings(settings.cloned());
                connector.set_sleep_impl(components.and_then(|all| all.sleep_impl()));
                connector.build()
            }),
            Self::InProcess(handler) => {
                let connector = SharedHttpConnector::new(InProcess(handler.clone()));
                http_client_fn(move |_, _| connector.clone())
            }
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network => "Network",
            Self::InProcess(_) => "InProcess",
        })
    }
}

struct InProcess(Handler);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let handler = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
            let response = handler(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::user(error.into()))
        })
    }
}

/// A [`Clock`] as the SDK wants it.
#[derive(Clone)]
pub(crate) struct ClockTime(pub(crate) Clock);

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl TimeSource for ClockTime {
    fn now(&self) -> SystemTime {
        (self.0)()
    }
}
