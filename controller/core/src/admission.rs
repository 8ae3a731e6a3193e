//! What is checked of a whole directory before any of it is applied: each object by itself, and objects against each
//! other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::catalogue::Problem;
use crate::desired::{Cluster, Service, TaskDefinition};
use crate::manifest::{Load, Manifest};
use crate::object::{Kind, Object, ObjectKey};
use crate::spec::{DependencyKind, TaskDefinitionRef, did_you_mean};

/// Checks everything that a load declares. Objects with errors, and all others of their files, are taken out of it; the
/// problems are added with their places.
pub fn admit(load: &mut Load) {
    let mut problems = Check::new(load).run(load);
    load.check(|key| problems.get(key).cloned().unwrap_or_default());
    problems.clear();
}

/// What identifies a resource in AWS. Two objects with one identity would fight.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    /// Account, role or profile with the region: what tells accounts apart as far as that can be said offline.
    place: (String, String),
    kind: Kind,
    name: String,
}

struct Check {
    /// Every object that is declared, also in a bad file.
    declared: BTreeSet<ObjectKey>,
    clusters: HashMap<String, Cluster>,
    task_definitions: HashMap<ObjectKey, Value>,
    depends_on: BTreeMap<ObjectKey, Vec<ObjectKey>>,
    identities: BTreeMap<Identity, Vec<ObjectKey>>,
    problems: HashMap<ObjectKey, Vec<Problem>>,
}

impl Check {
    fn new(load: &Load) -> Self {
        let good = load.manifests.iter().map(|manifest| manifest.key.clone());
        Self {
            declared: good.chain(load.broken_objects.iter().cloned()).collect(),
            clusters: HashMap::new(),
            task_definitions: HashMap::new(),
            depends_on: BTreeMap::new(),
            identities: BTreeMap::new(),
            problems: HashMap::new(),
        }
    }

    fn run(mut self, load: &Load) -> HashMap<ObjectKey, Vec<Problem>> {
        let mut namespaces: BTreeMap<&str, Vec<&Manifest>> = BTreeMap::new();
        for manifest in &load.manifests {
            match manifest.key.kind {
                Kind::Cluster => self.cluster(&manifest.object()),
                _ => namespaces.entry(&manifest.key.namespace).or_default().push(manifest),
            }
        }
        // A namespace by itself: nothing refers to another one, and task definitions of all would be large.
        for manifests in namespaces.into_values() {
            for manifest in manifests {
                match manifest.key.kind {
                    Kind::TaskDefinition => self.task_definition(&manifest.object()),
                    Kind::Service => self.service(&manifest.object()),
                    _ => {}
                }
            }
            self.task_definitions.clear();
        }
        self.conflicts();
        self.cycles();
        self.problems
    }

    fn found(&mut self, key: &ObjectKey, problems: impl IntoIterator<Item = Problem>) {
        self.problems.entry(key.clone()).or_default().extend(problems);
    }

    fn cluster(&mut self, object: &Object) {
        let key = object.key();
        let checked = Cluster::check(&object.metadata.name, &object.spec);
        self.found(&key, checked.problems);
        if let Some(cluster) = checked.value {
            self.claim(&key, &cluster, cluster.name.clone());
            self.clusters.insert(key.name, cluster);
        }
    }

    fn task_definition(&mut self, object: &Object) {
        let key = object.key();
        self.namespace(&key);
        let checked = TaskDefinition::check(&object.metadata.name, &object.spec);
        self.found(&key, checked.problems);
        let Some(definition) = checked.value else { return };
        if let Some(cluster) = self.clusters.get(&key.namespace).cloned() {
            self.claim(&key, &cluster, definition.family);
        }
        self.task_definitions.insert(key, definition.document);
    }

