//! A pass over a Service.

use std::collections::BTreeSet;

use evenkeel_aws::ErrorClass;
use evenkeel_core::desired::{self, Service};
use evenkeel_core::memory::Memory;
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::plan::service::{Desired, Observed, TaskDefinition};
use evenkeel_core::plan::{self, Ask, Plan, Waiting, check};
use evenkeel_core::reason::Reason;
use evenkeel_core::spec::TaskDefinitionRef;
use evenkeel_core::status::{self, service_health};
use evenkeel_core::view::ServiceView;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Context;
use super::context::text_at;
use super::known;
use super::pass::{Pass, meaning, told};
use crate::fleet::Connection;
use crate::workqueue::{Outcome, Retry, Work};

pub(super) async fn reconcile(context: &Context, object: Object, work: &Work<ObjectKey>) -> Outcome {
    let mut pass = match Pass::begin(context, object, work.priority).await {
        Ok(pass) => pass,
        Err(outcome) => return outcome,
    };
    // Validate: pure but for looking up what the service refers to.
    let (cluster_object, cluster) = match context.cluster_of(&pass.key).await {
        Ok(found) => found,
        Err((reason, message)) => return pass.fail(reason, message, Some(Retry::Transient)).await,
    };
    let service = match Service::check(&pass.object.metadata.name, &pass.object.spec, None).into_result() {
        Ok(service) => service,
        Err(message) => return pass.fail(Reason::Invalid, message, Some(Retry::Invalid)).await,
    };
    if let Err(message) = pass.identify(format!("{}/{}/{}", cluster.spec.region, cluster.name, service.name)) {
        return pass.fail(Reason::ReplacementRequired, message, Some(Retry::Invalid)).await;
    }
    let mut blocked = blocked_by_cluster(&cluster_object);
    blocked.extend(dependencies(context, &pass.key, &service).await);
    let task_definition = revision(context, &pass.key, service.spec.task_definition.as_ref()).await;
    if let Some(wanted) = desired::wanted(&pass.object.metadata, &task_definition) {
        pass.details.insert("wanted".into(), json!(wanted));
    }
    if let Some(pin) = desired::pin(&pass.object.metadata, &task_definition, pass.now) {
        pass.details.insert("pinned".into(), json!(pin));
    }
    let installation = &context.options.installation;
    let defaults = &cluster.spec.defaults;
    let desired = service.desired(
        &pass.object,
        &cluster.name,
        defaults,
        installation,
        task_definition,
        blocked,
        &pass.holds,
        pass.now,
    );
    let connection = context.fleet.connection(&cluster.spec).await;
    if let Err(error) = connection.verify(&cluster.spec).await {
        return pass.unread(&error).await;
    }
    // Observe and plan.
    let (mut pass, plan, observed) = match known::plan(context, pass, work.priority, &connection, &desired).await {
        Ok(planned) => planned,
        Err(outcome) => return outcome,
    };
    if let Some(TaskDefinitionRef::Object(name)) = &service.spec.task_definition
        && plan.drift.iter().any(|drift| drift.path == "/taskDefinition" || drift.path == "/service")
    {
        pass.brings = Some(ObjectKey::new(Kind::TaskDefinition, &pass.key.namespace, name));
    }
    let wrong = check::service(&desired, &observed, &plan);
    pass.health = service_health(&observed.service);
    describe(&mut pass, &desired, &observed, &plan);
    pass.finish(plan, connection.gateway(), &wrong).await
}

/// Plans, reads what the plan asks for beyond the service itself, and plans again: what one answer brings up, such as the
/// outcome of a rollout, may ask for another.
pub(crate) async fn planned(
    context: &Context,
    connection: &Connection,
    desired: &Desired,
    mut observed: Observed,
    memory: &Memory,
    now: Timestamp,
) -> (Plan, Observed) {
    observed.revision_content = content(context, connection, desired, &observed).await;
    let mut plan = plan::service::plan(desired, &observed, memory, now);
    let mut asked = BTreeSet::new();
    while !plan.asks.is_subset(&asked) {
        let asks = &plan.asks - &asked;
        let answer = connection.reader.answer(&asks, desired, &plan.memory, &mut observed).await;
        asked.extend(asks);
        plan = plan::service::plan(desired, &observed, memory, now);
        if let Err(error) = answer {
            tracing::debug!(%error, service = desired.service, "what a plan asked for could not be read");
            if observed.code_deploy.is_unknown() && plan.asks.contains(&Ask::CodeDeploy) {
                let (reason, _) = meaning(error.class);
                plan.waiting.push(Waiting::new(reason, told(&error)));
            }
            break;
        }
    }
    (plan, observed)
}

