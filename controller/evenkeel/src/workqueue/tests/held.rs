use tokio::time::{Instant, sleep};

use super::super::Priority::*;
use super::super::{Outcome, Retry};
use super::{all_due, due, queue, seconds};

#[tokio::test(start_paused = true)]
async fn a_key_that_is_worked_on_is_held_and_handed_out_again_after_done() {
    let queue = queue();
    queue.add("a", NewCommit, "commit");
    let first = queue.next().await.unwrap();
    queue.add("a", NewCommit, "next commit");
    queue.add("a", Repair, "drift");
    sleep(seconds(60)).await;
    assert_eq!(due(&queue).await, None, "never two passes over one key at once");

    queue.done(&first.key, Outcome::Forget);
    let second = due(&queue).await.unwrap();
    assert_eq!((second.key, second.priority, second.reason), ("a", Repair, "drift"));
    queue.done(&second.key, Outcome::Forget);
    assert_eq!(due(&queue).await, None, "what was held is handed out once");
}

#[tokio::test(start_paused = true)]
async fn a_held_key_holds_back_no_other() {
    let queue = queue();
    queue.add("a", Repair, "");
    due(&queue).await.unwrap();
    queue.add("a", Repair, "");
    queue.add("b", Resync, "");
    queue.add("c", Resync, "");
    assert_eq!(all_due(&queue).await, ["b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_held_key_waits_for_its_time_after_done() {
    let (queue, start) = (queue(), Instant::now());
    queue.add("a", Resync, "");
    queue.next().await.unwrap();
    queue.add_after("a", seconds(20), Resync, "");
    queue.done(&"a", Outcome::Forget);
    assert_eq!(due(&queue).await, None);
    assert_eq!(queue.next().await.unwrap().key, "a");
    assert_eq!(start.elapsed(), seconds(20));
}

#[tokio::test(start_paused = true)]
async fn of_what_is_held_and_how_the_pass_ends_the_earliest_and_the_highest_wins() {
    // (held for, at, outcome, then due after, at)
    let table = [
        (20, Resync, Outcome::RequeueAfter(seconds(5), RolloutWatch), 5, RolloutWatch),
        (5, Resync, Outcome::RequeueAfter(seconds(20), RolloutWatch), 5, RolloutWatch),
        (0, NewCommit, Outcome::Retry(Retry::Denied), 0, Repair),
        (600, Resync, Outcome::Retry(Retry::Invalid), 600, Resync),
    ];
    for (delay, priority, outcome, after, at) in table {
        let (queue, start) = (queue(), Instant::now());
        queue.add("a", Repair, "");
        queue.next().await.unwrap();
        queue.add_after("a", seconds(delay), priority, "");
        queue.done(&"a", outcome);
        let work = queue.next().await.unwrap();
        assert_eq!((start.elapsed(), work.priority), (seconds(after), at), "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn done_without_a_pass_changes_nothing() {
    let queue = queue();
    queue.done(&"a", Outcome::Retry(Retry::Bug));
    queue.add("a", Repair, "");
    queue.done(&"a", Outcome::Forget);
    assert_eq!(all_due(&queue).await, ["a"]);
    queue.done(&"a", Outcome::RequeueAfter(seconds(0), Repair));
    assert_eq!(due(&queue).await, None);
}
