//! `evenkeel schema`: JSON Schema of manifests, for editors and CI.

use std::path::PathBuf;

use clap::Args;
use evenkeel_core::object::VERSION;

/// Arguments of `evenkeel schema`.
#[derive(Args, Clone, Debug)]
pub(super) struct SchemaArgs {
    /// Only this kind; without it, one schema for whichever kind a document has
    kind: Option<String>,
    /// Write one file for each kind, named as kubeconform looks for them, and manifest.json for all kinds
    #[arg(long, value_name = "DIR", conflicts_with = "kind")]
    dir: Option<PathBuf>,
}

/// What `evenkeel schema` prints.
pub(super) fn run(args: &SchemaArgs) -> Result<String, String> {
    let kinds = evenkeel_api::manifest_kinds();
    let schema = |kind: Option<&str>| {
        let schema = evenkeel_api::manifest_schema(kind);
        schema.map(|schema| format!("{schema:#}\n")).ok_or_else(|| {
            format!("there is no kind {:?} in manifests: it is one of {}", kind.unwrap_or_default(), kinds.join(", "))
        })
    };
    let Some(dir) = &args.dir else { return schema(args.kind.as_deref()) };
    let failed = |error: std::io::Error| format!("failed to write to {}: {error}", dir.display());
    std::fs::create_dir_all(dir).map_err(failed)?;
    for kind in &kinds {
        let file = format!("{}_{VERSION}.json", kind.to_lowercase());
        std::fs::write(dir.join(file), schema(Some(kind))?).map_err(failed)?;
    }
    std::fs::write(dir.join("manifest.json"), schema(None)?).map_err(failed)?;
    Ok(format!("{} schemas are in {}", kinds.len() + 1, dir.display()))
}
