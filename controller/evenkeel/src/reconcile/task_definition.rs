//! A pass over a TaskDefinition.

use evenkeel_core::desired::TaskDefinition;
use evenkeel_core::object::Object;
use evenkeel_core::plan;
use evenkeel_core::reason::Reason;
use evenkeel_core::status::Health;
use serde_json::json;

use super::Context;
use super::pass::Pass;
use crate::observe::read_family;
use crate::workqueue::{Outcome, Retry};

pub(super) async fn reconcile(context: &Context, object: Object) -> Outcome {
    let mut pass = match Pass::begin(context, object).await {
        Ok(pass) => pass,
        Err(outcome) => return outcome,
    };
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
    let desired = definition.desired(&pass.object, &cluster.spec.defaults, &context.options.installation, pass.now);
    // Observe: reads.
    let connection = context.fleet.connection(&cluster.spec).await;
    if let Err(error) = connection.verify(&cluster.spec).await {
        return pass.unread(&error).await;
    }
    let gateway = connection.gateway();
    let content = desired.content();
    let remembered = pass.memory.revisions.get(&content);
    let observed =
        match read_family(gateway, &context.revisions, &context.clock, &desired.family, &content, remembered).await {
            Ok(observed) => observed,
            Err(error) => return pass.unread(&error).await,
        };
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
