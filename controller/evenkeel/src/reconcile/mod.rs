//! One pass over one object: validate, observe, plan, remember, execute, report. It never loops, sleeps or retries:
//! the workqueue owns all timing.

pub(crate) mod cluster;
mod context;
pub(crate) mod installation;
mod known;
mod pass;
pub(crate) mod service;
mod task_definition;

pub use context::{Context, Options};

use evenkeel_core::object::{Kind, ObjectKey};

use crate::workqueue::{Outcome, Work};

/// Reconciles the object that a key names.
pub async fn reconcile(context: &Context, work: &Work<ObjectKey>) -> Outcome {
    let object = match context.store.get(&work.key).await {
        Ok(Some(object)) => object,
        Ok(None) => {
            context.seen.forget(&work.key);
            context.trail.forget(&work.key);
            context.metrics.forget(&work.key);
            return Outcome::Forget;
        }
        Err(error) => {
            tracing::error!(key = %work.key, %error, "the store cannot be read");
            return Outcome::Retry(crate::workqueue::Retry::Bug);
        }
    };
    match work.key.kind {
        Kind::Cluster => cluster::reconcile(context, object, work).await,
        Kind::TaskDefinition => task_definition::reconcile(context, object, work).await,
        Kind::Service => service::reconcile(context, object, work).await,
        Kind::Installation => installation::reconcile(context, object, work).await,
        Kind::Event => Outcome::Forget,
    }
}
