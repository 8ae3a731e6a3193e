//! Who asks, and what they may do.

use std::sync::Arc;

use axum::http::request::Parts;

use crate::failure::Failure;

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Read, and try in dry runs, which change nothing.
    Read,
    /// That, and write what may be written here.
    Operate,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Operate => "operate",
        })
    }
}

/// Who a request is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Client {
    /// Somebody who needs no name, since only those who may do all reach the server.
    pub fn anonymous() -> Self {
        Self { name: "system:anonymous".to_owned(), role: Role::Operate }
    }

    /// Whether they may write; in a dry run everybody may.
    pub(crate) fn may_write(&self, dry: bool) -> Result<(), Failure> {
        if dry || self.role == Role::Operate {
            return Ok(());
        }
        Err(Failure::not_permitted(format!(
            "{} may read, and try what a change would do with --dry-run=server: to change anything takes a token with \
             the role operate",
            self.name
        )))
    }
}

/// Why nobody is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nobody knows who it is: a token would tell.
    Unknown(String),
    /// Whoever it is, not from there.
    Elsewhere(String),
}

/// Tells who a request is from, by its head.
pub type Admit = Arc<dyn Fn(&Parts) -> Result<Client, Denied> + Send + Sync>;
