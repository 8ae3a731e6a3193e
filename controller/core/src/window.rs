//! Change windows: whether commits may change what is in a Cluster at a moment, and when they may next.
//!
//! A commit that comes while windows are closed is not taken into the store: what was declared before stays in force, is
//! compared and repaired. Only what nothing is known to have been applied of has to wait in its plan ([`Closed`]).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::desired::{OPEN_BY, OPEN_REASON, OPEN_UNTIL, Term};
use crate::object::{Kind, Object};
use crate::spec::{ChangeWindow, Held, WindowKind};

/// Change windows are closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// When they open; absent: not within what was looked at, or never.
    pub opens: Option<Timestamp>,
    /// Drift is not repaired either.
    pub everything: bool,
}

/// How often windows may change until one is found open. Beyond that nobody waits for it.
const CHANGES: usize = 200;

/// Whether the windows of a Cluster are closed at `now`.
pub fn closed(windows: &[ChangeWindow], now: Timestamp) -> Option<Closed> {
    let binding: Vec<&ChangeWindow> = windows.iter().filter(|window| window.holds == Held::Everything).collect();
    let all: Vec<&ChangeWindow> = windows.iter().collect();
    if is_open(&all, now) {
        // What holds everything holds commits as well: then nothing is held.
        return None;
    }
    Some(Closed { opens: opens(&all, now), everything: !is_open(&binding, now) })
}

/// The windows of a Cluster, unless somebody has opened them for one of `objects` (the object itself, or its Cluster).
pub fn closed_for<'a>(
    windows: &[ChangeWindow],
    objects: impl IntoIterator<Item = &'a Object>,
    now: Timestamp,
) -> Option<Closed> {
    objects.into_iter().all(|object| opened(object, now).is_none()).then(|| closed(windows, now))?
}

/// Why, by whom and until when windows count as open for an object and what is in it.
pub fn opened(object: &Object, now: Timestamp) -> Option<Term> {
    let annotations = &object.metadata.annotations;
    // An end that cannot be read opens nothing: without an end this would be forgotten.
    annotations.get(OPEN_UNTIL)?.parse::<Timestamp>().ok()?;
    Term::of(&object.metadata, [OPEN_REASON, OPEN_BY, OPEN_UNTIL], now)
}

/// The windows that a Cluster's spec declares. What cannot be read declares none: admission has refused it before.
pub fn of_cluster(spec: &Value) -> Vec<ChangeWindow> {
    let declared = spec.get("changeWindows").filter(|windows| windows.is_array());
    declared.and_then(|windows| serde_json::from_value(windows.clone()).ok()).unwrap_or_default()
}

/// What of a declared spec is in force while windows are closed: what was before, and of a Cluster, whose spec is mostly
/// about us and not about AWS, only the AWS document.
pub fn in_force(kind: Kind, before: &Value, declared: &Value) -> Value {
    let (Kind::Cluster, Some(members)) = (kind, declared.as_object()) else { return before.clone() };
    let mut members = members.clone();
    match before.get("cluster") {
        Some(document) => members.insert("cluster".into(), document.clone()),
        None => members.remove("cluster"),
    };
    Value::Object(members)
}

impl Closed {
    /// When it is worth looking again, and never at once.
    pub fn left(&self, now: Timestamp) -> Option<SignedDuration> {
        self.opens.map(|opens| opens.duration_since(now).max(SignedDuration::from_secs(1)))
    }
}

/// `opens at 2026-01-05T08:00:00Z`.
impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.opens {
            Some(opens) => write!(f, "opens at {opens}"),
            None => f.write_str("does not open by itself"),
        }
    }
}

/// Whether commits are let in: by an Allow window if there are such, and by no Deny window kept out.
fn is_open(windows: &[&ChangeWindow], at: Timestamp) -> bool {
    let of = |kind: WindowKind| windows.iter().filter(move |window| window.kind == kind);
    let allows = of(WindowKind::Allow);
    of(WindowKind::Deny).all(|window| begun(window, at).is_none())
        && (allows.clone().next().is_none() || allows.clone().any(|window| begun(window, at).is_some()))
}

/// The earliest beginning of a window that is open at `at`.
fn begun(window: &ChangeWindow, at: Timestamp) -> Option<Timestamp> {
    let before = at.checked_sub(length(window)).ok()?;
    window.schedule.next(before, window.time_zone.get()).filter(|begin| *begin <= at)
}

fn length(window: &ChangeWindow) -> SignedDuration {
    // A year at most, which fits.
    SignedDuration::try_from(window.duration.get()).unwrap_or(SignedDuration::MAX)
}

/// The first moment after `now` at which commits are let in.
fn opens(windows: &[&ChangeWindow], now: Timestamp) -> Option<Timestamp> {
    let mut at = now;
    for _ in 0..CHANGES {
        // While Deny windows are open, the end of one of them; else the beginning of an Allow window.
        let ends = windows.iter().filter(|window| window.kind == WindowKind::Deny).filter_map(|window| {
            let begin = begun(window, at)?;
            begin.checked_add(length(window)).ok()
        });
        let begins = windows.iter().filter(|window| window.kind == WindowKind::Allow);
        at = match ends.max() {
            Some(end) => end,
            None => begins.filter_map(|window| window.schedule.next(at, window.time_zone.get())).min()?,
        };
        if is_open(windows, at) {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests;
