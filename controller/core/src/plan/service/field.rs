//! The members of a service: who may change them and what changing or removing them does.
//!
//! Source: ECS API reference, UpdateService (which member may be sent under which deployment controller, which one
//! starts a deployment), and the ECS developer guide on changing deployment controllers.

use serde_json::{Map, Value, json};

use super::Desired;
use super::code_deploy::target_group_name;
use crate::canonical::{DocumentKind, Order, Rule, canonical};
use crate::catalogue::{Catalogue, pointer::join};
use crate::diff::{Drift, Ignore, Scope, diff_member};
use crate::memory::Memory;
use crate::operation::Operation;
use crate::view::{Controller, ServiceView};

/// Where DescribeServices shows a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// On the service itself.
    Service,
    /// On its PRIMARY deployment only.
    PrimaryDeployment,
    /// Only in the service revision, which is not read: a change of the manifest is sent, drift is not seen.
    Nowhere,
}

/// How a member of a service with the CODE_DEPLOY controller changes (ECS API reference, UpdateService; CodeDeploy user
/// guide, AppSpec file for an Amazon ECS deployment).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnderCodeDeploy {
    /// By UpdateService.
    Update,
    /// By a CodeDeploy deployment.
    Deployment,
    /// Not at all.
    Never,
}

/// What is known about one member of a service.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// UpdateService takes it under the ECS controller.
    pub update: bool,
    /// How it changes under the CODE_DEPLOY controller.
    pub code_deploy: UnderCodeDeploy,
    /// Changing it starts a deployment.
    pub rollout: bool,
    /// Taking it away from a live service takes tasks, traffic or state along, so a person is asked first.
    pub guarded: bool,
    /// Where it is read.
    pub seen: Seen,
}

const DEPLOYED: UnderCodeDeploy = UnderCodeDeploy::Deployment;

const fn field(name: &'static str) -> Field {
    Field {
        name,
        update: true,
        code_deploy: UnderCodeDeploy::Never,
        rollout: false,
        guarded: false,
        seen: Seen::Service,
    }
}

/// The members with their properties. `taskDefinition`, `desiredCount` and `tags` are treated apart.
pub const FIELDS: &[Field] = &[
    Field { update: false, ..field("launchType") },
    Field { update: false, ..field("schedulingStrategy") },
    Field { update: false, ..field("role") },
    Field { update: false, ..field("deploymentController") },
    Field { rollout: true, guarded: true, code_deploy: DEPLOYED, ..field("loadBalancers") },
    Field { rollout: true, guarded: true, ..field("serviceRegistries") },
    // Documented not to start a deployment, but other tools found that the change only takes hold with a forced one.
    Field { rollout: true, guarded: true, code_deploy: DEPLOYED, ..field("capacityProviderStrategy") },
    Field { rollout: true, code_deploy: DEPLOYED, ..field("platformVersion") },
    Field { rollout: true, code_deploy: DEPLOYED, ..field("networkConfiguration") },
    Field { rollout: true, guarded: true, seen: Seen::PrimaryDeployment, ..field("serviceConnectConfiguration") },
    Field { rollout: true, guarded: true, seen: Seen::PrimaryDeployment, ..field("volumeConfigurations") },
    Field { rollout: true, guarded: true, seen: Seen::PrimaryDeployment, ..field("vpcLatticeConfigurations") },
    Field { seen: Seen::Nowhere, ..field("monitoring") },
    Field { seen: Seen::Nowhere, ..field("gatewayConnectors") },
    field("availabilityZoneRebalancing"),
    field("enableExecuteCommand"),
    Field { code_deploy: UnderCodeDeploy::Update, ..field("deploymentConfiguration") },
    Field { code_deploy: UnderCodeDeploy::Update, ..field("healthCheckGracePeriodSeconds") },
    Field { code_deploy: UnderCodeDeploy::Update, ..field("placementConstraints") },
    Field { code_deploy: UnderCodeDeploy::Update, ..field("placementStrategy") },
    Field { code_deploy: UnderCodeDeploy::Update, ..field("enableECSManagedTags") },
    Field { code_deploy: UnderCodeDeploy::Update, ..field("propagateTags") },
];

