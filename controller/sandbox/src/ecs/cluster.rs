//! Clusters (Amazon ECS API reference: CreateCluster and its neighbours).

use crate::{
    arn::cluster_name,
    error::{Answer, ApiError},
    input::{Input, Type, check_types},
    paging,
    region::Region,
    tags::Tags,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// One cluster.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) active: bool,
    /// settings, configuration, serviceConnectDefaults, capacityProviders, defaultCapacityProviderStrategy.
    members: Map<String, Value>,
    pub(crate) tags: Tags,
}

const TYPES: &[(Type, &[&str])] = &[
    (Type::String, &["clusterName", "cluster", "nextToken"]),
    (Type::Structure, &["configuration", "serviceConnectDefaults"]),
    (Type::List, &["tags", "settings", "capacityProviders", "defaultCapacityProviderStrategy", "clusters", "include"]),
    (Type::Integer, &["maxResults"]),
];
const MEMBERS: &[&str] =
    &["settings", "configuration", "serviceConnectDefaults", "capacityProviders", "defaultCapacityProviderStrategy"];

impl Cluster {
    /// The strategy that services get which say neither a launch type nor a strategy.
    pub(crate) fn default_strategy(&self) -> &[Value] {
        self.members["defaultCapacityProviderStrategy"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a capacity provider is associated with the cluster.
    pub(crate) fn has_provider(&self, name: &str) -> bool {
        self.members["capacityProviders"].as_array().is_some_and(|providers| providers.iter().any(|p| p == name))
    }

    /// Takes the given members in, in the form in which they are described.
    fn set(&mut self, region: &Region, input: Input<'_>) -> Result<(), ApiError> {
        for name in MEMBERS {
            let Some(value) = input.get(name) else { continue };
            let value = match *name {
                "settings" => merged_settings(&self.members["settings"], value)?,
                "serviceConnectDefaults" => json!({"namespace": namespace_arn(region, &value["namespace"])}),
                "defaultCapacityProviderStrategy" => strategy_with_defaults(value),
                _ => value.clone(),
            };
            self.members.insert((*name).to_owned(), value);
        }
        let unassociated = |item: &&Value| !self.has_provider(item["capacityProvider"].as_str().unwrap_or(""));
        match self.default_strategy().iter().find(unassociated) {
            Some(_) => Err(provider_not_associated()),
            None => Ok(()),
        }
    }

    fn describe(&self, region: &Region, name: &str, include: &[&str]) -> Value {
        let all = include.contains(&"*");
        let shows = |what: &str| all || include.contains(&what);
        let prefix = format!("{name}/");
        let (mut running, mut pending, mut active) = (0, 0, 0);
        for (_, service) in region.services.all_live(&prefix).filter(|(_, service)| service.is_active()) {
            active += 1;
            running += service.running();
            pending += service.pending();
        }
        let mut document = json!({
            "clusterArn": region.arn("ecs", &format!("cluster/{name}")),
            "clusterName": name,
            "status": if self.active { "ACTIVE" } else { "INACTIVE" },
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": running,
            "pendingTasksCount": pending,
            "activeServicesCount": active,
            "statistics": [],
            "tags": if shows("TAGS") { self.tags.list() } else { json!([]) },
            "settings": if shows("SETTINGS") { self.members["settings"].clone() } else { json!([]) },
            "capacityProviders": self.members["capacityProviders"],
            "defaultCapacityProviderStrategy": self.members["defaultCapacityProviderStrategy"],
        });
        if shows("STATISTICS") {
            document["statistics"] = json!([
                {"name": "runningFargateTasksCount", "value": running.to_string()},
                {"name": "pendingFargateTasksCount", "value": pending.to_string()},
                {"name": "activeServiceCount", "value": active.to_string()},
            ]);
        }
        for (member, shown) in [("configuration", shows("CONFIGURATIONS")), ("serviceConnectDefaults", true)] {
            if let Some(value) = self.members.get(member).filter(|_| shown) {
                document[member] = value.clone();
            }
        }
        document
    }
}

/// CreateCluster: the same name again gives the cluster that is there, unless the request contradicts it.
pub(super) fn create(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    let name = input.str("clusterName")?.filter(|name| !name.is_empty()).unwrap_or("default");
    if name.len() > 255 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return Err(ApiError::parameter("Invalid identifier: Identifier is for cluster."));
    }
    let empty = Cluster {
        active: true,
        members: Map::from_iter([
            ("settings".to_owned(), json!([{"name": "containerInsights", "value": "disabled"}])),
            ("capacityProviders".to_owned(), json!([])),
            ("defaultCapacityProviderStrategy".to_owned(), json!([])),
        ]),
        tags: Tags::from_list(input.list("tags")?)?,
    };
    let existing = region.clusters.live(name).filter(|cluster| cluster.active);
    let mut cluster = existing.cloned().unwrap_or_else(|| empty.clone());
    cluster.set(region, input)?;
    let contradicts = |existing: &Cluster| {
        cluster.members != existing.members || (input.get("tags").is_some() && empty.tags != existing.tags)
    };
    if existing.is_some_and(contradicts) {
        return Err(ApiError::parameter(
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        ));
    }
    let document = cluster.describe(region, name, &["*"]);
    if existing.is_none() {
        *region.clusters.write(name, now) = Some(cluster);
    }
    Ok(json!({"cluster": document}))
}

/// DescribeClusters: up to 100, `default` when none is named.
pub(super) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    let mut references = input.strings("clusters")?;
    if references.len() > 100 {
        return Err(ApiError::parameter("Clusters cannot have more than 100 elements."));
    }
    if references.is_empty() {
        references.push("default");
    }
    let include = input.strings("include")?;
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for reference in references {
        let name = cluster_name(Some(reference));
        match region.clusters.seen(name, now) {
            Some(cluster) => clusters.push(cluster.describe(region, name, &include)),
            None => failures.push(json!({"arn": region.arn("ecs", &format!("cluster/{name}")), "reason": "MISSING"})),
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

/// ListClusters: ACTIVE ones, 100 a page.
pub(super) fn list(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    check_types(input.0, TYPES)?;
    let size = paging::size(input.int("maxResults")?, 100, 100, bad_page_size)?;
    let arns = region
        .clusters
        .all_seen("", now)
        .filter(|(_, cluster)| cluster.active)
        .map(|(name, _)| region.arn("ecs", &format!("cluster/{name}")))
        .collect();
    let (arns, next) = paging::page(arns, size, input.str("nextToken")?, bad_token)?;
    Ok(super::task_definition::with_token(json!({"clusterArns": arns}), next))
}

/// UpdateCluster.
pub(super) fn update(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    change(region, now, input, |_| Ok(()))
}

/// UpdateClusterSettings.
pub(super) fn update_settings(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    change(region, now, input, |input| need(input, "settings"))
}

/// PutClusterCapacityProviders: replaces both lists.
pub(super) fn put_capacity_providers(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    change(region, now, input, |input| {
        need(input, "capacityProviders")?;
        need(input, "defaultCapacityProviderStrategy")
    })
}

fn need(input: Input<'_>, name: &str) -> Result<(), ApiError> {
    input.get(name).map(|_| ()).ok_or_else(|| ApiError::parameter(format!("{name} can not be null.")))
}

fn change(
    region: &mut Region,
    now: Timestamp,
    input: Input<'_>,
    check: impl Fn(Input<'_>) -> Result<(), ApiError>,
) -> Answer {
    check_types(input.0, TYPES)?;
    let name = cluster_name(Some(input.required("cluster", ApiError::parameter)?));
    check(input)?;
    let mut cluster = active(region, name)?.clone();
    cluster.set(region, input)?;
    let document = cluster.describe(region, name, &["*"]);
    *region.clusters.write(name, now) = Some(cluster);
    Ok(json!({"cluster": document}))
}

/// DeleteCluster: refused while services are there, draining ones too.
pub(super) fn delete(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let name = cluster_name(Some(input.required("cluster", ApiError::parameter)?));
    let mut cluster = active(region, name)?.clone();
    if region.services.all_live(&format!("{name}/")).any(|(_, service)| !service.is_inactive()) {
        return Err(ApiError::new(
            400,
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        ));
    }
    cluster.active = false;
    let document = cluster.describe(region, name, &["*"]);
    *region.clusters.write(name, now) = Some(cluster);
    Ok(json!({"cluster": document}))
}

/// The cluster of this name if it is ACTIVE.
pub(super) fn active<'a>(region: &'a Region, name: &str) -> Result<&'a Cluster, ApiError> {
    region.clusters.live(name).filter(|cluster| cluster.active).ok_or_else(ApiError::cluster_not_found)
}

/// Error for a strategy over capacity providers that the cluster does not have.
pub(super) fn provider_not_associated() -> ApiError {
    ApiError::parameter(
        "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the \
         cluster. Associate the capacity provider with the cluster and try again.",
    )
}

/// A strategy with what is filled in: base and weight 0 (API reference, CapacityProviderStrategyItem).
pub(super) fn strategy_with_defaults(strategy: &Value) -> Value {
    let mut strategy = strategy.clone();
    for item in strategy.as_array_mut().into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            item.entry("base").or_insert(json!(0));
            item.entry("weight").or_insert(json!(0));
        }
    }
    strategy
}

