//! Tags: only declared keys and our own are compared.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Desired;
use crate::catalogue::pointer::join;
use crate::diff::Drift;
use crate::operation::{Action, Operation};
use crate::plan::{TAG_FAILED, TAG_INSTALLATION, gone_tags};
use crate::view::{ServiceView, tag_list};

/// The difference in tags, and what repairs it.
#[derive(Default)]
pub(super) struct Tags {
    pub(super) drift: Vec<Drift>,
    pub(super) actions: Vec<Action>,
}

/// Compares tags. UpdateService does not carry them: TagResource and UntagResource do, and take the long ARN.
pub(super) fn compare(
    desired: &Desired,
    service: ServiceView<'_>,
    applied: &Value,
    extra: &BTreeMap<String, String>,
) -> Tags {
    let live = service.tags();
    let ignore = desired.mandate.ignore();
    let mut wanted = desired.all_tags();
    wanted.extend(extra.clone());
    let mut tags = Tags::default();
    let mut set = BTreeMap::new();
    for (key, value) in wanted {
        let path = join("/tags", &key);
        let seen = live.get(&key);
        if seen == Some(&value) || ignore.covers(&path) {
            continue;
        }
        tags.drift.push(Drift {
            path,
            desired: Some(json!(value)),
            observed: seen.map(|seen| json!(seen)),
            rule: "declared tag keys only".into(),
        });
        set.insert(key, value);
    }
    let arn = json!(service.arn());
    // What failed is said until something else is wanted; an empty memory does not know yet.
    let failed = live.contains_key(TAG_FAILED) && !extra.contains_key(TAG_FAILED) && !applied.is_null();
    let mut once = applied.clone();
    if let Some(keys) = once["tags"].as_array_mut().filter(|_| failed) {
        keys.push(json!(TAG_FAILED));
    }
    let (gone, removal) = gone_tags(&arn, &once, &desired.tags, &live, &ignore);
    tags.drift.extend(gone);
    if !set.is_empty() {
        let reason = if set.contains_key(TAG_INSTALLATION) { "take ownership" } else { "correct tags" };
        tags.actions.push(Action {
            operation: Operation::TagResource,
            body: json!({"resourceArn": arn, "tags": tag_list(&set)}),
            reason: reason.into(),
        });
    }
    tags.actions.extend(removal);
    tags
}