/// What to send for a path that was declared when last applied and is no longer (ECS API reference, UpdateService).
/// Paths that are missing here cannot be reset: the value stays and becomes nobody's.
fn removals() -> [(&'static str, Value); 15] {
    [
        ("/loadBalancers", json!([])),
        ("/serviceRegistries", json!([])),
        ("/placementConstraints", json!([])),
        ("/placementStrategy", json!([])),
        ("/capacityProviderStrategy", json!([])),
        ("/vpcLatticeConfigurations", json!([])),
        ("/volumeConfigurations", json!([])),
        ("/serviceConnectConfiguration", json!({"enabled": false})),
        ("/deploymentConfiguration/deploymentCircuitBreaker", json!({"enable": false, "rollback": false})),
        ("/deploymentConfiguration/alarms", json!({"alarmNames": [], "enable": false, "rollback": false})),
        ("/deploymentConfiguration/earlySuccessCriteria", json!({"enable": false})),
        ("/healthCheckGracePeriodSeconds", json!(0)),
        ("/enableExecuteCommand", json!(false)),
        ("/propagateTags", json!("NONE")),
        ("/platformVersion", json!("LATEST")),
    ]
}

/// A member on which desired and observed differ.
pub(super) struct Changed {
    pub(super) field: Field,
    pub(super) drift: Vec<Drift>,
    /// The whole value to send.
    pub(super) value: Value,
    /// It takes something away that a person is to be asked about.
    pub(super) takes_away: bool,
}

/// The declared document with a removal value for each path that was declared when last applied and is no longer.
pub(super) fn effective(desired: &Desired, applied: &Value) -> Map<String, Value> {
    let mut document = Value::Object(desired.document.clone());
    let applied = &applied["service"];
    for (pointer, removal) in removals() {
        let was = applied.pointer(pointer).is_some_and(|value| !value.is_null());
        if !was || document.pointer(pointer).is_some() {
            continue;
        }
        let mut at = &mut document;
        for name in pointer.split('/').skip(1) {
            at = &mut at[name];
        }
        *at = removal;
    }
    match document {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Members that are compared elsewhere.
const APART: [&str; 6] = ["cluster", "serviceName", "taskDefinition", "desiredCount", "tags", "clientToken"];

const STRATEGY: &str = "capacityProviderStrategy";

/// Compares the members of a service one by one.
pub(super) fn compare(
    document: &Map<String, Value>,
    observed: ServiceView<'_>,
    memory: &Memory,
    ignore: &Ignore,
) -> Vec<Changed> {
    let applied = &memory.applied;
    let rules = DocumentKind::Service.rules();
    let mut changes = Vec::new();
    for (name, declared) in document.iter().filter(|(name, _)| !APART.contains(&name.as_str())) {
        let path = join("/service", name);
        let none = json!([]);
        // A capacity provider strategy took the launch type's place; an empty one brings it back.
        let displaced = name == "launchType" && observed.0.get(name).is_none() && !ignore.covers(&path);
        let (name, declared, path) = match observed.0.get(STRATEGY) {
            Some(strategy) if displaced && *strategy != none => (STRATEGY, &none, join("/service", STRATEGY)),
            _ => (name.as_str(), declared, path),
        };
        let field = known(name);
        let rule = rules.member(name);
        let seen = seen(&field, observed, &applied["service"]);
        let seen = resolved_platform(name, declared, seen, observed.controller());
        let seen = match name {
            "role" => role(declared, observed),
            "loadBalancers" => swapped(declared, seen, observed, memory),
            _ => seen,
        };
        let drift = diff_member(Some(declared), seen.as_ref(), rule, Scope::Declared, &path, ignore);
        if drift.is_empty() {
            continue;
        }
        let takes_away = field.guarded && takes_away(declared, seen.as_ref(), rule);
        let value = keep_ignored(declared, seen.as_ref(), rule, &path, ignore);
        changes.push(Changed { field, drift, value, takes_away });
    }
    changes
}

/// A member that the table does not name is passed on if UpdateService takes one of that name.
fn known(name: &str) -> Field {
    FIELDS.iter().find(|field| field.name == name).copied().unwrap_or_else(|| {
        let update = Catalogue::get().input(Operation::UpdateService).member(name).is_some();
        Field { update, ..field("") }
    })
}

fn seen(field: &Field, observed: ServiceView<'_>, applied: &Value) -> Option<Value> {
    match field.seen {
        Seen::Service => {
            // What a CodeDeploy deployment brought shows on the primary task set for sure. Target groups are compared by
            // the service's own list, which changes with every swap.
            let set = observed.primary_task_set().and_then(|set| set.get(field.name));
            let deployed = field.code_deploy == UnderCodeDeploy::Deployment && field.name != "loadBalancers";
            let own = observed.0.get(field.name);
            if deployed { set.or(own).cloned() } else { own.or(set).cloned() }
        }
        // Without deployments, as under CODE_DEPLOY, nothing shows them.
        Seen::PrimaryDeployment => match observed.primary() {
            Some(primary) => primary.0.get(field.name).cloned(),
            None => applied.get(field.name).cloned(),
        },
        Seen::Nowhere => applied.get(field.name).cloned(),
    }
}

/// Under CODE_DEPLOY AWS shows the resolved platform version at once in place of `LATEST`.
fn resolved_platform(name: &str, declared: &Value, seen: Option<Value>, controller: Controller) -> Option<Value> {
    let resolved = matches!(seen.as_ref().and_then(Value::as_str), Some("1.4.0" | "1.0.0"));
    if name == "platformVersion" && controller == Controller::CodeDeploy && declared == "LATEST" && resolved {
        return Some(declared.clone());
    }
    seen
}

/// The two target groups of a CODE_DEPLOY service trade places with every deployment: either is in line. Until the pair is
/// known it is not said to have been left.
fn swapped(declared: &Value, seen: Option<Value>, observed: ServiceView<'_>, memory: &Memory) -> Option<Value> {
    let mut seen = seen?;
    let live = observed.target_group().filter(|_| observed.controller() == Controller::CodeDeploy);
    let wanted = declared.pointer("/0/targetGroupArn").and_then(Value::as_str);
    if let (Some(live), Some(wanted)) = (live, wanted) {
        let pair = memory.target_groups.as_ref().map(|groups| groups.pair.as_slice()).unwrap_or_default();
        let member = |arn: &str| pair.iter().any(|name| name == target_group_name(arn));
        if pair.is_empty() || member(live) && member(wanted) {
            seen[0]["targetGroupArn"] = wanted.into();
        }
    }
    Some(seen)
}

/// A role is described by its ARN, as `roleArn`, also where it was given by name.
fn role(declared: &Value, observed: ServiceView<'_>) -> Option<Value> {
    let arn = observed.0.get("roleArn")?;
    let named = arn.as_str()?.rsplit_once(":role/").map(|(_, name)| name);
    Some(if named.is_some() && named == declared.as_str() { declared.clone() } else { arn.clone() })
}

/// Whether sending `declared` takes away something that is there.
fn takes_away(declared: &Value, observed: Option<&Value>, rule: &Rule) -> bool {
    let Some(have) = observed.and_then(|value| canonical(value, rule)) else { return false };
    match (canonical(declared, rule), have) {
        (None, _) => true,
        (Some(Value::Array(want)), Value::Array(have)) => want.len() < have.len(),
        // Service Connect and the like: members that are there and are not wanted any more.
        (Some(Value::Object(want)), Value::Object(have)) => {
            have.get("enabled") == Some(&Value::Bool(true)) && want.get("enabled") != Some(&Value::Bool(true))
        }
        _ => false,
    }
}

/// The declared value with what lies on ignored paths taken from the observed one: ignored means not compared, not
/// updated and not reset, also where UpdateService replaces a member as a whole.
pub(super) fn keep_ignored(
    declared: &Value,
    observed: Option<&Value>,
    rule: &Rule,
    path: &str,
    ignore: &Ignore,
) -> Value {
    if ignore.below(path).next().is_none() {
        return declared.clone();
    }
    match (declared, observed) {
        (Value::Object(want), Some(Value::Object(have))) => {
            let mut kept = Map::new();
            for (name, value) in want {
                let path = join(path, name);
                if ignore.covers(&path) {
                    continue;
                }
                kept.insert(name.clone(), keep_ignored(value, have.get(name), rule.member(name), &path, ignore));
            }
            kept.extend(
                have.iter().filter(|(name, _)| ignore.covers(&join(path, name))).map(|(k, v)| (k.clone(), v.clone())),
            );
            Value::Object(kept)
        }
        (Value::Array(want), Some(Value::Array(have))) if matches!(rule.order, Order::Keyed(_)) => {
            let key = |element: &Value| rule.key_of(element).unwrap_or_default();
            let mut kept = Vec::new();
            for element in want.iter().filter(|element| !ignore.covers(&join(path, &key(element)))) {
                let other = have.iter().find(|other| key(other) == key(element));
                kept.push(keep_ignored(element, other, rule.element(), &join(path, &key(element)), ignore));
            }
            kept.extend(have.iter().filter(|element| ignore.covers(&join(path, &key(element)))).cloned());
            Value::Array(kept)
        }
        (Value::Array(want), Some(Value::Array(have))) if want.len() == have.len() => {
            let pairs = want.iter().zip(have).enumerate();
            pairs
                .map(|(index, (want, have))| {
                    keep_ignored(want, Some(have), rule.element(), &join(path, &index.to_string()), ignore)
                })
                .collect()
        }
        _ => declared.clone(),
    }
}
