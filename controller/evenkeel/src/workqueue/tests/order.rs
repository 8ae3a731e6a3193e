use tokio::time::{Instant, advance, sleep};

use super::super::Priority::*;
use super::super::{AGEING, Outcome};
use super::{all_due, due, queue, seconds};

#[tokio::test(start_paused = true)]
async fn due_keys_go_out_by_priority() {
    let queue = queue();
    queue.add("resync", Resync, "");
    queue.add("watch", RolloutWatch, "");
    queue.add("commit", NewCommit, "");
    queue.add("repair", Repair, "");
    assert_eq!(all_due(&queue).await, ["repair", "commit", "watch", "resync"]);
}

#[tokio::test(start_paused = true)]
async fn keys_of_one_priority_go_out_in_the_order_in_which_they_became_due() {
    let queue = queue();
    queue.add_after("third", seconds(3), Repair, "");
    queue.add_after("second", seconds(2), Repair, "");
    queue.add("first", Repair, "");
    queue.add("first too", Repair, "");
    advance(seconds(5)).await;
    assert_eq!(all_due(&queue).await, ["first", "first too", "second", "third"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_handed_out_when_it_is_due_and_not_before() {
    let (queue, start) = (queue(), Instant::now());
    queue.add_after("a", seconds(30), Resync, "resync");
    assert_eq!(due(&queue).await, None);
    let work = queue.next().await.unwrap();
    assert_eq!(start.elapsed(), seconds(30));
    assert_eq!((work.key, work.reason, work.queued_at, work.attempts), ("a", "resync", start + seconds(30), 0));
}

#[tokio::test(start_paused = true)]
async fn of_two_times_the_earliest_wins_whichever_comes_first() {
    for delays in [[10, 60], [60, 10]] {
        let (queue, start) = (queue(), Instant::now());
        for delay in delays {
            queue.add_after("a", seconds(delay), Resync, "");
        }
        assert_eq!(queue.next().await.unwrap().key, "a");
        assert_eq!(start.elapsed(), seconds(10));
        queue.done(&"a", Outcome::Forget);
        sleep(seconds(100)).await;
        assert_eq!(due(&queue).await, None, "the later time is gone");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_priorities_the_highest_wins_whichever_comes_first() {
    for priorities in [[Repair, Resync], [Resync, Repair]] {
        let queue = queue();
        queue.add("other", NewCommit, "");
        for priority in priorities {
            queue.add("a", priority, "");
        }
        assert_eq!(due(&queue).await.unwrap().priority, Repair);
        assert_eq!(all_due(&queue).await, ["other"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_reason_is_that_of_whoever_moved_the_key_forward() {
    let queue = queue();
    queue.add_after("a", seconds(60), RolloutWatch, "rollout");
    queue.add_after("a", seconds(90), Resync, "resync");
    queue.add_after("b", seconds(60), Resync, "resync");
    queue.add("b", Resync, "asked for");
    queue.add_after("c", seconds(60), Resync, "resync");
    queue.add_after("c", seconds(90), Repair, "drift");
    advance(seconds(60)).await;
    let mut reasons = Vec::new();
    while let Some(work) = due(&queue).await {
        reasons.push((work.key, work.reason));
    }
    reasons.sort_unstable();
    assert_eq!(reasons, [("a", "rollout"), ("b", "asked for"), ("c", "drift")]);
}

#[tokio::test(start_paused = true)]
async fn a_resync_goes_before_a_repair_that_became_due_three_ageing_steps_later() {
    for (later, expected) in
        [(AGEING * 3 - seconds(1), ["repair", "resync"]), (AGEING * 3 + seconds(1), ["resync", "repair"])]
    {
        let queue = queue();
        queue.add("resync", Resync, "");
        advance(later).await;
        queue.add("repair", Repair, "");
        assert_eq!(all_due(&queue).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_repairs_does_not_starve_a_resync() {
    let (queue, start) = (super::Workqueue::new(fastrand::Rng::with_seed(7)), Instant::now());
    queue.add(0, Resync, "");
    for nth in 1.. {
        queue.add(2 * nth, Repair, "");
        queue.add(2 * nth + 1, Repair, "");
        let work = queue.next().await.unwrap();
        if work.key == 0 {
            break;
        }
        sleep(seconds(1)).await;
        queue.done(&work.key, Outcome::Forget);
    }
    // Until the resync has its turn, one repair is handed out each second of the two that come in, so it also waits for
    // those that came in before three steps were over.
    assert!(start.elapsed() <= AGEING * 3 * 2 + seconds(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_waiting_worker_is_woken_by_an_earlier_key() {
    let (queue, start) = (queue(), Instant::now());
    queue.add_after("late", seconds(600), Repair, "");
    let worker = tokio::spawn({
        let queue = queue.clone();
        async move { queue.next().await.unwrap().key }
    });
    sleep(seconds(1)).await;
    queue.add_after("early", seconds(5), Resync, "");
    assert_eq!(worker.await.unwrap(), "early");
    assert_eq!(start.elapsed(), seconds(6));
}
