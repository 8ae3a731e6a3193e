//! Scalable target, scaling policies and scheduled actions.

use serde_json::{Map, Value, json};

use super::field::keep_ignored;
use super::{Desired, Observation, Observed, SCALABLE_DIMENSION, reset};
use crate::canonical::{DocumentKind, canonical};
use crate::catalogue::pointer::join;
use crate::diff::{Drift, Ignore, Scope, diff};
use crate::memory::Memory;
use crate::operation::{Action, Operation};
use crate::plan::{Waiting, approval_token};
use crate::reason::Reason;

/// What is to be done about scaling.
#[derive(Default)]
pub(super) struct Scaling {
    pub(super) drift: Vec<Drift>,
    /// What comes before UpdateService: the target, so that a range and a count that belong together never cross.
    pub(super) before: Vec<Action>,
    /// What comes after it.
    pub(super) after: Vec<Action>,
    pub(super) waiting: Vec<Waiting>,
    /// The manifest has no scaling any more and its removal is approved: this is done, and the count stays.
    pub(super) removed: bool,
}

/// `service/<cluster>/<service>`, by names.
pub fn resource_id(cluster: &str, service: &str) -> String {
    format!("service/{cluster}/{service}")
}

impl Desired {
    fn target(&self) -> Map<String, Value> {
        Map::from_iter([
            ("ServiceNamespace".into(), json!("ecs")),
            ("ResourceId".into(), json!(resource_id(&self.cluster, &self.service))),
            ("ScalableDimension".into(), json!(SCALABLE_DIMENSION)),
        ])
    }

    fn scaling_action(
        &self,
        operation: Operation,
        members: impl IntoIterator<Item = (String, Value)>,
        reason: &str,
    ) -> Action {
        let mut body = self.target();
        body.extend(members);
        Action { operation, body: Value::Object(body), reason: reason.to_owned() }
    }
}

