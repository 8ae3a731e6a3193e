//! Who is let into the API. This machine is trusted as long as nobody has a token; others need one, and one needs TLS.
//!
//! | what is configured | this machine | others |
//! |---|---|---|
//! | neither | everything | health and metrics |
//! | certificate | everything | health and metrics |
//! | certificate and tokens | by token | by token; health and metrics without |

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::header;
use axum::http::request::Parts;
use evenkeel_api::{Admit, Client, Denied};
use tokio_rustls::rustls::ServerConfig;

use super::tls;
use super::tokens::Tokens;

/// How often the files are read again: certificates and tokens are replaced while evenkeel runs.
const PERIOD: Duration = Duration::from_secs(30);

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Files that say how the API is guarded.
#[derive(Clone, Debug, Default)]
pub struct Guarding {
    /// Certificate chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub key: Option<PathBuf>,
    /// Tokens.
    pub tokens: Option<PathBuf>,
}

/// What the files said when they were last read.
#[derive(Clone, Debug, Default)]
pub(super) struct Admission {
    files: Arc<Files>,
    tls: Option<Arc<RwLock<Arc<ServerConfig>>>>,
    tokens: Option<Arc<RwLock<Tokens>>>,
}

#[derive(Debug, Default)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    tokens: PathBuf,
}

impl Admission {
    /// Reads the files.
    ///
    /// # Errors
    /// What is missing, or which file is wrong and how.
    pub(super) fn read(guarding: Guarding) -> Result<Self, String> {
        let Guarding { certificate, key, tokens } = guarding;
        let has_tokens = tokens.is_some();
        let (certificate, key) = match (certificate, key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, None) if !has_tokens => return Ok(Self::default()),
            (None, None) => {
                return Err(
                    "--tokens needs --tls-cert and --tls-key: tokens would cross the network in the clear, and \
                            kubectl sends none over http"
                        .to_owned(),
                );
            }
            _ => return Err("--tls-cert and --tls-key go together: one is missing".to_owned()),
        };
        let files = Files { certificate, key, tokens: tokens.unwrap_or_default() };
        let tls = tls::server(&files.certificate, &files.key)?;
        let tokens = if has_tokens { Some(read_tokens(&files.tokens)?) } else { None };
        Ok(Self {
            files: Arc::new(files),
            tls: Some(Arc::new(RwLock::new(tls))),
            tokens: tokens.map(|tokens| Arc::new(RwLock::new(tokens))),
        })
    }

    /// How to speak TLS now; `None`: not at all.
    pub(super) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.tls.as_ref().map(|tls| tls.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Whether others than this machine may be let in.
    pub(super) fn admits_others(&self) -> bool {
        self.tokens.is_some()
    }

    /// Reads the files again now and then, for as long as it is polled. A file that is wrong leaves all as it was.
    pub(super) async fn follow(self) {
        let Some(current) = self.tls.clone() else { return std::future::pending().await };
        let mut was_wrong = false;
        loop {
            tokio::time::sleep(PERIOD).await;
            let files = self.files.clone();
            let has_tokens = self.tokens.is_some();
            let read = tokio::task::spawn_blocking(move || {
                let tokens = if has_tokens { Some(read_tokens(&files.tokens)?) } else { None };
                Ok::<_, String>((tls::server(&files.certificate, &files.key)?, tokens))
            });
            match read.await.unwrap_or_else(|panic| Err(panic.to_string())) {
                Ok((tls, tokens)) => {
                    *current.write().unwrap_or_else(PoisonError::into_inner) = tls;
                    if let (Some(place), Some(tokens)) = (&self.tokens, tokens) {
                        *place.write().unwrap_or_else(PoisonError::into_inner) = tokens;
                    }
                    was_wrong = false;
                }
                Err(error) if !was_wrong => {
                    tracing::warn!(error, "certificate or tokens cannot be read again, those before are kept");
                    was_wrong = true;
                }
                Err(_) => {}
            }
        }
    }

    /// Tells who a request is from.
    pub(super) fn admit(self) -> Admit {
        Arc::new(move |parts| match &self.tokens {
            Some(tokens) => by_token(&tokens.read().unwrap_or_else(PoisonError::into_inner), parts),
            None => near(parts),
        })
    }
}

fn near(parts: &Parts) -> Result<Client, Denied> {
    match parts.extensions.get::<Peer>() {
        Some(Peer(address)) if address.to_canonical().is_loopback() => Ok(Client::anonymous()),
        _ => Err(Denied::Elsewhere(
            "without tokens the API answers its own machine only: reach it through a port-forward or a tunnel, or start \
             evenkeel with --tokens, --tls-cert and --tls-key"
                .to_owned(),
        )),
    }
}

fn by_token(tokens: &Tokens, parts: &Parts) -> Result<Client, Denied> {
    let unknown = |why: &str| Err(Denied::Unknown(format!("{why}: send `Authorization: Bearer TOKEN`")));
    let Some(given) = parts.headers.get(header::AUTHORIZATION) else { return unknown("a token is needed") };
    let token = given.to_str().ok().and_then(|text| text.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    match token.and_then(|token| tokens.client(token)) {
        Some(client) => Ok(client.clone()),
        None => unknown("the token is not one of this server's"),
    }
}

fn read_tokens(path: &Path) -> Result<Tokens, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    text.and_then(|text| Tokens::parse(&text))
        .map_err(|why| format!("failed to read tokens of {}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::http::Request;

    fn parts(peer: Option<&str>, authorization: Option<&str>) -> Parts {
        let mut request = Request::builder();
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        if let Some(peer) = peer {
            parts.extensions.insert(Peer(peer.parse().unwrap()));
        }
        parts
    }

    #[test]
    fn without_tokens_only_the_machine_itself_is_let_in() {
        for peer in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(near(&parts(Some(peer), None)), Ok(Client::anonymous()), "{peer}");
        }
        for peer in [Some("10.0.0.7"), Some("172.17.0.1"), Some("::ffff:10.0.0.7"), Some("fe80::1"), None] {
            let denied = near(&parts(peer, Some("Bearer whatever"))).unwrap_err();
            assert!(matches!(denied, Denied::Elsewhere(_)), "{peer:?}");
        }
    }

    #[test]
    fn with_tokens_the_machine_itself_needs_one_too() {
        let tokens = Tokens::parse("read grafana 0123456789abcdef").unwrap();
        let client = |authorization| by_token(&tokens, &parts(Some("127.0.0.1"), authorization));
        for right in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef "] {
            assert_eq!(client(Some(right)).unwrap().name, "grafana");
        }
        for wrong in [None, Some(""), Some("Bearer"), Some("Bearer 0123456789abcdeF"), Some("Basic 0123456789abcdef")] {
            let Denied::Unknown(why) = client(wrong).unwrap_err() else { panic!("{wrong:?}") };
            assert!(!why.contains("0123"), "{why}");
        }
    }

    #[test]
    fn tokens_need_tls_and_a_certificate_its_key() {
        let path = || Some(PathBuf::from("file"));
        let wrong = |guarding| Admission::read(guarding).unwrap_err();
        assert!(wrong(Guarding { tokens: path(), ..Guarding::default() }).contains("--tls-cert"));
        assert!(wrong(Guarding { certificate: path(), ..Guarding::default() }).contains("go together"));
        assert!(Admission::read(Guarding::default()).unwrap().tls().is_none());
    }
}
