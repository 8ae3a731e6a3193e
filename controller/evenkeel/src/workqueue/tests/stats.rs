use std::sync::{Arc, Mutex};

use tokio::time::{advance, sleep};

use super::super::Priority::*;
use super::super::{Observation, Outcome, Retry, Stats, Workqueue};
use super::{queue, seconds};

#[tokio::test(start_paused = true)]
async fn the_snapshot_counts_what_is_due_waiting_and_worked_on() {
    let queue = queue();
    for (key, delay, priority) in
        [("a", 0, Repair), ("b", 0, Resync), ("c", 5, Resync), ("d", 600, Resync), ("e", 0, NewCommit)]
    {
        queue.add_after(key, seconds(delay), priority, "");
    }
    queue.add("a", Repair, "merged, so not counted");
    queue.next().await.unwrap();
    queue.next().await.unwrap();
    queue.add("a", Repair, "held");
    queue.done(&"e", Outcome::Retry(Retry::Denied));
    advance(seconds(30)).await;
    assert_eq!(
        queue.stats(),
        Stats {
            depth: [(Repair, 0), (NewCommit, 0), (RolloutWatch, 0), (Resync, 2)],
            waiting: 2,
            processing: 1,
            longest_running: seconds(30),
            adds: 7,
            retries: 1,
            panics: 0,
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_key_leaves_nothing_behind() {
    let queue = queue();
    for (key, outcome) in [("a", Outcome::Forget), ("b", Outcome::Retry(Retry::Invalid))] {
        queue.add(key, Repair, "");
        queue.next().await.unwrap();
        queue.done(&key, outcome);
    }
    let stats = queue.stats();
    assert_eq!((stats.waiting, stats.processing, stats.retries), (0, 0, 0));
    assert_eq!(stats.depth.map(|(_, count)| count), [0; 4]);
}

#[tokio::test(start_paused = true)]
async fn the_observer_hears_how_long_keys_waited_and_passes_took() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let queue = Workqueue::observed(fastrand::Rng::with_seed(7), {
        let heard = heard.clone();
        move |priority, observation| heard.lock().unwrap().push((priority, observation))
    });
    queue.add_after("a", seconds(10), NewCommit, "");
    advance(seconds(12)).await;
    queue.next().await.unwrap();
    sleep(seconds(3)).await;
    queue.done(&"a", Outcome::RequeueAfter(seconds(0), Resync));
    queue.done(&"a", Outcome::Forget);
    assert_eq!(
        *heard.lock().unwrap(),
        [(NewCommit, Observation::Queued(seconds(2))), (NewCommit, Observation::Worked(seconds(3)))]
    );
}
