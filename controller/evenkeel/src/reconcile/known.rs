//! What a pass knows of a service when it plans. What the last look at all services has seen finds drift; before a write
//! there is a fresh read of what the write rests on, and the plan is made again.

use std::time::Duration;

use evenkeel_core::operation::{Action, AwsService, Bucket, Operation};
use evenkeel_core::plan::service::{Desired, Observed};
use evenkeel_core::plan::{Observation, Plan};
use tokio::time::Instant;

use super::Context;
use super::pass::Pass;
use super::service::planned;
use crate::fleet::Connection;
use crate::observe::{self, Part, sent};
use crate::workqueue::{Outcome, Priority};

/// What is younger than this is a fresh read.
const FRESH: Duration = Duration::from_secs(5);

/// The calls that the scaling of one service costs: fifty share that for targets, and there are two lists.
const SCALING_CALLS: f64 = 2.0;

/// Plans on what is known, reads what is too old for that plan, and plans again. Ends the pass where that cannot be read.
pub(super) async fn plan<'a>(
    context: &Context,
    mut pass: Pass<'a>,
    priority: Priority,
    connection: &Connection,
    desired: &Desired,
) -> Result<(Pass<'a>, Plan, Observed), Outcome> {
    let oldest = |age: Duration| pass.now.checked_sub(age).unwrap_or(pass.now);
    let (fresh, looked) = (oldest(FRESH), oldest(patience(context, connection)));
    let key = pass.key.clone();
    let mut service = context.seen.service(&key, if priority == Priority::Resync { looked } else { fresh });
    // What was read within a moment of our own write may show what was before it. Later reads do not, whoever made them.
    let settled = pass.memory.scaling_settles().unwrap_or(looked);
    let mut scaling = context.seen.scaling(&key, settled.max(looked));
    loop {
        let (service_found, service_at) = match service.take() {
            Some(known) => known,
            None => {
                // Ten services share a call.
                pass = pass.admitted(connection.gateway(), Bucket::ServiceRead, 0.1).await?;
                let read = connection.reader.service(&desired.cluster, &desired.service).await;
                pass.answered();
                if let (Observation::Unknown, Some(error)) = (&read.found, &read.error) {
                    return Err(pass.unread(error).await);
                }
                context.seen.keep_service(&key, &read.found, read.at);
                (sent::service(&read.found), read.at)
            }
        };
        let (scaling_found, scaling_at) = match scaling.take() {
            Some(known) => known,
            None => {
                // What nobody has seen yet, as after a start without a store, the look at all reads at a fraction of the
                // calls: it is not held up for one service, and wakes each as soon as it has seen it.
                let first = !context.seen.knows(&key, Part::Scaling);
                if first && !is_plentiful(connection) {
                    return Err(pass.wait_for_look(Bucket::ScalingRead).await);
                }
                pass = pass.admitted(connection.gateway(), Bucket::ScalingRead, SCALING_CALLS).await?;
                let read = connection.reader.scaling(&desired.cluster, &desired.service).await;
                pass.answered();
                if read.error.is_none() {
                    context.seen.keep_scaling(&key, &read.found, read.at);
                }
                (sent::scaling(&read.found), read.at)
            }
        };
        let observed = observe::observed(service_found.clone(), scaling_found.clone(), service_at);
        let (plan, observed) = planned(context, connection, desired, observed, &pass.memory, pass.now).await;
        if plan.actions.is_empty() || context.options.read_only || !pass.reserve(connection.gateway(), &plan) {
            return Ok((pass, plan, observed));
        }
        let (service_old, scaling_old) =
            (service_at < fresh, scaling_at < fresh && plan.actions.iter().any(rests_on_scaling));
        if !service_old && !scaling_old {
            return Ok((pass, plan, observed));
        }
        service = (!service_old).then_some((service_found, service_at));
        scaling = (!scaling_old).then_some((scaling_found, scaling_at));
    }
}

/// How old what the look at all has seen may be: there is a new one each interval, unless the budget makes it take longer.
fn patience(context: &Context, connection: &Connection) -> Duration {
    context.options.interval.max(connection.reader.look()) * 2
}

fn is_plentiful(connection: &Connection) -> bool {
    let budget = connection.gateway().budget();
    budget.is_none_or(|budget| budget.is_plentiful(Instant::now(), Bucket::ScalingRead))
}

/// Whether a write was decided by the scaling of the service as well.
fn rests_on_scaling(action: &Action) -> bool {
    action.operation.service() == AwsService::ApplicationAutoScaling
        || matches!(action.operation, Operation::CreateService | Operation::DeleteService)
        || action.body.get("desiredCount").is_some()
}
