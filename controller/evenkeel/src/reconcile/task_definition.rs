//! A pass over a TaskDefinition.

use std::collections::BTreeSet;

use evenkeel_core::desired::TaskDefinition;
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::operation::Bucket;
use evenkeel_core::plan;
use evenkeel_core::reason::Reason;
use evenkeel_core::status::Health;
use evenkeel_store::StoreError;
use serde_json::json;

use super::Context;
use super::pass::Pass;
use crate::observe::read_family;
use crate::workqueue::{Outcome, Retry, Work};

/// The revisions that services run, are rolled out to or pinned to, and the one that each would go back to.
async fn needed(context: &Context) -> Option<BTreeSet<String>> {
    let mut needed = BTreeSet::new();
    for service in context.store.list(Kind::Service, None).await.ok()? {
        let status = service.ok()?.status;
        // Without a look at it nobody knows what it runs.
        let runs = status["taskDefinition"].as_str()?;
        let history = status["history"].as_array().into_iter().flatten();
        let back = history.filter(|entry| entry["outcome"] == "Succeeded" && entry["taskDefinition"] != runs).take(1);
        let back = back.map(|entry| &entry["taskDefinition"]);
        let others = [&status["rollout"]["taskDefinition"], &status["pinned"]["revision"]];
        let all = others.into_iter().chain(back).filter_map(|arn| arn.as_str()).chain([runs]);
        needed.extend(all.map(str::to_owned));
    }
    Some(needed)
}

/// How many services declare that they run a task definition.
async fn runners(context: &Context, key: &ObjectKey) -> Result<usize, StoreError> {
    let mut count = 0;
    for service in context.store.list(Kind::Service, Some(&key.namespace)).await? {
        count += usize::from(service?.spec["taskDefinition"] == key.name.as_str());
    }
    Ok(count)
}

pub(super) async fn reconcile(context: &Context, object: Object, work: &Work<ObjectKey>) -> Outcome {
    let mut pass = match Pass::begin(context, object, work.priority).await {
        Ok(pass) => pass,
        Err(outcome) => return outcome,
    };
    if pass.object.metadata.deletion_timestamp.is_some() {
        match runners(context, &pass.key).await {
            Ok(0) => {}
            Ok(count) => {
                // A service that waits for an approval, or drains, starts tasks of its revision still.
                let message = format!("{count} services that run it are still there; it goes after them");
                return pass.fail(Reason::Deleting, message, None).await;
            }
            Err(error) => return pass.fail(Reason::InternalError, error.to_string(), Some(Retry::Bug)).await,
        }
    }
    // Validate: pure.
    let (_, cluster) = match context.cluster_of(&pass.key).await {
        Ok(found) => found,
        Err((reason, message)) => return pass.fail(reason, message, Some(Retry::Transient)).await,
    };
    let definition = match TaskDefinition::check(&pass.object.metadata.name, &pass.object.spec).into_result() {
        Ok(definition) => definition,
        Err(message) => return pass.fail(Reason::Invalid, message, Some(Retry::Invalid)).await,
    };
    if let Err(message) = pass.identify(format!("{}/{}", cluster.spec.region, definition.family)) {
        return pass.fail(Reason::ReplacementRequired, message, Some(Retry::Invalid)).await;
    }
    let (defaults, installation) = (&cluster.spec.defaults, &context.options.installation);
    let desired = definition.desired(&pass.object, defaults, installation, &pass.holds);
    // Observe: reads.
    let connection = context.fleet.connection(&cluster.spec).await;
    if let Err(error) = connection.verify(&cluster.spec).await {
        return pass.unread(&error).await;
    }
    // The list, and mostly one revision.
    let mut pass = match pass.admitted(connection.gateway(), Bucket::TaskDefinitionRead, 2.0).await {
        Ok(pass) => pass,
        Err(outcome) => return outcome,
    };
    let gateway = connection.gateway();
    let content = desired.content();
    let remembered = pass.memory.revisions.get(&content);
    let mut observed =
        match read_family(gateway, &context.revisions, &context.clock, &desired.family, &content, remembered).await {
            Ok(observed) => observed,
            Err(error) => return pass.unread(&error).await,
        };
    pass.answered();
    if desired.retain.is_some_and(|retain| pass.memory.registered.len() > retain as usize) {
        observed.needed = needed(context).await;
    }
    let target = plan::task_definition::resolve(&desired, &observed, &pass.memory);
    pass.details.insert("family".into(), json!(desired.family));
    pass.details.insert("contentHash".into(), json!(content));
    pass.health = match target {
        Some(arn) => {
            pass.details.insert("taskDefinitionArn".into(), json!(arn));
            Health::Healthy
        }
        None => Health::Missing,
    };
    // Plan: pure. Then act and report.
    let plan = plan::task_definition::plan(&desired, &observed, &pass.memory, pass.now);
    pass.finish(plan, gateway, &[]).await
}
