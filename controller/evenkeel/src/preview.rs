//! What would come of an object if it were stored so: checked as the source checks it, and planned against the live
//! fleet by the same pure planner. Nothing is written.

use std::collections::BTreeSet;

use evenkeel_api::Preview;
use evenkeel_core::admission::admit;
use evenkeel_core::catalogue::Problem;
use evenkeel_core::desired::{Cluster, Service, TaskDefinition};
use evenkeel_core::manifest::{Content, Files, load};
use evenkeel_core::memory::Memory;
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::plan::{self, Plan};
use evenkeel_core::reason::Reason;
use evenkeel_core::window;
use evenkeel_store::{Store, StoreError, Table};
use serde_json::{Value, json};

use crate::observe::{self, read_family, sent};
use crate::reconcile::{Context, cluster, service};

/// What would come of an object.
pub async fn preview(context: &Context, object: Object) -> Preview {
    let problems = match admitted(&context.store, &object).await {
        Ok(problems) => problems,
        Err(error) => vec![Problem::error("", "internal-error", error.to_string())],
    };
    if problems.iter().any(Problem::is_error) {
        return Preview { problems, plan: Vec::new() };
    }
    let planned = match object.kind {
        Kind::Cluster => of_cluster(context, &object).await,
        Kind::TaskDefinition => of_task_definition(context, &object).await,
        Kind::Service => of_service(context, &object).await,
        Kind::Event | Kind::Installation => return Preview { problems, plan: Vec::new() },
    };
    let mut plan = match planned {
        Ok(plan) => lines(&plan, context.options.read_only),
        Err(why) => vec![format!("no plan can be made: {why}")],
    };
    if let Ok(Some(held)) = held(context, &object).await {
        plan.push(held);
    }
    if object.kind == Kind::TaskDefinition {
        plan.extend(services_of(&context.store, &object).await);
    }
    Preview { problems, plan }
}

/// What the source would say of the object among the others of its Cluster: a directory is made of what the store
/// holds, and loaded and checked as any other.
async fn admitted(store: &Store, object: &Object) -> Result<Vec<Problem>, StoreError> {
    let own = object.key();
    let namespace = own.cluster_of().name;
    let mut files = Files::new();
    let mut add = |object: &Object| {
        let key = object.key();
        let path = format!("{}/{}/{}.json", key.kind.plural(), key.namespace, key.name);
        files.insert(path.clone(), Content::Bytes(manifest(object).to_string().into_bytes()));
        path
    };
    let clusters = store.list(Kind::Cluster, None).await?.into_iter();
    let mut others: Vec<Object> = clusters.collect::<Result<_, _>>()?;
    for kind in [Kind::TaskDefinition, Kind::Service] {
        for other in store.list(kind, Some(&namespace)).await? {
            others.push(other?);
        }
    }
    for other in others.iter().filter(|other| other.key() != own && other.metadata.deletion_timestamp.is_none()) {
        add(other);
    }
    let file = add(object);
    // Variables have been filled in: what looks like one is meant as it stands.
    let present: BTreeSet<&str> = others.iter().chain([object]).map(|object| object.kind.plural()).collect();
    let rules: Vec<Value> = present.iter().map(|path| json!({"path": path, "substitute": false})).collect();
    let directory = json!({"apiVersion": object.kind.api_version(), "kind": "Directory", "files": rules});
    files.insert(DIRECTORY.into(), Content::Bytes(directory.to_string().into_bytes()));
    let checked = tokio::task::spawn_blocking(move || {
        let mut load = load(&files);
        admit(&mut load);
        load.problems
    });
    let problems = checked.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    let ours = problems.into_iter().filter(|problem| problem.file == file || problem.file == DIRECTORY);
    Ok(ours
        .map(|problem| Problem {
            severity: problem.severity,
            path: problem.pointer,
            at_key: false,
            message: problem.message,
            rule: problem.rule,
        })
        .collect())
}

