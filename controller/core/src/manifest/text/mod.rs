//! Text files: from bytes to JSON values, with the line and column of every node.
//!
//! YAML and JSON both become [`serde_json::Value`]. Places inside a document are looked up only when a problem is
//! reported, by reading the text once more; nothing is kept per node.

mod decode;
mod json;
mod strict;
mod yaml;

use std::sync::Arc;

use serde_json::Value;

use crate::catalogue::Problem;

/// Largest file that is read, in bytes. ECS takes a task definition of at most 64 KiB (service quotas), so this holds
/// sixteen of the largest.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// A line and a column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

impl Location {
    const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte in a text.
    fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML, with any number of documents.
    Yaml,
    /// JSON, one document.
    Json,
}

impl Syntax {
    /// By the end of the file's name; nothing for files that are neither.
    pub fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A file, decoded.
#[derive(Debug)]
pub struct File {
    /// Its path in the directory, with `/`.
    pub path: String,
    /// Its text, without byte order mark.
    pub text: String,
    /// How it is written.
    pub syntax: Syntax,
}

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file that it stands in.
    pub file: Arc<File>,
    /// Which document of the file, from 0.
    pub index: usize,
    /// Where it begins.
    pub start: Location,
    /// Its content; YAML merge keys are resolved.
    pub value: Value,
    /// The content as written, where it has merge keys.
    unmerged: Option<Value>,
}

/// What keeps a text from being read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it was noticed.
    pub location: Location,
    /// What, and what to do.
    pub message: String,
    /// Stable name of the rule that was broken.
    pub rule: &'static str,
}

impl File {
    /// Decodes a file: UTF-8 with or without byte order mark, or UTF-16.
    ///
    /// # Errors
    /// Too large, or no text; nothing of it is parsed then.
    pub fn decode(path: &str, syntax: Syntax, bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(Fault {
                location: Location::START,
                message: too_large(bytes.len() as u64),
                rule: "file-too-large",
            });
        }
        let text = decode::text(bytes)?;
        Ok(Self { path: path.to_owned(), text, syntax })
    }

    /// The documents of the file up to the first that cannot be read, and why that one cannot. Documents without
    /// content are left out.
    pub fn documents(self: &Arc<Self>) -> (Vec<Document>, Option<Fault>) {
        let ((values, fault), starts) = match self.syntax {
            Syntax::Yaml => (yaml::parse(&self.text), yaml::starts(&self.text)),
            Syntax::Json => (json::parse(&self.text), vec![Some(json::locate(&self.text, &[], false))]),
        };
        let mut documents = Vec::new();
        for (index, mut value) in values.into_iter().enumerate().filter(|(_, value)| !value.is_null()) {
            let mut unmerged = None;
            let mut refused = Ok(());
            if self.syntax == Syntax::Yaml && self.text.contains(yaml::MERGE_KEY) {
                unmerged = Some(value.clone());
                refused = yaml::merge(&mut value, "");
            }
            let start = starts.get(index).copied().flatten().unwrap_or(Location::START);
            let document = Document { file: Arc::clone(self), index, start, value, unmerged };
            if let Err(Problem { path, at_key, message, rule, .. }) = refused {
                let location = document.locate(&path, at_key);
                return (documents, Some(Fault { location, message, rule }));
            }
            documents.push(document);
        }
        (documents, fault)
    }
}

impl Document {
    /// The same without its content, which takes more than the file: enough to say where something stands.
    pub(super) fn place(&self) -> Self {
        let Self { file, index, start, unmerged, .. } = self;
        Self { file: Arc::clone(file), index: *index, start: *start, value: Value::Null, unmerged: unmerged.clone() }
    }

    /// Where the node stands that `pointer` (RFC 6901) points at: its value, or with `at_key` its member name. What is
    /// not there (a missing member, say) is placed at the nearest node around it.
    pub fn locate(&self, pointer: &str, at_key: bool) -> Location {
        let mut tokens: Vec<String> = crate::catalogue::pointer::segments(pointer).map(Into::into).collect();
        if let Some(written) = &self.unmerged {
            tokens = yaml::unmerged_path(written, &tokens);
        }
        match self.file.syntax {
            Syntax::Yaml => yaml::locate(&self.file.text, self.index, &tokens, at_key).unwrap_or(Location::START),
            Syntax::Json => json::locate(&self.file.text, &tokens, at_key),
        }
    }
}

/// What to say about a file of so many bytes.
pub fn too_large(bytes: u64) -> String {
    format!("the file has {bytes} bytes, more than the {MAX_FILE_BYTES} that are read: split it, or move it elsewhere")
}

#[cfg(test)]
mod tests;
