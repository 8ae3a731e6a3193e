//! The file of webhooks. It may hold secrets, so it is a file, and never flags.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where notifications go.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// `https://…` or `http://…`. Slack's URLs are secrets themselves, so it is never logged.
    pub url: String,
    /// Form of the body.
    #[serde(default)]
    pub format: Format,
    /// File with the key of the signature, for `json`; surrounding white space does not count.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// The key itself, once read.
    #[serde(skip)]
    pub(super) secret: Option<Vec<u8>>,
}

/// Form of a notification's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object; see `docs/operations.md`.
    #[default]
    Json,
    /// What Slack's incoming webhooks take, and what many others take that imitate them.
    Slack,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    webhooks: Vec<Target>,
}

/// Reads the file of webhooks, and the secrets that it names.
///
/// # Errors
/// A sentence that says which file cannot be read, and why. It quotes nothing of what the file holds.
pub fn read(path: &Path) -> Result<Vec<Target>, String> {
    let load = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| format!("failed to read {}: {error}", path.display()))
    };
    let file: File = serde_yaml::from_str(&load(path)?).map_err(|error| {
        let place = error.location().map(|at| format!(" at line {}", at.line())).unwrap_or_default();
        format!(
            "{}{place} is not a list of webhooks: it takes `webhooks:` with a list of url, format (json or slack) and \
             secretFile",
            path.display()
        )
    })?;
    let mut targets = file.webhooks;
    for (number, target) in (1..).zip(&mut targets) {
        if !target.url.starts_with("https://") && !target.url.starts_with("http://") {
            return Err(format!(
                "{}: the URL of webhook {number} begins with neither https:// nor http://",
                path.display()
            ));
        }
        if let Some(file) = &target.secret_file {
            target.secret = Some(load(file)?.trim().as_bytes().to_vec());
        }
    }
    Ok(targets)
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("format", &self.format).finish_non_exhaustive()
    }
}
