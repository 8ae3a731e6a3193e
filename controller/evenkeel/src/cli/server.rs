//! Where the controller is, how it is known, and what lets us in.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ureq::http::{HeaderValue, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::client::ClientError;

/// Where the controller listens unless told otherwise.
pub(super) const SERVER: &str = "http://127.0.0.1:8480";

/// Where the controller is.
#[derive(Args, Clone, Debug, Default)]
pub struct ServerArgs {
    /// Address of the controller's API
    #[arg(long, env = "EVENKEEL_SERVER", default_value = SERVER, value_name = "URL")]
    pub server: String,
    /// File with the token that lets us in
    #[arg(long, env = "EVENKEEL_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// File with the certificate, in PEM, of whoever vouches for the controller; without it, those that browsers trust
    #[arg(long, env = "EVENKEEL_CERTIFICATE_AUTHORITY", value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,
}

impl ServerArgs {
    /// The arguments of a command line that has not been read, as the environment gives them.
    pub(super) fn from_environment() -> Self {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        Self {
            server: std::env::var("EVENKEEL_SERVER").unwrap_or_else(|_| SERVER.to_owned()),
            token_file: path("EVENKEEL_TOKEN_FILE"),
            certificate_authority: path("EVENKEEL_CERTIFICATE_AUTHORITY"),
        }
    }

    /// The address, without a slash at its end.
    pub(super) fn url(&self) -> &str {
        self.server.trim_end_matches('/')
    }

    /// The token, if there is one.
    pub(super) fn token(&self) -> Result<Option<String>, ClientError> {
        let Some(path) = &self.token_file else { return Ok(None) };
        let token = String::from_utf8(read(path)?).unwrap_or_default().trim().to_owned();
        let is_one = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        match is_one && self.url().starts_with("https:") {
            true => Ok(Some(token)),
            false if is_one => {
                Err(ClientError::Usage(format!("a token goes over https only, and the server is {}", self.server)))
            }
            false => Err(ClientError::Usage(format!("{} holds more or less than one token", path.display()))),
        }
    }

    /// The certificate of whoever vouches for the controller, as it stands in the file.
    pub(super) fn authority(&self) -> Result<Option<Vec<u8>>, ClientError> {
        self.certificate_authority.as_deref().map(read).transpose()
    }

    /// What sends requests. Answers that tell of an error are answers; proxies of the environment are for the internet,
    /// and the controller is near.
    pub(super) fn agent(&self, patience: Duration) -> Result<ureq::Agent, ClientError> {
        let mut config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0);
        if let Some(pem) = self.authority()? {
            let certificates = parse_pem(&pem).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            });
            let certificates: Vec<Certificate<'static>> = certificates.collect();
            if certificates.is_empty() {
                let path = self.certificate_authority.clone().unwrap_or_default();
                return Err(ClientError::Usage(format!("there is no certificate in {}", path.display())));
            }
            let roots = RootCerts::Specific(Arc::new(certificates));
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        if let Some(token) = self.token()? {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut bearer = bearer.map_err(|error| ClientError::Usage(error.to_string()))?;
            bearer.set_sensitive(true);
            config = config.middleware(
                move |mut request: ureq::http::Request<ureq::SendBody>, next: ureq::middleware::MiddlewareNext| {
                    request.headers_mut().insert(header::AUTHORIZATION, bearer.clone());
                    next.handle(request)
                },
            );
        }
        Ok(config.timeout_global(Some(patience)).build().new_agent())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ClientError> {
    std::fs::read(path).map_err(|error| ClientError::Usage(format!("failed to read {}: {error}", path.display())))
}
