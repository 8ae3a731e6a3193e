//! `evenkeel.yaml`, the manifest of a directory.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an `evenkeel.yaml` (`kind: Directory`) says about its directory and those below it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DirectorySpec {
    /// A template is rendered only where another directory includes it, with that directory's variables.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub template: bool,
    /// Values for `${name}`, scalars. They hold here and below, and a nearer directory's win; those of a template are
    /// defaults, over which the including directory's win. A value may itself use variables.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// Templates to render here: directories, or files in them, relative to this directory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Rules for single files or directories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileRule>,
}

/// What holds for one file, or all files of one directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileRule {
    /// The file or directory, relative to this directory.
    pub path: String,
    /// `false` leaves `${…}` in it as it stands.
    pub substitute: bool,
}
