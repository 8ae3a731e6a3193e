//! Shutdown in two steps: the first signal drains, the second, or the end of the grace period, aborts.
//!
//! Draining lets passes in progress finish and begins no new ones. Aborting drops what is left: every await is a place
//! where the process may end, so that is safe, and only costs the next start a look at what was under way.

use std::future::{Future, pending};
use std::io;
use std::time::Duration;

use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

/// How long draining may take, unless configured. ECS kills a task's containers 30 s after SIGTERM (`stopTimeout` of the
/// container definition, ECS API Reference), Kubernetes a pod's after as long (`terminationGracePeriodSeconds`); this leaves
/// 5 s of either to close the store.
pub const GRACE: Duration = Duration::from_secs(25);

/// How far the shutdown is; clones look at the same one.
#[derive(Clone, Debug)]
pub struct Shutdown {
    step: watch::Receiver<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Running,
    Draining,
    Aborted,
}

impl Shutdown {
    /// A shutdown that SIGINT and SIGTERM ask for.
    ///
    /// # Errors
    ///
    /// If the process cannot listen to signals. Then it should not start, since it could only be killed.
    pub fn on_signals(grace: Duration) -> io::Result<Self> {
        let mut signals =
            Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? };
        // One pair of listeners for both steps: a second pair would also be told of the first signal.
        let (hand_on, handed_on) = oneshot::channel();
        let first = async move {
            let name = signals.next().await;
            tracing::info!(signal = name, ?grace, "draining; a second signal aborts");
            let _ = hand_on.send(signals);
        };
        let second = async move {
            match handed_on.await {
                Ok(mut signals) => drop(signals.next().await),
                Err(_) => pending().await,
            }
        };
        Ok(Self::on(first, second, grace))
    }

    /// A shutdown that drains once `first` is there, and aborts once `second` is there or `grace` is over. `second` is not
    /// looked at before `first` is there.
    pub fn on(
        first: impl Future<Output = ()> + Send + 'static,
        second: impl Future<Output = ()> + Send + 'static,
        grace: Duration,
    ) -> Self {
        let (set, step) = watch::channel(Step::Running);
        tokio::spawn(async move {
            first.await;
            set.send_replace(Step::Draining);
            select! {
                () = second => tracing::warn!("asked again; aborting what is in progress"),
                () = tokio::time::sleep(grace) => {
                    tracing::warn!(?grace, "the grace period is over; aborting what is in progress");
                }
            }
            set.send_replace(Step::Aborted);
        });
        Self { step }
    }

    /// Waits until no new work may begin.
    pub async fn draining(&self) {
        self.reached(Step::Draining).await;
    }

    /// Waits until work in progress is to be dropped.
    pub async fn aborted(&self) {
        self.reached(Step::Aborted).await;
    }

    /// Whether no new work may begin.
    pub fn is_draining(&self) -> bool {
        *self.step.borrow() >= Step::Draining
    }

    /// What `work` gives; `None` if the shutdown aborts first, which drops `work`.
    pub async fn unless_aborted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        select! {
            biased;
            result = work => Some(result),
            () = self.aborted() => None,
        }
    }

    async fn reached(&self, step: Step) {
        // An error means that the task which sets the steps is gone, as when the runtime ends: then all is over.
        let _ = self.step.clone().wait_for(|now| *now >= step).await;
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::Command;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::time::{Instant, sleep};

    use super::*;

    /// A shutdown whose first step comes after `first` seconds, and the second `second` after that.
    fn after(first: u64, second: u64) -> Shutdown {
        let wait = |seconds| async move { sleep(Duration::from_secs(seconds)).await };
        Shutdown::on(wait(first), wait(second), GRACE)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_signal_drains_and_the_second_aborts() {
        let start = Instant::now();
        let shutdown = after(10, 5);
        assert!(!shutdown.is_draining());
        shutdown.draining().await;
        assert!(shutdown.is_draining());
        assert_eq!(start.elapsed().as_secs(), 10);
        shutdown.aborted().await;
        assert_eq!(start.elapsed().as_secs(), 15);
    }

    /// In a process of its own: one that has listened to SIGINT and SIGTERM is not ended by them any more, and whoever
    /// runs the tests wants to end them.
    #[tokio::test]
    async fn signals_ask_for_the_steps() {
        const CHILD: &str = "EVENKEEL_TEST_SIGNALS";
        if std::env::var_os(CHILD).is_none() {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args(["--exact", "shutdown::tests::signals_ask_for_the_steps"]).env(CHILD, "1");
            let output = String::from_utf8(child.output().unwrap().stdout).unwrap();
            assert!(output.contains("1 passed"), "{output}");
            return;
        }
        let signal_self = |signal: &str| {
            let script = format!("kill -{signal} {}", std::process::id());
            assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
        };
        let shutdown = Shutdown::on_signals(Duration::from_secs(3600)).unwrap();
        signal_self("TERM");
        shutdown.draining().await;
        assert_eq!(*shutdown.step.borrow(), Step::Draining, "one signal is one step");
        signal_self("INT");
        shutdown.aborted().await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_grace_period_aborts() {
        let start = Instant::now();
        after(10, 1000).aborted().await;
        assert_eq!(start.elapsed(), Duration::from_secs(10) + GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_signal_without_a_first_does_nothing() {
        let shutdown = Shutdown::on(pending(), async {}, Duration::ZERO);
        sleep(Duration::from_secs(3600)).await;
        assert!(!shutdown.is_draining());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_late_is_told_as_well() {
        let shutdown = after(1, 1);
        sleep(Duration::from_secs(60)).await;
        let late = shutdown.clone();
        late.draining().await;
        late.aborted().await;
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_ends_within_the_grace_period_gives_its_result() {
        let shutdown = after(1, 1000);
        let work = async {
            sleep(Duration::from_secs(20)).await;
            "done"
        };
        assert_eq!(shutdown.unless_aborted(work).await, Some("done"));
    }

    #[tokio::test(start_paused = true)]
    async fn work_in_progress_is_dropped_when_the_shutdown_aborts() {
        struct Dropped(Arc<AtomicBool>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicBool::new(false));
        let guard = Dropped(dropped.clone());
        let work = async move {
            let _guard = guard;
            pending::<()>().await;
        };
        assert_eq!(after(1, 1).unless_aborted(work).await, None);
        assert!(dropped.load(Ordering::SeqCst));
    }
}
