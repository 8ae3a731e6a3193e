//! The Installation: what holds for all Clusters is said of it, above all that they are suspended.

use evenkeel_core::object::{Object, ObjectKey};
use evenkeel_core::plan::{Plan, Waiting};
use evenkeel_core::reason::Reason;
use evenkeel_core::status::{self, Health};
use evenkeel_store::{Batch, CommitError, Precondition, Table, Write};
use serde_json::{Value, json};

use super::Context;
use super::pass::Pass;
use crate::workqueue::{Outcome, Work};

/// Makes the one Installation of the store, where it is not there yet.
pub(crate) async fn ensure(context: &Context) {
    let key = ObjectKey::installation();
    let new = Object::new(&key, Value::Null);
    let batch = Batch::new(context.clock.now(), vec![Write::Apply(new)]).when(Precondition::Absent(key));
    match context.store.commit(batch).await {
        Ok(_) | Err(CommitError::Conflict { .. }) => {}
        Err(error) => tracing::error!(%error, "the store cannot be written"),
    }
}

/// The record that says why the source cannot be read.
const SOURCE: &str = "source";

/// Keeps why the source cannot be read, or that it can, for the Installation's status. Says whether that is news.
pub(crate) async fn source_is(context: &Context, failing: Option<&str>) -> bool {
    if source(context).await.as_deref() == failing {
        return false;
    }
    let record = match failing {
        Some(why) => Write::Record { table: Table::History, key: SOURCE.into(), value: why.into() },
        None => Write::RemoveRecord { table: Table::History, key: SOURCE.into() },
    };
    if let Err(error) = context.store.commit(Batch::new(context.clock.now(), vec![record])).await {
        tracing::error!(%error, "the store cannot be written");
    }
    true
}

async fn source(context: &Context) -> Option<String> {
    let record = context.store.record(Table::History, SOURCE).await.ok().flatten()?;
    String::from_utf8(record).ok()
}

/// There is nothing in AWS that it stands for: its pass only tells.
pub(super) async fn reconcile(context: &Context, object: Object, work: &Work<ObjectKey>) -> Outcome {
    let mut pass = match Pass::begin(context, object, work.priority).await {
        Ok(pass) => pass,
        Err(outcome) => return outcome,
    };
    pass.details.insert("installation".into(), json!(context.options.installation));
    pass.health = Health::Healthy;
    let mut plan = Plan { memory: pass.memory.clone(), ..Plan::default() };
    plan.waiting.extend(pass.holds.suspension.as_ref().map(|suspension| suspension.waiting()));
    plan.waiting.extend(source(context).await.map(|why| Waiting::new(Reason::SourceInvalid, why)));
    pass.report(plan, status::Outcome::Nothing, None).await
}
