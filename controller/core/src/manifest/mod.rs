//! Reading manifests: from the files of a directory to objects, purely.

pub mod text;
