//! Fights: what somebody else keeps setting back is left to them, and a person is told.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::Waiting;
use crate::diff::Drift;
use crate::memory::{FIGHT_WINDOW, Memory, Yielded};
use crate::reason::Reason;

/// So many repairs of one path within [`FIGHT_WINDOW`], to one and the same value, are no accident any more.
pub const FIGHT_REPAIRS: usize = 5;

/// The longest value that a message shows whole; the status has all of it.
const SHOWN: usize = 120;

/// Paths that are not repaired for now, since somebody sets them again and again, and what is said of them. A fight is
/// over once the other side has been quiet for [`FIGHT_WINDOW`]: then the path is repaired as any other.
pub(super) fn hold(drift: &[Drift], memory: &mut Memory, now: Timestamp) -> (BTreeSet<String>, Vec<Waiting>) {
    let (mut held, mut waiting) = (BTreeSet::new(), Vec::new());
    for drift in drift {
        let Some(repairs) = memory.repairs.get_mut(&drift.path) else { continue };
        if repairs.desired != drift.desired {
            continue;
        }
        let in_force = repairs.yielded.as_ref().filter(|yielded| now.duration_since(yielded.at) < FIGHT_WINDOW);
        let since = match in_force {
            Some(yielded) if yielded.observed == drift.observed => yielded.at,
            None if repairs.recent(now) < FIGHT_REPAIRS => continue,
            _ => {
                repairs.yielded = Some(Yielded { observed: drift.observed.clone(), at: now });
                now
            }
        };
        held.insert(drift.path.clone());
        let message = format!(
            "{}: set to {} {} times within an hour, and each time somebody else changed it back, now to {}; it is left alone \
             until that has been quiet for an hour, the manifest changes, or a retry is asked for (annotation \
             evenkeel.dev/retry)",
            drift.path,
            shown(drift.desired.as_ref()),
            repairs.at.len(),
            shown(drift.observed.as_ref()),
        );
        let left = FIGHT_WINDOW - now.duration_since(since);
        waiting.push(Waiting::new(Reason::DriftFight, message).retry_in(left));
    }
    (held, waiting)
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "(absent)".to_owned(), Value::to_string);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
