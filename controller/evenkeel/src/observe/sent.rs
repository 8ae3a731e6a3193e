//! Documents as AWS sent them. In a quiet fleet nearly each is, byte for byte, what it was at the last look; only what is
//! another is taken apart.

use evenkeel_core::plan::Observation;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Scaling;

/// One document, such as a service in an answer of DescribeServices.
pub type Sent = Box<RawValue>;

/// An answer of DescribeServices.
#[derive(Deserialize)]
pub(super) struct Described {
    pub(super) services: Option<Vec<Sent>>,
    pub(super) failures: Option<Vec<Failure>>,
}

/// Why it holds nothing of a service.
#[derive(Deserialize)]
pub(super) struct Failure {
    pub(super) arn: Option<String>,
    pub(super) reason: Option<String>,
}

/// A page of scalable targets, scaling policies or scheduled actions: each has one of these lists.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(alias = "ScalableTargets", alias = "ScalingPolicies", alias = "ScheduledActions")]
    pub(super) elements: Option<Vec<Sent>>,
    #[serde(rename = "NextToken")]
    pub(super) next: Option<String>,
}

/// A member of a document that is not taken apart for it.
pub(super) fn named(sent: &Sent) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "serviceName")]
        name: String,
    }
    serde_json::from_str::<Named>(sent.get()).ok().map(|named| named.name)
}

/// The resource that a target, a policy or a scheduled action is of, and its dimension.
pub(super) fn resource(sent: &Sent) -> Option<(String, String)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Of {
        resource_id: String,
        scalable_dimension: String,
    }
    serde_json::from_str::<Of>(sent.get()).ok().map(|of| (of.resource_id, of.scalable_dimension))
}

/// A service, without its events: about 30 KB that nothing decides on, and that change when nothing else does.
pub(crate) fn service(sent: &Observation<Sent>) -> Observation<Value> {
    let mut service = each(sent, parsed);
    if let Observation::Present(Value::Object(members)) = &mut service {
        members.remove("events");
    }
    service
}

/// Its scaling. AWS keeps no order among policies or scheduled actions, and another order is no change.
pub(crate) fn scaling(sent: &Scaling<Sent>) -> Scaling {
    let list = |list: &Vec<Sent>| {
        let mut list = list.iter().map(parsed).collect::<Option<Vec<Value>>>()?;
        list.sort_by_cached_key(Value::to_string);
        Some(list)
    };
    Scaling {
        target: each(&sent.target, parsed),
        policies: each(&sent.policies, list),
        scheduled_actions: each(&sent.scheduled_actions, list),
    }
}

/// What cannot be read is unknown, and never drift.
fn each<T, U>(observation: &Observation<T>, of: impl Fn(&T) -> Option<U>) -> Observation<U> {
    match observation {
        Observation::Unknown => Observation::Unknown,
        Observation::Absent => Observation::Absent,
        Observation::Present(there) => of(there).map_or(Observation::Unknown, Observation::Present),
    }
}

/// What was cut out of a JSON document is one, but may nest deeper than trees are made.
fn parsed(sent: &Sent) -> Option<Value> {
    serde_json::from_str(sent.get()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_is_read_without_its_events_and_what_cannot_be_read_is_unknown() {
        let sent = |text: String| Observation::Present(RawValue::from_string(text).unwrap());
        let plain = sent(r#"{"serviceName": "web", "events": [{"message": "steady"}]}"#.into());
        assert_eq!(service(&plain), Observation::Present(json!({"serviceName": "web"})));
        let deep = || sent(format!("{}{}", "[".repeat(200), "]".repeat(200)));
        assert_eq!(service(&deep()), Observation::Unknown);
        let Observation::Present(policy) = deep() else { unreachable!() };
        let known = Scaling { policies: Observation::Present(vec![policy]), ..Scaling::default() };
        assert_eq!(scaling(&known).policies, Observation::Unknown);
    }
}