    fn service(&mut self, object: &Object) {
        let key = object.key();
        self.namespace(&key);
        let reference = object.spec.get("taskDefinition").and_then(Value::as_str);
        let reference = reference.and_then(|text| text.parse::<TaskDefinitionRef>().ok());
        let definition = match &reference {
            Some(TaskDefinitionRef::Object(name)) => {
                let other = ObjectKey::new(Kind::TaskDefinition, &key.namespace, name);
                self.reference(&key, &other, "/spec/taskDefinition");
                self.task_definitions.get(&other)
            }
            _ => None,
        };
        let checked = Service::check(&object.metadata.name, &object.spec, definition);
        self.found(&key, checked.problems);
        let Some(service) = checked.value else { return };
        let mut others = Vec::new();
        for (index, dependency) in service.spec.depends_on.iter().enumerate() {
            let kind = match dependency.kind {
                DependencyKind::Service => Kind::Service,
                DependencyKind::TaskDefinition => Kind::TaskDefinition,
            };
            let other = ObjectKey::new(kind, &key.namespace, &dependency.name);
            self.reference(&key, &other, &format!("/spec/dependsOn/{index}/name"));
            others.push(other);
        }
        self.depends_on.insert(key.clone(), others);
        if let Some(cluster) = self.clusters.get(&key.namespace).cloned() {
            let name = format!("{}/{}", cluster.name, service.name);
            self.claim(&key, &cluster, name);
        }
    }

    /// The namespace must be a Cluster's.
    fn namespace(&mut self, key: &ObjectKey) {
        let cluster = key.cluster_of();
        if !self.declared.contains(&cluster) {
            let known =
                self.declared.iter().filter(|other| other.kind == Kind::Cluster).map(|other| other.name.as_str());
            let hint = did_you_mean(&key.namespace, known).map(|name| format!("; did you mean {name}?"));
            let message = format!("there is no Cluster {}{}", key.namespace, hint.unwrap_or_default());
            self.found(key, [Problem::error("/metadata/namespace", "no-cluster", message)]);
        }
    }

    /// What an object refers to must be declared.
    fn reference(&mut self, key: &ObjectKey, other: &ObjectKey, path: &str) {
        if !self.declared.contains(other) {
            let same =
                self.declared.iter().filter(|known| known.kind == other.kind && known.namespace == other.namespace);
            let hint = did_you_mean(&other.name, same.map(|known| known.name.as_str()));
            let hint = hint.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            let message = format!("there is no {} {} in namespace {}{hint}", other.kind, other.name, other.namespace);
            self.found(key, [Problem::error(path, "no-such-object", message)]);
        }
    }

    fn claim(&mut self, key: &ObjectKey, cluster: &Cluster, name: String) {
        let spec = &cluster.spec;
        let account = spec.account_id.as_ref().or(spec.assume_role_arn.as_ref()).or(spec.profile.as_ref());
        let place = (account.cloned().unwrap_or_default(), spec.region.clone());
        self.identities.entry(Identity { place, kind: key.kind, name }).or_default().push(key.clone());
    }

    fn conflicts(&mut self) {
        let claims: Vec<(String, Vec<ObjectKey>)> = self
            .identities
            .iter()
            .filter(|(_, keys)| keys.len() > 1)
            .map(|(identity, keys)| (identity.name.clone(), keys.clone()))
            .collect();
        for (name, keys) in claims {
            for key in &keys {
                let others: Vec<String> = keys.iter().filter(|other| *other != key).map(ToString::to_string).collect();
                let message =
                    format!("{} is AWS's {name} as well: one AWS resource has one manifest", others.join(", "));
                self.found(key, [Problem::error("/spec", "claimed-twice", message)]);
            }
        }
    }

    /// A service that waits for itself would wait for ever.
    fn cycles(&mut self) {
        let mut circular = Vec::new();
        for start in self.depends_on.keys() {
            let mut next: Vec<&ObjectKey> = self.depends_on[start].iter().collect();
            let mut seen = BTreeSet::new();
            while let Some(key) = next.pop() {
                if key == start {
                    circular.push(start.clone());
                    break;
                }
                if seen.insert(key) {
                    next.extend(self.depends_on.get(key).into_iter().flatten());
                }
            }
        }
        for key in circular {
            let message = format!("{key} depends on itself, directly or through others: none of them would ever start");
            self.found(&key, [Problem::error("/spec/dependsOn", "dependency-cycle", message)]);
        }
    }
}

#[cfg(test)]
mod tests;
