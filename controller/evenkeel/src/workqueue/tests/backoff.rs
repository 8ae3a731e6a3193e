use std::time::Duration;

use tokio::time::{Instant, advance, sleep};

use super::super::Priority::*;
use super::super::{Outcome, Retry, Workqueue};
use super::{due, queue, seconds};

/// Ends the pass over `a` like this; answers how many seconds later, and with how many attempts, the next begins.
async fn ends(queue: &Workqueue<&'static str>, outcome: Outcome) -> (f64, u32) {
    let end = Instant::now();
    queue.done(&"a", outcome);
    let next = queue.next().await.unwrap();
    (end.elapsed().as_secs_f64(), next.attempts)
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_back_off_and_a_success_resets() {
    let queue = queue();
    queue.add("a", Repair, "");
    queue.next().await.unwrap();
    for round in 0..2 {
        for (nth, half) in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 150.0, 150.0].into_iter().enumerate() {
            let (after, attempts) = ends(&queue, Outcome::Retry(Retry::Transient)).await;
            assert!((half..half * 2.0 + 0.001).contains(&after), "round {round}, failure {nth}: {after} s");
            assert_eq!(attempts as usize, nth + 1);
        }
        assert_eq!(ends(&queue, Outcome::RequeueAfter(seconds(1), Resync)).await, (1.0, 0));
    }
    ends(&queue, Outcome::Retry(Retry::Throttled)).await;
    queue.done(&"a", Outcome::Forget);
    queue.add("a", Repair, "");
    assert_eq!(queue.next().await.unwrap().attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_comes_back_soon_and_counts_as_no_failure() {
    let queue = queue();
    queue.add("a", Repair, "");
    queue.next().await.unwrap();
    for _ in 0..20 {
        let (after, attempts) = ends(&queue, Outcome::Retry(Retry::Conflict)).await;
        assert!((0.9..1.11).contains(&after), "{after} s");
        assert_eq!(attempts, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_key_comes_back_with_a_change_or_a_resync_only() {
    let queue = queue();
    queue.add("a", NewCommit, "");
    queue.next().await.unwrap();
    queue.done(&"a", Outcome::Retry(Retry::Invalid));
    sleep(seconds(7 * 24 * 3600)).await;
    assert_eq!(due(&queue).await, None);

    queue.add("a", NewCommit, "commit");
    assert_eq!(due(&queue).await.unwrap().reason, "commit");

    queue.resync("a", seconds(600));
    let (after, _) = ends(&queue, Outcome::Retry(Retry::Invalid)).await;
    assert!((540.0..660.001).contains(&after), "{after} s");
}

#[tokio::test(start_paused = true)]
async fn a_change_runs_a_key_at_once_that_is_backing_off() {
    let queue = queue();
    queue.add("a", Resync, "");
    queue.next().await.unwrap();
    queue.done(&"a", Outcome::Retry(Retry::Denied));
    assert_eq!(due(&queue).await, None);
    queue.add("a", NewCommit, "commit");
    let work = due(&queue).await.unwrap();
    assert_eq!((work.priority, work.reason, work.attempts), (NewCommit, "commit", 1));
}

#[tokio::test(start_paused = true)]
async fn a_retry_keeps_the_priority_of_its_pass() {
    let queue = queue();
    queue.add("a", Repair, "");
    queue.next().await.unwrap();
    queue.done(&"a", Outcome::Retry(Retry::Throttled));
    let work = queue.next().await.unwrap();
    assert_eq!((work.priority, work.reason), (Repair, "retry"));
}

#[tokio::test(start_paused = true)]
async fn resyncs_of_a_fleet_spread_over_a_fifth_of_the_period() {
    let queue = Workqueue::new(fastrand::Rng::with_seed(7));
    for key in 0..1000 {
        queue.resync(key, seconds(600));
    }
    advance(seconds(540)).await;
    let mut due_in_each_twelve_seconds = Vec::new();
    for _ in 0..10 {
        advance(seconds(12)).await;
        let mut count = 0;
        while let Some(work) = due(&queue).await {
            queue.done(&work.key, Outcome::Forget);
            count += 1;
        }
        due_in_each_twelve_seconds.push(count);
    }
    assert_eq!(due_in_each_twelve_seconds.iter().sum::<i32>(), 1000);
    assert!(due_in_each_twelve_seconds.iter().all(|count| (50..150).contains(count)), "{due_in_each_twelve_seconds:?}");
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_course() {
    let mut courses = Vec::new();
    for _ in 0..2 {
        let queue = queue();
        queue.add("a", Repair, "");
        queue.next().await.unwrap();
        let mut course = Vec::new();
        for _ in 0..5 {
            course.push(ends(&queue, Outcome::Retry(Retry::Transient)).await);
        }
        courses.push(course);
    }
    assert_eq!(courses[0], courses[1]);
}

#[tokio::test(start_paused = true)]
async fn a_delay_beyond_the_clocks_range_is_as_good_as_never() {
    let queue = queue();
    queue.add_after("a", Duration::MAX, Resync, "");
    queue.resync("b", Duration::MAX);
    assert_eq!(due(&queue).await, None);
    assert_eq!(queue.stats().waiting, 2);
}
