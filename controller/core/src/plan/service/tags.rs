//! Tags: only declared keys and our own are compared.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Desired;
use crate::catalogue::pointer::join;
use crate::diff::Drift;
use crate::operation::{Action, Operation};
use crate::plan::TAG_INSTALLATION;
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
    let once_declared = applied["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let gone: Vec<&str> = once_declared
        .filter(|key| !desired.tags.contains_key(*key) && live.contains_key(*key))
        .filter(|key| !ignore.covers(&join("/tags", key)))
        .collect();
    for key in &gone {
        tags.drift.push(Drift {
            path: join("/tags", key),
            desired: None,
            observed: live.get(*key).map(|value| json!(value)),
            rule: "declared when last applied, no longer declared".into(),
        });
    }
    if !set.is_empty() {
        let reason = if set.contains_key(TAG_INSTALLATION) { "take ownership" } else { "correct tags" };
        tags.actions.push(Action {
            operation: Operation::TagResource,
            body: json!({"resourceArn": service.arn(), "tags": tag_list(&set)}),
            reason: reason.into(),
        });
    }
    if !gone.is_empty() {
        tags.actions.push(Action {
            operation: Operation::UntagResource,
            body: json!({"resourceArn": service.arn(), "tagKeys": gone}),
            reason: "remove tags that are no longer declared".into(),
        });
    }
    tags
}
