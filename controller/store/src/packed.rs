//! JSON as it is kept in memory: compressed. Objects of one kind say the same things over and over, and what they all say
//! stands in a dictionary. Without it ten thousand services with their task definitions took 54 MB (heap profile).

use std::fmt;
use std::sync::Arc;

/// Documents as they are kept: Events, a TaskDefinition, a Service, and what AWS shows of one. Whatever repeats a part of
/// them takes three bytes for it. Nothing that is packed outlives the process, so they can change at any time.
const DICTIONARY: &[u8] = include_bytes!("packed.txt");

/// Compressed bytes. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Arc<[u8]>);

impl Packed {
    /// Packs bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(lz4_flex::block::compress_prepend_size_with_dict(bytes, DICTIONARY).into())
    }

    /// The bytes. Whatever was packed can be unpacked.
    pub fn unpack(&self) -> Vec<u8> {
        lz4_flex::block::decompress_size_prepended_with_dict(&self.0, DICTIONARY).unwrap_or_default()
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
        let known = Packed::of(DICTIONARY);
        assert!(known.size() * 50 < DICTIONARY.len(), "{} bytes", known.size());
        assert_eq!(known.unpack(), DICTIONARY);
    }
}
