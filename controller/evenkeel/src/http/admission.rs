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
        let mut was_wrong = false;
        loop {
            tokio::time::sleep(PERIOD).await;
            let this = self.clone();
            let read = tokio::task::spawn_blocking(move || this.read_again()).await;
            let wrong = read.unwrap_or_else(|panic| Err(panic.to_string())).err();
            if let (Some(error), false) = (&wrong, was_wrong) {
                tracing::warn!(error, "certificate or tokens cannot be read again, those before are kept");
            }
            was_wrong = wrong.is_some();
        }
    }

    fn read_again(&self) -> Result<(), String> {
        let Some(tls) = &self.tls else { return Ok(()) };
        let config = tls::server(&self.files.certificate, &self.files.key)?;
        if let Some(tokens) = &self.tokens {
            let read = read_tokens(&self.files.tokens)?;
            *tokens.write().unwrap_or_else(PoisonError::into_inner) = read;
        }
        *tls.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
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

    #[test]
    fn files_that_changed_are_taken_and_ones_that_are_wrong_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        write("crt", &made.cert.pem());
        write("key", &made.signing_key.serialize_pem());
        write("tokens", "read grafana 0123456789abcdef");
        let guarding =
            Guarding { certificate: Some(path("crt")), key: Some(path("key")), tokens: Some(path("tokens")) };
        let admission = Admission::read(guarding).unwrap();
        let before = admission.tls().unwrap();
        let admit = admission.clone().admit();
        let name = |token: &str| admit(&parts(None, Some(&format!("Bearer {token}")))).map(|client| client.name);
        assert_eq!(name("0123456789abcdef").unwrap(), "grafana");
        write("tokens", "operate alice fedcba9876543210");
        admission.read_again().unwrap();
        assert!(name("0123456789abcdef").is_err());
        assert_eq!(name("fedcba9876543210").unwrap(), "alice");
        assert!(!Arc::ptr_eq(&before, &admission.tls().unwrap()));
        // Half a rotation: the key of another certificate.
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        write("key", &other.signing_key.serialize_pem());
        write("tokens", "operate bob 0000000000000000");
        assert!(admission.read_again().unwrap_err().contains("crt"));
        assert_eq!(name("fedcba9876543210").unwrap(), "alice");
    }
}
