//! Content hashes: the identity of a task definition's content.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::DocumentKind;

/// Version of the canonical form. A change of the rules that changes canonical forms must raise it, so that hashes
/// made by an older program are not taken for other content: they are compared by content then.
const HASH_VERSION: u32 = 1;

/// Hash of canonical content with the version of the hashing, such as `v1-0f3c…` (128 bits of SHA-256 in hex): short
/// enough for a tag and made of characters that AWS tags take.
pub type ContentHash = String;

/// Hash of a document's canonical content. Documents that mean the same to AWS have the same hash.
pub fn content_hash(kind: DocumentKind, document: &Value) -> ContentHash {
    // serde_json keeps members sorted, so the text is one for one content.
    let digest = Sha256::digest(kind.canonical(document).to_string());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("v{HASH_VERSION}-{hex}")
}