/// Until the Cluster itself has been seen, nothing is created in it.
pub(crate) fn blocked_by_cluster(cluster: &Object) -> Vec<Waiting> {
    let there = text_at(&cluster.status, "/clusterArn").is_some();
    let message = format!("Cluster {} has not been seen in AWS yet", cluster.metadata.name);
    if there { Vec::new() } else { vec![Waiting::new(Reason::ClusterNotReady, message)] }
}

/// The dependencies that are not ready.
pub(crate) async fn dependencies(context: &Context, key: &ObjectKey, service: &Service) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    for dependency in &service.spec.depends_on {
        let kind = match dependency.kind {
            evenkeel_core::spec::DependencyKind::Service => Kind::Service,
            evenkeel_core::spec::DependencyKind::TaskDefinition => Kind::TaskDefinition,
        };
        let other = ObjectKey::new(kind, &key.namespace, &dependency.name);
        let message = match context.store.get(&other).await {
            Ok(Some(object)) if is_ready(&object) => continue,
            Ok(Some(_)) => format!("{other}, which it depends on, is not ready"),
            Ok(None) => format!("{other}, which it depends on, does not exist"),
            Err(error) => error.to_string(),
        };
        waiting.push(Waiting::new(Reason::DependencyNotReady, message));
    }
    waiting
}

/// Ready for its present generation.
fn is_ready(object: &Object) -> bool {
    let observed = object.status["observedGeneration"].as_i64() == Some(object.metadata.generation);
    let conditions = object.status["conditions"].as_array().into_iter().flatten();
    observed && conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// What `spec.taskDefinition` stands for. A TaskDefinition counts once it has observed its own generation, so that a
/// commit that touches both is one rollout.
pub(crate) async fn revision(
    context: &Context,
    key: &ObjectKey,
    reference: Option<&TaskDefinitionRef>,
) -> TaskDefinition {
    let name = match reference {
        None => return TaskDefinition::NotOurs,
        Some(TaskDefinitionRef::Revision(reference)) => return TaskDefinition::Revision(reference.clone()),
        Some(TaskDefinitionRef::Object(name)) => name,
    };
    let other = ObjectKey::new(Kind::TaskDefinition, &key.namespace, name);
    let object = match context.store.get(&other).await {
        Ok(Some(object)) => object,
        Ok(None) => return TaskDefinition::Pending(format!("there is no {other}")),
        Err(error) => return TaskDefinition::Pending(error.to_string()),
    };
    let current = object.status["observedGeneration"].as_i64() == Some(object.metadata.generation);
    match (text_at(&object.status, "/taskDefinitionArn"), text_at(&object.status, "/contentHash")) {
        (Some(arn), Some(hash)) if current => TaskDefinition::Content { arn: arn.to_owned(), hash: hash.to_owned() },
        _ => TaskDefinition::Pending(format!("{other} has no revision with its present content yet")),
    }
}

/// Content of the revision that the service is set to, where that matters: it is read once and kept.
pub(crate) async fn content(
    context: &Context,
    connection: &Connection,
    desired: &Desired,
    observed: &Observed,
) -> Option<String> {
    let TaskDefinition::Content { arn, .. } = &desired.task_definition else { return None };
    let live = ServiceView(observed.service.present()?).task_definition();
    if live.is_empty() || live == arn {
        return None;
    }
    match context.revisions.content(connection.gateway(), live).await {
        Ok(content) => Some(content),
        // Deregistered and deleted: whatever it held, it is not what is wanted.
        Err(error) if error.class == ErrorClass::NotFound => Some("gone".into()),
        Err(error) => {
            tracing::debug!(%error, revision = live, "the content of a revision could not be read");
            None
        }
    }
}

/// The members of the status that only a Service has.
fn describe(pass: &mut Pass<'_>, desired: &Desired, observed: &Observed, plan: &Plan) {
    let details = &mut pass.details;
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            details.insert(name.into(), value);
        }
    };
    put("serviceName", json!(desired.service));
    if let Some(target) = observed.target.present() {
        put("range", json!({"min": target["MinCapacity"], "max": target["MaxCapacity"]}));
    }
    let Some(live) = observed.service.present() else { return };
    let view = ServiceView(live);
    put("serviceArn", json!(view.arn()));
    put("taskDefinition", json!(view.task_definition()));
    put("desiredCount", json!(view.desired_count()));
    put("runningCount", json!(view.running_count()));
    put("pendingCount", json!(view.pending_count()));
    if let Some(rollout) = status::rollout(observed, &plan.memory) {
        put("rollout", rollout);
    }
    let history = status::history(&plan.memory);
    if !history.is_empty() {
        put("history", json!(history));
    }
    if let Some(failed) = &plan.memory.failed {
        put("failed", json!(failed));
    }
}
