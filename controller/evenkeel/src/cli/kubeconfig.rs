//! `evenkeel kubeconfig`: a context for kubectl and every other kube client.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use super::client::ServerArgs;
use super::completion::namespace_candidates;

/// Arguments of `evenkeel kubeconfig`.
#[derive(Args, Clone, Debug)]
pub(super) struct KubeconfigArgs {
    /// Name of the context
    #[arg(long, default_value = "evenkeel")]
    context: String,
    /// Namespace that the context starts in, which is a Cluster's name
    #[arg(short, long, add = namespace_candidates())]
    namespace: Option<String>,
    /// Put the context into this file, beside what is in it, and make it the current one; without it, a whole
    /// kubeconfig is printed
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

/// What `evenkeel kubeconfig` prints.
pub(super) fn run(args: &KubeconfigArgs) -> Result<String, String> {
    let failed =
        |what: &str, path: &Path, why: &dyn std::fmt::Display| format!("failed to {what} {}: {why}", path.display());
    let before = match &args.write {
        Some(path) if path.exists() => {
            let text = std::fs::read_to_string(path).map_err(|error| failed("read", path, &error))?;
            serde_yaml::from_str(&text).map_err(|error| failed("read", path, &error))?
        }
        _ => Value::Null,
    };
    let told = |error: super::client::ClientError| error.to_string();
    let mut cluster = json!({"server": args.server.url()});
    if let Some(authority) = args.server.authority().map_err(told)? {
        cluster["certificate-authority-data"] = STANDARD.encode(authority).into();
    }
    let user = match args.server.token().map_err(told)? {
        Some(token) => json!({"token": token}),
        // Over https kubectl asks for a user name unless there is some credential; over http it sends none.
        None if args.server.url().starts_with("https:") => json!({"token": "none"}),
        None => json!({}),
    };
    let config = with_context(before, &args.context, cluster, user, args.namespace.as_deref())?;
    let text = serde_yaml::to_string(&config).map_err(|error| error.to_string())?;
    let Some(path) = &args.write else { return Ok(text) };
    // Beside it and then in its place, so that it is never half a file; it may hold others' credentials.
    let new = path.with_extension("evenkeel-new");
    write_private(&new, &text).map_err(|error| failed("write", &new, &error))?;
    std::fs::rename(&new, path).map_err(|error| failed("write", path, &error))?;
    Ok(format!("context {} is in {}, and is the current one", args.context, path.display()))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A kubeconfig with the context, and with all else that was in it.
fn with_context(
    before: Value,
    name: &str,
    cluster: Value,
    user: Value,
    namespace: Option<&str>,
) -> Result<Value, String> {
    let mut config = match before {
        Value::Null => json!({"apiVersion": "v1", "kind": "Config", "preferences": {}}),
        before if before.is_object() => before,
        _ => return Err("the file is no kubeconfig: it is not a mapping".into()),
    };
    let mut context = json!({"cluster": name, "user": name});
    if let Some(namespace) = namespace {
        context["namespace"] = namespace.into();
    }
    for (list, member, value) in
        [("clusters", "cluster", cluster), ("contexts", "context", context), ("users", "user", user)]
    {
        let mut entries = match config[list].take() {
            Value::Null => Vec::new(),
            Value::Array(entries) => entries,
            _ => return Err(format!("the file is no kubeconfig: {list} is not a list")),
        };
        entries.retain(|entry| entry["name"] != name);
        entries.push(json!({"name": name, member: value}));
        config[list] = entries.into();
    }
    config["current-context"] = name.into();
    Ok(config)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_context_is_put_beside_others_and_in_place_of_its_own() {
        let before = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "work",
            "clusters": [{"name": "work", "cluster": {"server": "https://k8s"}}, {"name": "evenkeel", "cluster": {"server": "old"}}],
            "users": [{"name": "work", "user": {"token": "t"}}], "contexts": null,
        });
        let cluster = json!({"server": "http://127.0.0.1:8480"});
        let after = with_context(before, "evenkeel", cluster, json!({}), Some("shop")).unwrap();
        assert_eq!(after["clusters"].as_array().unwrap().len(), 2);
        assert_eq!(after["clusters"][1]["cluster"]["server"], "http://127.0.0.1:8480");
        assert_eq!((&after["users"][0]["user"]["token"], &after["current-context"]), (&json!("t"), &json!("evenkeel")));
        assert_eq!(
            after["contexts"][0]["context"],
            json!({"cluster": "evenkeel", "user": "evenkeel", "namespace": "shop"})
        );
        assert!(with_context(json!([]), "a", Value::Null, Value::Null, None).is_err());
    }
}
