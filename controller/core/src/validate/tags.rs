//! Tags. Their number and lengths stand in the catalogue.

use super::node::{Node, unique};
use crate::catalogue::Problem;

/// Tags of ECS: a list of `{key, value}`.
pub(super) fn tags(list: &Node<'_>, found: &mut Vec<Problem>) {
    for tag in list.items() {
        let key = tag.member("key");
        if !key.exists() {
            found.push(tag.error("tag-without-key", "`key` is missing"));
        }
        reserved(&key, key.text().unwrap_or_default(), found);
    }
    unique(list.items().map(|tag| tag.member("key")), "duplicate-tag", "tag", found);
}

/// Tags of Application Auto Scaling: an object.
pub(super) fn tag_map(map: &Node<'_>, found: &mut Vec<Problem>) {
    if map.len() > 50 {
        found.push(map.error("too-many-tags", format!("has {} tags; AWS takes 50", map.len())));
    }
    for key in map.keys() {
        reserved(&map.member(key), key, found);
    }
}

fn reserved(node: &Node<'_>, key: &str, found: &mut Vec<Problem>) {
    if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
        found
            .push(node.error("reserved-tag", format!("tag {key:?}: AWS keeps keys that begin with `aws:` for itself")));
    }
}
