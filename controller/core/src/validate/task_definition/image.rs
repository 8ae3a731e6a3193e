//! Images whose content may change under the same name.

use super::Task;
use crate::catalogue::Problem;

/// Tags that people move, by custom.
const MOVING: [&str; 12] = [
    "latest",
    "stable",
    "edge",
    "nightly",
    "main",
    "master",
    "dev",
    "develop",
    "test",
    "staging",
    "prod",
    "production",
];

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    for container in &task.containers {
        let image = container.member("image");
        let Some(tag) = image.text().filter(|text| !text.is_empty()).and_then(moving_tag) else { continue };
        let message = format!(
            "{tag}, so that what runs can change without a change here, and a rollback may not bring the old image \
             back; name a version or a digest"
        );
        found.push(image.warning("mutable-image-tag", message));
    }
}

/// How an image reference moves, if it does: `registry:5000/name`, `name:latest`.
fn moving_tag(image: &str) -> Option<String> {
    if image.contains('@') {
        return None;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.split_once(':') {
        None => Some("has no tag (AWS takes `latest`)".to_owned()),
        Some((_, tag)) if MOVING.contains(&tag) => Some(format!("the tag `{tag}` is one that moves")),
        Some(_) => None,
    }
}
