//! The plan for a cluster.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Mandate, Observation, Owner, Plan, TAG_INSTALLATION, TAG_OBJECT, Waiting, approval_token, gone_tags,
    hold_unreflected,
};
use crate::canonical::{DocumentKind, canonical};
use crate::catalogue::pointer::join;
use crate::diff::{Drift, Scope, diff_member};
use crate::memory::Memory;
use crate::operation::{Action, Operation};
use crate::reason::Reason;
use crate::spec::DriftMode;
use crate::view::{tag_list, tags};

/// A cluster as wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// AWS name.
    pub name: String,
    /// Who manages it.
    pub owner: Owner,
    /// CreateCluster input in wire form, without name and tags. `None`: the cluster is somebody else's and only used.
    pub document: Option<Map<String, Value>>,
    /// Declared tags.
    pub tags: BTreeMap<String, String>,
    /// What may be done.
    pub mandate: Mandate,
}

/// A cluster as AWS shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// From DescribeClusters, with settings, configuration and tags. An INACTIVE one counts as absent.
    pub cluster: Observation<Value>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// Members that PutClusterCapacityProviders changes; it takes both together (ECS API reference).
const CAPACITY: [&str; 2] = ["capacityProviders", "defaultCapacityProviderStrategy"];

/// Plans what to do about a cluster. A cluster is never deleted.
pub fn plan(desired: &Desired, observed: &Observed, before: &Memory, now: Timestamp) -> Plan {
    let mut memory = before.clone();
    let unsettled = memory.unsettled("cluster", observed.read_at).map(|written| written.document.clone());
    memory.forget_settled(observed.read_at);
    let cluster = match unsettled {
        Some(written) if written.is_object() => Observation::Present(overlaid(observed.cluster.present(), written)),
        _ => observed.cluster.clone(),
    };
    let mut plan = match &cluster {
        Observation::Unknown => {
            return Plan::waiting(
                &memory,
                Waiting::new(Reason::ObservationUnknown, "the cluster has not been read from AWS"),
            );
        }
        _ if desired.mandate.deleting => release(desired, cluster.present(), memory),
        Observation::Absent => match &desired.document {
            Some(document) => create(desired, document, memory),
            None => Plan::waiting(
                &memory,
                Waiting::new(
                    Reason::ClusterNotReady,
                    format!("there is no cluster {:?}: create it, or declare it in spec.cluster", desired.name),
                ),
            ),
        },
        Observation::Present(cluster) => update(desired, cluster, memory, observed.read_at),
    };
    desired.mandate.restrain(&mut plan, before, now);
    plan.remember_in_line();
    plan
}

/// What our own last write returned, with the tags of the read: updates do not answer with them.
fn overlaid(read: Option<&Value>, mut written: Value) -> Value {
    if let Some(tags) = read.and_then(|read| read.get("tags")) {
        written["tags"] = tags.clone();
    }
    written
}

fn all_tags(desired: &Desired) -> BTreeMap<String, String> {
    let mut tags = desired.tags.clone();
    tags.extend(desired.owner.tags());
    tags
}

fn create(desired: &Desired, document: &Map<String, Value>, memory: Memory) -> Plan {
    let mut body = document.clone();
    body.insert("clusterName".into(), json!(desired.name));
    body.insert("tags".into(), tag_list(&all_tags(desired)));
    Plan {
        drift: vec![Drift {
            path: "/cluster".into(),
            desired: Some(json!(desired.name)),
            observed: None,
            rule: "the cluster exists".into(),
        }],
        // CreateCluster is idempotent: repeating it after a crash does no harm.
        actions: vec![Action {
            operation: Operation::CreateCluster,
            body: Value::Object(body),
            reason: "the cluster does not exist".into(),
        }],
        acting: vec!["/cluster".into()],
        applied: applied(desired),
        memory,
        ..Plan::default()
    }
}

fn applied(desired: &Desired) -> Value {
    json!({"cluster": desired.document, "tags": desired.tags.keys().collect::<Vec<_>>()})
}

