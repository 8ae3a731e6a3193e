//! An object in the form in which it is kept in memory. On disk it is plain JSON.

use evenkeel_core::object::{Object, ObjectKey, ResourceVersion};

use crate::error::StoreError;
use crate::packed::Packed;

/// An encoded object. Cheap to clone; index, ring and listings share it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// Version of the object; the same as in the bytes.
    pub(crate) resource_version: ResourceVersion,
    /// The object as JSON.
    pub(crate) json: Packed,
    /// Length of the JSON.
    pub(crate) length: usize,
}

impl Stored {
    /// Encodes an object, and decodes it again: only what reads back (JSON nests at most 128 deep) may be stored.
    pub(crate) fn encode(object: &Object) -> serde_json::Result<(Self, Object)> {
        let (stored, object) = Self::from_bytes(&serde_json::to_vec(object)?)?;
        Ok((stored, object))
    }

    /// Takes bytes from disk, and what they say.
    pub(crate) fn from_bytes(bytes: &[u8]) -> serde_json::Result<(Self, Object)> {
        let object: Object = serde_json::from_slice(bytes)?;
        let resource_version = object.metadata.resource_version;
        Ok((Self { resource_version, json: Packed::of(bytes), length: bytes.len() }, object))
    }

    /// The object.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], which `encode` and `from_bytes` have ruled out.
    pub(crate) fn decode(&self, key: &ObjectKey) -> Result<Object, StoreError> {
        serde_json::from_slice(&self.json.unpack())
            .map_err(|error| StoreError::Corrupt { what: key.to_string(), detail: error.to_string() })
    }
}

/// An object as it is kept, not decoded yet. Cheap to clone, and keeps the object's bytes alive.
#[derive(Clone, Debug)]
pub struct Encoded {
    pub(crate) key: ObjectKey,
    pub(crate) stored: Stored,
}

impl Encoded {
    /// Its key.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The version of its last write.
    pub fn resource_version(&self) -> ResourceVersion {
        self.stored.resource_version
    }

    /// The object as JSON, with the members of kube: `apiVersion`, `kind`, `metadata`, `spec` and `status`.
    pub fn json(&self) -> Vec<u8> {
        self.stored.json.unpack()
    }

    /// The same as it is kept.
    pub fn packed(&self) -> &Packed {
        &self.stored.json
    }

    /// The object.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]
    pub fn decode(&self) -> Result<Object, StoreError> {
        self.stored.decode(&self.key)
    }
}