/// Compares declared with live scaling. Without declared scaling nothing is compared: a target that another tool made
/// is that tool's.
pub(super) fn compare(desired: &Desired, observed: &Observed, applied: &Value) -> Scaling {
    let Some(declared) = &desired.scaling else { return remove(desired, observed, applied) };
    let ignore = wire_ignore(desired);
    if ignore.covers("/scaling") {
        return Scaling::default();
    }
    let mut scaling = Scaling::default();
    let unknown = observed.target.is_unknown()
        || (declared.contains_key("Policies") && observed.policies.is_unknown())
        || observed.scheduled_actions.is_unknown();
    if unknown {
        scaling
            .waiting
            .push(Waiting::new(Reason::ObservationUnknown, "the service's scaling has not been read from AWS"));
        return scaling;
    }
    let declared = &reset::effective(declared, observed, applied);
    let (wanted, seen) = comparable(declared, observed, applied);
    scaling.drift = diff(DocumentKind::Scaling, &wanted, &seen, Scope::Declared, "/scaling", &ignore);
    let left_over = reset::left_over(&wanted, &seen, applied, DocumentKind::Scaling.rules());
    scaling.drift.extend(left_over.into_iter().filter(|drift| !ignore.covers(&drift.path)));
    for drift in &mut scaling.drift {
        drift.path = manifest_path(&drift.path);
    }
    let differs = |member: &str| {
        scaling
            .drift
            .iter()
            .any(|drift| drift.path.strip_prefix(member).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    let bounds = ["/scaling/minCapacity", "/scaling/maxCapacity"].into_iter().any(differs);
    if observed.target.present().is_none() {
        let members = ["MinCapacity", "MaxCapacity", "SuspendedState", "Tags"];
        scaling.before.push(desired.scaling_action(
            Operation::RegisterScalableTarget,
            pick(declared, &members),
            "the service has no scalable target",
        ));
    } else if bounds || differs("/scaling/suspendedState") {
        scaling.before.push(register(desired, &wanted, bounds, differs("/scaling/suspendedState"), &ignore));
    }
    let put = |list: &str, name: &str, operation: Operation, path: &str, after: &mut Vec<Action>| {
        let elements = declared.get(list).and_then(Value::as_array);
        for element in elements.into_iter().flatten() {
            let key = element.get(name).and_then(Value::as_str).unwrap_or_default();
            if !differs(&join(path, key)) {
                continue;
            }
            // Put replaces the whole, so what lies on ignored paths is taken from the live one.
            let rule = DocumentKind::Scaling.rules().member(list).element();
            let live = seen[list].as_array().into_iter().flatten().find(|live| live.get(name) == element.get(name));
            let path = join(&join("/scaling", list), key);
            if let Value::Object(members) = keep_ignored(element, live, rule, &path, &ignore) {
                after.push(desired.scaling_action(operation, members, &format!("correct {key}")));
            }
        }
    };
    let mut after = extra(desired, declared, observed, &scaling.drift);
    put("Policies", "PolicyName", Operation::PutScalingPolicy, "/scaling/policies", &mut after);
    put(
        "ScheduledActions",
        "ScheduledActionName",
        Operation::PutScheduledAction,
        "/scaling/scheduledActions",
        &mut after,
    );
    scaling.after = after;
    scaling
}

/// RegisterScalableTarget for what differs. Members that are left out keep their value.
fn register(desired: &Desired, wanted: &Value, bounds: bool, suspended: bool, ignore: &Ignore) -> Action {
    let mut members: Vec<&str> = Vec::new();
    if bounds {
        members.extend(["MinCapacity", "MaxCapacity"]);
    }
    if suspended {
        members.push("SuspendedState");
    }
    let reason = match (bounds, suspended) {
        (true, true) => "correct minimum, maximum and suspended state",
        (true, false) => "correct minimum and maximum",
        _ => "correct suspended state",
    };
    let sent = members.into_iter().filter_map(|name| {
        let path = join("/scaling", name);
        let rule = DocumentKind::Scaling.rules().member(name);
        let value = wanted.get(name).filter(|_| !ignore.covers(&path))?;
        Some((name.to_owned(), keep_ignored(value, None, rule, &path, ignore)))
    });
    desired.scaling_action(Operation::RegisterScalableTarget, sent, reason)
}

/// The action that makes Application Auto Scaling bring a count outside the range to the nearest bound.
pub(super) fn clamp(desired: &Desired, low: i64, high: i64) -> Action {
    let members = [("MinCapacity".to_owned(), json!(low)), ("MaxCapacity".to_owned(), json!(high))];
    desired.scaling_action(Operation::RegisterScalableTarget, members, "bring the count into the range")
}

fn pick(declared: &Map<String, Value>, members: &[&str]) -> Vec<(String, Value)> {
    members.iter().filter_map(|name| Some(((*name).to_owned(), declared.get(*name)?.clone()))).collect()
}

/// Deletions of what stands in a declared list and should not be there. They come first: Application Auto Scaling
/// allows one target-tracking policy a metric, so a renamed policy has to make room for its successor.
fn extra(desired: &Desired, declared: &Map<String, Value>, observed: &Observed, drift: &[Drift]) -> Vec<Action> {
    let mut actions = Vec::new();
    let lists = [
        ("Policies", "PolicyName", Operation::DeleteScalingPolicy, "/scaling/policies", &observed.policies),
        (
            "ScheduledActions",
            "ScheduledActionName",
            Operation::DeleteScheduledAction,
            "/scaling/scheduledActions",
            &observed.scheduled_actions,
        ),
    ];
    for (list, name, operation, path, live) in lists.into_iter().filter(|(list, ..)| declared.contains_key(*list)) {
        let wanted = declared.get(list).and_then(Value::as_array);
        let is_wanted = |key: &Value| wanted.into_iter().flatten().any(|element| element.get(name) == Some(key));
        for element in live.present().into_iter().flatten() {
            let Some(key) = element.get(name) else { continue };
            let text = key.as_str().unwrap_or_default();
            let path = join(path, text);
            let gone = !is_wanted(key) && drift.iter().any(|drift| drift.path == path);
            if gone || is_wanted(key) && makes_room(element, wanted.map_or(&[], Vec::as_slice)) {
                let reason = if gone { format!("{text} is not declared") } else { format!("{text} makes room") };
                actions.push(desired.scaling_action(operation, [(name.to_owned(), key.clone())], &reason));
            }
        }
    }
    actions
}

/// Whether a live policy that is declared otherwise has to go before it can be put as declared: its type cannot be
/// changed, and AWS takes one target-tracking policy a metric, so it may not keep the one that another is to track.
fn makes_room(live: &Value, declared: &[Value]) -> bool {
    let rule = DocumentKind::Scaling.rules().member("Policies").element();
    let tracking = "TargetTrackingScalingPolicyConfiguration";
    let metric = |policy: &Value| {
        let (of, rule) = (policy.get(tracking)?, rule.member(tracking));
        let specification = |name: &str| of.get(name).and_then(|metric| canonical(metric, rule.member(name)));
        Some([specification("PredefinedMetricSpecification"), specification("CustomizedMetricSpecification")])
    };
    let kind = |policy: &Value| policy.get("PolicyType").and_then(|kind| canonical(kind, rule.member("PolicyType")));
    let is_it = |policy: &&Value| policy.get("PolicyName") == live.get("PolicyName");
    let Some(own) = declared.iter().find(is_it).filter(|own| own.get("PolicyName").is_some()) else { return false };
    let tracked = metric(live);
    let moves = tracked.is_some() && tracked != metric(own);
    kind(own) != kind(live) || moves && declared.iter().any(|other| !is_it(&other) && metric(other) == tracked)
}

/// The declared document without what is compared elsewhere, and the live one in the same form.
fn comparable(declared: &Map<String, Value>, observed: &Observed, applied: &Value) -> (Value, Value) {
    let mut wanted = declared.clone();
    // Tags can be given at creation only and are not part of DescribeScalableTargets.
    wanted.remove("Tags");
    let target = observed.target.present();
    let scheduled = |list: Option<&Vec<Value>>| list.is_some_and(|list| !list.is_empty());
    let declared_actions = declared.get("ScheduledActions").and_then(Value::as_array);
    if target.is_some() && (scheduled(observed.scheduled_actions.present()) || scheduled(declared_actions)) {
        // Scheduled actions move minimum and maximum at run time: between them that is no drift. A change of the
        // manifest is still sent, once.
        for member in ["MinCapacity", "MaxCapacity"] {
            let before = &applied["scaling"][member];
            if !before.is_null() && wanted.get(member) == Some(before) {
                wanted.remove(member);
            }
        }
    }
    let mut seen = target.and_then(Value::as_object).cloned().unwrap_or_default();
    for (list, live) in [("Policies", &observed.policies), ("ScheduledActions", &observed.scheduled_actions)] {
        if let Some(live) = live.present() {
            seen.insert(list.into(), live.iter().map(as_put).collect());
        }
    }
    (Value::Object(wanted), Value::Object(seen))
}

/// The ignored paths in wire form: manifests write `/scaling/minCapacity`, the API `MinCapacity`.
fn wire_ignore(desired: &Desired) -> Ignore {
    let pointers = desired.mandate.policy.ignore.iter().map(|pointer| pointer.as_str());
    Ignore::new(pointers.map(|pointer| match pointer.starts_with("/scaling/") {
        true => recased(pointer, char::to_ascii_uppercase),
        false => pointer.to_owned(),
    }))
}

/// A policy or scheduled action as it was put: without what only AWS says of it (Application Auto Scaling API reference,
/// ScalingPolicy and ScheduledAction), which would be noise in drift.
fn as_put(element: &Value) -> Value {
    const ONLY_AWS: [&str; 7] = [
        "PolicyARN",
        "ScheduledActionARN",
        "Alarms",
        "CreationTime",
        "ServiceNamespace",
        "ResourceId",
        "ScalableDimension",
    ];
    let members = element.as_object().into_iter().flatten();
    let put = members.filter(|(name, _)| !ONLY_AWS.contains(&name.as_str()));
    put.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Paths as the manifest writes them: `/scaling/minCapacity`. Names of policies and actions stay as they are.
fn manifest_path(path: &str) -> String {
    recased(path, char::to_ascii_lowercase)
}

/// A path with the first letter of each member's name in another case. Names of policies and actions are the user's.
fn recased(path: &str, case: fn(&char) -> char) -> String {
    let lists = ["policies", "Policies", "scheduledActions", "ScheduledActions"];
    let named = path.split('/').nth(2).is_some_and(|list| lists.contains(&list));
    let segments = path.split('/').enumerate().map(|(index, segment)| {
        let mut letters = segment.chars();
        match letters.next() {
            Some(first) if index > 1 && !(named && index == 3) => case(&first).to_string() + letters.as_str(),
            _ => segment.to_owned(),
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Scaling that was declared when last applied and is no longer: it goes once a person has approved, and the count
/// that is live then stays.
fn remove(desired: &Desired, observed: &Observed, applied: &Value) -> Scaling {
    let mut scaling = Scaling::default();
    let Some(target) = observed.target.present().filter(|_| !applied["scaling"].is_null()) else { return scaling };
    let range = json!({"minCapacity": target["MinCapacity"], "maxCapacity": target["MaxCapacity"]});
    let token = approval_token("/scaling", None, Some(&range));
    scaling.drift.push(Drift {
        path: "/scaling".into(),
        desired: None,
        observed: Some(range),
        rule: "declared when last applied, no longer declared".into(),
    });
    if desired.mandate.approvals.contains(&token) {
        // Deregistering takes policies, scheduled actions and their alarms along.
        scaling.after.push(desired.scaling_action(
            Operation::DeregisterScalableTarget,
            [],
            "scaling is no longer declared; its removal is approved",
        ));
        scaling.removed = true;
    } else {
        scaling.waiting.push(Waiting::approval("/scaling", "removing the service's scaling", &token));
    }
    scaling
}

/// Lays what our own last writes left over reads that may be older.
pub(super) fn lay_over(observed: &mut Observed, memory: &Memory) {
    let read_at = observed.read_at;
    if let Some(written) = memory.unsettled("target", read_at) {
        observed.target = match (&written.document, &observed.target) {
            (Value::Object(sent), Observation::Present(Value::Object(read))) => {
                let mut target = read.clone();
                target.extend(sent.clone());
                Observation::Present(Value::Object(target))
            }
            (Value::Object(sent), _) => Observation::Present(Value::Object(sent.clone())),
            _ => Observation::Absent,
        };
    }
    let lists = [
        ("policy/", "PolicyName", &mut observed.policies),
        ("action/", "ScheduledActionName", &mut observed.scheduled_actions),
    ];
    for (prefix, name, list) in lists {
        let Observation::Present(list) = list else { continue };
        for resource in memory.written.keys().filter(|resource| resource.starts_with(prefix)) {
            let Some(written) = memory.unsettled(resource, read_at) else { continue };
            let key = &resource[prefix.len()..];
            list.retain(|element| element.get(name).and_then(Value::as_str) != Some(key));
            if !written.document.is_null() {
                list.push(written.document.clone());
            }
        }
    }
}
