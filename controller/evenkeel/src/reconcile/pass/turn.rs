//! A pass and the budget: when it may read, and when it may write.

use std::time::Duration;

use evenkeel_core::operation::Bucket;
use evenkeel_core::plan::Plan;
use evenkeel_core::reason::Reason;
use tokio::time::Instant;

use super::Pass;
use crate::budget::Metered;
use crate::workqueue::Outcome;

/// When a pass that leaves a read to the look at all comes back by itself.
const LOOK: Duration = Duration::from_secs(60);

impl Pass<'_> {
    /// Goes on if reads from this bucket, of which it makes so many, are answered soon. Else the pass ends and comes back
    /// when they are; what the status says was seen still is the last that was.
    pub(in crate::reconcile) async fn admitted(
        mut self,
        gateway: &Metered,
        bucket: Bucket,
        calls: f64,
    ) -> Result<Self, Outcome> {
        let Some(budget) = gateway.budget() else { return Ok(self) };
        let short = match budget.admit(Instant::now(), &self.key, self.priority, bucket, calls) {
            Ok(admitted) => {
                self.reading.push(admitted);
                return Ok(self);
            }
            Err(short) => short,
        };
        let again = Outcome::RequeueAfter(short.wait, self.priority);
        if self.is_told() {
            return Err(again);
        }
        Err(self.end(Reason::WaitingForBudget, waits(short.bucket), Some(again)).await)
    }

    /// Ends a pass for which the look at all is about to read. It is woken then, and comes back anyway.
    pub(in crate::reconcile) async fn wait_for_look(self, bucket: Bucket) -> Outcome {
        self.context.look.notify_one();
        let again = Outcome::RequeueAfter(self.context.options.interval.max(LOOK), self.priority);
        if self.is_told() {
            return again;
        }
        self.end(Reason::WaitingForBudget, waits(bucket), Some(again)).await
    }

    /// What it was admitted to read is read.
    pub(in crate::reconcile) fn answered(&mut self) {
        self.reading.clear();
    }

    /// Reserves the tokens for what a plan writes, in place of those for an earlier one. If there are too few, the pass can
    /// but report what it would do, and comes back when it has its turn.
    pub(in crate::reconcile) fn reserve(&mut self, gateway: &Metered, plan: &Plan) -> bool {
        if let (Some(budget), Ok(held)) = (gateway.budget(), &mut self.reserved) {
            let held = held.take();
            self.reserved = budget.reserve(Instant::now(), &self.key, self.priority, held, &plan.actions).map(Some);
        }
        self.reserved.is_ok()
    }
}

/// Why nothing is done for the moment. Without figures, which would be another status each time.
pub(super) fn waits(bucket: Bucket) -> String {
    format!("our share of the account's {bucket:?} calls is used up for now; it goes on by itself")
}
