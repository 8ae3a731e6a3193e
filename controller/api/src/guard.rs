//! Who may ask at all: web pages may not.
//!
//! A page in a browser can send requests to loopback addresses, and, by changing what its own name resolves to, read
//! the answers as well (DNS rebinding). It cannot change what the browser writes into `Host` and `Origin`.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};

use crate::failure::Failure;

/// Refuses requests that a foreign web page may have made.
///
/// An IP address as host is fine: a page that was rebound still has its own name there. `hosts` are further names by
/// which the server is reached.
pub(crate) fn check(headers: &HeaderMap, hosts: &[String]) -> Result<(), Failure> {
    let text = |name| headers.get(name).map(|value: &axum::http::HeaderValue| value.to_str().unwrap_or("?"));
    // HTTP/1.0 and tests have none; browsers always do.
    let Some(host) = text(header::HOST) else { return Ok(()) };
    let name = host.parse::<Authority>().map_or_else(|_| "?".to_owned(), |it| it.host().to_ascii_lowercase());
    let name = name.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let ours = name == "localhost"
        || name.parse::<IpAddr>().is_ok()
        || hosts.iter().any(|known| known == "*" || known.eq_ignore_ascii_case(name));
    if !ours {
        return Err(Failure::foreign(format!(
            "{name:?} is not a name of this server: reach it by address, or give the name to `evenkeel run --host`"
        )));
    }
    match text(header::ORIGIN) {
        Some(origin) if origin.split_once("://").is_none_or(|(_, from)| from != host) => {
            Err(Failure::foreign(format!("web pages from {origin:?} may not use this API")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asked(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        check(&headers, &["evenkeel.example".to_owned()]).is_ok()
    }

    #[test]
    fn the_server_is_reached_by_address_and_by_its_own_names() {
        for host in ["127.0.0.1:8480", "[::1]:8480", "localhost", "LOCALHOST:1", "10.0.0.7", "evenkeel.example:80"] {
            assert!(asked(host, None), "{host}");
        }
        for host in ["attacker.example", "localhost.attacker.example:8480", "127.0.0.1.attacker.example", "a b"] {
            assert!(!asked(host, None), "{host}");
        }
    }

    #[test]
    fn web_pages_of_others_are_refused() {
        assert!(asked("127.0.0.1:8480", Some("http://127.0.0.1:8480")));
        assert!(!asked("127.0.0.1:8480", Some("http://127.0.0.1:3000")));
        assert!(!asked("127.0.0.1:8480", Some("null")));
    }
}
