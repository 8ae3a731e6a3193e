//! Reading manifests: from the files of a directory to objects, purely.
//!
//! [`load`] takes all files of one snapshot and gives the objects that they declare and all that is wrong with them,
//! each problem with file, line and column. A bad file stops only the objects that it declares.
//!
//! - A file is YAML with any number of documents, or JSON with one ([`text`]).
//! - A document with our `apiVersion` is an object ([`object()`]). Other YAML documents get a warning; other JSON files
//!   are nobody's business here, since they are often a task definition that a `taskDefinitionFile` names.
//! - An `evenkeel.yaml` says what holds in its directory and below: variables, what to include, and whether it is a
//!   template. **Only templates can be included, and a template is rendered only where it is included.**

mod directory;
mod metadata;
mod object;
mod origin;
mod problem;
pub mod text;
mod variables;

pub use directory::{Content, Files, Load, digest, load};
pub use object::object;
pub use origin::{Manifest, Origin};
pub use problem::FileProblem;

#[cfg(test)]
mod tests;
