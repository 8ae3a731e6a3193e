//! Names that AWS takes.

use super::node::Node;
use crate::catalogue::Problem;

/// Names of clusters, services, families, containers and volumes: up to 255 letters (of either case), digits, `_` and
/// `-` (ECS API reference).
pub(super) fn name(node: &Node<'_>, found: &mut Vec<Problem>) {
    let Some(name) = node.text() else { return };
    let fits = (1..=255).contains(&name.len());
    if !fits || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        found.push(node.error(
            "invalid-name",
            format!("AWS refuses the name {name:?}; use 1 to 255 letters, digits, hyphens and underscores"),
        ));
    }
}

/// Names of port mappings, which Service Connect uses: up to 64 lower-case letters, digits, `_` and `-`, not
/// beginning with `-` (ECS API reference, PortMapping).
pub(super) fn port_name(node: &Node<'_>, found: &mut Vec<Problem>) {
    let Some(name) = node.text() else { return };
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if !(1..=64).contains(&name.len()) || name.starts_with('-') || !name.chars().all(letters) {
        let rule = "use 1 to 64 lower-case letters, digits, hyphens and underscores, not beginning with a hyphen";
        found.push(node.error("invalid-port-name", format!("AWS refuses the port name {name:?}; {rule}")));
    }
}
