//! What may be written here: what operates, and nothing that git has set.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_core::catalogue::{Problem, pointer};
use evenkeel_core::desired::{
    APPROVE, OPEN_BY, OPEN_REASON, OPEN_UNTIL, PIN, PIN_BY, PIN_INSTEAD_OF, PIN_REASON, PIN_UNTIL, RECONCILE, RETRY,
    SUSPEND, SUSPEND_BY, SUSPEND_REASON, SUSPEND_UNTIL,
};
use evenkeel_core::object::{FINALIZER, GROUP, Kind, Metadata, Object};
use evenkeel_core::spec::{TaskDefinitionRef, did_you_mean};
use jiff::Timestamp;

/// The annotations of our own group that mean something.
const OPERATING: [&str; 15] = [
    SUSPEND,
    SUSPEND_REASON,
    SUSPEND_BY,
    SUSPEND_UNTIL,
    RECONCILE,
    APPROVE,
    OPEN_UNTIL,
    OPEN_REASON,
    OPEN_BY,
    RETRY,
    PIN,
    PIN_UNTIL,
    PIN_REASON,
    PIN_BY,
    PIN_INSTEAD_OF,
];

/// Where git declares an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// File, from the root of the source.
    pub file: String,
    /// Line at which the manifest begins.
    pub line: usize,
    /// Revision of the source at which the object last changed, such as `sha1:` and a commit.
    pub revision: String,
    /// Annotation keys that git set.
    pub annotations: BTreeSet<String>,
    /// Label keys that git set.
    pub labels: BTreeSet<String>,
}

/// `shop/web.yaml:12 (commit 0f3a9c2)`.
impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        match self.revision.split_once(':') {
            Some(("sha1", commit)) => write!(f, " (commit {})", commit.get(..7).unwrap_or(commit)),
            _ => write!(f, " (revision {})", self.revision),
        }
    }
}

/// Why a write is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// Somebody else decides it; who and where.
    Forbidden(String),
    /// It would mean nothing.
    Invalid(Problem),
}

/// Whether the metadata of an object may become so.
pub(crate) fn check(before: &Object, after: &Metadata, origin: Option<&Origin>) -> Result<(), Refusal> {
    let empty = Origin::default();
    let git = origin.unwrap_or(&empty);
    let of_git = |what: &str, key: &str| {
        Err(Refusal::Forbidden(format!("{what} {key} is set at {git}: change it there, in git, and evenkeel follows")))
    };
    for key in changed(&before.metadata.labels, &after.labels) {
        if git.labels.contains(key) {
            return of_git("label", key);
        }
    }
    for key in changed(&before.metadata.annotations, &after.annotations) {
        if git.annotations.contains(key) {
            return of_git("annotation", key);
        }
        if let Some(value) = after.annotations.get(key) {
            operates(before.kind, key, value).map_err(|why| {
                Refusal::Invalid(Problem::error(pointer::join("/metadata/annotations", key), "annotation", why))
            })?;
        }
    }
    let ours = |metadata: &Metadata| metadata.finalizers.iter().any(|name| name == FINALIZER);
    if ours(&before.metadata) != ours(after) {
        let why = format!("the finalizer {FINALIZER} holds an object until AWS is clean, and only evenkeel moves it");
        return Err(Refusal::Forbidden(why));
    }
    Ok(())
}

/// Keys whose value is another, or that are new or gone.
fn changed<'a>(before: &'a BTreeMap<String, String>, after: &'a BTreeMap<String, String>) -> BTreeSet<&'a String> {
    before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key)).collect()
}

/// Whether an annotation of our own group is one that we know, with a value that we can read. Others are anybody's.
fn operates(kind: Kind, key: &str, value: &str) -> Result<(), String> {
    if key.split_once('/').is_none_or(|(group, _)| group != GROUP) {
        return Ok(());
    }
    let suspends = [SUSPEND, SUSPEND_REASON, SUSPEND_BY, SUSPEND_UNTIL, RECONCILE].contains(&key);
    match key {
        key if kind == Kind::Installation && OPERATING.contains(&key) && !suspends => {
            Err("an Installation can be suspended and nothing else".to_owned())
        }
        SUSPEND if value != "true" && value != "false" => Err("write \"true\", or take it off".to_owned()),
        SUSPEND_UNTIL | PIN_UNTIL | OPEN_UNTIL if value.parse::<Timestamp>().is_err() => {
            Err("it is no time: write one as in 2026-01-31T18:00:00Z".to_owned())
        }
        PIN if kind != Kind::Service => Err(format!("only a Service can be pinned to a revision, not a {kind}")),
        PIN => match value.parse() {
            Ok(TaskDefinitionRef::Revision(_)) => Ok(()),
            Ok(TaskDefinitionRef::Object(_)) => {
                Err("name a revision: family:revision, as in web:12, or its ARN".into())
            }
            Err(why) => Err(why),
        },
        APPROVE | RECONCILE | RETRY if value.trim().is_empty() => Err("it is empty".to_owned()),
        key if OPERATING.contains(&key) => Ok(()),
        key => Err(match did_you_mean(key, OPERATING) {
            Some(meant) => format!("it means nothing to evenkeel; did you mean {meant}?"),
            None => format!("it means nothing to evenkeel; known are {}", OPERATING.join(", ")),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_core::object::ObjectKey;
    use serde_json::Value;

    fn service() -> Object {
        Object::new(&ObjectKey::new(Kind::Service, "shop", "web"), Value::Null)
    }

    fn annotated(key: &str, value: &str) -> Result<(), Refusal> {
        let before = service();
        let mut after = before.metadata.clone();
        after.annotations.insert(key.to_owned(), value.to_owned());
        let git = Origin { annotations: BTreeSet::from(["team".to_owned()]), ..Origin::default() };
        check(&before, &after, Some(&git))
    }

    #[test]
    fn what_operates_is_taken_when_it_can_be_read() {
        for (key, value) in [
            (SUSPEND, "true"),
            (SUSPEND_UNTIL, "2026-01-31T18:00:00Z"),
            (RECONCILE, "now"),
            (APPROVE, "1a2b3c4d"),
            (PIN, "web:12"),
            ("example.com/anything", ""),
        ] {
            assert_eq!(annotated(key, value), Ok(()), "{key}");
        }
        for (key, value) in [
            (SUSPEND, "yes"),
            (SUSPEND_UNTIL, "tomorrow"),
            (RECONCILE, " "),
            (PIN, "web"),
            (PIN, "web:latest"),
            ("evenkeel.dev/suspnd", "true"),
        ] {
            assert!(matches!(annotated(key, value), Err(Refusal::Invalid(_))), "{key}");
        }
    }

    #[test]
    fn what_git_set_is_not_changed_here() {
        assert!(matches!(annotated("team", "b"), Err(Refusal::Forbidden(_))));
    }

    #[test]
    fn our_finalizer_neither_comes_nor_goes_and_others_may() {
        let before = service();
        let with = |name: &str| Metadata { finalizers: vec![name.to_owned()], ..before.metadata.clone() };
        assert!(matches!(check(&before, &with(FINALIZER), None), Err(Refusal::Forbidden(_))));
        assert_eq!(check(&before, &with("example.com/other"), None), Ok(()));
    }
}
