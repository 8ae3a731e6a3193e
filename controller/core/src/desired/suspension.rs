//! Suspensions: of one object, of a Cluster with all that is in it, or of the whole installation. Whoever is suspended is
//! looked at as always; nothing about it is written to AWS.

use jiff::Timestamp;
use serde::Serialize;

use super::annotations::{SUSPEND, SUSPEND_BY, SUSPEND_REASON, SUSPEND_UNTIL, Term};
use crate::object::Object;

/// A suspension in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Suspension {
    /// Key of the object that bears the annotation, where that is another one: `Cluster/shop`, `Installation/evenkeel`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// Why, by whom and until when.
    #[serde(flatten)]
    pub term: Term,
}

/// The suspension of an object that is in force at `now`: its own, or one of what it is part of (its Cluster, the
/// installation). Of several it is the one that lasts longest, and of those the nearest: what it says of the end is true.
pub fn suspension<'a>(
    object: &'a Object,
    above: impl IntoIterator<Item = &'a Object>,
    now: Timestamp,
) -> Option<Suspension> {
    let own = of(object, now).map(|term| Suspension { through: None, term });
    let others = above
        .into_iter()
        .filter(|above| above.key() != object.key())
        .filter_map(|above| Some(Suspension { through: Some(above.key().to_string()), term: of(above, now)? }));
    own.into_iter().chain(others).reduce(|nearer, wider| if outlasts(&wider, &nearer) { wider } else { nearer })
}

fn of(object: &Object, now: Timestamp) -> Option<Term> {
    object.metadata.annotations.get(SUSPEND).filter(|value| *value == "true")?;
    Term::of(&object.metadata, [SUSPEND_REASON, SUSPEND_BY, SUSPEND_UNTIL], now)
}

fn outlasts(one: &Suspension, other: &Suspension) -> bool {
    let end = |suspension: &Suspension| suspension.term.until.unwrap_or(Timestamp::MAX);
    end(one) > end(other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::object::{Kind, ObjectKey};
    use serde_json::{Value, json};

    fn object(kind: Kind, until: Option<&str>) -> Object {
        let mut object = Object::new(&ObjectKey::new(kind, "shop", "web"), Value::Null);
        if let Some(until) = until {
            object.metadata.annotations.insert(SUSPEND.into(), "true".into());
            object.metadata.annotations.insert(SUSPEND_UNTIL.into(), until.into());
        }
        object
    }

    /// By whom a service is suspended at noon, given the ends of its own, its Cluster's and the installation's suspension.
    fn through(own: Option<&str>, cluster: Option<&str>, all: Option<&str>) -> Option<Option<String>> {
        let [service, cluster, all] = [(Kind::Service, own), (Kind::Cluster, cluster), (Kind::Installation, all)]
            .map(|(kind, it)| object(kind, it));
        let found = suspension(&service, [&cluster, &all], "2026-01-01T12:00:00Z".parse().unwrap());
        found.map(|suspension| suspension.through)
    }

    #[test]
    fn a_suspension_of_the_cluster_or_of_all_holds_for_what_is_in_it() {
        assert_eq!(through(None, None, None), None);
        assert_eq!(through(Some("2026-01-01T13:00:00Z"), None, None), Some(None));
        assert_eq!(through(None, Some("2026-01-01T13:00:00Z"), None), Some(Some("Cluster/web".into())));
        assert_eq!(through(None, None, Some("2026-01-01T13:00:00Z")), Some(Some("Installation/web".into())));
        assert_eq!(through(None, Some("2026-01-01T12:00:00Z"), None), None, "it is over");
    }

    #[test]
    fn of_several_suspensions_the_one_that_lasts_longest_is_told() {
        let (soon, late, never) = (Some("2026-01-01T13:00:00Z"), Some("2026-01-01T14:00:00Z"), Some("whenever"));
        assert_eq!(through(soon, late, None), Some(Some("Cluster/web".into())));
        assert_eq!(through(late, soon, soon), Some(None));
        assert_eq!(through(late, late, late), Some(None), "the nearest of those that end together");
        assert_eq!(through(soon, never, late), Some(Some("Cluster/web".into())), "an end that cannot be read is none");
    }

    #[test]
    fn a_status_tells_of_a_suspension_flatly() {
        let term = Term { reason: Some("a freeze".into()), by: None, until: None };
        let told = json!(Suspension { through: Some("Cluster/shop".into()), term });
        assert_eq!(told, json!({"through": "Cluster/shop", "reason": "a freeze"}));
    }
}
