use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::super::{Outcome, Priority, Priority::*, Retry, Workqueue, run};
use super::{queue, seconds};

/// Which keys are worked on, and how often each was.
#[derive(Default)]
struct Seen {
    working: HashMap<u32, u32>,
    passes: HashMap<u32, u32>,
}

#[tokio::test(start_paused = true)]
async fn of_thousands_of_keys_each_has_its_pass_and_none_two_at_once() {
    const KEYS: u32 = 5_000;
    const WORKERS: usize = 16;
    let queue = Workqueue::new(fastrand::Rng::with_seed(7));
    let seen = Arc::new(Mutex::new(Seen::default()));
    let rng = Arc::new(Mutex::new(fastrand::Rng::with_seed(11)));
    for key in 0..KEYS {
        queue.add(key, Priority::ALL[key as usize % 4], "start");
    }
    let pool = tokio::spawn(run(queue.clone(), WORKERS, {
        let (queue, seen, rng) = (queue.clone(), seen.clone(), rng.clone());
        move |work| {
            let (queue, seen, rng) = (queue.clone(), seen.clone(), rng.clone());
            async move {
                {
                    let mut seen = seen.lock().unwrap();
                    let now = seen.working.entry(work.key).or_default();
                    *now += 1;
                    assert_eq!(*now, 1, "{} is worked on twice at once", work.key);
                    assert!(seen.working.len() <= WORKERS);
                    *seen.passes.entry(work.key).or_default() += 1;
                }
                let (pause, other, dice) = {
                    let mut rng = rng.lock().unwrap();
                    (rng.u64(0..200), rng.u32(0..KEYS), rng.u32(0..20))
                };
                sleep(Duration::from_millis(pause)).await;
                if dice < 10 {
                    queue.add(other, NewCommit, "again");
                }
                seen.lock().unwrap().working.remove(&work.key);
                match dice {
                    0 => Outcome::Retry(Retry::Transient),
                    1 => Outcome::RequeueAfter(seconds(1), RolloutWatch),
                    2 => Outcome::Retry(Retry::Conflict),
                    _ => Outcome::Forget,
                }
            }
        }
    }));
    sleep(seconds(3600)).await;
    queue.shut_down();
    pool.await.unwrap();

    let seen = seen.lock().unwrap();
    assert_eq!(queue.stats().panics, 0);
    assert_eq!(seen.passes.len() as u32, KEYS);
    assert_eq!(u64::from(seen.passes.values().sum::<u32>()), queue.stats().adds, "every key that was added had a pass");
    let stats = queue.stats();
    assert_eq!(stats.depth.iter().map(|(_, count)| count).sum::<usize>() + stats.waiting + stats.processing, 0);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_panics_is_retried_as_a_bug_and_stops_no_worker() {
    let (queue, start) = (queue(), Instant::now());
    let passes = Arc::new(Mutex::new(Vec::new()));
    queue.add("panics at once", Repair, "");
    queue.add("panics later", Repair, "");
    queue.add("fine", Resync, "");
    let pool = tokio::spawn(run(queue.clone(), 1, {
        let passes = passes.clone();
        move |work| {
            passes.lock().unwrap().push((work.key, work.attempts, start.elapsed().as_secs() / 60));
            assert!(work.key != "panics at once" || work.attempts > 0, "on purpose");
            async move {
                sleep(seconds(1)).await;
                assert!(work.key != "panics later" || work.attempts > 0, "on purpose");
                Outcome::Forget
            }
        }
    }));
    sleep(seconds(3600)).await;
    queue.shut_down();
    pool.await.unwrap();

    assert_eq!(queue.stats().panics, 2);
    let mut passes = passes.lock().unwrap().clone();
    let retries = passes.split_off(3);
    assert_eq!(passes, [("panics at once", 0, 0), ("panics later", 0, 0), ("fine", 0, 0)]);
    assert_eq!(retries.len(), 2);
    assert!(retries.iter().all(|(_, attempts, minute)| *attempts == 1 && (4..=5).contains(minute)), "{retries:?}");
}

#[tokio::test(start_paused = true)]
async fn draining_lets_passes_in_progress_finish_and_begins_no_other() {
    let queue = queue();
    for key in ["a", "b", "c", "d"] {
        queue.add(key, Repair, "");
    }
    let (begun, finished) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let pool = tokio::spawn(run(queue.clone(), 2, {
        let (begun, finished) = (begun.clone(), finished.clone());
        move |_| {
            begun.fetch_add(1, SeqCst);
            let finished = finished.clone();
            async move {
                sleep(seconds(10)).await;
                finished.fetch_add(1, SeqCst);
                Outcome::Forget
            }
        }
    }));
    sleep(seconds(1)).await;
    queue.shut_down();
    pool.await.unwrap();
    assert_eq!((begun.load(SeqCst), finished.load(SeqCst)), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_pool_aborts_its_passes() {
    struct Gone(Arc<Notify>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let queue = queue();
    queue.add("a", Repair, "");
    let gone = Arc::new(Notify::new());
    let pool = run(queue.clone(), 2, {
        let gone = gone.clone();
        move |_| {
            let guard = Gone(gone.clone());
            async move {
                let _guard = guard;
                pending().await
            }
        }
    });
    assert!(tokio::time::timeout(seconds(60), pool).await.is_err());
    gone.notified().await;
    assert_eq!(queue.stats().processing, 1, "as after a crash, nobody said that the pass was over");
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_none_has_one_worker() {
    let queue = queue();
    queue.add("a", Repair, "");
    let pool = tokio::spawn(run(queue.clone(), 0, |_| async { Outcome::Forget }));
    sleep(seconds(1)).await;
    queue.shut_down();
    pool.await.unwrap();
    assert_eq!(queue.stats().depth[0], (Repair, 0));
}