/// An object as a person would have written it.
fn manifest(object: &Object) -> Value {
    let mut metadata = json!({
        "name": object.metadata.name,
        "labels": object.metadata.labels,
        "annotations": object.metadata.annotations,
    });
    if let Some(namespace) = &object.metadata.namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": object.kind.api_version(),
        "kind": object.kind.name(),
        "metadata": metadata,
        "spec": object.spec,
    })
}

/// The manifest of the directory itself.
const DIRECTORY: &str = "evenkeel.yaml";

async fn memory(context: &Context, object: &Object) -> Result<Memory, String> {
    let record = context.store.record(Table::Memory, &object.metadata.uid).await.map_err(|error| error.to_string())?;
    record.map_or(Ok(Memory::default()), |bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()))
}

async fn of_cluster(context: &Context, object: &Object) -> Result<Plan, String> {
    let now = context.clock.now();
    let checked = Cluster::check(&object.metadata.name, &object.spec).into_result()?;
    let connection = context.fleet.connection(&checked.spec).await;
    connection.verify(&checked.spec).await.map_err(|error| error.to_string())?;
    let live = cluster::read(connection.gateway(), &checked.name).await.map_err(|error| error.to_string())?;
    let observed = plan::cluster::Observed { cluster: live, read_at: now };
    let holds = context.holds(object, now).await.map_err(|error| error.to_string())?;
    let desired = checked.desired(object, &context.options.installation, &holds);
    Ok(plan::cluster::plan(&desired, &observed, &memory(context, object).await?, now))
}

async fn of_task_definition(context: &Context, object: &Object) -> Result<Plan, String> {
    let now = context.clock.now();
    let (_, cluster) = context.cluster_of(&object.key()).await.map_err(|(_, message)| message)?;
    let checked = TaskDefinition::check(&object.metadata.name, &object.spec).into_result()?;
    let holds = context.holds(object, now).await.map_err(|error| error.to_string())?;
    let desired = checked.desired(object, &cluster.spec.defaults, &context.options.installation, &holds);
    let connection = context.fleet.connection(&cluster.spec).await;
    connection.verify(&cluster.spec).await.map_err(|error| error.to_string())?;
    let (content, memory) = (desired.content(), memory(context, object).await?);
    let remembered = memory.revisions.get(&content);
    let gateway = connection.gateway();
    let family = read_family(gateway, &context.revisions, &context.clock, &desired.family, &content, remembered);
    let observed = family.await.map_err(|error| error.to_string())?;
    Ok(plan::task_definition::plan(&desired, &observed, &memory, now))
}

async fn of_service(context: &Context, object: &Object) -> Result<Plan, String> {
    let now = context.clock.now();
    let key = object.key();
    let (cluster_object, cluster) = context.cluster_of(&key).await.map_err(|(_, message)| message)?;
    let checked = Service::check(&object.metadata.name, &object.spec, None).into_result()?;
    let mut blocked = service::blocked_by_cluster(&cluster_object);
    blocked.extend(service::dependencies(context, &key, &checked).await);
    let revision = service::revision(context, &key, checked.spec.task_definition.as_ref()).await;
    let installation = &context.options.installation;
    let holds = context.holds(object, now).await.map_err(|error| error.to_string())?;
    let defaults = &cluster.spec.defaults;
    let desired = checked.desired(object, &cluster.name, defaults, installation, revision, blocked, &holds, now);
    let connection = context.fleet.connection(&cluster.spec).await;
    connection.verify(&cluster.spec).await.map_err(|error| error.to_string())?;
    let service = connection.reader.service(&desired.cluster, &desired.service).await;
    if let (true, Some(error)) = (service.found.is_unknown(), &service.error) {
        return Err(error.to_string());
    }
    let scaling = connection.reader.scaling(&desired.cluster, &desired.service).await;
    let observed = observe::observed(sent::service(&service.found), sent::scaling(&scaling.found), service.at);
    let memory = memory(context, object).await?;
    Ok(service::planned(context, &connection, &desired, observed, &memory, now).await.0)
}