fn merged_settings(current: &Value, given: &Value) -> Result<Value, ApiError> {
    let mut settings = current.as_array().cloned().unwrap_or_default();
    for setting in given.as_array().into_iter().flatten() {
        if setting["name"] != "containerInsights" {
            return Err(ApiError::parameter("Invalid cluster setting name: only containerInsights is known."));
        }
        if !["enabled", "disabled", "enhanced"].iter().any(|value| setting["value"] == *value) {
            return Err(ApiError::parameter("Invalid cluster setting value: use enabled, disabled or enhanced."));
        }
        settings.retain(|old| old["name"] != setting["name"]);
        settings.push(setting.clone());
    }
    Ok(Value::Array(settings))
}

/// Service Connect namespaces are described by ARN, whichever way they were given.
fn namespace_arn(region: &Region, namespace: &Value) -> Value {
    match namespace.as_str() {
        Some(name) if !name.is_empty() && !name.starts_with("arn:") => {
            Value::from(region.arn("servicediscovery", &format!("namespace/ns-{name}")))
        }
        _ => namespace.clone(),
    }
}

pub(super) fn bad_page_size() -> ApiError {
    ApiError::parameter("maxResults must be between 1 and 100.")
}

pub(super) fn bad_token() -> ApiError {
    ApiError::parameter("Invalid token.")
}
