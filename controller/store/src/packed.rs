//! JSON as it is kept in memory: compressed. Objects of one kind say the same things over and over, also each within
//! itself: ten thousand services with their task definitions would take 100 MB as they are, and take a third of it so, at
//! some microseconds for each that is looked at.

use std::fmt;
use std::sync::Arc;

/// Compressed bytes. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Arc<[u8]>);

impl Packed {
    /// Packs bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(lz4_flex::compress_prepend_size(bytes).into())
    }

    /// The bytes. Whatever was packed can be unpacked.
    pub fn unpack(&self) -> Vec<u8> {
        lz4_flex::decompress_size_prepended(&self.0).unwrap_or_default()
    }

    /// How much it takes in memory, in bytes.
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} bytes)", self.size())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_smaller_and_comes_out_as_it_was() {
        let variables: Vec<String> = (0..20).map(|n| format!("{{\"name\":\"SETTING_{n}\",\"value\":\"x\"}}")).collect();
        let text = variables.join(",");
        let packed = Packed::of(text.as_bytes());
        assert!(packed.size() * 2 < text.len(), "{} of {} bytes", packed.size(), text.len());
        assert_eq!(packed.unpack(), text.as_bytes());
        assert_eq!(Packed::of(b"").unpack(), b"");
    }
}