/// What keeps a commit with this spec out for now.
async fn held(context: &Context, object: &Object) -> Result<Option<String>, StoreError> {
    let stored = context.store.get(&object.key()).await?;
    let Some(closed) = context.holds(object, context.clock.now()).await?.closed else { return Ok(None) };
    let waits = stored.is_some_and(|stored| window::in_force(object.kind, &stored.spec, &object.spec) != object.spec);
    Ok(waits.then(|| format!("would wait, {}: the change window {closed}", Reason::OutsideChangeWindow)))
}

/// A plan, a line each.
fn lines(plan: &Plan, read_only: bool) -> Vec<String> {
    let held = if read_only { "would (but this controller is read-only)" } else { "would" };
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), Value::to_string);
    let mut lines: Vec<String> =
        plan.actions.iter().map(|action| format!("{held} call {}: {}", action.operation, action.reason)).collect();
    lines.extend(plan.proposed.iter().map(|it| format!("would not call {}, only report: {}", it.operation, it.reason)));
    lines.extend(plan.drift.iter().map(|drift| {
        format!("differs at {}: {} in AWS, {} declared", drift.path, side(&drift.observed), side(&drift.desired))
    }));
    lines.extend(plan.waiting.iter().map(|waiting| format!("would wait, {}: {}", waiting.reason, waiting.message)));
    if lines.is_empty() {
        lines.push("nothing would be done: AWS is as this declares".to_owned());
    }
    lines
}

/// The services that run a task definition: they roll out once it has a new revision.
async fn services_of(store: &Store, object: &Object) -> Option<String> {
    let ObjectKey { namespace, name, .. } = object.key();
    let services = store.list(Kind::Service, Some(&namespace)).await.ok()?.into_iter().flatten();
    let runs = |service: &Object| service.spec["taskDefinition"] == name.as_str();
    let names: Vec<String> = services.filter(runs).map(|service| service.metadata.name).collect();
    (!names.is_empty()).then(|| format!("services that run it, and roll out with a new revision: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use evenkeel_store::{Batch, Options, Write};
    use jiff::Timestamp;

    fn object(kind: Kind, namespace: &str, name: &str, spec: Value) -> Object {
        Object::new(&ObjectKey::new(kind, namespace, name), spec)
    }

    fn service(name: &str, task_definition: &str, aws_name: &str) -> Object {
        let document = json!({"serviceName": aws_name, "desiredCount": 1});
        object(Kind::Service, "shop", name, json!({"taskDefinition": task_definition, "service": document}))
    }

    async fn rules(changed: Object) -> Vec<&'static str> {
        let store = Store::temporary(Options::default()).await.unwrap();
        let container = json!({"name": "app", "image": "web:1", "command": ["echo", "${HOME}"], "memory": 128});
        let definition = json!({"taskDefinition": {"family": "web", "containerDefinitions": [container]}});
        let objects = [
            object(Kind::Cluster, "", "shop", json!({"region": "eu-west-1"})),
            object(Kind::TaskDefinition, "shop", "web", definition),
            service("web", "web", "web"),
        ];
        store.commit(Batch::new(Timestamp::UNIX_EPOCH, objects.map(Write::Apply).into())).await.unwrap();
        let problems = admitted(&store, &changed).await.unwrap();
        problems.iter().filter(|problem| problem.is_error()).map(|problem| problem.rule).collect()
    }

    #[tokio::test]
    async fn what_the_source_takes_is_taken_with_what_looks_like_variables() {
        assert!(rules(service("web", "web", "web")).await.is_empty());
        assert!(rules(service("api", "web", "api")).await.is_empty());
    }

    #[tokio::test]
    async fn what_the_source_refuses_is_refused_among_the_others_of_the_cluster() {
        assert_eq!(rules(service("web", "wbe", "web")).await, ["no-such-object"]);
        assert_eq!(rules(service("api", "web", "web")).await, ["claimed-twice"]);
        let mut misspelled = service("web", "web", "web");
        misspelled.spec["service"]["desiredCont"] = json!(1);
        assert_eq!(rules(misspelled).await, ["misspelled-member"]);
        assert_eq!(rules(object(Kind::Service, "nowhere", "web", json!({"service": {}}))).await, ["no-cluster"]);
    }
}