fn update(desired: &Desired, cluster: &Value, mut memory: Memory, read_at: Timestamp) -> Plan {
    let live = tags(cluster.get("tags"));
    match live.get(TAG_INSTALLATION) {
        Some(owner) if desired.document.is_some() && *owner != desired.owner.installation => {
            let message = format!("the cluster is managed by installation {owner:?}; one AWS cluster has one owner");
            return Plan::waiting(&memory, Waiting::new(Reason::OwnershipConflict, message));
        }
        _ => {}
    }
    // What is only named is only used: there is nothing to own.
    let only_named = |document: &Map<String, Value>| {
        document.is_empty() && desired.tags.is_empty() && !live.contains_key(TAG_INSTALLATION)
    };
    let compared = desired.document.as_ref().filter(|document| !only_named(document));
    let Some(document) = compared.filter(|_| desired.mandate.policy.drift != DriftMode::Ignore) else {
        return Plan { memory, ..Plan::default() };
    };
    let ignore = desired.mandate.ignore();
    let rules = DocumentKind::Cluster.rules();
    let mut drift = Vec::new();
    let mut changed: Vec<&str> = Vec::new();
    for (name, declared) in document.iter().filter(|(name, _)| *name != "clusterName") {
        let path = join("/cluster", name);
        let found = diff_member(Some(declared), cluster.get(name), rules.member(name), Scope::Declared, &path, &ignore);
        // Settings that others switched on besides the declared ones are not ours to switch off.
        let found: Vec<Drift> =
            found.into_iter().filter(|drift| name != "settings" || drift.desired.is_some()).collect();
        if !found.is_empty() {
            changed.push(name);
        }
        drift.extend(found);
    }
    let owned = live.contains_key(TAG_INSTALLATION);
    let missing: BTreeMap<String, String> = all_tags(desired)
        .into_iter()
        .filter(|(key, value)| live.get(key) != Some(value) && !ignore.covers(&join("/tags", key)))
        .collect();
    for (key, value) in &missing {
        let observed = live.get(key).map(|value| json!(value));
        drift.push(Drift {
            path: join("/tags", key),
            desired: Some(json!(value)),
            observed,
            rule: "declared tag keys only".into(),
        });
    }
    let (gone, removal) = gone_tags(&cluster["clusterArn"], &memory.applied, &desired.tags, &live, &ignore);
    drift.extend(gone.iter().cloned());
    desired.mandate.asks_again(&mut memory);
    let (held, waiting) = hold_unreflected(&drift, &[], &mut memory, read_at);
    let mut plan = Plan { waiting, memory, applied: applied(desired), ..Plan::default() };
    let acts = |member: &str| {
        let path = join("/cluster", member);
        drift.iter().any(|drift| {
            (drift.path == path || drift.path.starts_with(&format!("{path}/"))) && !held.contains(&drift.path)
        })
    };
    if !missing.is_empty() && missing.keys().any(|key| !held.contains(&join("/tags", key))) {
        let body = json!({"resourceArn": cluster["clusterArn"], "tags": tag_list(&missing)});
        plan.actions.push(Action { operation: Operation::TagResource, body, reason: "correct tags".into() });
        plan.acting.extend(missing.keys().map(|key| join("/tags", key)));
    }
    if removal.is_some() && gone.iter().any(|drift| !held.contains(&drift.path)) {
        plan.actions.extend(removal);
        plan.acting.extend(gone.into_iter().map(|drift| drift.path));
    }
    let mut members = Map::new();
    for name in changed.iter().filter(|name| !CAPACITY.contains(name) && acts(name)) {
        members.insert((*name).to_owned(), document[*name].clone());
    }
    let names = members.keys().cloned().collect::<Vec<_>>();
    if !members.is_empty() {
        members.insert("cluster".into(), json!(desired.name));
        let reason = format!("correct {}", names.join(", "));
        plan.actions.push(Action { operation: Operation::UpdateCluster, body: Value::Object(members), reason });
    }
    plan.acting.extend(drift.iter().map(|drift| drift.path.clone()).filter(|path| {
        names
            .iter()
            .any(|name| *path == join("/cluster", name) || path.starts_with(&format!("{}/", join("/cluster", name))))
    }));
    if changed.iter().any(|name| CAPACITY.contains(name) && acts(name)) {
        capacity(desired, document, cluster, &drift, &mut plan);
    }
    plan.drift = drift;
    if !owned && !desired.mandate.adopts() {
        plan.hold();
        plan.applied = Value::Null;
        let message = "the cluster exists and does not bear this installation's tag: set spec.defaults.adoption to Adopt \
                       to manage it (its services can be managed without)";
        plan.waiting.insert(0, Waiting::new(Reason::AwaitingAdoption, message));
    }
    plan
}

/// Capacity providers and default strategy go together; taking providers away waits for approval.
fn capacity(desired: &Desired, document: &Map<String, Value>, cluster: &Value, drift: &[Drift], plan: &mut Plan) {
    let value = |name: &str| document.get(name).or_else(|| cluster.get(name)).cloned().unwrap_or_else(|| json!([]));
    let path = "/cluster/capacityProviders";
    let rule = DocumentKind::Cluster.rules().member(CAPACITY[0]);
    let list = |value: &Value| canonical(value, rule).and_then(|list| list.as_array().cloned()).unwrap_or_default();
    let (want, have) = (list(&value(CAPACITY[0])), list(&cluster[CAPACITY[0]]));
    if have.iter().any(|provider| !want.contains(provider)) {
        let token = approval_token(path, Some(&json!(want)), Some(&json!(have)));
        if !desired.mandate.approvals.contains(&token) {
            plan.waiting.push(Waiting::approval(path, "taking capacity providers away from a cluster", &token));
            return;
        }
    }
    let mut strategy = value(CAPACITY[1]);
    if let Some(items) = strategy.as_array_mut().filter(|_| !document.contains_key(CAPACITY[1])) {
        // A strategy that is kept cannot name a provider that goes: AWS refuses the two together.
        items.retain(|item| item.get("capacityProvider").is_some_and(|provider| want.contains(provider)));
    }
    let body = json!({"cluster": desired.name, CAPACITY[0]: value(CAPACITY[0]), CAPACITY[1]: strategy});
    let reason = "correct capacity providers".to_owned();
    plan.actions.push(Action { operation: Operation::PutClusterCapacityProviders, body, reason });
    plan.acting.extend(drift.iter().map(|drift| drift.path.clone()).filter(|path| {
        CAPACITY
            .iter()
            .any(|name| *path == join("/cluster", name) || path.starts_with(&format!("{}/", join("/cluster", name))))
    }));
}

/// A cluster whose object is deleted stays; only our tags come off.
fn release(desired: &Desired, cluster: Option<&Value>, memory: Memory) -> Plan {
    let ours =
        cluster.filter(|cluster| tags(cluster.get("tags")).get(TAG_INSTALLATION) == Some(&desired.owner.installation));
    match ours {
        None => Plan { memory, finalized: true, ..Plan::default() },
        Some(cluster) => Plan {
            actions: vec![Action {
                operation: Operation::UntagResource,
                body: json!({"resourceArn": cluster["clusterArn"], "tagKeys": [TAG_INSTALLATION, TAG_OBJECT]}),
                reason: "the manifest is gone: the cluster stays and is nobody's".into(),
            }],
            memory,
            ..Plan::default()
        },
    }
}

#[cfg(test)]
mod tests;
