//! Who calls, and where: the account and region that a request is about.

use crate::options::Options;
use http::HeaderMap;

/// An account and a region. Everything the sandbox keeps is kept for each pair apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Caller {
    /// Twelve-digit account id.
    pub account: String,
    /// Region name.
    pub region: String,
}

impl Caller {
    /// A caller of `account` in `region`.
    pub fn new(account: &str, region: &str) -> Self {
        Self { account: account.to_owned(), region: region.to_owned() }
    }

    /// Reads the credential scope of a SigV4 `Authorization` header
    /// (`AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`). An access key of twelve digits is the
    /// account; the signature itself is not checked.
    pub(crate) fn of(headers: &HeaderMap, options: &Options) -> Self {
        let header = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
        let scope = header.split_once("Credential=").map_or("", |(_, rest)| rest);
        let mut parts = scope.split([',', ' ']).next().unwrap_or("").split('/');
        let key = parts.next().unwrap_or("");
        let region = parts.nth(1).filter(|region| !region.is_empty());
        let account = (key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit())).then_some(key);
        Self::new(account.unwrap_or(&options.account), region.unwrap_or(&options.region))
    }
}
