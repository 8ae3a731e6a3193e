//! HMAC-SHA256 (RFC 2104), so that who takes a notification can tell that it is ours.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Block size of SHA-256 (FIPS 180-4).
const BLOCK: usize = 64;

/// The signature of a body: `sha256=` and hexadecimal digits, as GitHub and others write it.
pub(super) fn signature(key: &[u8], body: &[u8]) -> String {
    let mut padded = [0_u8; BLOCK];
    if key.len() > BLOCK {
        padded[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let keyed = |pad: u8| Sha256::new_with_prefix(padded.map(|byte| byte ^ pad));
    let inner = keyed(0x36).chain_update(body).finalize();
    let outer = keyed(0x5c).chain_update(inner).finalize();
    outer.iter().fold("sha256=".to_owned(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
